{# SQL conditions of a thesis' verdicts over its model's columns: {not_tested, holds, contested}. From theses/<id>.yml. #}
{% macro thesis_verdict(thesis_id) %}
    {%- for thesis in built_theses() if thesis.id == thesis_id %}{{ return(thesis.verdict) }}{% endfor -%}
    {{ exceptions.raise_compiler_error("no built thesis " ~ thesis_id) }}
{% endmacro %}

{# How far a leg's value is from its threshold; positive on the side that passes. #}
{% macro margin(leg) -%}
{{ (leg.column ~ " - " ~ leg.threshold) if leg.operator in ['>', '>='] else (leg.threshold ~ " - " ~ leg.column) }}
{%- endmacro %}

{# Names of the rule's flags that are set that day, comma separated; null where none is. #}
{% macro flags_set(thesis) -%}
{%- if thesis.flags -%}
nullif(concat_ws(', ' {%- for flag, column in thesis.flags.items() %}, case when {{ column }} then '{{ flag }}' end {%- endfor %}), '')
{%- else -%}
cast(null as varchar)
{%- endif -%}
{%- endmacro %}

{# What is in one of two comma separated lists and not in both; null where nothing is. #}
{% macro symmetric_difference(left, right) -%}
{%- set lists = ["string_split(coalesce(" ~ left ~ ", ''), ', ')", "string_split(coalesce(" ~ right ~ ", ''), ', ')"] -%}
nullif(array_to_string(list_sort(list_filter(
    list_distinct(list_concat({{ lists[0] }}, {{ lists[1] }})),
    lambda word: word != '' and list_contains({{ lists[0] }}, word) != list_contains({{ lists[1] }}, word)
)), ', '), '')
{%- endmacro %}

{# Built theses whose model could be built: after a failure the scorecard is made again without the models named in `failed_models`. #}
{% macro available_theses() %}
    {%- set available = [] -%}
    {%- for thesis in built_theses() if thesis.model not in var('failed_models', []) %}{% do available.append(thesis) %}{% endfor -%}
    {{ return(available) }}
{% endmacro %}

{# The reason of a day on which a thesis' model has no row yet; after a colon follow the inputs that nothing was known of. #}
{% macro not_begun() %}{{ return('its inputs had not begun') }}{% endmacro %}

{# The quantities that the legs of a thesis read. #}
{% macro leg_inputs(thesis) %}
    {%- set found = [] -%}
    {%- for leg in thesis.legs %}{% for quantity in leg.inputs if quantity not in found %}{% do found.append(quantity) %}{% endfor %}{% endfor -%}
    {{ return(found) }}
{% endmacro %}

{#
  Every day on which a built thesis has a verdict, with its model's columns: from the scorecard's first day on, or from the day the model
  first answers where that is earlier. What a day says must not depend on what became known later, so the days before the
  inputs begin are here too: `no_data`, with `no_row` true where the model has no row yet.
#}
{% macro thesis_days(thesis) -%}
(
    select
        days.as_of_date,
        model.* exclude (as_of_date, usage_warnings),
        coalesce(model.usage_warnings, {{ usage_warnings([]) }}) as usage_warnings,
        model.as_of_date is null as no_row
    from {{ ref('int_trading_days') }} as days
    left join {{ ref(thesis.model) }} as model on days.as_of_date = model.as_of_date
    qualify
        days.as_of_date >= date '{{ var("scorecard_from") }}'
        or days.as_of_date >= min(case when model.as_of_date is not null and model.{{ thesis.no_data_column }} is null then days.as_of_date end) over ()
)
{%- endmacro %}
