"""Prices sampled on sessions: forward-adjusted closes, total return, the S&P 500 splice and the baskets.

Belongs here: everything between a close as published and a level per session. Does not belong here: windows, breaks,
ranks. A level is a list aligned with the list of sessions, None where there is none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from .observations import Snapshot, get, newest_of

CARRY = 5
CRYPTO = ("btc", "eth", "sol")
AI_TECH = ("smh", "qqq")
AI_STOCKS = ("nvda", "avgo", "amd", "tsm", "asml", "mu", "msft", "googl", "amzn", "meta", "orcl", "pltr")
AI_STOCKS_SINCE = dt.date(2025, 12, 1)  # the list was fixed in November 2025; before, it would be chosen by its outcome
SINGLE = {"gold": "gld", "treasuries": "tlt"}
BUCKETS = ("crypto", "ai_tech", "gold", "treasuries")
Level = list[float | None]


def adjusted(close: pd.Series, splits: pd.Series) -> pd.Series:
    """Raw close times the product of every split ratio with ex-date <= the bar's date."""
    values = []
    for day, price in close.items():
        factor = 1.0
        for split_day, ratio in splits.items():
            if split_day <= day:
                factor *= ratio
        values.append(price * factor)
    return pd.Series(values, index=close.index, dtype=float)


def total_return(close: pd.Series, dividends: pd.Series, splits: pd.Series) -> pd.Series:
    """tr(t) = tr(t-1) * (adj(t) + dividend(t) * cumulative split(t)) / adj(t-1); the first bar is its adjusted close."""
    adj, raw = adjusted(close, splits).tolist(), close.tolist()
    paid = dict(dividends.items())
    values: list[float] = []
    days = list(close.index)
    for i, day in enumerate(days):
        if i == 0:
            values.append(adj[0])
            continue
        cumulative_split = adj[i] / raw[i]
        values.append(values[-1] * (adj[i] + paid.get(day, 0.0) * cumulative_split) / adj[i - 1])
    return pd.Series(values, index=days, dtype=float)


def sample(series: pd.Series, sessions: Sequence[dt.date], lag_days: int = 0) -> Level:
    """Newest bar dated <= session - lag_days and >= session - 5 days. lag_days 1 = a bar that closes after the cut-off."""
    days, values = list(series.index), series.tolist()
    level: Level = []
    for session in sessions:
        found = newest_of(days, values, session - dt.timedelta(days=lag_days), CARRY - lag_days)
        level.append(None if found is None else found[1])
    return level


def instrument(snapshot: Snapshot, name: str, kind: str) -> pd.Series:
    """Bars of one instrument: kind 'price' (forward-adjusted) or 'total_return'."""
    close = get(snapshot, f"{name}_close_usd")
    splits = get(snapshot, f"{name}_split_ratio")
    if kind == "price":
        return adjusted(close, splits)
    return total_return(close, get(snapshot, f"{name}_dividend_usd"), splits)


def sp500_bars(snapshot: Snapshot) -> pd.Series:
    """^GSPC, else FRED SP500 by date (the snapshot has merged them); before both, SPY times the ratio of the first date
    that has both."""
    index = get(snapshot, "sp500_index")
    spy = instrument(snapshot, "spy", "price")
    if index.empty:
        return spy
    common = [day for day in index.index if day in spy.index]
    if not common:
        return index
    ratio = index[common[0]] / spy[common[0]]
    earlier = spy[[day < index.index[0] for day in spy.index]] * ratio
    return pd.concat([earlier, index]) if len(earlier) else index


def first_valid_month(first_price: dt.date, a_year_of_history: bool) -> dt.date:
    """First day of the first month a member may belong to the basket."""
    month = first_price.replace(day=1)
    while True:
        if a_year_of_history:
            ready = first_price <= month.replace(year=month.year - 1)
        else:
            ready = first_price < month  # it needs a price at the base, the last session before the month
        if ready:
            return month
        month = (month + dt.timedelta(days=32)).replace(day=1)


def basket(members: Mapping[str, Level], valid_from: Mapping[str, dt.date], sessions: Sequence[dt.date]) -> Level:
    """Equal weight, rebalanced monthly: Level(base) times the mean of P(D) / P(base) over the members with both prices.

    base = last session of the month before; 100 on the base day of the first month with a valid member; None when fewer
    than half of the valid members have both prices. valid_from: first day of each member's first month.
    """
    level: Level = [None] * len(sessions)
    started = False
    base: int | None = None
    for i, session in enumerate(sessions):
        if i > 0 and session.replace(day=1) != sessions[i - 1].replace(day=1):
            base = i - 1
        month = session.replace(day=1)
        valid = [name for name in members if name in valid_from and valid_from[name] <= month]
        if base is None or not valid:
            continue
        if not started:
            level[base] = 100.0
            started = True
        growth = [
            members[name][i] / members[name][base]  # type: ignore[operator]
            for name in valid
            if members[name][i] is not None and members[name][base] is not None
        ]
        if level[base] is not None and growth and 2 * len(growth) >= len(valid):
            level[i] = level[base] * (sum(growth) / len(growth))  # type: ignore[operator]
    return level


def levels(snapshot: Snapshot, sessions: Sequence[dt.date], kind: str = "price") -> dict[str, Level]:
    """Level per bucket, per member and for 'sp500' (always the price index). kind 'price' or 'total_return'."""
    result: dict[str, Level] = {}
    for bucket, names, lag, year in (("crypto", CRYPTO, 1, True), ("ai_tech", AI_TECH, 0, False), ("ai_stocks", AI_STOCKS, 0, False)):
        valid: dict[str, dt.date] = {}
        sampled: dict[str, Level] = {}
        for name in names:
            bars = instrument(snapshot, name, kind)
            if bars.empty:
                sampled[name] = [None] * len(sessions)
                continue
            sampled[name] = sample(bars, sessions, lag)
            valid[name] = first_valid_month(bars.index[0], year)
            if bucket == "ai_stocks":
                valid[name] = max(valid[name], AI_STOCKS_SINCE)
        result.update(sampled)
        result[bucket] = basket(sampled, valid, sessions)
    for bucket, name in SINGLE.items():
        result[bucket] = sample(instrument(snapshot, name, kind), sessions)
    result["sp500"] = sample(sp500_bars(snapshot), sessions)
    return result
