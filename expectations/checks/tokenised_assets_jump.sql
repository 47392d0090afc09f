-- table: marts.tokenised_assets
-- severity: warning
-- reason: a day's change at constant price beyond 15 percent on one basis: a protocol came, left or changed its method
with changes as (
    select
        as_of_date,
        basis_id,
        market_value_usd,
        ln(market_value_usd / lag(market_value_usd) over (partition by basis_id order by as_of_date)) as change,
        row_number() over (partition by basis_id order by as_of_date) as days
    from marts.tokenised_assets
    where market_value_usd > 0
)
select as_of_date, basis_id, market_value_usd, 100 * change as change_pct
from changes
where days > 250 and abs(change) > 0.15
order by as_of_date
