-- Falls of the S&P 500 of 5% or more from a trailing-365-day high, per epoch. An episode is known from its confirmation day.
with

sp500 as (
    select epoch_id, last_day, as_of_date, session_number, price
    from {{ ref('int_member_prices') }}
    where member = 'sp500'
),

highs as (
    select
        *,
        price >= max(price) over (
            partition by epoch_id
            order by as_of_date range between interval '364' day preceding and current row
        ) as is_high
    from sp500
),

grouped as (
    select
        *,
        max(case when is_high then as_of_date end) over (
            partition by epoch_id order by as_of_date rows between unbounded preceding and current row
        ) as start_date
    from highs
),

high_closes as (
    select epoch_id, as_of_date as start_date, price as start_close
    from grouped
    where is_high
),

falls as (
    select
        grouped.epoch_id,
        grouped.start_date,
        max(high_closes.start_close) as start_close,
        min(case when grouped.price <= 0.95 * high_closes.start_close then grouped.as_of_date end) as confirmation_date,
        max(grouped.as_of_date) as last_session_below
    from grouped
    inner join high_closes
        on grouped.epoch_id = high_closes.epoch_id and grouped.start_date = high_closes.start_date
    group by grouped.epoch_id, grouped.start_date
),

ends as (
    select
        *,
        lead(start_date) over (partition by epoch_id order by start_date) as end_date
    from falls
),

windows as (
    select
        ends.epoch_id,
        ends.start_date,
        ends.start_close,
        ends.confirmation_date,
        ends.end_date,
        min(days.as_of_date) as window_open_date,
        min(days.session_number) as window_open_session
    from ends
    inner join {{ ref('int_trading_days') }} as days
        on days.as_of_date >= {{ days_before('ends.start_date', 45) }} and days.as_of_date <= ends.start_date
    where ends.confirmation_date is not null
    group by ends.epoch_id, ends.start_date, ends.start_close, ends.confirmation_date, ends.end_date
)

select
    windows.epoch_id,
    cast(windows.start_date as varchar) as episode_id,
    windows.start_date,
    windows.start_close,
    windows.window_open_date,
    windows.window_open_session,
    windows.confirmation_date,
    windows.end_date,
    ends.session_number as end_session,
    ends.session_number - windows.window_open_session + 1 as window_sessions
from windows
left join {{ ref('int_trading_days') }} as ends on windows.end_date = ends.as_of_date
