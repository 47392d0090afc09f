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

records as (
    select
        series.quantity,
        series.priority,
        observations.series_id,
        observations.observation_date,
        observations.value,
        observations.known_at,
        observations.fetched_at
    from observations
    inner join series on observations.series_id = series.series_id
    where observations.known_at <= {{ as_of() }}
),

counted as (
    select
        quantity,
        observation_date,
        count(*) as records,
        min(series_id) as series_id,
        min(value) as value,
        min(known_at) as known_at
    from records
    group by quantity, observation_date
),

-- told more than once: by several sources, or again by one
series_versions as (
    select
        records.quantity,
        records.priority,
        records.series_id,
        records.observation_date,
        records.value,
        records.known_at,
        lead(records.known_at) over (
            partition by records.series_id, records.observation_date
            order by records.known_at, records.fetched_at
        ) as superseded_at
    from records
    inner join counted
        on
            records.quantity = counted.quantity
            and records.observation_date = counted.observation_date
    where counted.records > 1
),

moments as (
    select distinct quantity, observation_date, known_at
    from series_versions
),

-- at every moment one of the sources changed: the first by priority that has a value
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

changes as (
    select
        *,
        row_number() over (partition by quantity, observation_date order by known_at) as moment_number,
        lag(value) over (partition by quantity, observation_date order by known_at) as prior_value
    from merged
),

-- told once: the only version. A version without a value before any value was known says nothing
versions as (
    select
        quantity,
        observation_date,
        known_at,
        value,
        series_id,
        1 as version_number,
        cast(null as timestamp with time zone) as superseded_at
    from counted
    where records = 1 and value is not null
    union all
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
    select
        quantity,
        observation_date,
        known_at as first_known_at,
        lead(known_at) over (partition by quantity order by observation_date) as next_known_at
    from versions
    where version_number = 1
),

-- only where an observation was known after the next one can any be known after a newer one
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
    where quantity in (select late.quantity from first_known as late where late.first_known_at > late.next_known_at)
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
left join later_known
    on
        versions.quantity = later_known.quantity
        and versions.observation_date = later_known.observation_date
inner join next_sessions
    on
        greatest(cast(versions.known_at + interval '7199.999999' second as date), date '1968-01-01') = next_sessions.day
