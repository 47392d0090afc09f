-- table: marts.gold_drawdown
-- severity: critical
-- reason: quantiles are in order, and longer windows fit less often into the same history
select as_of_date, mdd_126_pct, nonoverlapping_windows_126, nonoverlapping_windows_252
from marts.gold_drawdown
where mdd_126_p05_pct > mdd_126_median_pct + 1e-9 or mdd_126_median_pct > mdd_126_p95_pct + 1e-9
    or mdd_252_p05_pct > mdd_252_median_pct + 1e-9 or mdd_252_median_pct > mdd_252_p95_pct + 1e-9
    or return_5y_p05_pct > return_5y_median_pct + 1e-9 or return_5y_median_pct > return_5y_p95_pct + 1e-9
    or return_10y_p05_pct > return_10y_median_pct + 1e-9 or return_10y_median_pct > return_10y_p95_pct + 1e-9
    or nonoverlapping_windows_126 not between 2 * nonoverlapping_windows_252 and 2 * nonoverlapping_windows_252 + 1
    or nonoverlapping_windows_5y not between 2 * nonoverlapping_windows_10y and 2 * nonoverlapping_windows_10y + 1
order by as_of_date
