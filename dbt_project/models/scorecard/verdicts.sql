-- One row per thesis and day. The raw verdict says what that day's knowledge says; the settled one changes only after a new
-- state stood for five trading days. A thesis that is not built yet is `no_data`, with the reason.
with

daily as (
    {%- for thesis in available_theses() %}
    select
        '{{ thesis.id }}' as thesis_id,
        as_of_date,
        case
            when no_row or {{ thesis.no_data_column }} is not null then 'no_data'
            when {{ thesis.verdict.not_tested }} then 'not_tested'
            when {{ thesis.verdict.holds }} then 'holds'
            when {{ thesis.verdict.contested }} then 'contested'
            else 'fails'
        end as verdict,
        coalesce(
            case when no_row then '{{ not_begun() }}' end,
            {{ thesis.no_data_column }},
            {%- for leg in thesis.legs %}
            '{{ leg.id }} {{ leg.column }} ' || coalesce(cast(round({{ leg.column }}, 2) as varchar), 'undefined') || ' '
            || case when coalesce({{ leg.column }} {{ leg.operator }} {{ leg.threshold }}, false) then 'passes' else 'does not pass' end
            || ' {{ leg.operator }} ' || cast({{ leg.threshold }} as varchar) {{ "|| '; ' ||" if not loop.last }}
            {%- endfor %}
            || coalesce('; ' || {{ flags_set(thesis) }}, '')
        ) as reason,
        no_row,
        {{ flags_set(thesis) }} as flags,
        {{ thesis.label_column or "cast(null as varchar)" }} as label,
        {{ thesis.oldest_input_column }} as oldest_input_date,
        usage_warnings
    from {{ thesis_days(thesis) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- of days before a thesis' inputs begin: what of them nothing was known of
leg_inputs as (
    select
        pairs.thesis_id,
        pairs.quantity
    from (
        values
        {%- for thesis in available_theses() %}{% set last_thesis = loop.last %}{% for quantity in leg_inputs(thesis) %}
        ('{{ thesis.id }}', '{{ quantity }}'){{ "," if not (loop.last and last_thesis) }}
        {%- endfor %}{% endfor %}
    ) as pairs (thesis_id, quantity)
),

first_known as (
    select quantity, min(known_on) as known_on
    from {{ ref('int_quantity_versions') }}
    where value is not null
    group by quantity
),

unknown_inputs as (
    select daily.thesis_id, daily.as_of_date, string_agg(leg_inputs.quantity, ', ' order by leg_inputs.quantity) as quantities
    from daily
    inner join leg_inputs on daily.thesis_id = leg_inputs.thesis_id
    left join first_known on leg_inputs.quantity = first_known.quantity
    where daily.no_row and (first_known.known_on is null or first_known.known_on > daily.as_of_date)
    group by daily.thesis_id, daily.as_of_date
),

planned as (
    select
        theses.thesis_id,
        days.as_of_date,
        'no_data' as verdict,
        theses.planned_reason as reason,
        cast(null as varchar) as flags,
        cast(null as varchar) as label,
        cast(null as date) as oldest_input_date,
        {{ usage_warnings([]) }} as usage_warnings
    from {{ ref('theses') }} as theses
    cross join {{ ref('int_trading_days') }} as days
    where
        theses.status = 'planned'
        and days.as_of_date >= date '{{ var("scorecard_from") }}'
),

all_days as (
    select
        daily.thesis_id,
        daily.as_of_date,
        daily.verdict,
        daily.reason || coalesce(': ' || unknown_inputs.quantities, '') as reason,
        daily.flags,
        daily.label,
        daily.oldest_input_date,
        daily.usage_warnings
    from daily
    left join unknown_inputs on daily.thesis_id = unknown_inputs.thesis_id and daily.as_of_date = unknown_inputs.as_of_date
    union all
    select thesis_id, as_of_date, verdict, reason, flags, label, oldest_input_date, usage_warnings from planned
),

marked as (
    select
        *,
        case when lag(verdict) over days = verdict then 0 else 1 end as is_change
    from all_days
    window days as (partition by thesis_id order by as_of_date)
),

stretches as (
    select
        *,
        sum(is_change) over (
            partition by thesis_id order by as_of_date rows between unbounded preceding and current row
        ) as stretch
    from marked
),

stood as (
    select
        *,
        row_number() over (partition by thesis_id, stretch order by as_of_date) >= {{ var('settle_days') }} as has_stood
    from stretches
)

select
    thesis_id,
    as_of_date,
    verdict,
    coalesce(
        last_value(case when has_stood then verdict end ignore nulls) over (
            partition by thesis_id order by as_of_date rows between unbounded preceding and current row
        ),
        first_value(verdict) over (partition by thesis_id order by as_of_date)
    ) as settled_verdict,
    reason,
    flags,
    label,
    oldest_input_date,
    false as is_stale,
    usage_warnings,
    '{{ var("origin") }}' as origin
from stood
