-- What the warehouse knew of each quantity, and since when: one row per quantity, observation and version.
-- Where several series give a quantity, the first by priority that has a value wins. A version ends when the next begins.
-- `known_on` is the first mart day that may use the version (null: after the last one). `is_boundary` marks knowledge
-- that did not arrive in order: a revised value, or one known only after a newer observation.
with

observations as (
    {%- for domain in domains() %}
    select series_id, observation_date, value, known_at, fetched_at from {{ ref('stg_' ~ domain ~ '__observations') }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

series as (
    select series_id, quantity, priority from {{ ref('series') }}
),

series_versions as (
    select
        series.quantity,
        series.priority,
        observations.series_id,
        observations.observation_date,
        observations.value,
        observations.known_at,
        lead(observations.known_at) over (
            partition by observations.series_id, observations.observation_date
            order by observations.known_at, observations.fetched_at
        ) as superseded_at
    from observations
    inner join series on observations.series_id = series.series_id
    where observations.known_at <= {{ as_of() }}
),

shared as (
    select quantity
    from series
    group by quantity
    having count(*) > 1
),

-- one source only: its versions are the quantity's
single_source as (
    select quantity, observation_date, known_at, value, series_id
    from series_versions
    where
        quantity not in (select shared.quantity from shared)
        and (superseded_at is null or superseded_at > known_at)
),

moments as (
    select distinct quantity, observation_date, known_at
    from series_versions
    where quantity in (select shared.quantity from shared)
),

-- several sources: at every moment one of them changed, the first by priority that has a value
merged as (
    select
        moments.quantity,
        moments.observation_date,
        moments.known_at,
        {{ first_by('series_versions.value', 'case when series_versions.value is not null then series_versions.priority end') }} as value,
        {{ first_by('series_versions.series_id', 'case when series_versions.value is not null then series_versions.priority end') }} as series_id
    from moments
    inner join series_versions
        on
            moments.quantity = series_versions.quantity
            and moments.observation_date = series_versions.observation_date
            and series_versions.known_at <= moments.known_at
            and (series_versions.superseded_at is null or series_versions.superseded_at > moments.known_at)
    group by moments.quantity, moments.observation_date, moments.known_at
),

resolved as (
    select quantity, observation_date, known_at, value, series_id from single_source
    union all
    select quantity, observation_date, known_at, value, series_id from merged
),

changes as (
    select
        *,
        row_number() over (partition by quantity, observation_date order by known_at) as moment_number,
        lag(value) over (partition by quantity, observation_date order by known_at) as prior_value
    from resolved
),

-- a version without a value before any value was known says nothing
versions as (
    select
        quantity,
        observation_date,
        known_at,
        value,
        series_id,
        row_number() over (partition by quantity, observation_date order by known_at) as version_number,
        lead(known_at) over (partition by quantity, observation_date order by known_at) as superseded_at
    from changes
    where
        (moment_number = 1 and value is not null)
        or (moment_number > 1 and value is distinct from prior_value)
),

first_known as (
    select quantity, observation_date, min(known_at) as first_known_at
    from versions
    group by quantity, observation_date
),

later_known as (
    select
        quantity,
        observation_date,
        min(first_known_at) over (
            partition by quantity
            order by observation_date desc
            rows between unbounded preceding and 1 preceding
        ) as newer_known_at
    from first_known
),

-- the first session whose cut-off is not before a moment: that day's or, after 22:00 UTC, a later one
calendar as (
    {{ calendar_days("date '1968-01-01'", "cast(" ~ as_of() ~ " as date) + 1") }}
),

next_sessions as (
    select
        calendar.day,
        min(sessions.as_of_date) over (
            order by calendar.day rows between current row and unbounded following
        ) as as_of_date
    from calendar
    left join {{ ref('int_trading_days') }} as sessions on calendar.day = sessions.as_of_date
)

select
    versions.quantity,
    versions.observation_date,
    versions.value,
    versions.known_at,
    versions.superseded_at,
    versions.version_number,
    versions.series_id,
    next_sessions.as_of_date as known_on,
    versions.version_number > 1 or coalesce(versions.known_at > later_known.newer_known_at, false) as is_boundary
from versions
inner join later_known
    on
        versions.quantity = later_known.quantity
        and versions.observation_date = later_known.observation_date
inner join next_sessions
    on
        greatest(cast(versions.known_at + interval '7199.999999' second as date), date '1968-01-01') = next_sessions.day
