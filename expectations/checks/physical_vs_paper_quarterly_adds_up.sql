-- table: marts.physical_vs_paper_quarterly
-- severity: critical
-- reason: since the peak of fund holdings both sides grow by each quarter's figure, and no quarter is missing
with ordered as (
    select *, lag(quarter_start_date) over (order by quarter_start_date) as prior_quarter,
        lag(physical_since_peak_tonnes) over (order by quarter_start_date) as prior_physical,
        lag(etf_since_peak_tonnes) over (order by quarter_start_date) as prior_etf
    from marts.physical_vs_paper_quarterly
)
select quarter_start_date, physical_tonnes, physical_since_peak_tonnes, etf_flow_tonnes, etf_since_peak_tonnes
from ordered
where prior_quarter + interval '3' month <> quarter_start_date
    or abs(central_banks_tonnes + bar_coin_tonnes - physical_tonnes) > 1e-9
    or abs(prior_physical + physical_tonnes - physical_since_peak_tonnes) > 1e-6
    or abs(prior_etf + etf_flow_tonnes - etf_since_peak_tonnes) > 1e-6
    or (is_etf_peak and (physical_since_peak_tonnes <> 0 or extract(year from quarter_start_date) <> 2020))
order by quarter_start_date
