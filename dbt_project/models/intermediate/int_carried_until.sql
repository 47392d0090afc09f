-- The last day on which an observation of a monthly, quarterly or annual quantity may still be the newest one: five days after
-- the next period's release. That day comes from the calendar seed; where it has no row, from the longest normal lag of the
-- quantity's series. A period that never came out is waited out until the one after it. (Daily and weekly observations are
-- carried 5 and 9 calendar days: `days_before` says it where they are read.)
with

rules as (
    select
        quantity,
        min(frequency) as frequency,
        max(release) as release,
        max(lag_days) as lag_days
    from {{ ref('series') }}
    where frequency in ('monthly', 'quarterly', 'annual')
    group by quantity
),

observations as (
    select distinct
        versions.quantity,
        versions.observation_date,
        rules.release,
        rules.lag_days,
        case rules.frequency when 'monthly' then 1 when 'quarterly' then 3 else 12 end as months
    from {{ ref('int_quantity_versions') }} as versions
    inner join rules on versions.quantity = rules.quantity
),

-- the two periods that follow; a period dated by its last day goes on to last days
following as (
    select
        observations.*,
        steps.step,
        case
            when observations.observation_date = last_day(observations.observation_date)
                then last_day(cast(observations.observation_date + steps.step * observations.months * interval '1' month as date))
            else cast(observations.observation_date + steps.step * observations.months * interval '1' month as date)
        end as period_date
    from observations
    cross join (values (1), (2), (3)) as steps (step)
),

releases as (
    select
        following.quantity,
        following.observation_date,
        following.step,
        case
            when seeded.period is null then cast(following.period_date + following.lag_days * interval '1' day as date)
            else seeded.released_on
        end as released_on
    from following
    left join {{ ref('release_dates') }} as seeded
        on following.release = seeded.release and substr(cast(following.period_date as varchar), 1, 7) = seeded.period
)

select
    quantity,
    observation_date,
    cast({{ first_by('released_on', 'case when released_on is not null then step end') }} + interval '5' day as date) as carried_until
from releases
group by quantity, observation_date
