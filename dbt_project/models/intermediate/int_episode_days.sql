-- The episode that each mart day speaks of, as known that day: the newest confirmed one, open or ended. What happens inside it is
-- measured up to that day, or, once it ended, up to its end.
with

epochs as (
    select distinct epoch_id, first_day, last_day from {{ ref('int_member_prices') }}
),

episodes as (
    select * from {{ ref('int_episodes') }}
),

current_episodes as (
    select
        days.as_of_date,
        epochs.epoch_id,
        max(episodes.start_date) as start_date
    from {{ ref('int_trading_days') }} as days
    inner join epochs on days.as_of_date between epochs.first_day and epochs.last_day
    inner join episodes on epochs.epoch_id = episodes.epoch_id and days.as_of_date >= episodes.confirmation_date
    group by days.as_of_date, epochs.epoch_id
)

select
    days.as_of_date,
    days.epoch_id as prices_epoch_id,
    episodes.episode_id,
    episodes.start_date,
    episodes.window_open_date,
    case when episodes.end_date <= days.as_of_date then episodes.end_date end as end_date,
    least(days.as_of_date, coalesce(episodes.end_date, days.as_of_date)) as measured_date,
    case when episodes.end_date <= days.as_of_date then 'ended' else 'open' end as episode_status,
    case
        when episodes.end_date <= days.as_of_date then 'last episode, ended ' || cast(episodes.end_date as varchar)
        else 'open episode since ' || episodes.episode_id
    end as episode_label
from current_episodes as days
inner join episodes on days.epoch_id = episodes.epoch_id and days.start_date = episodes.start_date
