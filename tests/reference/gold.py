"""Gold's drawdowns and long-run returns (t4_5), on LBMA PM observations since 1971-08-16.

Belongs here: the gold_drawdown row of one day. Does not belong here: other gold measures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from .observations import Snapshot, get, newest_of

SINCE = dt.date(1971, 8, 16)
CARRY, YEARS_SLACK = 5, 10
DRAWDOWNS, RETURNS = (126, 252, 504), (5, 10)
YEAR_OBSERVATIONS = 252


def max_drawdown_pct(window: Sequence[float]) -> float:
    """Deepest fall from the running maximum inside the window, in pct (<= 0)."""
    highest, deepest = -np.inf, 0.0
    for price in window:
        highest = max(highest, price)
        deepest = min(deepest, price / highest - 1.0)
    return deepest * 100.0


def years_before(day: dt.date, years: int) -> dt.date:
    """The same date that many years earlier; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def return_pct(days: Sequence[dt.date], values: Sequence[float], i: int, years: int) -> float | None:
    """Percent return of observation i over the newest observation dated <= its date - years, at most 10 days older."""
    before = newest_of(days, values, years_before(days[i], years), YEARS_SLACK)
    return None if before is None else (values[i] / before[1] - 1.0) * 100.0


def gold_row(snapshot: Snapshot, day: dt.date, with_places: bool = True) -> dict[str, Any]:
    """The gold_drawdown row of one mart day; percent columns; None = missing. with_places False skips the distribution."""
    series = get(snapshot, "gold_pm_usd_oz")
    pairs = [(d, v) for d, v in series.items() if SINCE <= d <= day]
    days, values = [d for d, _ in pairs], [v for _, v in pairs]
    row: dict[str, Any] = {"as_of_date": day}
    if not days or (day - days[-1]).days > CARRY:
        return row
    count = len(values)
    row["gold_pm_usd_oz"], row["oldest_input_date"] = values[-1], days[-1]
    places = range(count) if with_places else [count - 1]
    history: dict[str, list[float]] = {}
    for n in DRAWDOWNS:
        name = f"mdd_{n}"
        history[name] = [max_drawdown_pct(values[i - n + 1 : i + 1]) for i in places if i >= n - 1]
        row[f"{name}_pct"] = history[name][-1] if count >= n else None
        row[f"nonoverlapping_windows_{n}"] = count // n
    for years in RETURNS:
        name = f"return_{years}y"
        found = [return_pct(days, values, i, years) for i in places]
        history[name] = [v for v in found if v is not None]
        row[f"{name}_pct"] = found[-1]
        row[f"nonoverlapping_windows_{years}y"] = count // (years * YEAR_OBSERVATIONS)
    if with_places:
        for name, past in history.items():
            today = row[f"{name}_pct"]
            if today is None:
                continue
            row[f"{name}_place_pct"] = 100.0 * sum(v <= today for v in past) / len(past)
            for label, q in (("p05", 0.05), ("median", 0.5), ("p95", 0.95)):
                row[f"{name}_{label}_pct"] = float(np.quantile(past, q))
    return row
