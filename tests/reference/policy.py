"""Rate cuts priced and repriced (t1_1), one day at a time, from what was known that day.

Belongs here: bond equivalent, easing priced, lows, delivered and repriced, betas to the 2-year yield, inflation by
vintage, the tracker's windows. Does not belong here: the verdict (scorecard).
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .observations import Snapshot, get, newest, newest_of
from .prices import levels
from .stress import STRESS_BUCKETS, daily_returns

CARRY, LOW, BETA = 5, 30, 120
ODDS_WINDOW, ODDS_REPRICED, ODDS_EASING = 3, 10.0, 25.0
MONTHLY = {  # quantity -> (name, release in the calendar seed, longest normal lag in days)
    "core_pce_index": ("core_pce", "bea_personal_income_outlays", 65),
    "cpi_nsa_index": ("cpi", "bls_cpi", 55),
}
Releases = Mapping[tuple[str, str], dt.date | None]


def releases(path: Path) -> Releases:
    """(release, period) -> its day; None: that period never came out."""
    with path.open(newline="") as file:
        return {
            (row["release"], row["period"]): dt.date.fromisoformat(row["released_on"]) if row["released_on"] else None
            for row in csv.DictReader(file)
        }


def months_before(day: dt.date, months: int) -> dt.date:
    count = day.year * 12 + day.month - 1 - months
    return dt.date(count // 12, count % 12 + 1, day.day)


def carried_until(month: dt.date, release: str, lag: int, calendar: Releases) -> dt.date:
    """Five days after the release of the next period that comes out."""
    for step in (1, 2, 3):
        period = months_before(month, -step)
        day = calendar.get((release, f"{period:%Y-%m}"), period + dt.timedelta(days=lag))
        if day is not None:
            return day + dt.timedelta(days=5)
    raise AssertionError(f"{release}: three periods in a row after {month} never came out")


def bond_equivalent(rate: float) -> float:
    """A rate of act/360 rolled over every calendar day for half a year of 182.5, stated with two periods a year."""
    return 2.0 * (math.exp(182.5 * math.log1p(rate / 36000.0)) - 1.0) * 100.0


def window_id(day: dt.date, ahead: int) -> int:
    """Number of the quarterly window that is `ahead` (1 = the first that begins on or after the day)."""
    quarter = (day.month - 1) // 3
    third_month = dt.date(day.year, quarter * 3 + 3, 1)
    wednesdays = [d for d in (third_month + dt.timedelta(days=i) for i in range(31)) if d.weekday() == 2 and d.month == third_month.month]
    return day.year * 4 + quarter + ahead - 1 + (1 if day > wednesdays[2] else 0)


def _tenor(name: str, series: pd.Series, effr: pd.Series, day: dt.date) -> dict[str, Any]:
    """Easing priced, the low and the changes of one yield (or of the odds, against EFFR as it is)."""
    row: dict[str, Any] = dict.fromkeys((f"rate_{name}", f"easing_{name}_bp", f"low_{name}_date", f"above_low_{name}_bp", f"easing_{name}_at_low_bp"))
    for n in (20, 60):
        row |= dict.fromkeys((f"delivered_{name}_{n}d_bp", f"repriced_{name}_{n}d_bp", f"easing_{name}_change_{n}d_bp"))
    now = newest(series, day, CARRY)
    if now is None:
        return row
    convert = (lambda rate: rate) if name == "odds" else bond_equivalent
    effr_days, effr_values = list(effr.index), effr.tolist()

    def cash(on: dt.date, not_before: dt.date | None = None) -> float | None:
        found = newest_of(effr_days, effr_values, on, CARRY if not_before is None else 10_000)
        return None if found is None or (not_before is not None and found[0] < not_before) else convert(found[1])

    days, rates = list(series.index), series.tolist()
    current = cash(now[0], day - dt.timedelta(days=CARRY))
    row[f"rate_{name}"] = now[1]
    row[f"easing_{name}_bp"] = None if current is None else (current - now[1]) * 100
    if len(rates) >= LOW:
        recent = rates[-LOW:]
        low = recent.index(min(recent))
        low_day, low_cash = days[-LOW:][low], cash(days[-LOW:][low])
        row[f"low_{name}_date"] = low_day
        row[f"above_low_{name}_bp"] = round((now[1] - recent[low]) * 100, 6)
        row[f"easing_{name}_at_low_bp"] = None if low_cash is None else (low_cash - recent[low]) * 100
    for n in (20, 60):
        if len(rates) <= n:
            continue
        before = cash(days[-1 - n])
        row[f"repriced_{name}_{n}d_bp"] = (rates[-1 - n] - now[1]) * 100
        if current is not None and before is not None:
            row[f"delivered_{name}_{n}d_bp"] = (current - before) * 100
            row[f"easing_{name}_change_{n}d_bp"] = row[f"delivered_{name}_{n}d_bp"] + row[f"repriced_{name}_{n}d_bp"]
    return row


def _odds(snapshot: Snapshot, day: dt.date) -> pd.Series:
    """Mean rate of the window that is third ahead on the newest day of the tracker, on all days on which it was third or fourth."""
    third, fourth = (get(snapshot, f"mpt_mean_{n}_pct") for n in (ODDS_WINDOW, ODDS_WINDOW + 1))
    known = newest(third, day, 10_000)
    if known is None:
        return pd.Series(dtype=float)
    window = window_id(known[0], ODDS_WINDOW)
    same = {d: v for ahead, series in ((3, third), (4, fourth)) for d, v in series.items() if window_id(d, ahead) == window and d <= known[0]}
    return pd.Series(dict(sorted(same.items())), dtype=float)


def _betas(snapshot: Snapshot, day: dt.date, sessions: Sequence[dt.date]) -> dict[str, float | None]:
    known = list(sessions[: bisect_right(sessions, day)])
    yields = dict(get(snapshot, "ust_2y_pct").items())
    all_levels = levels(snapshot, known, "total_return")
    found: dict[str, float | None] = {}
    for bucket in (*STRESS_BUCKETS, "ai_stocks"):
        returns = daily_returns(all_levels[bucket])
        pairs = [
            (today, returns[i], yields[today] - yields[known[i - 1]])
            for i, today in enumerate(known)
            if i > 0 and returns[i] is not None and today in yields and known[i - 1] in yields
        ][-BETA:]
        fresh = len(pairs) == BETA and (day - pairs[-1][0]).days <= CARRY
        found[bucket] = float(np.polyfit([p[2] for p in pairs], [p[1] * 100 for p in pairs], 1)[0]) if fresh else None  # type: ignore[operator]
    return found


def policy_row(snapshot: Snapshot, day: dt.date, sessions: Sequence[dt.date], calendar: Releases) -> dict[str, Any]:
    """The rate_cut_repricing row of one mart day; snapshot must hold only what was known at its cut-off."""
    row: dict[str, Any] = {"as_of_date": day}
    effr = get(snapshot, "effr_pct")
    for quantity in ("effr_pct", "target_upper_pct", "target_lower_pct", "mpt_cut_1_pct", "mpt_mean_3_pct"):
        found = newest(get(snapshot, quantity), day, CARRY)
        row[quantity] = None if found is None else found[1]
    row["effr_bond_equivalent_pct"] = None if row["effr_pct"] is None else bond_equivalent(row["effr_pct"])
    for tenor, series in (("1y", get(snapshot, "ust_1y_pct")), ("2y", get(snapshot, "ust_2y_pct")), ("odds", _odds(snapshot, day))):
        row |= _tenor(tenor, series, effr, day)
    row["ust_1y_pct"], row["ust_2y_pct"] = row.pop("rate_1y"), row.pop("rate_2y")
    ends = [newest(get(snapshot, q), day, CARRY) for q in ("ust_1y_pct", "ust_2y_pct")]
    same = ends[0] is not None and ends[1] is not None and ends[0][0] == ends[1][0]
    row["forward_1y1y_pct"] = 2 * ends[1][1] - ends[0][1] if same else None  # type: ignore[index]
    above, easing = row["above_low_odds_bp"], row["easing_odds_at_low_bp"]
    row["odds_repriced"] = above is not None and easing is not None and above >= ODDS_REPRICED and easing >= ODDS_EASING
    for quantity, (name, release, lag) in MONTHLY.items():
        index = dict(get(snapshot, quantity).items())
        month = max(index, default=None)
        if month is not None and day > carried_until(month, release, lag, calendar):
            month = None
        base = None if month is None else index.get(months_before(month, 12))
        row[f"{name}_month"] = month
        row[f"{name}_yoy_pct"] = None if month is None or base is None else (index[month] / base - 1) * 100
        row[f"{name}_gap_pct"] = None if row[f"{name}_yoy_pct"] is None else row[f"{name}_yoy_pct"] - 2
    projected = {d.year: v for d, v in get(snapshot, "sep_median_year_end_pct").items()}
    row["sep_median_this_year_pct"] = projected.get(day.year)
    row["sep_median_next_year_pct"] = projected.get(day.year + 1)
    row |= {f"beta_2y_{bucket}_pct_per_pp": beta for bucket, beta in _betas(snapshot, day, sessions).items()}
    return row
