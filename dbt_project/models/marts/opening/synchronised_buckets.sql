-- t0, bucket by bucket: the last 20 observations' return in its own standard deviations, volatility and drawdowns, as known that day.
-- Five rows per mart day that count for breadth, and one beside them, which does not: the AI stocks, from the date their list was fixed.
with

epochs as (
    select distinct epoch_id, first_day, last_day from {{ ref('int_member_prices') }}
),

listed as (
    select bucket, min(coalesce(cast(valid_from as date), date '1900-01-01')) as listed_from
    from {{ ref('basket_members') }}
    group by bucket
),

buckets as (
    select
        names.bucket,
        names.counts_for_breadth,
        listed.listed_from
    from (
        values
        {%- for bucket in measured_buckets() %}
        ('{{ bucket }}', {{ 'true' if bucket in breadth_buckets() else 'false' }}){{ "," if not loop.last }}
        {%- endfor %}
    ) as names (bucket, counts_for_breadth)
    left join listed on names.bucket = listed.bucket
),

bucket_days as (
    select
        days.as_of_date,
        buckets.bucket,
        buckets.counts_for_breadth,
        returns.observation_date as price_date,
        returns.log_return_20d * 100 as log_return_20d_pct,
        returns.log_return_20d_sd * 100 as log_return_20d_sd_pct,
        returns.scaled_return as scaled_return_sds,
        returns.scaled_return < {{ var('below_sds') }} as is_below,
        returns.volatility_60d * 100 as volatility_60d_pct,
        drawdowns.drawdown_365d_pct,
        drawdowns.drawdown_since_inception_pct,
        min(case when returns.scaled_return is not null then days.as_of_date end) over () as first_day
    from {{ ref('int_trading_days') }} as days
    inner join epochs on days.as_of_date between epochs.first_day and epochs.last_day
    inner join buckets on days.as_of_date >= coalesce(buckets.listed_from, days.as_of_date)
    left join {{ ref('int_bucket_returns') }} as returns
        on
            epochs.epoch_id = returns.epoch_id
            and days.as_of_date = returns.as_of_date
            and buckets.bucket = returns.bucket
    left join {{ ref('int_bucket_drawdowns') }} as drawdowns
        on
            epochs.epoch_id = drawdowns.epoch_id
            and days.as_of_date = drawdowns.as_of_date
            and buckets.bucket = drawdowns.bucket
)

select
    * exclude (first_day),
    {{ usage_warnings(["'unofficial_source'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from bucket_days
where as_of_date >= first_day
