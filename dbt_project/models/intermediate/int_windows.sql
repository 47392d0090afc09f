-- Every stretch of days in which the order of liquidation is read: the windows of episodes, and the placebo windows
-- that open every 21st session whatever the market did, each as long as the median episode known by then.
{%- set buckets = ['crypto', 'ai_tech', 'gold', 'treasuries'] %}
with

episodes as (
    select * from {{ ref('int_episodes') }}
),

-- the median length changes only when an episode ends
medians as (
    select
        ended.epoch_id,
        ended.end_date as known_from,
        lead(ended.end_date) over (partition by ended.epoch_id order by ended.end_date) as known_until,
        cast(floor(median(earlier.window_sessions) + 0.5) as bigint) as window_sessions
    from episodes as ended
    inner join episodes as earlier
        on ended.epoch_id = earlier.epoch_id and earlier.end_date <= ended.end_date
    where ended.end_date is not null
    group by ended.epoch_id, ended.end_date
),

-- the first session on which all four buckets have their 60 returns
first_sessions as (
    select epoch_id, last_session, min(session_number) as session_number
    from (
        select
            epoch_id,
            session_number,
            max(session_number) over (partition by epoch_id) as last_session,
            count(monthly_volatility) over (partition by epoch_id, session_number) as buckets_ready
        from {{ ref('int_member_prices') }}
        where member in {{ sql_list(buckets) }}
    ) as ready
    where buckets_ready = {{ buckets | length }}
    group by epoch_id, last_session
),

-- of each length only the windows that some day can count: those over before the next median is known
placebo as (
    select distinct
        first_sessions.epoch_id,
        medians.window_sessions,
        opens.session_number as open_session,
        opens.as_of_date as open_date
    from first_sessions
    inner join medians on first_sessions.epoch_id = medians.epoch_id
    inner join {{ ref('int_trading_days') }} as opens
        on
            opens.session_number >= first_sessions.session_number
            and (opens.session_number - first_sessions.session_number) % {{ var('placebo_step') }} = 0
            and opens.session_number + medians.window_sessions - 1 <= first_sessions.last_session
    inner join {{ ref('int_trading_days') }} as closes
        on
            opens.session_number + medians.window_sessions - 1 = closes.session_number
            and (medians.known_until is null or closes.as_of_date < medians.known_until)
)

select
    epoch_id,
    'episode' as window_kind,
    episode_id as window_id,
    window_open_date as open_date,
    window_open_session as open_session,
    end_session as last_session,
    window_sessions
from episodes
union all
select
    epoch_id,
    'placebo' as window_kind,
    cast(window_sessions as varchar) || ' sessions from ' || cast(open_date as varchar) as window_id,
    open_date,
    open_session,
    open_session + window_sessions - 1 as last_session,
    window_sessions
from placebo
