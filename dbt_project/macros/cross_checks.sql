{#
  Two sources of one quantity, held side by side: what the tests `cross_check_*` are made of.
  Belongs here: the comparison. Does not belong here: which series, how far apart they may be and why (the tests).

  current_values(domain, series_id): observation_date, value, as the warehouse knows them now.
  A series without rows gives none, so a source that is not configured agrees with everything.
#}
{% macro current_values(domain, series_id) -%}
(
    select observation_date, value
    from (
        select
            observation_date,
            value,
            row_number() over (partition by observation_date order by known_at desc, fetched_at desc) as age
        from {{ ref('stg_' ~ domain ~ '__observations') }}
        where series_id = '{{ series_id }}' and known_at <= {{ as_of() }}
    ) as versions
    where age = 1 and value is not null
)
{%- endmacro %}

{#
  Days on which two series differ by more than `tolerance`: in percent of the first (`relative`) or in its unit.
  `left` and `right` are (domain, series id); days before `since` are not compared.
#}
{% macro disagreements(left, right, tolerance, relative=false, since='1900-01-01') -%}
{%- set gap = 'abs(right_side.value - left_side.value)' -%}
{%- set gap = '100 * ' ~ gap ~ ' / abs(left_side.value)' if relative else gap -%}
select
    left_side.observation_date,
    '{{ left[1] }}' as left_series,
    left_side.value as left_value,
    '{{ right[1] }}' as right_series,
    right_side.value as right_value,
    {{ gap }} as {{ 'difference_pct' if relative else 'difference' }}
from {{ current_values(*left) }} as left_side
inner join {{ current_values(*right) }} as right_side on left_side.observation_date = right_side.observation_date
where
    left_side.observation_date >= date '{{ since }}'
    {%- if relative %}
    and left_side.value != 0
    {%- endif %}
    and {{ gap }} > {{ tolerance }}
{%- endmacro %}
