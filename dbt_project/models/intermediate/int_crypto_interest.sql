-- Open interest of crypto perpetuals per mart day, coin and venue as known that day, and its fall from the running maximum since the
-- window of the day's episode opened (up to the day or to the episode's end). Venue `all` is the sum, null unless every venue has a
-- value: a venue that joins later must not look like growth.
{%- set quantities = [] %}
{%- for coin in var('leverage_coins') %}
{%- for venue in var('interest_venues') %}
{%- do quantities.append(coin ~ '_oi_' ~ venue ~ '_coin') %}{% do quantities.append(coin ~ '_oi_' ~ venue ~ '_usd') %}
{%- endfor %}
{%- endfor %}
with

interest_epochs as (
    select * from {{ epochs(quantities) }}
),

observed as (
    select
        epoch_id,
        regexp_extract(quantity, '^(.*)_(coin|usd)$', 1) as place,
        observation_date,
        max(known_on) as known_on,
        max(case when quantity like '%\_coin' escape '\' then value end) as interest_coin,
        max(case when quantity like '%\_usd' escape '\' then value end) as interest_usd
    from {{ known_panel(quantities) }}
    group by epoch_id, regexp_extract(quantity, '^(.*)_(coin|usd)$', 1), observation_date
),

sessions as (
    select days.as_of_date, interest_epochs.epoch_id, interest_epochs.first_day, interest_epochs.last_day
    from {{ ref('int_trading_days') }} as days
    inner join interest_epochs on days.as_of_date <= interest_epochs.last_day
    where days.as_of_date > date '{{ var("plumbing_from") }}'
),

newest as (
    {{ newest_known('sessions', 'observed', 'place') }}
),

by_venue as (
    select
        newest.epoch_id,
        newest.as_of_date,
        regexp_extract(newest.place, '^(.*)_oi_(.*)$', 1) as coin,
        regexp_extract(newest.place, '^(.*)_oi_(.*)$', 2) as venue,
        observed.observation_date,
        observed.interest_coin,
        observed.interest_usd
    from newest
    inner join observed
        on {{ is_newest('observed', 'place') }}
    where observed.interest_coin is not null
),

sampled as (
    select * from by_venue
    union all
    select
        epoch_id,
        as_of_date,
        coin,
        'all' as venue,
        min(observation_date) as observation_date,
        sum(interest_coin) as interest_coin,
        case when count(interest_usd) = {{ var('interest_venues') | length }} then sum(interest_usd) end as interest_usd
    from by_venue
    group by epoch_id, as_of_date, coin
    having count(*) = {{ var('interest_venues') | length }}
),

days as (
    select
        sessions.as_of_date,
        sessions.epoch_id,
        episode_days.window_open_date,
        episode_days.measured_date
    from sessions
    left join {{ ref('int_episode_days') }} as episode_days on sessions.as_of_date = episode_days.as_of_date
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
        sampled.coin,
        sampled.venue,
        sampled.as_of_date,
        (sampled.interest_coin / max(sampled.interest_coin) over path - 1) * 100 as fall_pct,
        max(case when sampled.as_of_date = windows.window_open_date then 1 else 0 end) over path as begins_at_opening
    from windows
    inner join sampled
        on
            windows.epoch_id = sampled.epoch_id
            and sampled.as_of_date between windows.window_open_date and windows.last_date
    window path as (
        partition by windows.epoch_id, windows.window_open_date, sampled.coin, sampled.venue
        order by sampled.as_of_date rows between unbounded preceding and current row
    )
),

falls as (
    select
        *,
        min(fall_pct) over (
            partition by epoch_id, window_open_date, coin, venue
            order by as_of_date rows between unbounded preceding and current row
        ) as deepest_fall_pct
    from highs
)

select
    days.as_of_date,
    sampled.coin,
    sampled.venue,
    sampled.observation_date,
    sampled.interest_coin,
    sampled.interest_usd,
    case when falls.begins_at_opening = 1 then falls.fall_pct end as fall_pct,
    case when falls.begins_at_opening = 1 then falls.deepest_fall_pct end as deepest_fall_pct
from days
inner join sampled on days.epoch_id = sampled.epoch_id and days.as_of_date = sampled.as_of_date
left join falls
    on
        days.epoch_id = falls.epoch_id
        and days.window_open_date = falls.window_open_date
        and days.measured_date = falls.as_of_date
        and sampled.coin = falls.coin
        and sampled.venue = falls.venue
