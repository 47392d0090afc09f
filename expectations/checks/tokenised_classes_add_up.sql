-- table: marts.tokenised_assets
-- severity: critical
-- reason: where all classes of a basis show the same day their sum is the total, at market and at constant price
-- needs: marts.tokenised_assets_by_class
with classes as (
    select
        as_of_date,
        basis_id,
        sum(market_value_usd) as market_usd,
        sum(constant_price_value_usd) as constant_usd,
        max(gold_oz) as gold_oz,
        min(observation_date) as first_date,
        max(observation_date) as last_date,
        count(newest_observation_date) as begun,
        count(market_value_usd) as there
    from marts.tokenised_assets_by_class
    where asset_class not in ('equities', 'unclassified')
    group by as_of_date, basis_id
)
select t.as_of_date, t.basis_id, t.market_value_usd, c.market_usd, t.constant_price_value_usd, c.constant_usd
from marts.tokenised_assets as t
inner join classes as c using (as_of_date, basis_id)
where (
        c.first_date = t.observation_date and c.last_date = t.observation_date and c.begun = c.there
        and (
            abs(t.market_value_usd - c.market_usd) > 1e-9 * c.market_usd
            or abs(t.constant_price_value_usd - c.constant_usd) > 1e-9 * c.constant_usd
        )
    )
    or t.observation_date < t.as_of_date - 5
    or (t.no_data_reason is null) <> (t.constant_price_growth_365d_pct is not null and t.episode_constant_change_pct is not null)
order by t.as_of_date
