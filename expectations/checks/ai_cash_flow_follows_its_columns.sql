-- table: marts.ai_cash_flow
-- severity: critical
-- reason: ratios, growth, free cash flow and rate gaps follow from the columns beside them; a reason exactly where a leg lacks its value
select as_of_date, capex_ttm_usd, ocf_ttm_usd, fcf_ttm_usd, capex_ocf_ratio, growth_gap_pp, discount_rate_gap_pp, no_data_reason
from marts.ai_cash_flow
where abs(ocf_ttm_usd - capex_ttm_usd - fcf_ttm_usd) > 1
    or abs(capex_ocf_ratio - capex_ttm_usd / ocf_ttm_usd) > 1e-9
    or abs(growth_gap_pp - 100 * (capex_ttm_usd / capex_year_earlier_ttm_usd - ocf_ttm_usd / ocf_year_earlier_ttm_usd)) > 1e-6
    or abs(tips_10y_pct + erp_pct - discount_rate_pct) > 1e-9
    or abs(discount_rate_pct - discount_rate_500d_mean_pct - discount_rate_gap_pp) > 1e-6
    or discount_rate_2y_low_pct > discount_rate_pct + 1e-9
    or (capex_per_new_ocf_ratio is not null and ocf_ttm_usd <= ocf_year_earlier_ttm_usd)
    or (no_data_reason is null) <> (growth_gap_pp is not null and capex_ocf_ratio is not null and discount_rate_gap_pp is not null)
    or (erp_pct is not null) <> coalesce(contains(usage_warnings, 'estimated'), false)
order by as_of_date
