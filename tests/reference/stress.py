"""Synchronised stress (t0), one day at a time, from what was known that day.

Belongs here: scaled 20-observation returns, volatility, drawdowns, breadth, ages, correlation, VIX percentile. Does not belong here: the verdict
(scorecard) and how a basket is made (prices).
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from .observations import Snapshot, get, newest
from .prices import AI_STOCKS_SINCE, Level, levels

STRESS_BUCKETS = ("crypto", "ai_tech", "sp500", "gold", "treasuries")
RETURN, SCALE_WINDOW, SCALE_LEAST, LOOK_BACK, YEAR, CARRY, VOLATILE = 20, 750, 250, 20, 252, 5, 60


def daily_returns(level: Level) -> list[float | None]:
    """Log return of each session's level against the newest level before it; None where the session has none."""
    result: list[float | None] = []
    before: float | None = None
    for value in level:
        result.append(None if value is None or before is None else math.log(value / before))
        before = before if value is None else value
    return result


def scaled_returns(level: Level) -> pd.DataFrame:
    """Per session with a level: r20 (log return over 20 observations), sd (trailing 750, at least 250) and their ratio."""
    places = [i for i, value in enumerate(level) if value is not None]
    logs = pd.Series([math.log(level[i]) for i in places], index=places, dtype=float)  # type: ignore[arg-type]
    r20 = logs - logs.shift(RETURN)
    spread = r20.rolling(SCALE_WINDOW, min_periods=SCALE_LEAST).std()
    frame = pd.DataFrame({"r20": r20, "sd": spread})
    if places:  # the day itself without the rounding of a rolling sum
        window = r20.iloc[-SCALE_WINDOW:].dropna().to_numpy()
        frame.loc[places[-1], "sd"] = float(np.std(window, ddof=1)) if len(window) >= SCALE_LEAST else math.nan
    frame["scaled"] = frame["r20"] / frame["sd"]
    return frame


def volatility_pct(level: Level) -> float | None:
    """Sample sd of the last 60 daily log returns, a year of 252 sessions, percent; None without a level today or with fewer returns."""
    returns = [r for r in daily_returns(level) if r is not None]
    if level[-1] is None or len(returns) < VOLATILE:
        return None
    return float(np.std(returns[-VOLATILE:], ddof=1)) * math.sqrt(252) * 100


def drawdowns_pct(price: Level, sessions: Sequence[dt.date]) -> tuple[float | None, float | None]:
    """Last price against the highest of the last 365 calendar days, this one among them, and against the highest since the first."""
    known = [(day, value) for day, value in zip(sessions, price, strict=True) if value is not None]
    now = price[-1]
    if now is None:
        return None, None
    start = sessions[-1] - dt.timedelta(days=364)
    of_a_year = now / max(value for day, value in known if day >= start) - 1
    return round(of_a_year * 100, 9), round((now / max(value for _, value in known) - 1) * 100, 9)


def bucket_row(level: Level, price: Level, sessions: Sequence[dt.date], scaled: pd.DataFrame) -> dict[str, Any]:
    """The synchronised_buckets row of the last session: levels of total return and of price, and the scaled returns of the former."""
    r20, sd, value = (None if math.isnan(x) else float(x) for x in scaled.loc[len(sessions) - 1])
    fall, fall_of_all = drawdowns_pct(price, sessions)
    return {
        "log_return_20d_pct": None if r20 is None else r20 * 100,
        "log_return_20d_sd_pct": None if r20 is None or sd is None else sd * 100,
        "scaled_return_sds": value,
        "is_below": None if value is None else bool(value < -1),
        "volatility_60d_pct": volatility_pct(level),
        "drawdown_365d_pct": fall,
        "drawdown_since_inception_pct": fall_of_all,
    }


def stress_row(snapshot: Snapshot, day: dt.date, sessions: Sequence[dt.date]) -> dict[str, Any]:
    """The synchronised_stress row of one mart day; snapshot must hold only what was known at its cut-off.

    Beside the columns: `breadth_complete` (True when each of the last 20 sessions has a breadth, else None) and `buckets`
    (bucket -> its synchronised_buckets row, the AI stocks among them since their list, though they count for nothing).
    """
    known = sessions[: bisect_right(sessions, day)]
    today = len(known) - 1
    all_levels = levels(snapshot, known, "total_return")
    prices = levels(snapshot, known, "price")
    listed = (*STRESS_BUCKETS, *(("ai_stocks",) if day >= AI_STOCKS_SINCE else ()))
    scaled = {b: scaled_returns(all_levels[b]).reindex(range(len(known))) for b in listed}
    table = pd.DataFrame({b: scaled[b]["scaled"] for b in STRESS_BUCKETS})
    complete = table.notna().all(axis=1)
    below = table < -1
    both = complete & below["crypto"] & (below["sp500"] | below["ai_tech"])
    together = both & (below.sum(axis=1) >= 3)

    def age(flags: pd.Series) -> int | None:
        days = np.flatnonzero(flags.to_numpy())
        return None if not len(days) else int(today - days[-1] + 1)

    row: dict[str, Any] = {"as_of_date": day, "buckets_available": int(table.loc[today].notna().sum())}
    row["breadth"] = int(below.loc[today].sum()) if complete[today] else None
    row["crypto_and_equity_below"] = bool(both[today]) if complete[today] else None
    row["synchronised_age_days"], row["crypto_equity_age_days"] = age(together), age(both)
    row["breadth_complete"] = True if len(complete) >= LOOK_BACK and complete.iloc[-LOOK_BACK:].all() else None
    row["buckets"] = {b: bucket_row(all_levels[b], prices[b], known, scaled[b]) | {"counts_for_breadth": b in STRESS_BUCKETS} for b in listed}
    for bucket in STRESS_BUCKETS:
        row[f"{bucket}_scaled_return_sds"] = row["buckets"][bucket]["scaled_return_sds"]
    recent = {b: daily_returns(all_levels[b])[-RETURN:] for b in STRESS_BUCKETS}
    if all(len(r) == RETURN and None not in r for r in recent.values()):
        pairs = [np.corrcoef(recent[a], recent[b])[0, 1] for a, b in combinations(STRESS_BUCKETS, 2)]  # type: ignore[arg-type]
        row["mean_correlation_20d"] = float(np.mean(pairs))
    else:
        row["mean_correlation_20d"] = None
    vix, spread = get(snapshot, "vix_close_index"), newest(get(snapshot, "hy_spread_pct"), day, CARRY)
    now = newest(vix, day, CARRY)
    row["vix_close_index"] = None if now is None else now[1]
    year = vix.iloc[-YEAR:]
    row["vix_percentile_1y_pct"] = float((year <= year.iloc[-1]).mean() * 100) if now is not None and len(year) == YEAR else None
    row["hy_spread_pct"] = None if spread is None else spread[1]
    return row
