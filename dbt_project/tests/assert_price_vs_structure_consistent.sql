{{ config(severity='error', meta={'published': ['marts.price_vs_structure', 'marts.price_vs_structure_days']}) }}
-- One row per contradiction: a row whose quadrant is not that of its two sides, a state that its drawdown rules out, a day that
-- does not count its rows.
with

counted as (
    select
        as_of_date,
        count(case when is_price_down then 1 end) as tested,
        count(case when quadrant = 'stands' then 1 end) as standing,
        count(case when is_price_down and quadrant is null then 1 end) as unknown,
        count(case when is_price_down is null then 1 end) as unpriced
    from {{ ref('price_vs_structure') }}
    group by as_of_date
),

days as (
    select
        structure.*,
        counted.tested,
        counted.standing,
        counted.unknown,
        counted.unpriced,
        sessions.prior_as_of_date as prior_session,
        lag(structure.as_of_date) over (order by structure.as_of_date) as prior_row
    from {{ ref('price_vs_structure_days') }} as structure
    left join counted on structure.as_of_date = counted.as_of_date
    left join {{ ref('int_trading_days') }} as sessions on structure.as_of_date = sessions.as_of_date
)

select cast(as_of_date as varchar) || ' ' || structure as place, 'a price that fell this far, or not so far, is in the other state' as reason
from {{ ref('price_vs_structure') }}
where
    (price_drawdown_pct <= {{ var('theme_down_pct') }} and not is_price_down)
    or (price_drawdown_pct > {{ var('theme_recovered_pct') }} and is_price_down)
union all
select cast(as_of_date as varchar) || ' ' || structure as place, 'the quadrant is not that of price and structure' as reason
from {{ ref('price_vs_structure') }}
where
    (quadrant in ('stands', 'receding')) is distinct from (case when quadrant is not null then is_price_down end)
    or (quadrant in ('stands', 'expansion')) is distinct from (case when quadrant is not null then structure_change_365d_pct >= 0 end)
union all
select cast(as_of_date as varchar) || ' ' || structure as place, 'a reason beside a quadrant, or neither' as reason
from {{ ref('price_vs_structure') }}
where (quadrant is null) != (no_data_reason is not null)
union all
select cast(as_of_date as varchar) as place, 'the day does not count its structures' as reason
from days
where
    structures_tested is distinct from (case when unpriced = 0 then tested end)
    or structures_standing is distinct from (case when unpriced = 0 then standing end)
    or is_tested is distinct from (case when unpriced = 0 then tested > 0 end)
union all
select cast(as_of_date as varchar) as place, 'a reason where every side is known, or none where one is not' as reason
from days
where (no_data_reason is null) != (unknown = 0 and unpriced = 0)
    or (standing_share_pct is null) != (tested = 0 or no_data_reason is not null)
union all
select cast(as_of_date as varchar) as place, 'a session is missing before this one' as reason
from days
where prior_session != prior_row
