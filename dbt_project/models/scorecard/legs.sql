-- Every leg of every built thesis on every day of its verdict: value, threshold, margin, and whether it passes.
with

legs as (
    {%- for thesis in available_theses() %}{% set last_thesis = loop.last %}{% for leg in thesis.legs %}
    select
        '{{ thesis.id }}' as thesis_id,
        as_of_date,
        '{{ leg.id }}' as leg_id,
        cast({{ leg.column }} as double) as value,
        '{{ leg.operator }}' as operator,
        cast({{ leg.threshold }} as double) as threshold,
        cast({{ margin(leg) }} as double) as margin,
        '{{ leg.unit }}' as unit,
        coalesce({{ leg.column }} {{ leg.operator }} {{ leg.threshold }}, false) as passed,
        '{{ leg.inputs | join(", ") }}' as inputs,
        {{ leg.oldest_input_column or thesis.oldest_input_column }} as oldest_input_date,
        usage_warnings
    from {{ thesis_days(thesis) }}
    {{ "union all" if not (loop.last and last_thesis) }}
    {%- endfor %}{% endfor %}
)

select
    thesis_id,
    as_of_date,
    leg_id,
    value,
    operator,
    threshold,
    margin,
    unit,
    passed,
    inputs,
    oldest_input_date,
    usage_warnings,
    '{{ var("origin") }}' as origin
from legs
