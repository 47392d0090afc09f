-- How far each bucket is below its highest price, per epoch and mart day: the highest of the last 365 calendar days, of which the day
-- itself is one, and since its first price. Split-adjusted prices without distributions. The one place that computes it, for t0 and t5.
with

paths as (
    select
        epoch_id,
        as_of_date,
        {{ breadth_bucket('member') }} as bucket,
        price
    from {{ ref('int_member_prices') }}
    where member in {{ sql_list(measured_members()) }}
)

select
    epoch_id,
    as_of_date,
    bucket,
    -- rounded: a fall of exactly a tenth counts
    round((price / max(price) over (
        partition by epoch_id, bucket order by as_of_date range between interval '364' day preceding and current row
    ) - 1) * 100, 9) as drawdown_365d_pct,
    round((price / max(price) over (
        partition by epoch_id, bucket order by as_of_date rows between unbounded preceding and current row
    ) - 1) * 100, 9) as drawdown_since_inception_pct
from paths
