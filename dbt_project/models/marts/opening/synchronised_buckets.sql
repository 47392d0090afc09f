-- t0, bucket by bucket: the last 20 observations' return in its own standard deviations. Five rows per mart day, as known that day.
with

epochs as (
    select distinct epoch_id, first_day, last_day from {{ ref('int_member_prices') }}
),

bucket_days as (
    select
        days.as_of_date,
        buckets.bucket,
        returns.observation_date as price_date,
        returns.log_return_20d * 100 as log_return_20d_pct,
        returns.log_return_20d_sd * 100 as log_return_20d_sd_pct,
        returns.scaled_return as scaled_return_sds,
        returns.scaled_return < {{ var('below_sds') }} as is_below,
        min(case when returns.scaled_return is not null then days.as_of_date end) over () as first_day
    from {{ ref('int_trading_days') }} as days
    inner join epochs on days.as_of_date between epochs.first_day and epochs.last_day
    cross join (
        values
        {%- for bucket in breadth_buckets() %}
        ('{{ bucket }}'){{ "," if not loop.last }}
        {%- endfor %}
    ) as buckets (bucket)
    left join {{ ref('int_bucket_returns') }} as returns
        on
            epochs.epoch_id = returns.epoch_id
            and days.as_of_date = returns.as_of_date
            and buckets.bucket = returns.bucket
)

select
    * exclude (first_day),
    {{ usage_warnings(["'unofficial_source'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from bucket_days
where as_of_date >= first_day
