-- What cash earned up to the first day of each month: overnight and policy rates (act/360), compounded every calendar day,
-- spliced per currency by the seed. A rate stands until the next observation, but not over a long hole: a span with such a hole
-- has no return. A month's first day is known once an observation of it, or a later one, is.
{%- set spans = [1, 5, 10, 20] %}
with

spliced as (
    select
        panel.epoch_id,
        panel.first_day,
        panel.last_day,
        series.currency,
        panel.observation_date,
        panel.known_on,
        ln(1 + panel.value / 36000) as daily_log_growth,
        cast(date_trunc('month', panel.observation_date) + interval '1' month as date) as month_start
    from {{ known_panel(cash_quantities()) }} as panel
    inner join {{ ref('currency_series') }} as series
        on
            panel.quantity = series.quantity
            and series.measure = 'cash'
            and panel.observation_date >= series.valid_from
            and panel.observation_date <= coalesce(series.valid_to, date '9999-12-31')
),

followed as (
    select
        *,
        lead(observation_date) over dates as next_date,
        lead(known_on) over dates as next_known_on
    from spliced
    window dates as (partition by epoch_id, currency order by observation_date)
),

accrued as (
    select
        *,
        coalesce(
            sum(daily_log_growth * {{ days_between('observation_date', 'next_date') }}) over earlier, 0
        ) as log_level,
        count(case when {{ days_between('observation_date', 'next_date') }} > {{ var('cash_gap_days') }} then 1 end) over earlier as holes
    from followed
    window earlier as (
        partition by epoch_id, currency order by observation_date rows between unbounded preceding and 1 preceding
    )
),

-- on an observation of the first day itself, else between the two around it
months as (
    select
        epoch_id,
        first_day,
        last_day,
        currency,
        observation_date as month_start,
        known_on,
        log_level,
        holes
    from accrued
    where extract(day from observation_date) = 1
    union all
    select
        epoch_id,
        first_day,
        last_day,
        currency,
        month_start,
        greatest(known_on, next_known_on) as known_on,
        log_level + daily_log_growth * {{ days_between('observation_date', 'month_start') }} as log_level,
        holes
    from accrued
    where next_date > month_start and {{ days_between('observation_date', 'next_date') }} <= {{ var('cash_gap_days') }}
),

spans as (
    select
        *,
        {%- for years in spans %}
        case when holes = first_value(holes) over back_{{ years }} then log_level - first_value(log_level) over back_{{ years }} end
            as log_return_{{ years }}y,
        {%- endfor %}
        max(case when month_start = date '2000-01-01' then log_level end) over (partition by epoch_id, currency) as log_level_2000,
        max(case when month_start = date '2000-01-01' then holes end) over (partition by epoch_id, currency) as holes_2000
    from months
    window
        {%- for years in spans %}
        back_{{ years }} as (
            partition by epoch_id, currency
            order by month_start range between interval '{{ years }}' year preceding and interval '{{ years }}' year preceding
        ){{ "," if not loop.last }}
        {%- endfor %}
)

select
    epoch_id,
    first_day,
    last_day,
    currency,
    month_start,
    known_on,
    {%- for years in spans %}
    log_return_{{ years }}y,
    {%- endfor %}
    case when holes = holes_2000 and month_start >= date '2000-01-01' then log_level - log_level_2000 end as log_return_since_2000
from spans
