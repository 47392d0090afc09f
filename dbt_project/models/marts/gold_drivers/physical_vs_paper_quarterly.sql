-- Gold by quarter, metal against paper, as known at the build's as-of day: physical demand, fund flows and holdings, futures, supply.
-- Funds' holdings are the sum of four regions at the quarter's last month end, null unless all four are known. The peak is the
-- quarter of 2020 that ended with the largest holdings; sums since then begin with the quarter after it.
{%- set regions = ['north_america', 'europe', 'asia', 'other'] %}
{%- set holdings = [] %}
{%- for region in regions %}{% do holdings.append('gold_etf_monthly_holdings_' ~ region ~ '_tonnes') %}{% endfor %}
{%- set futures = {
    'gold_managed_money_net_contracts': 'managed_money_net_contracts', 'gold_futures_open_interest_contracts': 'open_interest_contracts',
} %}
{%- set since_peak = "(order by quarter_number rows between unbounded preceding and current row)" %}
with

quarters as (
    select quarters.*
    from {{ ref('int_gold_demand_quarters') }} as quarters
    where quarters.snapshot_day = (select max(newest.snapshot_day) from {{ ref('int_gold_demand_quarters') }} as newest)
),

newest as (
    select
        quantity,
        observation_date,
        {{ latest('value', 'version_number') }} as value
    from {{ ref('int_quantity_versions') }}
    where known_on is not null and quantity in {{ sql_list(holdings + futures.keys() | list) }}
    group by quantity, observation_date
),

fund_holdings as (
    select
        observation_date as quarter_end_date,
        sum(value) as etf_holdings_tonnes
    from newest
    where quantity in {{ sql_list(holdings) }} and value is not null
    group by observation_date
    having count(*) = {{ regions | length }}
),

-- the newest weekly report at the quarter's end, at most nine days before it
positions as (
    select
        quarters.quarter_number,
        {%- for quantity, column in futures.items() %}
        {{ latest('newest.value', "case when newest.quantity = '" ~ quantity ~ "' then newest.observation_date end") }} as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from quarters
    inner join newest
        on
            newest.quantity in {{ sql_list(futures) }}
            and newest.value is not null
            and newest.observation_date <= quarters.quarter_end_date
            and newest.observation_date >= {{ days_before('quarters.quarter_end_date', 9) }}
    group by quarters.quarter_number
),

joined as (
    select
        quarters.*,
        fund_holdings.etf_holdings_tonnes,
        positions.managed_money_net_contracts,
        positions.open_interest_contracts
    from quarters
    left join fund_holdings on quarters.quarter_end_date = fund_holdings.quarter_end_date
    left join positions on quarters.quarter_number = positions.quarter_number
),

-- without all four quarters of 2020 there is no telling which was the peak
peak as (
    select case when count(*) = 4 then {{ first_by('quarter_number', '-etf_holdings_tonnes') }} end as peak_number
    from joined
    where extract(year from quarter_start_date) = 2020 and etf_holdings_tonnes is not null
),

marked as (
    select
        joined.*,
        peak.peak_number,
        case
            when joined.quarter_number > peak.peak_number then joined.physical_tonnes
            when joined.quarter_number = peak.peak_number then 0
        end as physical_after_peak,
        case
            when joined.quarter_number > peak.peak_number then joined.etf_flow_tonnes
            when joined.quarter_number = peak.peak_number then 0
        end as etf_after_peak
    from joined
    cross join peak
)

select
    quarter_start_date,
    quarter_end_date,
    central_banks_tonnes,
    bar_coin_tonnes,
    physical_tonnes,
    etf_flow_tonnes,
    physical_4q_tonnes,
    physical_4q_mean_tonnes,
    etf_flow_4q_tonnes as etf_4q_tonnes,
    etf_holdings_tonnes,
    managed_money_net_contracts,
    open_interest_contracts,
    quarter_number = peak_number as is_etf_peak,
    -- a quarter that is missing in between leaves every later sum null
    case
        when count(physical_after_peak) over {{ since_peak }} = quarter_number - peak_number + 1
            then sum(physical_after_peak) over {{ since_peak }}
    end as physical_since_peak_tonnes,
    case
        when count(etf_after_peak) over {{ since_peak }} = quarter_number - peak_number + 1 then sum(etf_after_peak) over {{ since_peak }}
    end as etf_since_peak_tonnes,
    jewellery_tonnes,
    technology_tonnes,
    mine_tonnes,
    hedging_tonnes,
    recycled_tonnes,
    total_supply_tonnes,
    total_supply_tonnes - (mine_tonnes + hedging_tonnes + recycled_tonnes) as supply_gap_tonnes,
    total_supply_tonnes - demand_tonnes as otc_residual_tonnes,
    {{ usage_warnings(["'estimated'", "'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from marked
