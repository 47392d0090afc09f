"""Episodes of the S&P 500 and the measures of one window.

Belongs here: trailing highs, confirmation, the window and what a bucket does inside it. Does not belong here: ranks and
verdicts. Levels are lists aligned with the sessions; a place is an index into both.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from statistics import stdev
from typing import Any

import numpy as np

from .prices import BUCKETS, Level

HIGH_DAYS, FALL, LEAD_DAYS = 365, 0.95, 45
VOL_RETURNS, BETA_RETURNS, BREAK, SCALED_BREAK = 60, 250, -0.10, -1.5


def is_high(sp500: Level, sessions: Sequence[dt.date], i: int) -> bool:
    """Close of session i = highest close of the last 365 calendar days, t among them."""
    if sp500[i] is None:
        return False
    highest = sp500[i]
    j = i
    while j >= 0 and (sessions[i] - sessions[j]).days < HIGH_DAYS:
        if sp500[j] is not None and sp500[j] > highest:  # type: ignore[operator]
            return False
        j -= 1
    return True


def episodes(sp500: Level, sessions: Sequence[dt.date]) -> list[dict[str, Any]]:
    """Every episode confirmed within the given sessions, oldest first; end_date None while open.

    start = a trailing high followed, before the next high, by a close <= 0.95 of it; confirmation = first such close;
    end = the next high. window_open_date = first session >= start - 45 days. Places: start, open, confirmation, end.
    """
    highs = [i for i in range(len(sessions)) if is_high(sp500, sessions, i)]
    found: list[dict[str, Any]] = []
    for n, high in enumerate(highs):
        end = highs[n + 1] if n + 1 < len(highs) else None
        group = range(high, end if end is not None else len(sessions))
        confirming = [i for i in group if sp500[i] is not None and sp500[i] <= FALL * sp500[high]]  # type: ignore[operator]
        if not confirming:
            continue
        earliest = sessions[high] - dt.timedelta(days=LEAD_DAYS)
        opening = next(i for i in range(len(sessions)) if sessions[i] >= earliest)
        found.append(
            {
                "episode_id": sessions[high].isoformat(),
                "start": high,
                "open": opening,
                "confirmation": confirming[0],
                "end": end,
                "last": end if end is not None else len(sessions) - 1,
                "start_date": sessions[high],
                "window_open_date": sessions[opening],
                "confirmation_date": sessions[confirming[0]],
                "end_date": None if end is None else sessions[end],
                "status": "open" if end is None else "ended",
            }
        )
    return found


def episode_row(episode: dict[str, Any], sp500: Level, sessions: Sequence[dt.date]) -> dict[str, Any]:
    """marts.episodes: the S&P 500 from start to end (or the last session); depth in pct, length in calendar days."""
    places = [i for i in range(episode["start"], episode["last"] + 1) if sp500[i] is not None]
    trough = min(places, key=lambda i: sp500[i])  # type: ignore[arg-type,return-value]
    row = {k: v for k, v in episode.items() if k.endswith("_date") or k in ("episode_id", "status")}
    row["sp500_start_close"] = sp500[episode["start"]]
    row["sp500_trough_close"] = sp500[trough]
    row["sp500_trough_date"] = sessions[trough]
    row["sp500_depth_pct"] = (sp500[trough] / sp500[episode["start"]] - 1.0) * 100.0  # type: ignore[operator]
    row["length_days"] = (sessions[episode["last"]] - sessions[episode["start"]]).days
    row["sessions"] = episode["last"] - episode["open"] + 1
    return row


def log_returns(level: Level, last: int, count: int) -> list[float] | None:
    """The `count` session-to-session log returns ending at place `last`; None unless all exist."""
    if last - count < 0:
        return None
    part = level[last - count : last + 1]
    if any(p is None for p in part):
        return None
    return [math.log(part[i] / part[i - 1]) for i in range(1, len(part))]  # type: ignore[operator]


def monthly_vol(level: Level, opening: int) -> float | None:
    """sd of the 60 daily log returns ending on the opening day, times sqrt(21)."""
    returns = log_returns(level, opening, VOL_RETURNS)
    return None if returns is None else stdev(returns) * math.sqrt(21)


def beta(total_return: Level, sp500: Level, opening: int) -> float | None:
    """OLS slope of the level's log total returns on the S&P 500's, 250 returns ending on the session before the opening."""
    left, right = log_returns(total_return, opening - 1, BETA_RETURNS), log_returns(sp500, opening - 1, BETA_RETURNS)
    if left is None or right is None:
        return None
    return float(np.polyfit(right, left, 1)[0])


def window_measures(level: Level, sessions: Sequence[dt.date], opening: int, last: int) -> dict[str, Any] | None:
    """What one level did in [opening, last]: None when it has no price on the opening day.

    depth_pct negative; depth_vols positive; dates are sessions; days_to_break_* from the window's opening,
    days_to_half_recovery from the trough, in calendar days.
    """
    if level[opening] is None:
        return None
    vol = monthly_vol(level, opening)
    peak = depth_peak = trough = opening
    depth = 0.0
    break_10 = break_scaled = None
    for i in range(opening, last + 1):
        price = level[i]
        if price is None:
            continue
        # rounded: of two equal highs or lows the first counts, whatever the binary dust of a basket's level
        if round(price / level[peak] - 1.0, 12) > 0:  # type: ignore[operator]
            peak = i
        fall = round(price / level[peak] - 1.0, 12)  # type: ignore[operator]
        if fall < depth:
            depth, depth_peak, trough = fall, peak, i
        if break_10 is None and fall <= BREAK:
            break_10 = i
        if break_scaled is None and vol is not None and fall <= SCALED_BREAK * vol:
            break_scaled = i
    half = None
    if depth < 0:
        middle = (level[depth_peak] + level[trough]) / 2.0  # type: ignore[operator]
        priced = ((i, level[i]) for i in range(trough + 1, last + 1))
        half = next((i for i, price in priced if price is not None and round(price / middle - 1.0, 12) >= 0), None)

    def day(place: int | None) -> dt.date | None:
        return None if place is None else sessions[place]

    def days_since(place: int | None, origin: int) -> int | None:
        return None if place is None else (sessions[place] - sessions[origin]).days

    return {
        "peak_date": day(depth_peak),
        "trough_date": day(trough),
        "peak_level": level[depth_peak],
        "trough_level": level[trough],
        "depth_pct": depth * 100.0,
        "monthly_vol_pct": None if vol is None else vol * 100.0,
        "depth_vols": None if not vol else -depth / vol,
        "break_10pct_date": day(break_10),
        "break_scaled_date": day(break_scaled),
        "days_to_break_10pct": days_since(break_10, opening),
        "days_to_break_scaled": days_since(break_scaled, opening),
        "half_recovery_date": day(half),
        "days_to_half_recovery": days_since(half, trough),
    }


def members(
    episode: dict[str, Any],
    price: dict[str, Level],
    total_return: dict[str, Level],
    sessions: Sequence[dt.date],
    names: Sequence[str] = (*BUCKETS, "sp500"),
) -> dict[str, dict[str, Any] | None]:
    """window_measures and beta_sp500 of every named level in one episode, up to its end or the last session."""
    result: dict[str, dict[str, Any] | None] = {}
    for name in names:
        measures = window_measures(price[name], sessions, episode["open"], episode["last"])
        if measures is not None:
            returns = price["sp500"] if name == "sp500" else total_return[name]
            measures["beta_sp500"] = beta(returns, price["sp500"], episode["open"])
        result[name] = measures
    return result
