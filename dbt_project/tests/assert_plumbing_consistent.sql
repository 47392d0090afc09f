{{ config(severity='error', meta={'published': ['marts.stablecoin_rails', 'marts.tokenised_assets']}) }}
-- One row per day of the models behind t3_1 and t3_2 that leaves a session out or contradicts itself, with the rule it breaks.
with

measured as (
    select
        rails.as_of_date,
        't3_1' as thesis_id,
        lag(rails.as_of_date) over (order by rails.as_of_date) as prior_row,
        days.prior_as_of_date,
        (rails.no_data_reason is null) != (
            rails.supply_growth_365d_pct is not null and rails.supply_drawdown_pct is not null and rails.btc_drawdown_pct is not null
        ) as has_wrong_reason,
        rails.oldest_input_date > rails.as_of_date as is_from_the_future
    from {{ ref('stablecoin_rails') }} as rails
    left join {{ ref('int_trading_days') }} as days on rails.as_of_date = days.as_of_date
    union all
    select
        assets.as_of_date,
        't3_2' as thesis_id,
        lag(assets.as_of_date) over (order by assets.as_of_date) as prior_row,
        days.prior_as_of_date,
        (assets.no_data_reason is null) != (
            assets.constant_price_growth_365d_pct is not null and assets.episode_constant_change_pct is not null
        ) as has_wrong_reason,
        assets.oldest_input_date > assets.as_of_date as is_from_the_future
    from {{ ref('tokenised_assets') }} as assets
    left join {{ ref('int_trading_days') }} as days on assets.as_of_date = days.as_of_date
)

select thesis_id, as_of_date, 'a session is missing before this one' as reason
from measured
where prior_row != prior_as_of_date
union all
select thesis_id, as_of_date, 'a reason where both legs have a value, or none where one lacks' as reason
from measured
where has_wrong_reason
union all
select thesis_id, as_of_date, 'an input of a later day' as reason
from measured
where is_from_the_future
