-- t3_1: does the use of dollar coins follow the price of crypto? Growth of supply, its fall in the episode beside bitcoin's, and
-- how the three coins that were largest when the window opened held their pegs; every day as known that day.
with

supply as (
    select * from {{ ref('int_stablecoin_path') }}
),

pegs as (
    select *, is_ranked and is_priced as is_known
    from {{ ref('int_top_coin_pegs') }}
),

-- a lower bound: coins that nobody watches count as nothing; null while a watched one is stale or never came
concentration as (
    select
        days.as_of_date,
        case
            when count(case when days.supply_usd is null and (days.newest_observation_date is not null or coins.first_date <= days.as_of_date) then 1 end) = 0
                then sum(days.share_of_total_pct / 100 * days.share_of_total_pct / 100)
        end as coin_hhi_ratio
    from {{ ref('stablecoin_supply') }} as days
    inner join {{ ref('series') }} as coins on days.name || '_supply_usd' = coins.quantity
    where days.dimension = 'coin'
    group by days.as_of_date
),

bitcoin as (
    select epoch_id, window_id, as_of_date, observation_date, depth * 100 as drawdown_pct
    from {{ ref('int_window_paths') }}
    where member = 'BTC'
),

daily as (
    select
        supply.as_of_date,
        supply.episode_id,
        supply.episode_label,
        supply.episode_status,
        supply.window_open_date,
        supply.observation_date,
        supply.supply_usd as stablecoin_supply_usd,
        {%- for growth_days in var('growth_days') %}
        supply.growth_{{ growth_days }}d_pct as supply_growth_{{ growth_days }}d_pct,
        {%- endfor %}
        supply.supply_btc_weekly_corr_1y,
        supply.btc_close_usd,
        concentration.coin_hhi_ratio,
        supply.supply_drawdown_pct,
        bitcoin.drawdown_pct as btc_drawdown_pct,
        supply.supply_drawdown_pct / nullif(bitcoin.drawdown_pct, 0) as supply_to_btc_drawdown_ratio,
        pegs.top_three_coins,
        case when pegs.is_known then pegs.lowest_deviation_bp end as top_three_lowest_deviation_bp,
        case when pegs.is_known then cast(pegs.longest_run_days as integer) end as peg_break_longest_days,
        not coalesce(pegs.is_known, false) as peg_data_missing,
        case
            when pegs.as_of_date is null then 'no coin is known on the opening day of the window'
            when pegs.coins_unknown is not null
                then 'top three of ' || cast(supply.window_open_date as varchar) || ' unknown, no supply of: ' || pegs.coins_unknown
            when not pegs.is_ranked then 'fewer than three coins on ' || cast(supply.window_open_date as varchar)
            when not pegs.is_priced then 'no unbroken prices in the window of: ' || pegs.coins_without_price
        end as peg_no_data_reason,
        least(
            supply.observation_date,
            supply.fall_observation_date,
            bitcoin.observation_date,
            case when pegs.is_known then pegs.observation_date end
        ) as oldest_input_date,
        case
            when supply.supply_usd is null
                then 'stablecoin_supply_usd: newest known observation '
                    || coalesce(cast(supply.newest_observation_date as varchar) || ' is older than 5 days', 'is missing')
            when supply.growth_365d_pct is null then 'stablecoin_supply_usd: no observation 365 days older'
            when supply.episode_id is null then 'sp500_index: no episode is known'
            when supply.supply_drawdown_pct is null
                then 'stablecoin_supply_usd: not known on ' || cast(supply.window_open_date as varchar) || ', when the window opened'
            when bitcoin.drawdown_pct is null
                then 'btc_close_usd: no path from ' || cast(supply.window_open_date as varchar) || ' to ' || cast(supply.measured_date as varchar)
        end as no_data_reason
    from supply
    left join bitcoin
        on
            supply.prices_epoch_id = bitcoin.epoch_id
            and supply.episode_id = bitcoin.window_id
            and supply.measured_date = bitcoin.as_of_date
    left join pegs on supply.as_of_date = pegs.as_of_date
    left join concentration on supply.as_of_date = concentration.as_of_date
    where supply.as_of_date > date '{{ var("plumbing_from") }}'
)

select
    *,
    {{ usage_warnings([
        "'unofficial_source'", "'licence_internal'", "case when no_data_reason is null and peg_data_missing then 'stale_input' end"
    ]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
