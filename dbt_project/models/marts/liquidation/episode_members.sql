-- How each bucket and member fared in each episode, as known at the build's as-of day.
with

latest as (
    select max(epoch_id) as epoch_id from {{ ref('int_member_prices') }}
),

paths as (
    select
        paths.*,
        row_number() over (partition by paths.window_id, paths.member order by paths.as_of_date desc) as days_left
    from {{ ref('int_window_paths') }} as paths
    inner join latest on paths.epoch_id = latest.epoch_id
),

betas as (
    select betas.*
    from {{ ref('int_episode_betas') }} as betas
    inner join latest on betas.epoch_id = latest.epoch_id
)

select
    paths.window_id as episode_id,
    paths.member,
    paths.member_kind,
    paths.bucket,
    paths.peak_date,
    paths.trough_date,
    paths.peak_price as peak_level,
    paths.trough_price as trough_level,
    paths.depth * 100 as depth_pct,
    paths.monthly_volatility * 100 as monthly_vol_pct,
    paths.depth_vols,
    paths.break_10pct_date,
    paths.break_scaled_date,
    cast({{ days_between('paths.open_date', 'paths.break_10pct_date') }} as integer) as days_to_break_10pct,
    cast({{ days_between('paths.open_date', 'paths.break_scaled_date') }} as integer) as days_to_break_scaled,
    paths.half_recovery_date,
    cast({{ days_between('paths.trough_date', 'paths.half_recovery_date') }} as integer) as days_to_half_recovery,
    betas.beta_sp500,
    case when paths.last_session is null then 'open' else 'ended' end as status,
    {{ usage_warnings([]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from paths
left join betas on paths.window_id = betas.window_id and paths.member = betas.member
where paths.days_left = 1
