-- Beta of each bucket and member to the S&P 500 over the 250 daily returns that end before an episode's window opens.
with

returns as (
    select epoch_id, member, session_number, log_total_return
    from {{ ref('int_member_prices') }}
    where log_total_return is not null
),

windows as (
    select epoch_id, window_id, open_session
    from {{ ref('int_windows') }}
    where window_kind = 'episode'
)

select
    windows.epoch_id,
    windows.window_id,
    returns.member,
    regr_slope(returns.log_total_return, sp500.log_total_return) as beta_sp500
from windows
inner join returns
    on
        windows.epoch_id = returns.epoch_id
        and returns.session_number >= windows.open_session - {{ var('beta_window') }}
        and returns.session_number < windows.open_session
inner join returns as sp500
    on
        returns.epoch_id = sp500.epoch_id
        and returns.session_number = sp500.session_number
        and sp500.member = 'sp500'
group by windows.epoch_id, windows.window_id, returns.member
having count(*) = {{ var('beta_window') }}
