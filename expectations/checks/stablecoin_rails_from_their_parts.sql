-- table: marts.stablecoin_rails
-- severity: critical
-- reason: the rails show the total of the supply table, the ratio of the two falls, three coins where the pegs are known, and fresh days
-- needs: marts.stablecoin_supply
select r.as_of_date, r.stablecoin_supply_usd, s.supply_usd, r.supply_to_btc_drawdown_ratio, r.supply_drawdown_pct, r.btc_drawdown_pct, r.top_three_coins
from marts.stablecoin_rails as r
left join marts.stablecoin_supply as s on r.as_of_date = s.as_of_date and s.dimension = 'total'
where r.stablecoin_supply_usd is distinct from s.supply_usd
    or abs(r.supply_growth_365d_pct - s.growth_365d_pct) > 1e-9 * greatest(1, abs(s.growth_365d_pct))
    or (r.supply_growth_365d_pct is null) <> (s.growth_365d_pct is null)
    or abs(r.supply_to_btc_drawdown_ratio * r.btc_drawdown_pct - r.supply_drawdown_pct) > 1e-9
    or r.peg_data_missing <> (r.peg_break_longest_days is null)
    or r.peg_data_missing <> (r.peg_no_data_reason is not null)
    or (not r.peg_data_missing and len(string_split(r.top_three_coins, ', ')) <> 3)
    or r.observation_date < r.as_of_date - 5
    or (r.no_data_reason is null) <> (r.supply_growth_365d_pct is not null and r.supply_drawdown_pct is not null and r.btc_drawdown_pct is not null)
order by r.as_of_date
