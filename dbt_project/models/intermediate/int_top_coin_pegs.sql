-- Leg c of t3_1: which three coins were largest when the window of the day's episode opened, and how long the longest run of closes
-- more than 100 bp below par was that one of them had inside it (up to the day or to the episode's end).
{%- set quantities = [] %}
{%- for coin in var('stablecoins') %}{% do quantities.append(coin ~ '_supply_usd') %}{% endfor %}
with

days as (
    select as_of_date, window_open_date, measured_date
    from {{ ref('int_episode_days') }}
    where as_of_date > date '{{ var("plumbing_from") }}'
),

-- coins on the window's opening day. One that was there and is stale, or that should have been there and never came, may have
-- been among the largest: then the top three are unknown, unless all that the known coins leave of the total is less than the third.
coin_rules as (
    select
        replace(quantity, '_supply_usd', '') as coin,
        min(first_date) as first_date,
        max(last_date) as last_date
    from {{ ref('series') }}
    where quantity in {{ sql_list(quantities) }}
    group by quantity
),

coin_supply as (
    select supply_days.*, coin_rules.first_date, coin_rules.last_date
    from {{ ref('stablecoin_supply') }} as supply_days
    inner join coin_rules on supply_days.name = coin_rules.coin
    where supply_days.dimension = 'coin'
),

coins_at_opening as (
    select
        days.as_of_date,
        days.measured_date,
        days.window_open_date,
        opening.name as coin,
        row_number() over (partition by days.as_of_date order by opening.supply_usd desc nulls last, opening.name asc) as size_rank,
        opening.supply_usd,
        all_coins.supply_usd as total_supply_usd,
        opening.supply_usd is null
        and (opening.last_date is null or opening.last_date >= days.window_open_date)
        and (
            opening.newest_observation_date is not null
            or (today.newest_observation_date is null and opening.first_date <= days.window_open_date)
        ) as is_unknown
    from days
    inner join coin_supply as opening on days.window_open_date = opening.as_of_date
    inner join coin_supply as today on days.as_of_date = today.as_of_date and opening.name = today.name
    left join {{ ref('stablecoin_supply') }} as all_coins
        on days.window_open_date = all_coins.as_of_date and all_coins.dimension = 'total'
),

ranked as (
    select
        as_of_date,
        count(case when size_rank <= 3 and supply_usd > 0 then 1 end) = 3 and (
            not bool_or(is_unknown)
            or coalesce(max(total_supply_usd) - sum(supply_usd) < min(case when size_rank = 3 then supply_usd end), false)
        ) as is_ranked
    from coins_at_opening
    group by as_of_date
),

-- pegs: runs below par inside the window, and the widest gap between two closes
prices as (
    select * from {{ ref('int_stablecoin_prices') }}
),

price_sessions as (
    select days.as_of_date, price_epochs.epoch_id, price_epochs.first_day
    from {{ ref('int_trading_days') }} as days
    inner join (select distinct epoch_id, first_day, last_day from prices) as price_epochs on days.as_of_date <= price_epochs.last_day
    where days.as_of_date > date '{{ var("stablecoins_from") }}'
),

newest_prices as (
    {{ newest_known('price_sessions', 'prices', 'coin') }}
),

price_days as (
    select days.as_of_date, days.window_open_date, days.measured_date, max(price_sessions.epoch_id) as epoch_id
    from days
    inner join price_sessions on days.as_of_date = price_sessions.as_of_date and days.as_of_date >= price_sessions.first_day
    group by days.as_of_date, days.window_open_date, days.measured_date
),

peg_windows as (
    select epoch_id, window_open_date, max(measured_date) as last_date
    from price_days
    group by epoch_id, window_open_date
),

peg_paths as (
    select
        peg_windows.epoch_id,
        peg_windows.window_open_date,
        prices.coin,
        prices.observation_date,
        max(least(
            prices.run_below_100bp_days, {{ days_between('peg_windows.window_open_date', 'prices.observation_date') }} + 1
        )) over path as longest_run_days,
        min(prices.deviation_bp) over path as lowest_deviation_bp,
        max({{ days_between("coalesce(prices.prior_date, date '1900-01-01')", 'prices.observation_date') }}) over path as widest_gap_days
    from peg_windows
    inner join prices
        on
            peg_windows.epoch_id = prices.epoch_id
            and prices.observation_date between peg_windows.window_open_date and peg_windows.last_date
    window path as (
        partition by peg_windows.epoch_id, peg_windows.window_open_date, prices.coin
        order by prices.observation_date rows between unbounded preceding and current row
    )
),

coin_pegs as (
    select
        price_days.as_of_date,
        peg_paths.coin,
        peg_paths.longest_run_days,
        peg_paths.lowest_deviation_bp,
        peg_paths.observation_date
    from price_days
    inner join newest_prices
        on price_days.epoch_id = newest_prices.epoch_id and price_days.measured_date = newest_prices.as_of_date
    inner join peg_paths
        on
            price_days.epoch_id = peg_paths.epoch_id
            and price_days.window_open_date = peg_paths.window_open_date
            and newest_prices.coin = peg_paths.coin
            and newest_prices.observation_date = peg_paths.observation_date
            and peg_paths.observation_date >= {{ days_before('price_days.measured_date', 5) }}
            and peg_paths.widest_gap_days <= 5
)

select
    coins.as_of_date,
    case when ranked.is_ranked then string_agg(case when coins.size_rank <= 3 then coins.coin end, ', ' order by coins.size_rank) end as top_three_coins,
    ranked.is_ranked,
    count(case when coins.size_rank <= 3 then coin_pegs.longest_run_days end) = 3 as is_priced,
    max(case when coins.size_rank <= 3 then coin_pegs.longest_run_days end) as longest_run_days,
    min(case when coins.size_rank <= 3 then coin_pegs.lowest_deviation_bp end) as lowest_deviation_bp,
    min(case when coins.size_rank <= 3 then coin_pegs.observation_date end) as observation_date,
    string_agg(case when coins.is_unknown and not ranked.is_ranked then coins.coin end, ', ' order by coins.coin) as coins_unknown,
    string_agg(
        case when coins.size_rank <= 3 and coin_pegs.coin is null then coins.coin end, ', ' order by coins.coin
    ) as coins_without_price
from coins_at_opening as coins
inner join ranked on coins.as_of_date = ranked.as_of_date
left join coin_pegs on coins.as_of_date = coin_pegs.as_of_date and coins.coin = coin_pegs.coin
group by coins.as_of_date, ranked.is_ranked
