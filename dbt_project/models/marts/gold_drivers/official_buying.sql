-- t4_3: central banks keep buying. Net purchases of gold by official institutions over four quarters, as the newest edition known
-- that day gives them, against the ten years before; how much of it countries report and how much is estimated; its value.
with

days as (
    select as_of_date from {{ ref('int_trading_days') }}
),

newest_quarters as (
    select
        snapshot_day,
        max(quarter_number) as quarter_number
    from {{ ref('int_gold_demand_quarters') }}
    where central_banks_tonnes is not null
    group by snapshot_day
),

-- the newest edition and the newest report of holdings known each day
edition_days as (
    select
        days.as_of_date,
        max(newest_quarters.snapshot_day) over so_far as edition_day,
        max(reports.snapshot_day) over so_far as report_day
    from days
    left join newest_quarters on days.as_of_date = newest_quarters.snapshot_day
    left join (select distinct snapshot_day from {{ ref('int_official_gold_changes') }}) as reports on days.as_of_date = reports.snapshot_day
    window so_far as (order by days.as_of_date rows between unbounded preceding and current row)
),

-- what a quarter's purchases were first said to be
first_prints as (
    select
        observation_date as quarter_start_date,
        value as first_print_tonnes
    from {{ ref('int_quantity_versions') }}
    where quantity = 'gold_central_banks_tonnes' and version_number = 1
),

-- mean afternoon fixing of each quarter, from the fixings known by then
fixings as (
    select
        epoch_id,
        known_on,
        cast(extract(year from observation_date) * 4 + extract(quarter from observation_date) as integer) as quarter_number,
        sum(value) as price_sum,
        count(*) as fixings
    from {{ known_panel(['gold_pm_usd_oz']) }}
    group by epoch_id, known_on, cast(extract(year from observation_date) * 4 + extract(quarter from observation_date) as integer)
),

quarter_days as (
    select
        edition_days.as_of_date,
        edition_days.edition_day,
        edition_days.report_day,
        newest_quarters.quarter_number
    from edition_days
    inner join newest_quarters on edition_days.edition_day = newest_quarters.snapshot_day
),

priced_quarters as (
    select
        quarter_days.as_of_date,
        steps.quarters_back,
        epochs.epoch_id,
        quarter_days.edition_day,
        quarter_days.quarter_number - steps.quarters_back as quarter_number
    from quarter_days
    inner join {{ epochs(['gold_pm_usd_oz']) }} as epochs on quarter_days.as_of_date between epochs.first_day and epochs.last_day
    cross join (values (0), (1), (2), (3)) as steps (quarters_back)
),

prices as (
    select
        wanted.as_of_date,
        wanted.quarter_number,
        wanted.edition_day,
        sum(fixings.price_sum) / sum(fixings.fixings) as mean_price_usd_oz
    from priced_quarters as wanted
    inner join fixings
        on
            wanted.epoch_id = fixings.epoch_id
            and wanted.quarter_number = fixings.quarter_number
            and wanted.as_of_date >= fixings.known_on
    group by wanted.as_of_date, wanted.quarter_number, wanted.edition_day
),

values_of_four as (
    select
        prices.as_of_date,
        case
            when count(quarters.central_banks_tonnes * prices.mean_price_usd_oz) = 4
                then sum(quarters.central_banks_tonnes * prices.mean_price_usd_oz) * {{ ounces_per_tonne() }} / 1e9
        end as trailing_value_usd_bn
    from prices
    inner join {{ ref('int_gold_demand_quarters') }} as quarters
        on prices.edition_day = quarters.snapshot_day and prices.quarter_number = quarters.quarter_number
    group by prices.as_of_date
),

