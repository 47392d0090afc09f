-- t0: are all markets falling together? One row per mart day, as known that day. Breadth counts buckets, so it needs all five.
-- Ages count sessions with the day itself as the first: "within the last five trading days" is an age of 5 or less.
{%- set buckets = breadth_buckets() %}
{%- set levels = ['vix_close_index', 'hy_spread_pct'] %}
{%- set year = 'partition by epoch_id, quantity order by observation_date rows between ' ~ (var('year_window') - 1) ~ ' preceding and current row' %}
with

epochs as (
    select distinct epoch_id, first_day, last_day from {{ ref('int_member_prices') }}
),

-- every session up to the epoch's end, also those on which a bucket has no price
bucket_days as (
    select
        epochs.epoch_id,
        epochs.first_day,
        days.as_of_date,
        days.session_number,
        {%- for bucket in buckets %}
        max(case when returns.bucket = '{{ bucket }}' then returns.scaled_return end) as {{ bucket }}_scaled_return,
        max(case when returns.bucket = '{{ bucket }}' then returns.log_total_return end) as {{ bucket }}_return,
        max(case when returns.bucket = '{{ bucket }}' then returns.observation_date end) as {{ bucket }}_date,
        {%- endfor %}
        count(returns.scaled_return) as buckets_available
    from epochs
    inner join {{ ref('int_trading_days') }} as days on days.as_of_date <= epochs.last_day
    left join {{ ref('int_bucket_returns') }} as returns
        on
            epochs.epoch_id = returns.epoch_id
            and days.as_of_date = returns.as_of_date
            and returns.bucket in {{ sql_list(buckets) }}
    group by epochs.epoch_id, epochs.first_day, days.as_of_date, days.session_number
),

counted as (
    select
        *,
        case
            when buckets_available = {{ buckets | length }} then
            {%- for bucket in buckets %}
            case when {{ bucket }}_scaled_return < {{ var('below_sds') }} then 1 else 0 end {{ "+" if not loop.last }}
            {%- endfor %}
        end as breadth,
        buckets_available = {{ buckets | length }}
        and crypto_scaled_return < {{ var('below_sds') }}
        and (sp500_scaled_return < {{ var('below_sds') }} or ai_tech_scaled_return < {{ var('below_sds') }}) as crypto_and_equity_below,
        count(
            {%- for bucket in buckets %}
            {{ bucket }}_return {{ "+" if not loop.last }}
            {%- endfor %}
        ) over recent = {{ var('mean_window') }} as has_returns,
        (
            {%- for left in buckets %}{% set last_left = loop.index == buckets | length - 1 %}{% for right in buckets[loop.index:] %}
            case
                when
                    stddev_samp({{ left }}_return) over recent > 1e-12 and stddev_samp({{ right }}_return) over recent > 1e-12
                    then corr({{ left }}_return, {{ right }}_return) over recent
            end {{ "+" if not (last_left and loop.last) }}
            {%- endfor %}{% endfor %}
        ) / {{ buckets | length * (buckets | length - 1) // 2 }} as mean_correlation
    from bucket_days
    window recent as (
        partition by epoch_id
        order by session_number rows between {{ var('mean_window') - 1 }} preceding and current row
    )
),

aged as (
    select
        *,
        count(breadth) over (history rows between {{ var('breadth_days') - 1 }} preceding and current row) as breadth_days_known,
        session_number + 1
        - max(case when crypto_and_equity_below and breadth >= {{ var('breadth_min') }} then session_number end) over history_to_date
            as synchronised_age_days,
        session_number + 1
        - max(case when crypto_and_equity_below then session_number end) over history_to_date as crypto_equity_age_days,
        {%- for bucket in buckets %}
        max({{ bucket }}_date) over history_to_date as {{ bucket }}_newest {{- "," if not loop.last }}
        {%- endfor %}
    from counted
    window
        history as (partition by epoch_id order by session_number),
        history_to_date as (partition by epoch_id order by session_number rows between unbounded preceding and current row)
),

panel as (
    select * from {{ known_panel(levels) }}
),

ranked as (
    select
        *,
        case
            when count(value) over ({{ year }}) = {{ var('year_window') }} then {{ expanding_place('value', year) }} * 100
        end as percentile_1y_pct
    from panel
),

level_epochs as (
    {{ epoch_days(levels) }}
),

newest as (
    {{ newest_known('level_epochs', 'panel', 'quantity') }}
),

level_days as (
    select
        newest.as_of_date,
        {%- for level in levels %}
        max(case when ranked.quantity = '{{ level }}' then ranked.value end) as {{ level }},
        {%- endfor %}
        max(case when ranked.quantity = 'vix_close_index' then ranked.percentile_1y_pct end) as vix_percentile_1y_pct
    from newest
    inner join ranked
        on {{ is_newest('ranked', 'quantity') }}
    group by newest.as_of_date
),

daily as (
    select
        aged.as_of_date,
        cast(aged.breadth as integer) as breadth,
        cast(aged.buckets_available as integer) as buckets_available,
        {%- for bucket in buckets %}
        aged.{{ bucket }}_scaled_return as {{ bucket }}_scaled_return_sds,
        {%- endfor %}
        case when aged.breadth is not null then aged.crypto_and_equity_below end as crypto_and_equity_below,
        cast(aged.synchronised_age_days as integer) as synchronised_age_days,
        cast(aged.crypto_equity_age_days as integer) as crypto_equity_age_days,
        case when aged.has_returns then aged.mean_correlation end as mean_correlation_20d,
        level_days.vix_close_index,
        level_days.vix_percentile_1y_pct,
        level_days.hy_spread_pct,
        least(
            {%- for bucket in buckets %}
            case when aged.{{ bucket }}_scaled_return is not null then aged.{{ bucket }}_date end {{- "," if not loop.last }}
            {%- endfor %}
        ) as oldest_input_date,
        case
            when aged.breadth is null
                then 'breadth: ' || cast(aged.buckets_available as varchar) || ' of {{ buckets | length }} buckets; without a scaled return:'
                {%- for bucket in buckets %}
                || case
                    when aged.{{ bucket }}_scaled_return is null
                        then ' {{ bucket }} (newest price ' || coalesce(cast(aged.{{ bucket }}_newest as varchar), 'never') || ')'
                    else ''
                end
                {%- endfor %}
            when aged.breadth_days_known < {{ var('breadth_days') }}
                then 'breadth: known on ' || cast(aged.breadth_days_known as varchar) || ' of the last {{ var("breadth_days") }} sessions'
        end as no_data_reason,
        min(
            case
                when aged.buckets_available > 0 or level_days.vix_close_index is not null or level_days.hy_spread_pct is not null
                    then aged.as_of_date
            end
        ) over () as first_day
    from aged
    left join level_days on aged.as_of_date = level_days.as_of_date
    where aged.as_of_date >= aged.first_day
)

select
    * exclude (first_day),
    {{ usage_warnings(["'unofficial_source'", "case when coalesce(vix_close_index, hy_spread_pct) is not null then 'licence_internal' end"]) }}
        as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
where as_of_date >= first_day
