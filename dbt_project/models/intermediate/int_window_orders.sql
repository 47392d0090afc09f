-- The four buckets of a window side by side, ranked by break and by depth, raw and in their own volatilities, against the claimed
-- order: every day of an episode's window, the last day of a placebo window.
{%- set buckets = ['crypto', 'ai_tech', 'gold', 'treasuries'] %}
{%- set never = "date '9999-12-31'" %}
with

paths as (
    select
        'episode' as window_kind,
        epoch_id, window_id, window_sessions, last_session, member, as_of_date, session_number, observation_date,
        depth, depth_vols, break_10pct_date, break_scaled_date, trough_date, half_recovery_date
    from {{ ref('int_window_paths') }}
    where member in {{ sql_list(buckets + ['sp500']) }}
    union all
    select
        'placebo' as window_kind,
        epoch_id, window_id, window_sessions, last_session, member, as_of_date, session_number, observation_date,
        depth, depth_vols, break_10pct_date, break_scaled_date, cast(null as date) as trough_date, cast(null as date) as half_recovery_date
    from {{ ref('int_placebo_outcomes') }}
),

betas as (
    select epoch_id, window_id, beta_sp500
    from {{ ref('int_episode_betas') }}
    where member = 'ai_tech'
),

wide as (
    select
        epoch_id,
        window_kind,
        window_id,
        window_sessions,
        last_session,
        as_of_date,
        session_number,
        {%- for bucket in buckets + ['sp500'] %}
        max(case when member = '{{ bucket }}' then depth end) * 100 as {{ bucket }}_depth_pct,
        max(case when member = '{{ bucket }}' then depth_vols end) as {{ bucket }}_depth_vols,
        max(case when member = '{{ bucket }}' then break_10pct_date end) as {{ bucket }}_break_10pct_date,
        max(case when member = '{{ bucket }}' then break_scaled_date end) as {{ bucket }}_break_scaled_date,
        max(case when member = '{{ bucket }}' and half_recovery_date is not null then {{ days_between('trough_date', 'half_recovery_date') }} end)
            as {{ bucket }}_half_recovery_days,
        {%- endfor %}
        min(observation_date) as oldest_input_date,
        count(case when member in {{ sql_list(buckets) }} and depth_vols is not null then 1 end) as buckets_measured
    from paths
    group by epoch_id, window_kind, window_id, window_sessions, last_session, as_of_date, session_number
),

ranked as (
    select
        *,
        {%- for bucket in buckets %}
        {%- for measure, column in [('raw_break', 'break_10pct_date'), ('scaled_break', 'break_scaled_date')] %}
        1 {% for other in buckets if other != bucket -%}
        + case when coalesce({{ other }}_{{ column }}, {{ never }}) < coalesce({{ bucket }}_{{ column }}, {{ never }}) then 1 else 0 end
        {% endfor -%} as {{ bucket }}_{{ measure }}_rank,
        {%- endfor %}
        {%- for measure, column, deeper in [('raw_depth', 'depth_pct', '<'), ('depth_vols', 'depth_vols', '>')] %}
        1 {% for other in buckets if other != bucket -%}
        + case when {{ other }}_{{ column }} {{ deeper }} {{ bucket }}_{{ column }} then 1 else 0 end
        {% endfor -%} as {{ bucket }}_{{ measure }}_rank
        {{- "," if not loop.last }}
        {%- endfor %}
        {{- "," if not loop.last }}
        {%- endfor %}
    from wide
    where buckets_measured = {{ buckets | length }}
),

with_beta as (
    select
        ranked.*,
        betas.beta_sp500 as ai_tech_beta_sp500
    from ranked
    left join betas on ranked.epoch_id = betas.epoch_id and ranked.window_id = betas.window_id
),

ordered as (
    select
        *,
        {%- for measure in ['raw_break', 'raw_depth', 'scaled_break', 'depth_vols'] %}
        {{ tau_b('crypto_' ~ measure ~ '_rank', 'ai_tech_' ~ measure ~ '_rank', 'gold_' ~ measure ~ '_rank', 'treasuries_' ~ measure ~ '_rank') }}
            as {{ measure }}_tau,
        {%- endfor %}
        case when crypto_break_10pct_date is not null then 1 else 0 end
        + case when ai_tech_break_10pct_date is not null then 1 else 0 end as crypto_ai_broken_10pct_count,
        case
            when ai_tech_break_scaled_date is null then 3
            else
                case when coalesce(crypto_break_scaled_date, {{ never }}) > ai_tech_break_scaled_date then 1 else 0 end
                + case when coalesce(gold_break_scaled_date, {{ never }}) < ai_tech_break_scaled_date then 1 else 0 end
                + case when coalesce(treasuries_break_scaled_date, {{ never }}) < ai_tech_break_scaled_date then 1 else 0 end
        end as ai_out_of_order_count,
        -ai_tech_depth_pct + ai_tech_beta_sp500 * sp500_depth_pct as ai_excess_drawdown_pct,
        gold_break_scaled_date is not null or treasuries_break_scaled_date is not null as gold_or_treasuries_sold,
        case when gold_break_scaled_date < coalesce(crypto_break_scaled_date, {{ never }}) then 1 else 0 end
        + case when treasuries_break_scaled_date < coalesce(crypto_break_scaled_date, {{ never }}) then 1 else 0 end
            as sold_before_crypto_count,
        {%- for bucket in ['gold', 'treasuries'] %}
        case
            when
                {{ bucket }}_break_scaled_date is not null
                and coalesce({{ bucket }}_half_recovery_days, 1000000) > coalesce(crypto_half_recovery_days, 1000000)
                then 1
            else 0
        end {{ "+" if not loop.last else "as slow_recovery_count" }}
        {%- endfor %}
    from with_beta
)

select * from ordered
