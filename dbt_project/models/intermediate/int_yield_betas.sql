-- How each bucket moves with the 2-year yield, per mart day: OLS slope of its daily log total returns (percent) on the yield's daily changes
-- (percentage points) over the last 120 sessions that have both. A change counts where the yield was observed on a
-- session and on the session before, so that both span the same time.
with

prices as (
    select epoch_id, first_day, last_day, as_of_date, session_number, {{ breadth_bucket('member') }} as bucket, log_total_return
    from {{ ref('int_member_prices') }}
    where member in {{ sql_list(measured_members()) }}
),

yield_epochs as (
    select * from {{ epochs(['ust_2y_pct']) }}
),

-- stretches of days within which neither prices nor yields were revised
stretches as (
    select
        row_number() over (order by greatest(price_epochs.first_day, yield_epochs.first_day)) as epoch_id,
        price_epochs.epoch_id as price_epoch_id,
        yield_epochs.epoch_id as yield_epoch_id,
        greatest(price_epochs.first_day, yield_epochs.first_day) as first_day,
        least(price_epochs.last_day, yield_epochs.last_day) as last_day
    from (select distinct epoch_id, first_day, last_day from prices) as price_epochs
    inner join yield_epochs
        on price_epochs.first_day <= yield_epochs.last_day and yield_epochs.first_day <= price_epochs.last_day
),

-- a yield dated on a session and the one dated on the session before
changes as (
    select
        yields.epoch_id,
        days.as_of_date,
        case
            when lag(days.session_number) over path = days.session_number - 1 then yields.value - lag(yields.value) over path
        end as yield_change,
        greatest(yields.known_on, lag(yields.known_on) over path) as known_on
    from {{ known_panel(['ust_2y_pct']) }} as yields
    inner join {{ ref('int_trading_days') }} as days on yields.observation_date = days.as_of_date
    window path as (partition by yields.epoch_id order by days.as_of_date)
),

-- two years of calendar days hold 120 pairs many times over; older ones cannot be among the last 120
pairs as (
    select
        stretches.epoch_id,
        prices.bucket,
        prices.as_of_date as observation_date,
        greatest(prices.as_of_date, changes.known_on) as known_on,
        prices.log_total_return * 100 as return_pct,
        changes.yield_change
    from stretches
    inner join prices
        on stretches.price_epoch_id = prices.epoch_id
    inner join changes
        on stretches.yield_epoch_id = changes.epoch_id and prices.as_of_date = changes.as_of_date
    where
        prices.log_total_return is not null
        and changes.yield_change is not null
        and prices.as_of_date >= {{ days_before('stretches.first_day', 730) }}
        and prices.as_of_date <= stretches.last_day
),

betas as (
    select
        *,
        case
            when count(*) over recent = {{ var('yield_beta_window') }} and stddev_samp(yield_change) over recent > 1e-9
                then regr_slope(return_pct, yield_change) over recent
        end as beta
    from pairs
    window recent as (
        partition by epoch_id, bucket
        order by observation_date rows between {{ var('yield_beta_window') - 1 }} preceding and current row
    )
),

days as (
    select
        stretches.epoch_id,
        days.as_of_date
    from stretches
    inner join {{ ref('int_trading_days') }} as days on days.as_of_date between stretches.first_day and stretches.last_day
),

newest as (
    {{ newest_known('days', 'betas', 'bucket') }}
)

select
    newest.as_of_date,
    {%- for bucket in measured_buckets() %}
    max(case when betas.bucket = '{{ bucket }}' then betas.beta end) as beta_2y_{{ bucket }}_pct_per_pp {{- "," if not loop.last }}
    {%- endfor %}
from newest
left join betas
    on {{ is_newest('betas', 'bucket') }}
group by newest.as_of_date
