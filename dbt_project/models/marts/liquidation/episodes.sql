{%- set first_mart_day = "(select min(first_day.as_of_date) from " ~ ref('int_trading_days') ~ " as first_day)" %}
-- Falls of the S&P 500 as known at the build's as-of day: one row per confirmed episode.
with

latest as (
    select max(epoch_id) as epoch_id, max(last_day) as as_of_date from {{ ref('int_member_prices') }}
),

episodes as (
    select episodes.*
    from {{ ref('int_episodes') }} as episodes
    inner join latest on episodes.epoch_id = latest.epoch_id
),

paths as (
    select paths.*
    from {{ ref('int_window_paths') }} as paths
    inner join latest on paths.epoch_id = latest.epoch_id
    where paths.member = 'sp500'
),

troughs as (
    select
        episodes.episode_id,
        min(paths.price) as trough_close,
        {{ first_by('paths.as_of_date', '(paths.price, paths.as_of_date)') }} as trough_date,
        max(paths.as_of_date) as last_date,
        count(*) as sessions
    from episodes
    inner join paths on episodes.episode_id = paths.window_id and paths.as_of_date >= episodes.start_date
    group by episodes.episode_id
)

select
    episodes.episode_id,
    episodes.start_date,
    episodes.window_open_date,
    episodes.confirmation_date,
    episodes.end_date,
    case when episodes.end_date is null then 'open' else 'ended' end as status,
    episodes.start_close as sp500_start_close,
    troughs.trough_close as sp500_trough_close,
    troughs.trough_date as sp500_trough_date,
    (troughs.trough_close / episodes.start_close - 1) * 100 as sp500_depth_pct,
    cast({{ days_between('episodes.start_date', 'coalesce(episodes.end_date, latest.as_of_date)') }} as integer) as length_days,
    cast(troughs.sessions as integer) as sessions,
    {{ usage_warnings(["case when episodes.start_date < " ~ first_mart_day ~ " then 'proxy' end"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from episodes
inner join troughs on episodes.episode_id = troughs.episode_id
cross join latest
