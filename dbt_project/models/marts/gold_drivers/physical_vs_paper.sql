-- t4_4: metal rather than paper. Central banks plus bars and coins (physical) over four quarters, against their own ten-year mean
-- and against what went into gold-backed funds; with the largest fund's metal and futures positions of the day.
{%- set levels = {
    'gld_holdings_tonnes': 5, 'gold_managed_money_net_contracts': 9, 'gold_futures_open_interest_contracts': 9,
} %}
with

days as (
    {{ epoch_days(levels) }}
),

newest_quarters as (
    select
        snapshot_day,
        max(quarter_number) as quarter_number
    from {{ ref('int_gold_demand_quarters') }}
    where physical_tonnes is not null and etf_flow_tonnes is not null
    group by snapshot_day
),

edition_days as (
    select
        days.as_of_date,
        max(newest_quarters.snapshot_day) over (order by days.as_of_date rows between unbounded preceding and current row) as edition_day
    from days
    left join newest_quarters on days.as_of_date = newest_quarters.snapshot_day
),

quarter_days as (
    select
        edition_days.as_of_date,
        quarters.*,
        carried.carried_until,
        carried.carried_until >= edition_days.as_of_date as is_fresh
    from edition_days
    inner join newest_quarters on edition_days.edition_day = newest_quarters.snapshot_day
    inner join {{ ref('int_gold_demand_quarters') }} as quarters
        on newest_quarters.snapshot_day = quarters.snapshot_day and newest_quarters.quarter_number = quarters.quarter_number
    left join {{ ref('int_carried_until') }} as carried
        on carried.quantity = 'gold_bar_and_coin_tonnes' and quarters.quarter_start_date = carried.observation_date
),

levels as (
    select
        epoch_id,
        quantity,
        observation_date,
        known_on,
        value,
        value - last_value(value) over (
            partition by epoch_id, quantity
            order by observation_date
            range between interval '372' day preceding and interval '365' day preceding
        ) as change_365d
    from {{ known_panel(levels) }}
),

newest_levels as (
    {{ newest_known('days', 'levels', 'quantity') }}
),

level_days as (
    select
        newest.as_of_date,
        {%- for quantity, carry in levels.items() %}
        max(case when newest.quantity = '{{ quantity }}' then levels.value end) as {{ quantity }},
        {%- endfor %}
        max(case when newest.quantity = 'gld_holdings_tonnes' then levels.change_365d end) as gld_change_365d_tonnes
    from newest_levels as newest
    inner join levels
        on {{ is_newest('levels', 'quantity', carry_days="case when newest.quantity = 'gld_holdings_tonnes' then 5 else 9 end") }}
    group by newest.as_of_date
),

daily as (
    select
        days.as_of_date,
        quarters.quarter_start_date as newest_quarter_start_date,
        quarters.carried_until,
        {%- for column in [
            'quarter_start_date', 'quarter_end_date', 'central_banks_tonnes', 'bar_coin_tonnes', 'physical_tonnes', 'etf_flow_tonnes',
            'physical_4q_tonnes', 'physical_4q_mean_tonnes', 'etf_flow_4q_tonnes', 'physical_4q_year_earlier_tonnes',
            'physical_4q_quarter_earlier_tonnes',
        ] %}
        case when quarters.is_fresh then quarters.{{ column }} end as {{ column }},
        {%- endfor %}
        {%- for quantity in levels %}
        level_days.{{ quantity }},
        {%- endfor %}
        level_days.gld_change_365d_tonnes
    from days
    left join quarter_days as quarters on days.as_of_date = quarters.as_of_date
    left join level_days on days.as_of_date = level_days.as_of_date
),

measured as (
    select
        *,
        physical_4q_tonnes - physical_4q_mean_tonnes as physical_vs_mean_tonnes,
        case when physical_4q_tonnes > 0 then etf_flow_4q_tonnes / physical_4q_tonnes * 100 end as etf_share_of_physical_pct,
        min(case when newest_quarter_start_date is not null or gld_holdings_tonnes is not null then as_of_date end) over () as first_day
    from daily
)

select
    as_of_date,
    quarter_start_date,
    quarter_end_date,
    central_banks_tonnes,
    bar_coin_tonnes,
    physical_tonnes,
    etf_flow_tonnes,
    physical_4q_tonnes,
    physical_4q_mean_tonnes,
    physical_vs_mean_tonnes,
    case when physical_4q_year_earlier_tonnes > 0 then (physical_4q_tonnes / physical_4q_year_earlier_tonnes - 1) * 100 end as physical_4q_growth_pct,
    case
        when physical_4q_quarter_earlier_tonnes > 0 then (physical_4q_tonnes / physical_4q_quarter_earlier_tonnes - 1) * 100
    end as physical_4q_quarter_growth_pct,
    etf_flow_4q_tonnes as etf_4q_tonnes,
    etf_share_of_physical_pct,
    gld_holdings_tonnes,
    gld_change_365d_tonnes,
    gold_managed_money_net_contracts as managed_money_net_contracts,
    gold_futures_open_interest_contracts as open_interest_contracts,
    quarter_start_date as oldest_input_date,
    case
        when newest_quarter_start_date is null then 'gold_bar_and_coin_tonnes, gold_central_banks_tonnes, gold_etf_flows_tonnes: never observed together'
        when quarter_start_date is null
            then 'gold_bar_and_coin_tonnes: the newest known quarter, from ' || cast(newest_quarter_start_date as varchar)
                || ', may stand in until ' || cast(carried_until as varchar) || ' only'
        when physical_4q_tonnes is null then 'gold_bar_and_coin_tonnes, gold_central_banks_tonnes: fewer than four quarters in a row'
        when physical_4q_mean_tonnes is null
            then 'gold_bar_and_coin_tonnes, gold_central_banks_tonnes: fewer than {{ var("quarter_sums_min") }} four-quarter sums in ten years'
        when etf_share_of_physical_pct is null then 'gold_etf_flows_tonnes: fewer than four quarters in a row'
    end as no_data_reason,
    {{ usage_warnings([
        "case when quarter_start_date is not null then 'estimated' end",
        "case when quarter_start_date is not null then 'provisional' end",
        "'licence_internal'",
    ]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from measured
-- never observed: it says so since the day on which the scorecard of unbuilt theses begins, too
where as_of_date >= coalesce(first_day, date '{{ var("scorecard_from") }}')
