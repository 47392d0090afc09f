"""The order of liquidation: ranks, tau-b, legs' values, placebo windows, funding-stress days; one row per day.

Belongs here: whatever compares buckets inside a window. Does not belong here: thresholds and verdicts (scorecard), except
that the placebo shares ask the scorecard whether a window passes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from . import scorecard
from .episodes import VOL_RETURNS, episodes, log_returns, members, window_measures
from .observations import Snapshot
from .prices import BUCKETS, Level, levels

CLAIMED = (1, 2, 3, 3)  # crypto, ai_tech, gold, treasuries
PLACEBO_STEP = 21
STRESS_QUANTILE, STRESS_LEAST_VALUES, STRESS_LEAST_DAYS = 0.90, 250, 20
Measures = Mapping[str, Mapping[str, Any] | None]


def ranks(keys: Sequence[float]) -> list[int]:
    """1 = smallest; equal keys share the smallest rank."""
    return [1 + sum(other < key for other in keys) for key in keys]


def tau_b(order: Sequence[int], claimed: Sequence[int] = CLAIMED) -> float | None:
    """Kendall's tau-b; None when undefined (one side all tied)."""
    value = float(kendalltau(claimed, order, variant="b").statistic)
    return None if math.isnan(value) else value


def _day_key(day: dt.date | None) -> float:
    return math.inf if day is None else float(day.toordinal())


def order_measures(measures: Measures) -> dict[str, Any]:
    """Values of every leg of t2_0, t2_1, t2_2 (a) and t2_3 from the measures of the four buckets (all present)."""
    part = [measures[name] for name in BUCKETS]
    crypto, ai, gold, treasuries = part
    row: dict[str, Any] = {}
    raw_break = ranks([_day_key(m["break_10pct_date"]) for m in part])
    raw_depth = ranks([m["depth_pct"] for m in part])
    row["raw_break_tau"], row["raw_depth_tau"] = tau_b(raw_break), tau_b(raw_depth)
    row["crypto_ai_broken_10pct_count"] = sum(m["break_10pct_date"] is not None for m in (crypto, ai))
    row["sold_count"] = sum(m["break_scaled_date"] is not None for m in (gold, treasuries))
    scaled = all(m["depth_vols"] is not None for m in part)
    scaled_key = [_day_key(m["break_scaled_date"]) for m in part]
    scaled_break = ranks(scaled_key) if scaled else [None] * 4
    scaled_depth = ranks([-m["depth_vols"] for m in part]) if scaled else [None] * 4
    row["scaled_break_tau"] = tau_b(scaled_break) if scaled else None
    row["scaled_depth_tau"] = tau_b(scaled_depth) if scaled else None
    for place, name in enumerate(BUCKETS):
        row[f"{name}_raw_break_rank"], row[f"{name}_raw_depth_rank"] = raw_break[place], raw_depth[place]
        row[f"{name}_scaled_break_rank"], row[f"{name}_depth_vols_rank"] = scaled_break[place], scaled_depth[place]
    if crypto["break_scaled_date"] is None:
        row["crypto_scaled_break_rank"] = None
    crypto_day, ai_day, gold_day, treasuries_day = scaled_key
    if not scaled:
        row["ai_out_of_order_count"] = row["sold_before_crypto_count"] = row["slow_recovery_count"] = None
        return row
    if ai_day == math.inf:
        row["ai_out_of_order_count"] = 3
    else:
        row["ai_out_of_order_count"] = (ai_day < crypto_day) + (gold_day < ai_day) + (treasuries_day < ai_day)
    row["sold_before_crypto_count"] = (gold_day < crypto_day) + (treasuries_day < crypto_day)

    def recovery(m: Mapping[str, Any]) -> float:
        return math.inf if m["days_to_half_recovery"] is None else m["days_to_half_recovery"]

    sold = [m for m in (gold, treasuries) if m["break_scaled_date"] is not None]
    row["slow_recovery_count"] = sum(recovery(m) > recovery(crypto) for m in sold)
    return row


