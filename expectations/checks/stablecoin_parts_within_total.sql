-- table: marts.stablecoin_supply
-- severity: critical
-- reason: coins, and chains, together are not more than all there is (2 percent for units of a peg above dollars)
with parts as (
    select
        as_of_date,
        dimension,
        sum(supply_usd) as parts_usd,
        min(observation_date) as first_date,
        max(observation_date) as last_date
    from marts.stablecoin_supply
    where dimension <> 'total'
    group by as_of_date, dimension
)
select p.as_of_date, p.dimension, p.parts_usd, t.supply_usd as total_usd
from parts as p
inner join marts.stablecoin_supply as t on p.as_of_date = t.as_of_date and t.dimension = 'total'
where p.first_date = t.observation_date and p.last_date = t.observation_date and p.parts_usd > 1.02 * t.supply_usd
order by p.as_of_date, p.dimension