daily as (
    select
        edition_days.as_of_date,
        quarters.quarter_start_date as newest_quarter_start_date,
        carried.carried_until,
        carried.carried_until >= edition_days.as_of_date as is_fresh,
        quarters.quarter_end_date,
        quarters.central_banks_tonnes,
        first_prints.first_print_tonnes,
        quarters.central_banks_4q_tonnes,
        quarters.central_banks_4q_mean_tonnes,
        quarters.central_banks_preceding_sums,
        quarters.central_banks_4q_year_earlier_tonnes,
        quarters.net_buying_quarters,
        quarters.demand_4q_tonnes,
        reports.reported_4q_tonnes,
        reports.reporting_countries,
        valued.trailing_value_usd_bn
    from edition_days
    left join quarter_days on edition_days.as_of_date = quarter_days.as_of_date
    left join {{ ref('int_gold_demand_quarters') }} as quarters
        on quarter_days.edition_day = quarters.snapshot_day and quarter_days.quarter_number = quarters.quarter_number
    left join {{ ref('int_carried_until') }} as carried
        on carried.quantity = 'gold_central_banks_tonnes' and quarters.quarter_start_date = carried.observation_date
    left join first_prints on quarters.quarter_start_date = first_prints.quarter_start_date
    left join {{ ref('int_official_gold_changes') }} as reports
        on quarter_days.report_day = reports.snapshot_day and quarter_days.quarter_number = reports.quarter_number
    left join values_of_four as valued on edition_days.as_of_date = valued.as_of_date
),

-- an edition that its release calendar has overtaken gives nothing
usable as (
    select
        as_of_date,
        newest_quarter_start_date,
        carried_until,
        {%- for column in [
            'quarter_end_date', 'central_banks_tonnes', 'first_print_tonnes', 'central_banks_4q_tonnes', 'central_banks_4q_mean_tonnes',
            'central_banks_preceding_sums', 'central_banks_4q_year_earlier_tonnes', 'net_buying_quarters', 'demand_4q_tonnes',
            'reported_4q_tonnes', 'reporting_countries', 'trailing_value_usd_bn',
        ] %}
        case when is_fresh then {{ column }} end as {{ column }},
        {%- endfor %}
        case when is_fresh then newest_quarter_start_date end as quarter_start_date
    from daily
),

measured as (
    select
        *,
        central_banks_4q_tonnes - central_banks_4q_mean_tonnes as trailing_vs_mean_tonnes,
        (central_banks_4q_tonnes - central_banks_4q_year_earlier_tonnes) / nullif(abs(central_banks_4q_year_earlier_tonnes), 0) * 100
            as trailing_yoy_pct,
        min(case when newest_quarter_start_date is not null then as_of_date end) over () as first_day
    from usable
)

select
    as_of_date,
    quarter_start_date,
    quarter_end_date,
    central_banks_tonnes as net_purchases_tonnes,
    first_print_tonnes as net_purchases_first_print_tonnes,
    central_banks_4q_tonnes as trailing_4q_tonnes,
    central_banks_4q_mean_tonnes as trailing_4q_mean_tonnes,
    cast(central_banks_preceding_sums as integer) as preceding_sums,
    trailing_vs_mean_tonnes,
    central_banks_4q_year_earlier_tonnes as trailing_4q_year_earlier_tonnes,
    trailing_yoy_pct,
    cast(net_buying_quarters as integer) as net_buying_quarters,
    central_banks_4q_tonnes / nullif(demand_4q_tonnes, 0) * 100 as share_of_demand_pct,
    trailing_value_usd_bn,
    reported_4q_tonnes,
    central_banks_4q_tonnes - reported_4q_tonnes as estimated_4q_tonnes,
    cast(reporting_countries as integer) as reporting_countries,
    quarter_start_date as oldest_input_date,
    case
        when newest_quarter_start_date is null then 'gold_central_banks_tonnes: never observed'
        when quarter_start_date is null
            then 'gold_central_banks_tonnes: the newest known quarter, from ' || cast(newest_quarter_start_date as varchar)
                || ', may stand in until ' || cast(carried_until as varchar) || ' only'
        when central_banks_4q_tonnes is null then 'gold_central_banks_tonnes: fewer than four quarters in a row'
        when trailing_vs_mean_tonnes is null
            then 'gold_central_banks_tonnes: ' || cast(central_banks_preceding_sums as varchar)
                || ' of {{ var("quarter_sums_min") }} needed earlier four-quarter sums'
        when trailing_yoy_pct is null then 'gold_central_banks_tonnes: no four quarters a year earlier'
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