def placebo(
    price: Mapping[str, Level], sessions: Sequence[dt.date], window_sessions: int, first: int | None = None
) -> dict[str, Any]:
    """The same ranks on every window of that many sessions opened every 21 sessions, from the first session at which all
    four buckets have 60 returns, while the window's last session exists. Shares in pct, None without a window."""
    if first is None:
        for i in range(len(sessions)):
            if all(log_returns(price[name], i, VOL_RETURNS) is not None for name in BUCKETS):
                first = i
                break
    counts = {"raw_pass": 0, "rule_pass": 0, "crypto_first": 0, "crypto_deepest_raw": 0}
    windows = 0
    opening = first
    while opening is not None and opening + window_sessions - 1 < len(sessions):
        last = opening + window_sessions - 1
        measures = {name: window_measures(price[name], sessions, opening, last) for name in BUCKETS}
        opening += PLACEBO_STEP
        if any(m is None for m in measures.values()):
            continue
        row = order_measures(measures)
        windows += 1
        legs = scorecard.legs("t2_0", row)
        counts["raw_pass"] += legs["a"]["passed"] and legs["b"]["passed"]
        counts["rule_pass"] += all(leg["passed"] for leg in legs.values())
        counts["crypto_first"] += all(leg["passed"] for leg in scorecard.legs("t2_1", row).values())
        counts["crypto_deepest_raw"] += row["crypto_raw_depth_rank"] == 1
    result: dict[str, Any] = {"placebo_window_sessions": window_sessions, "placebo_windows": windows}
    for name, count in counts.items():
        result[f"placebo_{name}_pct"] = 100.0 * count / windows if windows else None
    return result


def stress_days(index: Mapping[dt.date, float | None], day: dt.date) -> list[dt.date]:
    """Days up to `day` whose funding stress index is >= the 90th percentile of all values up to that day itself."""
    found, history = [], []
    for d in sorted(index):
        if d > day or index[d] is None:
            continue
        history.append(index[d])
        if len(history) >= STRESS_LEAST_VALUES and index[d] >= np.quantile(history, STRESS_QUANTILE):  # type: ignore[operator]
            found.append(d)
    return found


def stress_day_returns(
    total_return: Mapping[str, Level], sessions: Sequence[dt.date], index: Mapping[dt.date, float | None]
) -> dict[str, Any]:
    """Mean simple return, in pct, of each bucket on the stress days; None below 20 days with a return."""
    days = stress_days(index, sessions[-1])
    row: dict[str, Any] = {"funding_stress_days": len(days)}
    place = {session: i for i, session in enumerate(sessions)}
    for name in BUCKETS:
        returns = []
        for day in days:
            i = place.get(day)
            if i is None or i == 0 or total_return[name][i] is None or total_return[name][i - 1] is None:
                continue
            returns.append((total_return[name][i] / total_return[name][i - 1] - 1.0) * 100.0)  # type: ignore[operator]
        row[f"return_on_funding_stress_days_{name}_pct"] = fmean(returns) if len(returns) >= STRESS_LEAST_DAYS else None
    return row


def liquidation_row(
    snapshot: Snapshot,
    day: dt.date,
    sessions: Sequence[dt.date],
    funding_index: Mapping[dt.date, float | None] | None = None,
    with_placebo: bool = True,
) -> dict[str, Any] | None:
    """The liquidation_order row of one mart day, or None before the first episode with all four buckets priced.

    snapshot: what was known at the day's cut-off. funding_index: index per day, each as known that day (optional).
    """
    known = [s for s in sessions if s <= day]
    price, returns = levels(snapshot, known, "price"), levels(snapshot, known, "total_return")
    all_episodes = episodes(price["sp500"], known)
    if not any(all(price[b][e["open"]] is not None for b in BUCKETS) for e in all_episodes):
        return None
    episode = all_episodes[-1]
    ended = episode["end"] is not None
    row: dict[str, Any] = {
        "as_of_date": day,
        "episode_id": episode["episode_id"],
        "episode_status": episode["status"],
        "episode_label": f"last episode, ended {episode['end_date']}"
        if ended
        else f"open episode since {episode['start_date']}",
    }
    measures = members(episode, price, returns, known)
    for name in (*BUCKETS, "sp500"):
        for column in ("depth_pct", "depth_vols", "break_10pct_date", "break_scaled_date", "days_to_half_recovery"):
            row[f"{name}_{column}"] = None if measures[name] is None else measures[name][column]
    if all(measures[name] is not None for name in BUCKETS):
        row.update(order_measures(measures))
        ai, sp500 = measures["ai_tech"], measures["sp500"]
        row["ai_tech_beta_sp500"] = ai["beta_sp500"]
        expected = None if ai["beta_sp500"] is None else ai["beta_sp500"] * -sp500["depth_pct"]
        row["ai_excess_drawdown_pct"] = None if expected is None else -ai["depth_pct"] - expected
        row["tested"] = row["sold_count"] > 0 or ended
        row["none_sold"] = ended and row["sold_count"] == 0
    lengths = [e["end"] - e["open"] + 1 for e in all_episodes if e["end"] is not None]
    if with_placebo and lengths:
        row.update(placebo(price, known, int(median(lengths))))
    if funding_index is not None:
        row.update(stress_day_returns(returns, known, funding_index))
    return row
