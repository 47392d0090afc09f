"""The tables of t1_3, t4_3 and t4_4 in the faultless candidate of `synthetic`: constant figures that agree with each other.

Belongs here: frames and their TableMeta. Does not belong here: theses, verdicts (`synthetic`).
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from expectations.model import TableMeta

COMPANIES = ("MSFT", "GOOGL", "AMZN", "META", "ORCL")
TABLES = [
    TableMeta("marts", "ai_cash_flow", ("as_of_date",), "as_of_date", ("t1_3",)),
    TableMeta("marts", "ai_cash_flow_companies", ("company", "known_on_date"), theses=("t1_3",), may_be_empty=True),
    TableMeta("marts", "official_buying", ("as_of_date",), "as_of_date", ("t4_3",)),
    TableMeta("marts", "official_purchases", ("quarter_start_date", "known_on_date"), theses=("t4_3",), may_be_empty=True),
    TableMeta("marts", "official_holdings", ("country", "month_end_date"), theses=("t4_3",), may_be_empty=True),
    TableMeta("marts", "physical_vs_paper", ("as_of_date",), "as_of_date", ("t4_4",)),
    TableMeta("marts", "physical_vs_paper_quarterly", ("quarter_start_date",), theses=("t4_4",), may_be_empty=True),
]
FILINGS = (("2023-11-01", "2023-09-30"), ("2024-02-02", "2023-12-31"), ("2024-05-02", "2024-03-31"))


def frames(d: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    """All of TABLES on the days `d`, which lie between November 2023 and August 2024."""
    return {
        "marts.ai_cash_flow": _cash_flow(d),
        "marts.ai_cash_flow_companies": _companies(),
        "marts.official_buying": _buying(d),
        "marts.official_purchases": pd.DataFrame({
            "quarter_start_date": pd.to_datetime(["2023-07-01", "2023-07-01"]), "known_on_date": pd.to_datetime(["2023-11-01", "2024-05-01"]),
            "net_purchases_tonnes": [250.0, 260.0], "first_print_tonnes": [250.0, 250.0], "revision_pct": [0.0, 4.0]}),
        "marts.official_holdings": _holdings(),
        "marts.physical_vs_paper": _physical(d),
        "marts.physical_vs_paper_quarterly": _quarterly(),
    }  # fmt: skip


def _companies() -> pd.DataFrame:
    rows = [
        {"company": name, "known_on_date": pd.Timestamp(known), "quarter_end_date": pd.Timestamp(end),
         "first_quarter_end_date": pd.Timestamp(end) - timedelta(days=274), "carried_until_date": pd.Timestamp(end) + timedelta(days=140),
         "capex_ttm_usd": 30e9, "ocf_ttm_usd": 60e9, "capex_growth_pct": 25.0}
        for name in COMPANIES for known, end in FILINGS
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _cash_flow(d: pd.DatetimeIndex) -> pd.DataFrame:
    wave = np.sin(np.arange(len(d)) / 15)
    frame = pd.DataFrame({"as_of_date": d, "companies_available": 5, "companies_with_leases": 1, "capex_ttm_usd": 150e9, "ocf_ttm_usd": 300e9})
    frame = frame.assign(
        capex_incl_leases_ttm_usd=151e9, fcf_ttm_usd=150e9, capex_year_earlier_ttm_usd=120e9, ocf_year_earlier_ttm_usd=250e9,
        capex_ocf_ratio=0.5, capex_incl_leases_ocf_ratio=151 / 300, capex_growth_pct=25.0, ocf_growth_pct=20.0, growth_gap_pp=5.0,
        capex_per_new_ocf_ratio=3.0, tips_10y_pct=2 + 0.1 * wave, erp_pct=5.0, discount_rate_pct=7 + 0.1 * wave,
        discount_rate_500d_mean_pct=6.9, discount_rate_gap_pp=0.1 + 0.1 * wave, discount_rate_2y_low_pct=6.5, stream_value_change_pct=-10.0,
        stream_duration_years=22.0, stream_duration_at_low_years=24.0, usage_warnings="estimated",
    )  # fmt: skip
    return frame.assign(oldest_input_date=d - timedelta(days=40), no_data_reason=None)


def _buying(d: pd.DatetimeIndex) -> pd.DataFrame:
    late = d >= pd.Timestamp("2024-05-01")
    return pd.DataFrame({
        "as_of_date": d, "quarter_start_date": pd.Timestamp("2023-07-01"), "quarter_end_date": d - timedelta(days=60),
        "net_purchases_tonnes": np.where(late, 260.0, 250.0), "net_purchases_first_print_tonnes": 250.0, "trailing_4q_tonnes": 900.0,
        "trailing_4q_mean_tonnes": 600.0, "preceding_sums": 40, "trailing_vs_mean_tonnes": 300.0, "trailing_4q_year_earlier_tonnes": 1000.0,
        "trailing_yoy_pct": -10.0, "net_buying_quarters": 12, "share_of_demand_pct": 20.0, "trailing_value_usd_bn": 60.0,
        "reported_4q_tonnes": 300.0, "estimated_4q_tonnes": 600.0, "reporting_countries": 38,
        "oldest_input_date": pd.Timestamp("2023-07-01"), "no_data_reason": None})  # fmt: skip


def _holdings() -> pd.DataFrame:
    rows = []
    for month, bought in (("2023-03-31", 0.0), ("2024-03-31", 25.0)):
        for rank, (country, tonnes) in enumerate((("USA", 8133.0), ("POL", 400.0), ("CZE", 40.0)), 1):
            change = (bought if country == "POL" else 0.0) if bought else None
            rows.append({
                "country": country, "month_end_date": pd.Timestamp(month), "source": "IMF IRFCL", "change_1m_tonnes": 0.0,
                "holdings_tonnes": tonnes + (bought if country == "POL" else 0.0), "change_12m_tonnes": change,
                "is_net_buyer_12m": None if change is None else change > 0, "holdings_rank": rank, "is_top_ten": True, "reporting_countries": 3})  # fmt: skip
    return pd.DataFrame(rows).astype({"is_net_buyer_12m": "boolean"})


def _physical(d: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame({
        "as_of_date": d, "quarter_end_date": d - timedelta(days=60), "central_banks_tonnes": 250.0, "bar_coin_tonnes": 300.0, "physical_tonnes": 550.0,
        "physical_4q_tonnes": 2200.0, "physical_4q_mean_tonnes": 1800.0, "physical_vs_mean_tonnes": 400.0, "etf_4q_tonnes": 440.0,
        "etf_share_of_physical_pct": 20.0, "gld_holdings_tonnes": 900.0, "managed_money_net_contracts": 1e5, "open_interest_contracts": 5e5,
        "oldest_input_date": d - timedelta(days=150), "no_data_reason": None})  # fmt: skip


def _quarterly() -> pd.DataFrame:
    starts = pd.to_datetime(["2020-07-01", "2020-10-01", "2021-01-01"])
    return pd.DataFrame({
        "quarter_start_date": starts, "quarter_end_date": starts + pd.offsets.QuarterEnd(0), "central_banks_tonnes": 100.0, "bar_coin_tonnes": 250.0,
        "physical_tonnes": 350.0, "etf_flow_tonnes": [200.0, -100.0, -50.0], "etf_holdings_tonnes": [3900.0, 3800.0, 3750.0],
        "is_etf_peak": [True, False, False], "physical_since_peak_tonnes": [0.0, 350.0, 700.0], "etf_since_peak_tonnes": [0.0, -100.0, -150.0],
        "mine_tonnes": 900.0, "recycled_tonnes": 300.0, "total_supply_tonnes": 1190.0, "supply_gap_tonnes": 0.0, "otc_residual_tonnes": 100.0})  # fmt: skip
