-- table: marts.stablecoin_supply
-- severity: critical
-- reason: coins, and chains, together are not more than all there is (2 percent for units of a peg above dollars); since 2020, and not for stray days that were recomputed apart
with parts as (
    select
        as_of_date,
        dimension,
        sum(supply_usd) as parts_usd,
        min(observation_date) as first_date,
        max(observation_date) as last_date
    from marts.stablecoin_supply
    where dimension <> 'total' and as_of_date >= date '2020-01-01'
    group by as_of_date, dimension
),

compared as (
    select p.as_of_date, p.dimension, p.parts_usd, t.supply_usd as total_usd, p.parts_usd > 1.02 * t.supply_usd as is_over
    from parts as p
    inner join marts.stablecoin_supply as t on p.as_of_date = t.as_of_date and t.dimension = 'total'
    where p.first_date = t.observation_date and p.last_date = t.observation_date
),

judged as (
    select
        *,
        avg(is_over::int) over (partition by dimension) as over_share,
        row_number() over (partition by dimension order by as_of_date desc) as days_back
    from compared
)

select as_of_date, dimension, parts_usd, total_usd
from judged
where is_over and (over_share > 0.02 or days_back <= 20)
order by as_of_date, dimension
