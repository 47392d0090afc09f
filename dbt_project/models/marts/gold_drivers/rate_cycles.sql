-- One row per rate cycle whose first cut has taken effect: gold (LBMA PM) 6, 12 and 24 months after it, null until that day has
-- come. Everything as known on the build's last mart day; the end of a running phase is not known.
{%- set horizons = [6, 12, 24] %}
with

last_day as (
    select max(as_of_date) as as_of_date from {{ ref('int_trading_days') }}
),

fixings as (
    select
        panel.observation_date,
        panel.value
    from {{ known_panel(['gold_pm_usd_oz']) }} as panel
    inner join last_day on panel.last_day = last_day.as_of_date
    where panel.known_on <= last_day.as_of_date
),

cycles as (
    select
        cycles.last_hike,
        cycles.first_cut,
        case when cycles.next_first_hike <= last_day.as_of_date then cycles.next_first_hike end as next_first_hike,
        last_day.as_of_date
    from {{ ref('fed_cycles') }} as cycles
    inner join last_day on cycles.first_cut <= last_day.as_of_date
),

-- the newest fixing on each of these days, at most five days older
points as (
    select
        cycles.first_cut,
        months.months,
        {{ latest('fixings.value', 'fixings.observation_date') }} as gold_usd_oz
    from cycles
    cross join (values (0){% for months in horizons %}, ({{ months }}){% endfor %}) as months (months)
    inner join fixings
        on
            cycles.as_of_date >= cast(cycles.first_cut + months.months * interval '1' month as date)
            and fixings.observation_date <= cast(cycles.first_cut + months.months * interval '1' month as date)
            and fixings.observation_date >= cast(cycles.first_cut + months.months * interval '1' month as date) - interval '5' day
    group by cycles.first_cut, months.months
),

gold as (
    select
        first_cut,
        max(case when months = 0 then gold_usd_oz end) as gold_first_cut_usd_oz
        {%- for months in horizons %},
        max(case when months = {{ months }} then gold_usd_oz end) as gold_{{ months }}m_usd_oz
        {%- endfor %}
    from points
    group by first_cut
)

select
    cast(cycles.first_cut as varchar) as cycle_id,
    cycles.last_hike,
    cycles.first_cut,
    cycles.next_first_hike,
    case when cycles.next_first_hike is null then 'running' else 'ended' end as status,
    cast({{ days_between('cycles.first_cut', 'coalesce(cycles.next_first_hike, cycles.as_of_date)') }} as integer) as phase_days,
    gold.gold_first_cut_usd_oz,
    {%- for months in horizons %}
    (gold.gold_{{ months }}m_usd_oz / gold.gold_first_cut_usd_oz - 1) * 100 as gold_{{ months }}m_return_pct,
    {%- endfor %}
    {{ usage_warnings(["'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from cycles
left join gold on cycles.first_cut = gold.first_cut
