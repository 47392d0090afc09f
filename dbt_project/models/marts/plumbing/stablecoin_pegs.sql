-- t3_1: how each dollar coin held its peg, over the closes of the last 365 days; every day as known that day.
{%- set quantities = [] %}
{%- for coin in var('stablecoins') %}{% do quantities.append(coin ~ '_price_usd') %}{% endfor %}
with

prices as (
    select
        *,
        count(*) over year_of_closes as closes_365d,
        sum(case when is_below_50bp then 1 else 0 end) over year_of_closes as days_below_50bp_365d,
        sum(case when is_below_100bp then 1 else 0 end) over year_of_closes as days_below_100bp_365d,
        max(run_below_100bp_days) over year_of_closes as longest_run_below_100bp_days,
        min(deviation_bp) over year_of_closes as lowest_deviation_365d_bp
    from {{ ref('int_stablecoin_prices') }}
    window year_of_closes as (
        partition by epoch_id, coin
        order by observation_date range between interval '364' day preceding and current row
    )
),

days as (
    {{ epoch_days(quantities, after=var('plumbing_from')) }}
),

coins as (
    select listed.coin
    from (
        values
        {%- for coin in var('stablecoins') %}
        ('{{ coin }}'){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed (coin)
),

newest as (
    {{ newest_known('days', 'prices', 'coin') }}
)

select
    days.as_of_date,
    coins.coin,
    newest.observation_date as newest_observation_date,
    prices.observation_date,
    prices.price_usd,
    prices.deviation_bp,
    prices.lowest_deviation_365d_bp,
    cast(prices.days_below_50bp_365d as integer) as days_below_50bp_365d,
    cast(prices.days_below_100bp_365d as integer) as days_below_100bp_365d,
    cast(prices.longest_run_below_100bp_days as integer) as longest_run_below_100bp_days,
    cast(prices.closes_365d as integer) as closes_365d,
    {{ usage_warnings(["'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from days
cross join coins
left join newest
    on
        days.epoch_id = newest.epoch_id
        and days.as_of_date = newest.as_of_date
        and coins.coin = newest.coin
left join prices
    on {{ is_newest('prices', 'coin') }}
