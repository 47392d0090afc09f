"""Funding stress (t1_2), one day at a time, from what was known that day.

Belongs here: spreads on their own observation dates, 20-observation means, z-scores, the index, its history. Does not
belong here: the verdict (scorecard) and the returns on stress days (liquidation).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from .observations import Snapshot, as_known, cutoff, get, newest, newest_of

DAILY_CARRY, WEEKLY_CARRY = 5, 9
MEAN, Z_WINDOW, Z_LEAST, CLIP = 20, 750, 250, 3.0
SPREADS = {  # name: (left, right); the spread lives on the dates of the left leg
    "sofr_iorb": ("sofr_pct", "iorb_pct"),
    "effr_iorb": ("effr_pct", "iorb_pct"),
    "sofr_p99": ("sofr_p99_pct", "sofr_pct"),
    "tgcr_onrrp": ("tgcr_pct", "onrrp_award_pct"),
}
COLUMN_BP = {
    "sofr_iorb": "sofr_iorb_bp",
    "effr_iorb": "effr_iorb_bp",
    "sofr_p99": "sofr_p99_spread_bp",
    "tgcr_onrrp": "tgcr_onrrp_bp",
}
INPUTS = ("sofr_pct", "iorb_pct", "effr_pct", "sofr_p99_pct", "tgcr_pct", "onrrp_award_pct")


def spread_bp(snapshot: Snapshot, name: str) -> tuple[list[dt.date], list[float]]:
    """(left - right) * 100 on the left leg's dates; the right leg is carried at most 5 days, except that the 99th
    percentile needs the rate of the very same day. Rounded to 6 decimals: rates are published with two or three, and a
    mean that is exactly 0 must not pass `> 0` on binary dust (2026-03-30 would)."""
    left_name, right_name = SPREADS[name]
    left, right = get(snapshot, left_name), get(snapshot, right_name)
    carry = 0 if name == "sofr_p99" else DAILY_CARRY
    right_days, right_values = list(right.index), right.tolist()
    days, values = [], []
    for day, rate in left.items():
        other = newest_of(right_days, right_values, day, carry)
        if other is not None:
            days.append(day)
            values.append(round((rate - other[1]) * 100.0, 6))
    return days, values


def reserves_change_pct(snapshot: Snapshot) -> tuple[list[dt.date], list[float]]:
    """Percent change against the fourth observation before, where that one is dated 28 +- 3 days earlier."""
    reserves = get(snapshot, "reserves_usd_mn")
    dates, levels = list(reserves.index), reserves.tolist()
    days, values = [], []
    for i in range(4, len(dates)):
        if 25 <= (dates[i] - dates[i - 4]).days <= 31:
            days.append(dates[i])
            values.append((levels[i] / levels[i - 4] - 1.0) * 100.0)
    return days, values


def mean_20(values: Sequence[float], end: int) -> float | None:
    """Mean of the 20 observations ending at place `end`; None when there are fewer."""
    return fmean(values[end - MEAN + 1 : end + 1]) if end >= MEAN - 1 else None


def z_score(values: Sequence[float]) -> float | None:
    """z of the last value over the trailing 750 (it included), at least 250, clipped to [-3, 3]; sd 0 -> None."""
    window = list(values)[-Z_WINDOW:]
    if len(window) < Z_LEAST:
        return None
    sd = stdev(window)
    if sd == 0 or max(window) == min(window):
        return None
    return max(-CLIP, min(CLIP, (window[-1] - fmean(window)) / sd))


def change_4w_pct(series: pd.Series, day: dt.date) -> float | None:
    """Daily series: percent change against the newest observation dated <= 28 days before, at most 5 days older."""
    now = newest(series, day, DAILY_CARRY)
    before = None if now is None else newest(series, now[0] - dt.timedelta(days=28), DAILY_CARRY)
    if now is None or before is None or before[1] == 0:
        return None
    return (now[1] / before[1] - 1.0) * 100.0


def funding_row(snapshot: Snapshot, day: dt.date, sessions: Sequence[dt.date] = ()) -> dict[str, Any]:
    """The funding_stress row of one mart day; snapshot must hold only what was known at that day's cut-off.

    Units in the column names; z_* are clipped; missing = None.
    """
    row: dict[str, Any] = {"as_of_date": day}
    used: list[dt.date] = []
    for quantity in (*INPUTS, "sofr_volume_usd_bn", "onrrp_usd_bn", "srf_usd_bn", "tga_usd_mn"):
        found = newest(get(snapshot, quantity), day, DAILY_CARRY)
        row[quantity] = None if found is None else found[1]
    z: dict[str, float | None] = {}
    for name in SPREADS:
        days, values = spread_bp(snapshot, name)
        fresh = bool(days) and (day - days[-1]).days <= DAILY_CARRY
        means = [mean_20(values, i) for i in range(max(MEAN - 1, len(values) - Z_WINDOW), len(values))]
        complete = [m for m in means if m is not None]
        row[COLUMN_BP[name]] = values[-1] if fresh else None
        row[f"{name}_20d_mean_bp"] = complete[-1] if fresh and complete else None
        z[name] = z_score(complete) if fresh and complete else None
        if fresh:
            used.append(days[-1])
    days, changes = reserves_change_pct(snapshot)
    level = newest(get(snapshot, "reserves_usd_mn"), day, WEEKLY_CARRY)
    row["reserves_usd_mn"] = None if level is None else level[1]
    fresh = level is not None and bool(days) and days[-1] == level[0]
    row["reserves_4w_pct"] = changes[-1] if fresh else None
    z["reserves"] = z_score([-c for c in changes]) if fresh else None
    if fresh:
        used.append(days[-1])
    row["onrrp_4w_pct"] = change_4w_pct(get(snapshot, "onrrp_usd_bn"), day)
    row["srf_4w_pct"] = change_4w_pct(get(snapshot, "srf_usd_bn"), day)
    row["tga_4w_pct"] = change_4w_pct(get(snapshot, "tga_usd_mn"), day)
    available = [value for value in z.values() if value is not None]
    row.update({f"z_{name}": value for name, value in z.items()})
    row["components_available"] = len(available)
    row["funding_stress_index"] = fmean(available) if len(available) >= 3 else None
    for name, value in z.items():
        row[f"contribution_{name}"] = None if value is None or len(available) < 3 else value / len(available)
    later = [s for s in sessions if s > day]
    if later:
        row["is_month_end"] = later[0].month != day.month
        row["is_quarter_end"] = row["is_month_end"] and day.month % 3 == 0
    row["oldest_input_date"] = min(used, default=None)
    return row


def funding_history(
    log: pd.DataFrame, quantities: Mapping[str, Sequence[str]], days: Sequence[dt.date]
) -> dict[dt.date, dict[str, Any]]:
    """funding_row of many days, each from its own snapshot."""
    names = (*INPUTS, "reserves_usd_mn")
    wanted = {name: quantities[name] for name in names if name in quantities}
    series = {s for members in wanted.values() for s in members}
    part = log[log["series_id"].isin(series)]
    return {day: funding_row(as_known(part, wanted, cutoff(day)), day) for day in days}
