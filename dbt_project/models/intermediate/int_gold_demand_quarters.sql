-- Gold supply and demand by quarter in every edition: one row per day on which an edition became known and quarter it gives.
-- The World Gold Council dates a quarter by its FIRST day (official holdings and company filings are dated by the last).
-- Trailing figures join four quarters in a row; a hole, or a line that an edition lacks, leaves them null.
{%- set lines = {
    'gold_central_banks_tonnes': 'central_banks_tonnes', 'gold_bar_and_coin_tonnes': 'bar_coin_tonnes', 'gold_etf_flows_tonnes': 'etf_flow_tonnes',
    'gold_jewellery_fabrication_tonnes': 'jewellery_tonnes', 'gold_technology_tonnes': 'technology_tonnes',
    'gold_mine_production_tonnes': 'mine_tonnes', 'gold_net_producer_hedging_tonnes': 'hedging_tonnes',
    'gold_recycled_gold_tonnes': 'recycled_tonnes', 'gold_total_supply_tonnes': 'total_supply_tonnes',
} %}
{%- set four = "(partition by snapshot_day order by quarter_number range between 3 preceding and current row)" %}
{%- set quarters, least_sums = var('quarter_sums_window'), var('quarter_sums_min') %}
with

lines as (
    select
        snapshot_day,
        observation_date as quarter_start_date,
        cast(extract(year from observation_date) * 4 + extract(quarter from observation_date) as integer) as quarter_number,
        {%- for quantity, column in lines.items() %}
        max(case when quantity = '{{ quantity }}' then value end) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ known_snapshots("versions.quantity in " ~ sql_list(lines)) }}
    group by snapshot_day, observation_date
),

joined as (
    select
        *,
        central_banks_tonnes + bar_coin_tonnes as physical_tonnes,
        jewellery_tonnes + technology_tonnes + bar_coin_tonnes + etf_flow_tonnes + central_banks_tonnes as demand_tonnes
    from lines
),

trailing_sums as (
    select
        *,
        {%- for column in ['central_banks', 'physical', 'etf_flow', 'demand'] %}
        case when count({{ column }}_tonnes) over {{ four }} = 4 then sum({{ column }}_tonnes) over {{ four }} end as {{ column }}_4q_tonnes,
        {%- endfor %}
        -- the newest quarter that ends a run of net buying: a quarter without it, or the hole before this one
        case
            when coalesce(central_banks_tonnes, 0) <= 0 then quarter_number
            when coalesce(lag(quarter_number) over in_order, 0) != quarter_number - 1 then quarter_number - 1
        end as run_end_number
    from joined
    window in_order as (partition by snapshot_day order by quarter_number)
)

select
    snapshot_day,
    quarter_start_date,
    {{ days_before("cast(quarter_start_date + interval '3' month as date)", 1) }} as quarter_end_date,
    quarter_number,
    {%- for column in lines.values() %}
    {{ column }},
    {%- endfor %}
    physical_tonnes,
    demand_tonnes,
    central_banks_4q_tonnes,
    physical_4q_tonnes,
    etf_flow_4q_tonnes,
    demand_4q_tonnes,
    -- against the sums of the ten years before this one ...
    count(central_banks_4q_tonnes) over preceding as central_banks_preceding_sums,
    case
        when count(central_banks_4q_tonnes) over preceding >= {{ least_sums }} then avg(central_banks_4q_tonnes) over preceding
    end as central_banks_4q_mean_tonnes,
    max(central_banks_4q_tonnes) over a_year_earlier as central_banks_4q_year_earlier_tonnes,
    -- ... and a mean of ten years that ends with this one
    case
        when count(physical_4q_tonnes) over ten_years >= {{ least_sums }} then avg(physical_4q_tonnes) over ten_years
    end as physical_4q_mean_tonnes,
    max(physical_4q_tonnes) over a_year_earlier as physical_4q_year_earlier_tonnes,
    max(physical_4q_tonnes) over a_quarter_earlier as physical_4q_quarter_earlier_tonnes,
    quarter_number - max(run_end_number) over so_far as net_buying_quarters
from trailing_sums
window
    preceding as (partition by snapshot_day order by quarter_number range between {{ quarters }} preceding and 1 preceding),
    ten_years as (partition by snapshot_day order by quarter_number range between {{ quarters - 1 }} preceding and current row),
    a_year_earlier as (partition by snapshot_day order by quarter_number range between 4 preceding and 4 preceding),
    a_quarter_earlier as (partition by snapshot_day order by quarter_number range between 1 preceding and 1 preceding),
    so_far as (partition by snapshot_day order by quarter_number rows between unbounded preceding and current row)
