-- Day by day inside each episode's window: drawdown from the running maximum since it opened, both kinds of break, the trough so far and
-- whether half of it was regained. Every column of a day uses that day and earlier ones only. Volatility is frozen at the opening.
with

prices as (
    select * from {{ ref('int_member_prices') }}
),

openings as (
    select
        windows.epoch_id,
        windows.window_id,
        windows.open_date,
        windows.open_session,
        windows.last_session,
        windows.window_sessions,
        prices.member,
        prices.monthly_volatility
    from {{ ref('int_windows') }} as windows
    inner join prices
        on windows.epoch_id = prices.epoch_id and windows.open_session = prices.session_number
    where windows.window_kind = 'episode'
),

days as (
    select
        openings.*,
        prices.member_kind,
        prices.bucket,
        prices.as_of_date,
        prices.session_number,
        prices.price,
        prices.observation_date,
        max(prices.price) over path as running_max
    from openings
    inner join prices
        on
            openings.epoch_id = prices.epoch_id
            and openings.member = prices.member
            and prices.session_number >= openings.open_session
            and prices.session_number <= coalesce(openings.last_session, 1000000)
    window path as (
        partition by openings.epoch_id, openings.window_id, openings.member
        order by prices.session_number rows between unbounded preceding and current row
    )
),

drawdowns as (
    select
        *,
        -- rounded: a basket's level carries binary dust, and the first of two equal closes is the trough, a fall of exactly a tenth a break
        round(price / running_max - 1, 12) as drawdown,
        min(round(price / running_max - 1, 12)) over (path rows between unbounded preceding and 1 preceding) as earlier_depth,
        max(price) over (path rows between unbounded preceding and 1 preceding) as earlier_max
    from days
    window path as (partition by epoch_id, window_id, member order by session_number)
),

so_far as (
    select
        *,
        min(drawdown) over path as depth,
        min(case when drawdown <= -0.10 then as_of_date end) over path as break_10pct_date,
        min(case when drawdown <= -1.5 * monthly_volatility then as_of_date end) over path as break_scaled_date,
        -- the first of two equal highs, of a basket's level as of its only member's price
        max(case when earlier_max is null or round(price / earlier_max - 1, 12) > 0 then as_of_date end) over path as running_max_date,
        max(case when earlier_depth is null or drawdown < earlier_depth then session_number end) over path as trough_session
    from drawdowns
    window path as (
        partition by epoch_id, window_id, member
        order by session_number rows between unbounded preceding and current row
    )
),

-- between one record low and the next, the trough's own peak and level stand
since_trough as (
    select
        *,
        first_value(as_of_date) over stretch as trough_date,
        first_value(price) over stretch as trough_price,
        first_value(running_max) over stretch as peak_price,
        first_value(running_max_date) over stretch as peak_date
    from so_far
    window stretch as (
        partition by epoch_id, window_id, member, trough_session
        order by session_number rows between unbounded preceding and current row
    )
)

select
    epoch_id,
    window_id,
    open_date,
    open_session,
    last_session,
    window_sessions,
    member,
    member_kind,
    bucket,
    as_of_date,
    session_number,
    observation_date,
    price,
    depth,
    monthly_volatility,
    abs(depth) / monthly_volatility as depth_vols,
    break_10pct_date,
    break_scaled_date,
    peak_date,
    peak_price,
    trough_date,
    trough_price,
    min(case
        when depth < 0 and as_of_date > trough_date and round(price / (peak_price + trough_price) - 0.5, 12) >= 0 then as_of_date
    end) over (
        partition by epoch_id, window_id, member, trough_session
        order by session_number rows between unbounded preceding and current row
    ) as half_recovery_date
from since_trough
