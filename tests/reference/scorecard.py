"""Legs and verdicts of the built theses, from the values of one day's row.

Belongs here: operators, thresholds, verdict rules, the settled verdict. Does not belong here: any measure.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
LEGS: dict[str, dict[str, tuple[str, str, float]]] = {
    "t0": {"a": ("synchronised_age_days", "<=", 5), "b": ("synchronised_age_days", "<=", 20), "c": ("crypto_equity_age_days", "<=", 5)},
    "t1_1": {"a": ("above_low_1y_bp", ">=", 10), "b": ("easing_1y_at_low_bp", ">=", 25), "c": ("core_pce_yoy_pct", ">", 2.5)},
    "t1_2": {"a": ("sofr_iorb_20d_mean_bp", ">", 0.0), "b": ("funding_stress_index", ">", 1.0)},
    "t2_0": {
        "a": ("raw_break_tau", ">=", 0.67),
        "b": ("raw_depth_tau", ">=", 0.67),
        "c": ("crypto_ai_broken_10pct_count", ">=", 2),
        "d": ("scaled_break_tau", ">=", 0.5),
    },
    "t2_1": {"a": ("crypto_scaled_break_rank", "<=", 1), "b": ("crypto_depth_vols_rank", "<=", 1)},
    "t2_2": {"a": ("ai_out_of_order_count", "<=", 0), "b": ("ai_excess_drawdown_pct", ">", 0.0)},
    "t2_3": {"a": ("sold_before_crypto_count", "<=", 0), "b": ("slow_recovery_count", "<=", 0)},
    "t4_1": {"a": ("gold_250d_return_pct", ">", 0.0), "b": ("tips_20d_minus_250d_bp", "<", 0.0)},
    "t4_2": {"a": ("negative_10y_share_pct", ">", 50.0), "b": ("negative_1y_share_pct", ">", 50.0)},
    "t1_3": {"a": ("growth_gap_pp", ">", 0.0), "b": ("capex_ocf_ratio", ">=", 0.5), "c": ("discount_rate_gap_pp", ">", 0.0)},
    "t4_3": {"a": ("trailing_vs_mean_tonnes", ">", 0.0), "b": ("trailing_yoy_pct", ">=", -20.0)},
    "t4_4": {"a": ("physical_vs_mean_tonnes", ">", 0.0), "b": ("etf_share_of_physical_pct", "<=", 25.0)},
    "t3_1": {
        "a": ("supply_growth_365d_pct", ">", 0.0),
        "b": ("supply_to_btc_drawdown_ratio", "<", 0.2),
        "c": ("peg_break_longest_days", "<", 3),
    },
    "t3_2": {"a": ("constant_price_growth_365d_pct", ">", 0.0), "b": ("episode_constant_change_pct", ">", -5.0)},
    "t4_5": {"a": ("return_10y_pct", ">", 0.0), "b": ("mdd_504_pct", "<=", -10.0)},
    "t5": {"a": ("standing_share_pct", ">=", 100.0), "b": ("standing_share_pct", ">", 0.0)},
}
# Undefined is not unknown: every break tied, crypto never broke, never a synchronised day: a leg that does not pass, not missing data.
MAY_BE_UNDEFINED = {"raw_break_tau", "raw_depth_tau", "scaled_break_tau", "crypto_scaled_break_rank",
                    "supply_to_btc_drawdown_ratio", "peg_break_longest_days", "synchronised_age_days", "crypto_equity_age_days"}  # fmt: skip
NEEDS = {
    "t0": ("breadth", "breadth_complete"),
    "t1_1": ("easing_1y_bp",),
    "t2_0": ("crypto_depth_vols_rank",),  # null while a bucket has no volatility: then its taus are unknown
    "t3_1": ("supply_drawdown_pct", "btc_drawdown_pct"),
}


def legs(thesis: str, row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Value, operator, threshold, signed margin (>= 0 where a non-strict leg passes) and passed, per leg."""
    result = {}
    for leg, (column, sign, threshold) in LEGS[thesis].items():
        value = row.get(column)
        margin = None if value is None else (value - threshold if sign.startswith(">") else threshold - value)
        passed = value is not None and bool(COMPARE[sign](value, threshold))
        result[leg] = {
            "column": column,
            "value": value,
            "operator": sign,
            "threshold": threshold,
            "margin": margin,
            "passed": passed,
        }
    return result


def verdict(thesis: str, row: Mapping[str, Any] | None) -> str:
    """holds, contested, fails, not_tested or no_data for one day's row (None = no row)."""
    if row is None:
        return "no_data"
    found = legs(thesis, row)
    if thesis == "t5":
        if not row["is_known"]:
            return "no_data"
        passed = "holds" if found["a"]["passed"] else "contested" if found["b"]["passed"] else "fails"
        return passed if row["is_tested"] else "not_tested"
    unknown = [x["column"] for x in found.values() if x["value"] is None and x["column"] not in MAY_BE_UNDEFINED]
    unknown += [column for column in NEEDS.get(thesis, ()) if row.get(column) is None]
    if unknown:
        return "no_data"
    a, b = found["a"]["passed"], found["b"]["passed"]
    if thesis == "t0":  # three fell together within 5 days; within 20, or crypto and equity within 5
        return "holds" if a else "contested" if b or found["c"]["passed"] else "fails"
    if thesis == "t1_1":
        if a and b and found["c"]["passed"]:
            return "holds"
        return "contested" if (a and b) or row["odds_repriced"] else "fails"
    if thesis == "t2_0":
        if a and b and found["c"]["passed"] and found["d"]["passed"]:
            return "holds"
        return "contested" if a and b else "fails"
    if thesis == "t2_3":
        if not row["tested"]:
            return "not_tested"
        if a and b and not row["none_sold"]:
            return "holds"
        return "contested" if a or b or row["none_sold"] else "fails"
    if thesis == "t4_1" and not row["is_easing"]:
        return "not_tested"
    if thesis == "t1_3":
        c = found["c"]["passed"]
        return "holds" if a and b and c else "contested" if a and (b or c) else "fails"
    if thesis == "t3_1":
        c = found["c"]["passed"]
        if a and b and c:
            return "holds"
        return "contested" if a and (b or c or row["peg_data_missing"]) else "fails"
    if thesis in ("t4_2", "t4_3", "t4_4", "t4_5"):
        return ("holds" if b else "contested") if a else "fails"
    if a and b:
        return "holds"
    return "contested" if a or b else "fails"


def settled(raw: Sequence[str], days: int = 5) -> list[str]:
    """The settled verdict per row: the first is the first raw; it changes once a raw verdict stood for 5 rows in a row."""
    result: list[str] = []
    for i, state in enumerate(raw):
        stood = i >= days - 1 and all(raw[i - k] == state for k in range(days))
        if i == 0 or stood:
            result.append(state)
        else:
            result.append(result[-1])
    return result
