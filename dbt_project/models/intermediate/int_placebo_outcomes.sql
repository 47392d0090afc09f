-- What each bucket had done by the last day of each placebo window: the columns of int_window_paths that the order needs.
with

prices as (
    select epoch_id, member, as_of_date, session_number, observation_date, price, monthly_volatility
    from {{ ref('int_member_prices') }}
    where member in ('crypto', 'ai_tech', 'gold', 'treasuries')
),

windows as (
    select *
    from {{ ref('int_windows') }}
    where window_kind = 'placebo'
),

days as (
    select
        windows.epoch_id,
        windows.window_id,
        windows.window_sessions,
        windows.open_session,
        windows.last_session,
        prices.member,
        prices.as_of_date,
        prices.session_number,
        prices.observation_date,
        prices.price / max(prices.price) over (
            partition by windows.epoch_id, windows.window_id, prices.member
            order by prices.session_number rows between unbounded preceding and current row
        ) - 1 as drawdown
    from windows
    inner join prices
        on
            windows.epoch_id = prices.epoch_id
            and prices.session_number between windows.open_session and windows.last_session
)

select
    days.epoch_id,
    days.window_id,
    days.window_sessions,
    days.last_session,
    days.member,
    max(days.as_of_date) as as_of_date,
    max(days.session_number) as session_number,
    max(days.observation_date) as observation_date,
    min(days.drawdown) as depth,
    abs(min(days.drawdown)) / max(openings.monthly_volatility) as depth_vols,
    min(case when days.drawdown <= -0.10 then days.as_of_date end) as break_10pct_date,
    min(case when days.drawdown <= -1.5 * openings.monthly_volatility then days.as_of_date end) as break_scaled_date
from days
inner join prices as openings
    on
        days.epoch_id = openings.epoch_id
        and days.member = openings.member
        and days.open_session = openings.session_number
group by days.epoch_id, days.window_id, days.window_sessions, days.last_session, days.member
