-- table: marts.physical_vs_paper
-- severity: critical
-- reason: physical is official buying plus bars and coins, the share is that of the same quarters, a quarter is not carried past its calendar
select as_of_date, quarter_end_date, physical_tonnes, physical_4q_tonnes, etf_share_of_physical_pct, no_data_reason
from marts.physical_vs_paper
where abs(central_banks_tonnes + bar_coin_tonnes - physical_tonnes) > 1e-9
    or abs(physical_4q_tonnes - physical_4q_mean_tonnes - physical_vs_mean_tonnes) > 1e-9
    or abs(etf_share_of_physical_pct - 100 * etf_4q_tonnes / physical_4q_tonnes) > 1e-9
    or quarter_end_date < as_of_date - 150
    or (no_data_reason is null) <> (physical_vs_mean_tonnes is not null and etf_share_of_physical_pct is not null)
order by as_of_date
