"""Charts of the opening and of the three forces: breadth, easing priced, overnight funding, capital spending against cash.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from report.charts.kit import series

STRESS, CUTS, FUNDING, CASH = "marts.synchronised_stress", "marts.rate_cut_repricing", "marts.funding_stress", "marts.ai_cash_flow"
SPREADS = ["sofr_iorb_20d_mean_bp", "effr_iorb_20d_mean_bp", "sofr_p99_20d_mean_bp", "tgcr_onrrp_20d_mean_bp"]
PARTS = ["z_sofr_iorb", "z_effr_iorb", "z_sofr_p99", "z_tgcr_onrrp", "z_reserves"]
CHARTS = (
    series("breadth", STRESS, ["t0"], ["breadth"], "buckets", step=True, zero=True),
    series("scaled_returns", STRESS, ["t0"], ["*_scaled_return_sds"], "standard deviations", thresholds=False),
    series("correlation", STRESS, ["t0"], ["mean_correlation_20d"], "correlation"),
    series("vix", STRESS, ["t0"], ["vix_close_index"], "index points"),
    series("high_yield", STRESS, ["t0"], ["hy_spread_pct"], "pct"),
    series("easing_priced", CUTS, ["t1_1"], ["easing_1y_bp", "easing_2y_bp"], "bp"),
    series("repricing", CUTS, ["t1_1"], ["above_low_1y_bp", "repriced_1y_60d_bp", "delivered_1y_60d_bp"], "bp"),
    series("policy_rates", CUTS, ["t1_1"], ["effr_pct", "ust_1y_pct", "ust_2y_pct", "forward_1y1y_pct"], "pct"),
    series("inflation_gap", CUTS, ["t1_1"], ["core_pce_yoy_pct", "cpi_yoy_pct"], "pct", step=True),
    series("rate_betas", CUTS, ["t1_1"], ["beta_2y_*"], "percent per point"),
    series("funding_spreads", FUNDING, ["t1_2"], SPREADS, "bp", marks="is_quarter_end"),
    series("funding_daily", FUNDING, ["t1_2"], ["sofr_iorb_bp", "sofr_iorb_20d_mean_bp"], "bp", marks="is_quarter_end", faint="sofr_iorb_bp"),
    series("funding_index", FUNDING, ["t1_2"], ["funding_stress_index"], "standard deviations"),
    series("funding_parts", FUNDING, ["t1_2"], PARTS, "standard deviations", thresholds=False),
    series("funding_facilities", FUNDING, ["t1_2"], ["onrrp_usd_bn", "srf_usd_bn"], "USD bn", zero=True),
    series("capex_cash", CASH, ["t1_3"], ["capex_ttm_usd", "ocf_ttm_usd", "fcf_ttm_usd", "capex_incl_leases_ttm_usd"], "USD", step=True, zero=True),
    series("capex_share", CASH, ["t1_3"], ["capex_ocf_ratio", "capex_incl_leases_ocf_ratio"], "ratio", step=True),
    series("capex_growth", CASH, ["t1_3"], ["capex_growth_pct", "ocf_growth_pct"], "pct", step=True),
    series("discount_rate", CASH, ["t1_3"], ["discount_rate_pct", "discount_rate_500d_mean_pct"], "pct"),
)
