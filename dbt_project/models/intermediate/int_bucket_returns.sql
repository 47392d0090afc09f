-- How far each bucket went over 20 observations, in standard deviations of its own such moves, and its volatility, per epoch and mart day.
-- Returns are total returns (the S&P 500 is the index). The scale is the sd of the 20-observation log returns over the trailing
-- 750, at least 250, the newest included; no mean is taken off: a bucket is below when it lost more than one of its own sd.
-- Volatility is the sd of the last 60 daily log returns times the root of 252. The AI stocks are measured as the five are.
{%- set window = var('mean_window') %}
with

returns as (
    select
        epoch_id,
        as_of_date,
        session_number,
        {{ breadth_bucket('member') }} as bucket,
        observation_date,
        log_total_return,
        case when count(log_total_return) over recent = {{ window }} then sum(log_total_return) over recent end as log_return_20d,
        case
            when count(log_total_return) over volatile = {{ var('volatility_window') }}
                then stddev_samp(log_total_return) over volatile * sqrt(252)
        end as volatility_60d
    from {{ ref('int_member_prices') }}
    where member in {{ sql_list(measured_members()) }}
    window
        recent as (
            partition by epoch_id, member
            order by as_of_date rows between {{ window - 1 }} preceding and current row
        ),
        volatile as (
            partition by epoch_id, member
            order by as_of_date rows between {{ var('volatility_window') - 1 }} preceding and current row
        )
),

scales as (
    select
        *,
        case
            when count(log_return_20d) over past >= {{ var('zscore_min') }} and stddev_samp(log_return_20d) over past > 1e-9
                then stddev_samp(log_return_20d) over past
        end as log_return_20d_sd
    from returns
    window past as (
        partition by epoch_id, bucket
        order by as_of_date rows between {{ var('zscore_window') - 1 }} preceding and current row
    )
)

select
    *,
    log_return_20d / log_return_20d_sd as scaled_return
from scales
