-- table: marts.stablecoin_pegs
-- severity: critical
-- reason: price and deviation are one number, a run is not longer than the days it is made of unless it began before the year
select as_of_date, coin, price_usd, deviation_bp, days_below_100bp_365d, longest_run_below_100bp_days
from marts.stablecoin_pegs
where abs(deviation_bp - 10000 * (price_usd - 1)) > 1e-5
    or observation_date < as_of_date - 5
    or (longest_run_below_100bp_days > 0) <> (days_below_100bp_365d > 0)
    or (lowest_deviation_365d_bp < -100) <> (days_below_100bp_365d > 0)
order by as_of_date, coin
