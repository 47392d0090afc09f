"""Gold and the turn in real rates (t4_1): phases, the legs, the fit on the real yield and its break.

Belongs here: the rate_cycle row of one day and the table of cycles. Does not belong here: other gold measures.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .observations import Snapshot, get, newest_of

CARRY, SHORT, LONG, FIT = 5, 20, 250, 260
BREAK = dt.date(2022, 1, 1)
Cycle = tuple[dt.date, dt.date, dt.date | None]


def load_cycles(path: Path) -> list[Cycle]:
    """(last hike, first cut, next first hike or None) per cycle, from the dated list."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    day = dt.date.fromisoformat
    return [(day(r["last_hike"]), day(r["first_cut"]), day(r["next_first_hike"]) if r["next_first_hike"] else None) for r in rows]


def easing_since(cycles: Sequence[Cycle], day: dt.date) -> dt.date | None:
    """First cut of the phase the day is in, None outside one."""
    for _, cut, hike in cycles:
        if cut <= day and (hike is None or day < hike):
            return cut
    return None


def ols(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Slope, R2 and residual sum of squares of y on x with an intercept."""
    design = np.column_stack([np.ones_like(x), x])
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = float(np.sum((y - design @ coefficients) ** 2))
    return float(coefficients[1]), 1.0 - rest / float(np.sum((y - y.mean()) ** 2)), rest


def changes(snapshot: Snapshot, day: dt.date) -> pd.DataFrame:
    """Common days of GLD and the real yield up to `day`: y = log return (pct, with splits and distributions), x = change of the yield."""
    close, split, paid = (get(snapshot, f"gld_{name}") for name in ("close_usd", "split_ratio", "dividend_usd"))
    bars = [d for d in close.index if d <= day]
    level, levels = 0.0, {}
    for before, now in zip([None, *bars], bars):
        if before is not None:
            level += float(np.log((close[now] + paid.get(now, 0.0)) * split.get(now, 1.0) / close[before]))
        levels[now] = level
    yields = get(snapshot, "tips_10y_pct")
    common = [d for d in bars if d in yields.index]
    frame = pd.DataFrame({"y": [100 * levels[d] for d in common], "x": [yields[d] for d in common]}, index=common)
    return frame.diff()


def rate_cycle_row(snapshot: Snapshot, day: dt.date, cycles: Sequence[Cycle]) -> dict[str, Any]:
    """The rate_cycle row of one mart day; None = missing."""
    cut = easing_since(cycles, day)
    row: dict[str, Any] = {
        "as_of_date": day, "is_easing": cut is not None, "phase": "easing" if cut else "hiking or on hold", "phase_first_cut": cut,
        "days_since_first_cut": (day - cut).days if cut else None, "gold_250d_return_pct": None, "tips_20d_minus_250d_bp": None,
    }  # fmt: skip
    used = []
    for quantity, name in (("gold_pm_usd_oz", "gold_pm_usd_oz"), ("tips_10y_pct", "tips_10y_pct")):
        series = get(snapshot, quantity)
        days, values = list(series.index), series.tolist()
        found = newest_of(days, values, day, CARRY)
        row[name] = found and found[1]
        if found is None:
            continue
        used.append(found[0])
        past = values[: days.index(found[0]) + 1]
        if quantity == "gold_pm_usd_oz":
            row["gold_250d_return_pct"] = (past[-1] / past[-1 - LONG] - 1) * 100 if len(past) > LONG else None
        else:
            row["tips_10y_20d_mean_pct"] = float(np.mean(past[-SHORT:])) if len(past) >= SHORT else None
            row["tips_10y_250d_mean_pct"] = float(np.mean(past[-LONG:])) if len(past) >= LONG else None
            if len(past) >= LONG:
                row["tips_20d_minus_250d_bp"] = round(100 * (row["tips_10y_20d_mean_pct"] - row["tips_10y_250d_mean_pct"]), 9)
    row["oldest_input_date"] = min(used, default=None)
    pairs = changes(snapshot, day)
    fresh = len(pairs) > 0 and (day - pairs.index[-1]).days <= CARRY
    row["pair_observation_date"] = pairs.index[-1] if fresh else None
    pairs = pairs.dropna() if fresh else pairs.iloc[:0]
    names = ("gold_real_yield_beta_260d", "gold_real_yield_r2_260d_ratio", "break_2022_f_statistic")
    row.update(dict.fromkeys(names))
    if len(pairs) >= FIT:
        row[names[0]], row[names[1]], _ = ols(*(pairs[c].to_numpy()[-FIT:] for c in "xy"))
    rests = {}
    for name, part in (("before", pairs[[d < BREAK for d in pairs.index]]), ("since", pairs[[d >= BREAK for d in pairs.index]])):
        row[f"pairs_{name}_2022"] = len(part) if fresh else None
        row[f"gold_real_yield_beta_{name}_2022"] = row[f"gold_real_yield_r2_{name}_2022_ratio"] = None
        if len(part) >= FIT:
            beta, r2, rests[name] = ols(part["x"].to_numpy(), part["y"].to_numpy())
            row[f"gold_real_yield_beta_{name}_2022"], row[f"gold_real_yield_r2_{name}_2022_ratio"] = beta, r2
    if len(rests) == 2:
        pooled = ols(pairs["x"].to_numpy(), pairs["y"].to_numpy())[2]
        apart = rests["before"] + rests["since"]
        row[names[2]] = ((pooled - apart) / 2) / (apart / (len(pairs) - 4))
    return row


def cycle_rows(snapshot: Snapshot, day: dt.date, cycles: Sequence[Cycle]) -> list[dict[str, Any]]:
    """The table of cycles as known on a day: gold 6, 12 and 24 months after each first cut, None until then."""
    gold = get(snapshot, "gold_pm_usd_oz")
    days, values = list(gold.index), gold.tolist()
    rows = []
    for _, cut, hike in cycles:
        if cut > day:
            continue
        base = newest_of(days, values, cut, CARRY)
        row: dict[str, Any] = {"cycle_id": str(cut), "next_first_hike": hike if hike and hike <= day else None,
                               "gold_first_cut_usd_oz": base and base[1]}  # fmt: skip
        for months in (6, 12, 24):
            target = (pd.Timestamp(cut) + pd.DateOffset(months=months)).date()
            found = newest_of(days, values, target, CARRY) if target <= day else None
            row[f"gold_{months}m_return_pct"] = (found[1] / base[1] - 1) * 100 if found and base else None
        rows.append(row)
    return rows
