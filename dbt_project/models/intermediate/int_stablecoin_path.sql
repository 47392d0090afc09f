-- Supply of dollar coins per mart day as known that day: growth, its weekly correlation with bitcoin, and its fall from the running
-- maximum since the window of the day's episode opened (measured up to the day or to the episode's end).
{%- set quantities = ['stablecoin_supply_usd', 'btc_close_usd'] %}
{%- set read_with = [('stablecoin_supply_usd', 'btc_close_usd')] %}
{%- set weeks = var('correlation_weeks') %}
with

panel as (
    select *
    from {{ known_panel(quantities, read_with) }}
),

supply as (
    select
        epoch_id,
        quantity,
        observation_date,
        known_on,
        value as supply_usd,
        {%- for growth_days in var('growth_days') %}
        {{ growth_pct('value', growth_days, 'epoch_id') }} as growth_{{ growth_days }}d_pct {{- "," if not loop.last }}
        {%- endfor %}
    from panel
    where quantity = 'stablecoin_supply_usd'
),

-- bitcoin on the days of the supply, carried five days; changes over seven days, the weeks counted back from each day
paired as (
    select
        epoch_id,
        observation_date,
        max(case when quantity = 'stablecoin_supply_usd' then value end) as supply_usd,
        last_value(max(case when quantity = 'btc_close_usd' then value end) ignore nulls) over (
            partition by epoch_id
            order by observation_date range between interval '5' day preceding and current row
        ) as btc_close_usd
    from panel
    group by epoch_id, observation_date
),

weekly as (
    select
        epoch_id,
        observation_date,
        btc_close_usd,
        {{ days_between("date '1968-01-01'", 'observation_date') }} % 7 as weekday,
        ln(supply_usd / first_value(supply_usd) over week_before) as supply_change,
        ln(btc_close_usd / first_value(btc_close_usd) over week_before) as btc_return
    from paired
    where supply_usd > 0
    window week_before as (
        partition by epoch_id
        order by observation_date range between interval '7' day preceding and interval '7' day preceding
    )
),

correlations as (
    select
        epoch_id,
        observation_date,
        btc_close_usd,
        case
            when
                count(supply_change + btc_return) over last_year = {{ weeks }}
                and stddev_samp(supply_change) over last_year > 1e-12
                and stddev_samp(btc_return) over last_year > 1e-12
                then {{ clip('corr(supply_change, btc_return) over last_year', -1, 1) }}
        end as supply_btc_weekly_corr_1y
    from weekly
    window last_year as (
        partition by epoch_id, weekday
        order by observation_date range between interval '{{ 7 * (weeks - 1) }}' day preceding and current row
    )
),

-- supply on every session, as an epoch knows it
supply_epochs as (
    select * from {{ epochs(quantities, read_with) }}
),

sessions as (
    select
        days.as_of_date,
        supply_epochs.epoch_id,
        supply_epochs.first_day,
        supply_epochs.last_day
    from {{ ref('int_trading_days') }} as days
    inner join supply_epochs on days.as_of_date <= supply_epochs.last_day
    where days.as_of_date > date '{{ var("stablecoins_from") }}'
),

newest as (
    {{ newest_known('sessions', 'supply', 'quantity') }}
),

sampled as (
    select
        newest.epoch_id,
        newest.as_of_date,
        newest.observation_date as newest_observation_date,
        supply.observation_date,
        supply.supply_usd,
        {%- for growth_days in var('growth_days') %}
        supply.growth_{{ growth_days }}d_pct {{- "," if not loop.last }}
        {%- endfor %}
    from newest
    left join supply
        on {{ is_newest('supply', 'quantity') }}
),

episode_days as (
    select * from {{ ref('int_episode_days') }}
),

days as (
    select
        sessions.as_of_date,
        sessions.epoch_id,
        episode_days.prices_epoch_id,
        episode_days.episode_id,
        episode_days.episode_label,
        episode_days.episode_status,
        episode_days.window_open_date,
        episode_days.measured_date
    from sessions
    left join episode_days on sessions.as_of_date = episode_days.as_of_date
    where sessions.as_of_date between sessions.first_day and sessions.last_day
),

windows as (
    select epoch_id, window_open_date, max(measured_date) as last_date
    from days
    where window_open_date is not null
    group by epoch_id, window_open_date
),

highs as (
    select
        windows.epoch_id,
        windows.window_open_date,
        sampled.as_of_date,
        sampled.observation_date,
        sampled.supply_usd,
        max(sampled.supply_usd) over path as running_max_usd,
        max(case when sampled.as_of_date = windows.window_open_date then 1 else 0 end) over path as begins_at_opening
    from windows
    inner join sampled
        on
            windows.epoch_id = sampled.epoch_id
            and sampled.as_of_date between windows.window_open_date and windows.last_date
            and sampled.supply_usd is not null
    window path as (
        partition by windows.epoch_id, windows.window_open_date
        order by sampled.as_of_date rows between unbounded preceding and current row
    )
),

falls as (
    select
        *,
        min(supply_usd / running_max_usd - 1) over (
            partition by epoch_id, window_open_date
            order by as_of_date rows between unbounded preceding and current row
        ) * 100 as drawdown_pct
    from highs
)

select
    days.as_of_date,
    days.prices_epoch_id,
    days.episode_id,
    days.episode_label,
    days.episode_status,
    days.window_open_date,
    days.measured_date,
    sampled.newest_observation_date,
    sampled.observation_date,
    sampled.supply_usd,
    {%- for growth_days in var('growth_days') %}
    sampled.growth_{{ growth_days }}d_pct,
    {%- endfor %}
    correlations.supply_btc_weekly_corr_1y,
    correlations.btc_close_usd,
    falls.observation_date as fall_observation_date,
    case when falls.begins_at_opening = 1 then falls.drawdown_pct end as supply_drawdown_pct
from days
left join sampled on days.epoch_id = sampled.epoch_id and days.as_of_date = sampled.as_of_date
left join correlations on days.epoch_id = correlations.epoch_id and sampled.observation_date = correlations.observation_date
left join falls
    on
        days.epoch_id = falls.epoch_id
        and days.window_open_date = falls.window_open_date
        and days.measured_date = falls.as_of_date
