"""Charts of the opening and of the three forces: breadth, easing priced, overnight funding, capital spending against cash.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from report.charts.kit import series

CHARTS = (
    series("breadth", "marts.synchronised_stress", ["t0"], ["breadth", "breadth_5d*"], "buckets", step=True, zero=True),
    series("correlation", "marts.synchronised_stress", ["t0"], ["*correlation*"], "correlation"),
    series("vix", "marts.synchronised_stress", ["t0"], ["vix", "vix_index", "vix_close*", "vix_pts"], "index points"),
    series("high_yield", "marts.synchronised_stress", ["t0"], ["*hy*_bp", "*high_yield*_bp", "*hy*_pct", "*high_yield*_pct"], "value"),
    series("easing_priced", "marts.rate_cut_repricing", ["t1_1"], ["easing_priced_1y_bp", "easing_priced_2y_bp", "easing_*_bp"], "bp"),
    series("repricing", "marts.rate_cut_repricing", ["t1_1"], ["*repric*_bp", "*rise*low*_bp", "*deliver*_bp"], "bp"),
    series("inflation_gap", "marts.rate_cut_repricing", ["t1_1"], ["core_pce*pct", "cpi*yoy*pct", "*pce*gap*", "*cpi*gap*"], "pct", step=True),
    series("rate_betas", "marts.rate_cut_repricing", ["t1_1"], ["*beta*"], "ratio"),
    series(
        "funding_spreads", "marts.funding_stress", ["t1_2"],
        ["sofr_iorb_20d_mean_bp", "effr_iorb_20d_mean_bp", "sofr_p99_20d_mean_bp", "tgcr_onrrp_20d_mean_bp"], "bp", marks="is_quarter_end",
    ),
    series("funding_daily", "marts.funding_stress", ["t1_2"], ["sofr_iorb_bp", "sofr_iorb_20d_mean_bp"], "bp", marks="is_quarter_end"),
    series("funding_index", "marts.funding_stress", ["t1_2"], ["funding_stress_index"], "standard deviations"),
    series("funding_parts", "marts.funding_stress", ["t1_2"], ["z_sofr_iorb", "z_effr_iorb", "z_sofr_p99", "z_tgcr_onrrp", "z_reserves"], "standard deviations", thresholds=False),
    series("funding_facilities", "marts.funding_stress", ["t1_2"], ["onrrp_usd_bn", "srf_usd_bn"], "USD bn", zero=True),
    series("capex_cash", "marts.ai_cash_flow", ["t1_3"], ["*sum*capex*usd*", "*sum*ocf*usd*", "*sum*fcf*usd*", "capex*usd*", "*ocf*usd*", "*operating_cash*usd*", "*free_cash*usd*"], "value", step=True, zero=True),
    series("capex_share", "marts.ai_cash_flow", ["t1_3"], ["*capex*ocf*ratio*", "*capex_to_ocf*", "*capex_ocf*"], "ratio", step=True),
    series("capex_growth", "marts.ai_cash_flow", ["t1_3"], ["*yoy*pct", "*growth*pct"], "pct", step=True),
    series("discount_rate", "marts.ai_cash_flow", ["t1_3"], ["*discount_rate*pct", "*discount_rate*mean*"], "pct"),
)  # fmt: skip
