-- table: marts.official_buying
-- severity: critical
-- reason: legs and shares follow from the columns beside them, reported and estimated add up, a quarter is not carried past its calendar
select as_of_date, quarter_end_date, trailing_4q_tonnes, trailing_4q_mean_tonnes, trailing_vs_mean_tonnes, trailing_yoy_pct, no_data_reason
from marts.official_buying
where abs(trailing_4q_tonnes - trailing_4q_mean_tonnes - trailing_vs_mean_tonnes) > 1e-9
    or abs(trailing_4q_year_earlier_tonnes + trailing_yoy_pct / 100 * abs(trailing_4q_year_earlier_tonnes) - trailing_4q_tonnes) > 1e-6
    or abs(reported_4q_tonnes + estimated_4q_tonnes - trailing_4q_tonnes) > 1e-9
    or (trailing_4q_mean_tonnes is null) <> (coalesce(preceding_sums, 0) < 20)
    or quarter_end_date < as_of_date - 150
    or (net_purchases_tonnes > 0) <> (net_buying_quarters > 0)
    or (no_data_reason is null) <> (trailing_vs_mean_tonnes is not null and trailing_yoy_pct is not null)
order by as_of_date
