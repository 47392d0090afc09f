-- t2_0 to t2_3, price side: in which order the newest known episode liquidated crypto, AI/tech, gold and Treasuries, every day as it
-- was known that day, with the share of placebo windows that pass the same rules beside it.
{%- set buckets = ['crypto', 'ai_tech', 'gold', 'treasuries'] %}
{%- set t2_0 = thesis_verdict('t2_0') %}
{%- set t2_1 = thesis_verdict('t2_1') %}
with

episodes as (
    select * from {{ ref('int_episodes') }}
),

-- a bucket that never broke is tied last in the order, but crypto is not "first" by a break that did not happen
orders as (
    select
        *
        replace (case when crypto_break_scaled_date is not null then crypto_scaled_break_rank end as crypto_scaled_break_rank)
    from {{ ref('int_window_orders') }}
),

-- the newest episode confirmed by that day; without one there is no row
episode_days as (
    select as_of_date, prices_epoch_id as epoch_id, episode_id, episode_status, episode_label, measured_date
    from {{ ref('int_episode_days') }}
),

-- placebo: the same rules on windows that open every 21st session, as long as the median episode ended by that day
medians as (
    select
        days.as_of_date,
        days.epoch_id,
        cast(floor(median(episodes.window_sessions) + 0.5) as bigint) as window_sessions
    from episode_days as days
    inner join episodes on days.epoch_id = episodes.epoch_id and episodes.end_date <= days.as_of_date
    group by days.as_of_date, days.epoch_id
),

placebo_windows as (
    select
        epoch_id,
        window_sessions,
        as_of_date as last_date,
        case when {{ t2_0.contested }} then 1 else 0 end as raw_passed,
        case when {{ t2_0.holds }} then 1 else 0 end as rule_passed,
        case when {{ t2_1.holds }} then 1 else 0 end as crypto_first,
        case when crypto_raw_depth_rank = 1 then 1 else 0 end as crypto_deepest_raw
    from orders
    where window_kind = 'placebo'
),

placebo as (
    select
        medians.as_of_date,
        max(medians.window_sessions) as placebo_window_sessions,
        count(placebo_windows.last_date) as placebo_windows,
        avg(placebo_windows.raw_passed) * 100 as placebo_raw_pass_pct,
        avg(placebo_windows.rule_passed) * 100 as placebo_rule_pass_pct,
        avg(placebo_windows.crypto_first) * 100 as placebo_crypto_first_pct,
        avg(placebo_windows.crypto_deepest_raw) * 100 as placebo_crypto_deepest_raw_pct
    from medians
    left join placebo_windows
        on
            medians.epoch_id = placebo_windows.epoch_id
            and medians.window_sessions = placebo_windows.window_sessions
            and medians.as_of_date >= placebo_windows.last_date
    group by medians.as_of_date
),

-- what each bucket did on the days on which overnight cash was dearest so far
funding as (
    select
        as_of_date,
        case
            when
                count(funding_stress_index) over history >= {{ var('zscore_min') }}
                and funding_stress_index
                >= {{ expanding_quantile('funding_stress_index', [0.9], 1, 'order by as_of_date rows between unbounded preceding and current row') }}
                then 1
            else 0
        end as is_stress_day
    from {{ ref('int_funding_stress_daily') }}
    where funding_stress_index is not null
    window history as (order by as_of_date rows between unbounded preceding and current row)
),

stress_returns as (
    select
        prices.epoch_id,
        prices.as_of_date,
        max(funding.is_stress_day) as is_stress_day,
        {%- for bucket in buckets %}
        max(case when prices.member = '{{ bucket }}' and funding.is_stress_day = 1 then exp(prices.log_total_return) - 1 end) as {{ bucket }}_return
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_member_prices') }} as prices
    left join funding on prices.as_of_date = funding.as_of_date
    where prices.member in {{ sql_list(buckets) }}
    group by prices.epoch_id, prices.as_of_date
),

stress as (
    select
        epoch_id,
        as_of_date,
        cast(coalesce(sum(is_stress_day) over history, 0) as integer) as funding_stress_days,
        {%- for bucket in buckets %}
        case
            when count({{ bucket }}_return) over history >= {{ var('stress_days_min') }}
                then avg({{ bucket }}_return) over history * 100
        end as return_on_funding_stress_days_{{ bucket }}_pct
        {{- "," if not loop.last }}
        {%- endfor %}
    from stress_returns
    window history as (partition by epoch_id order by as_of_date rows between unbounded preceding and current row)
),

daily as (
    select
        episode_days.as_of_date,
        episode_days.episode_id,
        episode_days.episode_label,
        episode_days.episode_status,
        orders.raw_break_tau,
        orders.raw_depth_tau,
        orders.scaled_break_tau,
        orders.depth_vols_tau as scaled_depth_tau,
        {%- for bucket in buckets %}
        orders.{{ bucket }}_depth_pct,
        orders.{{ bucket }}_depth_vols,
        orders.{{ bucket }}_break_10pct_date,
        orders.{{ bucket }}_break_scaled_date,
        cast(orders.{{ bucket }}_half_recovery_days as integer) as {{ bucket }}_half_recovery_days,
        orders.{{ bucket }}_raw_break_rank,
        orders.{{ bucket }}_raw_depth_rank,
        orders.{{ bucket }}_scaled_break_rank,
        orders.{{ bucket }}_depth_vols_rank,
        {%- endfor %}
        orders.sp500_depth_pct,
        orders.ai_tech_beta_sp500,
        orders.crypto_ai_broken_10pct_count,
        orders.ai_out_of_order_count,
        orders.ai_excess_drawdown_pct,
        orders.sold_before_crypto_count,
        orders.slow_recovery_count,
        orders.gold_or_treasuries_sold or episode_days.episode_status = 'ended' as tested,
        not orders.gold_or_treasuries_sold and episode_days.episode_status = 'ended' as none_sold,
        placebo.placebo_window_sessions,
        cast(coalesce(placebo.placebo_windows, 0) as integer) as placebo_windows,
        placebo.placebo_raw_pass_pct,
        placebo.placebo_rule_pass_pct,
        placebo.placebo_crypto_first_pct,
        placebo.placebo_crypto_deepest_raw_pct,
        coalesce(stress.funding_stress_days, 0) as funding_stress_days,
        {%- for bucket in buckets %}
        stress.return_on_funding_stress_days_{{ bucket }}_pct,
        {%- endfor %}
        orders.oldest_input_date,
        orders.as_of_date is null as is_unmeasured,
        case
            when orders.as_of_date is null
                then 'no price of all four buckets on ' || cast(episode_days.measured_date as varchar)
                    || ' for episode ' || episode_days.episode_id
        end as no_data_reason,
        min(case when orders.as_of_date is not null then episode_days.as_of_date end) over () as first_day
    from episode_days
    left join orders
        on
            episode_days.epoch_id = orders.epoch_id
            and episode_days.episode_id = orders.window_id
            and episode_days.measured_date = orders.as_of_date
            and orders.window_kind = 'episode'
    left join placebo on episode_days.as_of_date = placebo.as_of_date
    left join stress
        on episode_days.epoch_id = stress.epoch_id and episode_days.as_of_date = stress.as_of_date
)

select
    * exclude (first_day, is_unmeasured),
    {{ usage_warnings([]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
where as_of_date >= first_day
