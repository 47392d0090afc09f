{#
  What differs between SQL engines lives here, behind dispatch, so that models stay ANSI.
  Belongs here: functions without a common spelling. Does not belong here: any measure.
#}

{% macro latest(value, ordering) %}{{ return(adapter.dispatch('latest')(value, ordering)) }}{% endmacro %}
{% macro default__latest(value, ordering) %}max_by({{ value }}, {{ ordering }}){% endmacro %}
{% macro duckdb__latest(value, ordering) %}arg_max_null({{ value }}, {{ ordering }}){% endmacro %}

{% macro first_by(value, ordering) %}{{ return(adapter.dispatch('first_by')(value, ordering)) }}{% endmacro %}
{% macro default__first_by(value, ordering) %}min_by({{ value }}, {{ ordering }}){% endmacro %}
{% macro duckdb__first_by(value, ordering) %}arg_min({{ value }}, {{ ordering }}){% endmacro %}

{# One row per calendar day from `first` to `last` (SQL dates), column `day`. #}
{% macro calendar_days(first, last) %}{{ return(adapter.dispatch('calendar_days')(first, last)) }}{% endmacro %}
{% macro default__calendar_days(first, last) %}select cast(day as date) as day from (select explode(sequence({{ first }}, {{ last }}, interval 1 day)) as day){% endmacro %}
{% macro duckdb__calendar_days(first, last) %}select cast(day as date) as day from unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as days(day){% endmacro %}

{% macro days_before(day, days) %}{{ return(adapter.dispatch('days_before')(day, days)) }}{% endmacro %}
{% macro default__days_before(day, days) %}date_sub({{ day }}, {{ days }}){% endmacro %}
{% macro duckdb__days_before(day, days) %}({{ day }} - cast({{ days }} as integer)){% endmacro %}

{% macro days_between(first, last) %}{{ return(adapter.dispatch('days_between')(first, last)) }}{% endmacro %}
{% macro default__days_between(first, last) %}datediff({{ last }}, {{ first }}){% endmacro %}
{% macro duckdb__days_between(first, last) %}date_diff('day', {{ first }}, {{ last }}){% endmacro %}

{# Share (0..1) of the values up to and including this row that are <= this row's value; null where the value is null. #}
{% macro expanding_place(value, window) %}{{ return(adapter.dispatch('expanding_place')(value, window)) }}{% endmacro %}
{% macro duckdb__expanding_place(value, window) -%}
case when {{ value }} is not null then
    (count({{ value }}) over ({{ window }}) - rank(order by {{ value }} desc nulls last) over ({{ window }}) + 1)
    / cast(count({{ value }}) over ({{ window }}) as double)
end
{%- endmacro %}

{# The `which`-th (1, 2, ...) of the quantiles `shares`; asked for one by one they are computed together (a third of the time). #}
{% macro expanding_quantile(value, shares, which, window) %}{{ return(adapter.dispatch('expanding_quantile')(value, shares, which, window)) }}{% endmacro %}
{% macro duckdb__expanding_quantile(value, shares, which, window) %}list_extract(quantile_cont({{ value }}, {{ shares }}) over ({{ window }}), {{ which }}){% endmacro %}

{# The earliest date of the lowest value in a named window. #}
{% macro earliest_lowest(value, day, window) %}{{ return(adapter.dispatch('earliest_lowest')(value, day, window)) }}{% endmacro %}
{% macro default__earliest_lowest(value, day, window) %}(min(struct({{ value }} as value, {{ day }} as day)) over {{ window }}).day{% endmacro %}
{% macro duckdb__earliest_lowest(value, day, window) %}struct_extract(min(struct_pack(value := {{ value }}, day := {{ day }})) over {{ window }}, 'day'){% endmacro %}

{#
  A table of the raw zone where this run has it. Parsing sees only raw://..., the same for every home: dbt reads the project once
  (4 s) and not again for each folder. Takes the place of dbt's own `source`, which it asks.
#}
{% macro source(schema, table) %}
    {%- set relation = builtins.source(schema, table) -%}
    {{ return(adapter.dispatch('located')(relation)) }}
{%- endmacro %}
{% macro default__located(relation) %}{{ return(relation) }}{% endmacro %}
{% macro duckdb__located(relation) %}{{ return((relation | string).replace('raw:/', var('raw_path').replace("'", "''"))) }}{% endmacro %}
