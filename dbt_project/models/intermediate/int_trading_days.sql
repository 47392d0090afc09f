-- Mart days: NYSE sessions whose cut-off (22:00 UTC) has passed at the build's as-of moment, numbered.
with

holidays as (
    select day
    from {{ ref('calendar_holidays') }}
    where calendar = 'nyse'
),

days as (
    {{ calendar_days("date '1968-01-02'", "cast(" ~ as_of() ~ " as date) + 15") }}
),

sessions as (
    select
        days.day as as_of_date,
        cast(days.day as timestamp with time zone) + interval '22' hour as cutoff_at
    from days
    left join holidays on days.day = holidays.day
    where
        extract(isodow from days.day) <= 5
        and holidays.day is null
),

-- flags look one session ahead on the calendar, which is known in advance
flagged as (
    select
        *,
        lag(as_of_date) over (order by as_of_date) as prior_as_of_date,
        lag(cutoff_at) over (order by as_of_date) as prior_cutoff_at,
        row_number() over (order by as_of_date) as session_number,
        cast(date_trunc('month', as_of_date) as date) as month_start,
        extract(month from as_of_date) != extract(month from lead(as_of_date) over (order by as_of_date)) as is_month_end,
        extract(quarter from as_of_date) != extract(quarter from lead(as_of_date) over (order by as_of_date)) as is_quarter_end
    from sessions
)

select
    as_of_date,
    cutoff_at,
    prior_as_of_date,
    prior_cutoff_at,
    session_number,
    month_start,
    is_month_end,
    is_quarter_end
from flagged
where cutoff_at <= {{ as_of() }}
