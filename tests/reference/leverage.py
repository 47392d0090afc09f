"""Crypto leverage (part II), one day at a time, from what was known that day.

Belongs here: the rows of crypto_venues and crypto_leverage. Does not belong here: episodes and prices.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .observations import DAY
from .plumbing import PRICES, Known, current_episode, fresh, newest_on

VENUES = {"btc": ("binance", "okx", "bitmex"), "eth": ("binance", "okx"), "sol": ("binance", "okx")}
INTEREST = ("binance", "okx")
Log, Mapped = pd.DataFrame, Mapping[str, Sequence[str]]


def newest_value(known: Known, name: str, day: dt.date) -> tuple[dt.date, float] | None:
    values = known.get(name)
    date = newest_on(values, known.first_known.get(name, {}), day)
    return (date, values[date]) if date is not None and fresh(date, day) else None


def week(known: Known, name: str, date: dt.date) -> list[float] | None:
    """The seven days that end on `date`; None unless all are there."""
    values = known.get(name)
    days = [date - i * DAY for i in range(7)]
    return [values[d] for d in days] if all(d in values for d in days) else None


def falls(path: dict[dt.date, float], opened: dt.date, measured: dt.date) -> tuple[float | None, float | None]:
    """(fall from the running maximum on the last session, the deepest so far); None unless known on both ends."""
    if opened not in path or measured not in path:
        return None, None
    values = [path[s] for s in sorted(path) if opened <= s <= measured]
    found = [(v / max(values[: i + 1]) - 1) * 100 for i, v in enumerate(values)]
    return found[-1], min(found)


def rows(log: Log, mapping: Mapped, day: dt.date, sessions: Sequence[dt.date], since: dt.date) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """({(coin, venue): crypto_venues row}, {coin: crypto_leverage row}) of one mart day."""
    sessions = [s for s in sessions if s <= day]
    names = [f"{coin}_oi_{venue}_{unit}" for coin in VENUES for venue in INTEREST for unit in ("coin", "usd")]
    names += [f"{coin}_funding_{venue}_1d_pct" for coin, venues in VENUES.items() for venue in venues]
    names += [f"{coin}_liquidated_{side}_okx_usd" for coin in VENUES for side in ("long", "short")]
    known = Known.at(log, mapping, [*names, "btc_dvol_pct", "eth_dvol_pct", *PRICES], day)
    episode = current_episode(known, sessions)
    opened, measured = (episode["window_open_date"], episode["measured"]) if episode else (day, day)
    by_venue, by_coin = {}, {}
    for coin, venues in VENUES.items():
        paths: dict[str, dict[dt.date, float]] = {}
        for venue in venues:
            row: dict[str, Any] = {"as_of_date": day, "coin": coin, "venue": venue}
            name = f"{coin}_funding_{venue}_1d_pct"
            paid = newest_value(known, name, day)
            seven = None if paid is None else week(known, name, paid[0])
            row |= {
                "funding_1d_pct": paid and paid[1], "funding_annualised_pct": paid and paid[1] * 365,
                "funding_7d_annualised_pct": None if seven is None else sum(seven) / 7 * 365,
            }  # fmt: skip
            held = f"{coin}_oi_{venue}_coin"
            values = known.get(held)
            seen = {s: newest_on(values, known.first_known.get(held, {}), s) for s in sessions if s > since and s >= min(opened, measured)}
            paths[venue] = {s: values[d] for s, d in seen.items() if d is not None and fresh(d, s)}
            now = newest_value(known, held, day)
            row |= {"open_interest_date": now and now[0], "open_interest_coin": now and now[1]}
            row["open_interest_usd"] = None if now is None else known.get(f"{coin}_oi_{venue}_usd").get(now[0])
            fall = falls(paths[venue], opened, measured) if now else (None, None)
            row["open_interest_fall_pct"], row["open_interest_deepest_fall_pct"] = fall
            by_venue[coin, venue] = row
        both = {s: sum(paths[v][s] for v in INTEREST) for s in paths["binance"] if s in paths["okx"]}
        leverage: dict[str, Any] = {"as_of_date": day, "coin": coin, "open_interest_coin": both.get(day)}
        fall = falls(both, opened, measured) if day in both else (None, None)
        leverage["open_interest_fall_pct"], leverage["open_interest_deepest_fall_pct"] = fall
        pairs = [(r["funding_annualised_pct"], r["open_interest_coin"]) for r in (by_venue[coin, v] for v in venues)]
        pairs = [(f, w) for f, w in pairs if f is not None and w is not None]
        leverage["funding_venues"] = len(pairs)
        leverage["funding_oi_weighted_pct"] = sum(f * w for f, w in pairs) / sum(w for _, w in pairs) if pairs else None
        for side in ("long", "short"):
            name = f"{coin}_liquidated_{side}_okx_usd"
            flow = newest_value(known, name, day)
            seven = None if flow is None else week(known, name, flow[0])
            leverage[f"liquidated_{side}_okx_usd"] = flow and flow[1]
            leverage[f"liquidated_{side}_okx_7d_usd"] = None if seven is None else sum(seven)
        implied = newest_value(known, f"{coin}_dvol_pct", day)
        leverage["implied_volatility_pct"] = implied and implied[1]
        by_coin[coin] = leverage
    return by_venue, by_coin
