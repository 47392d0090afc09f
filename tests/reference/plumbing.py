"""Stablecoins (t3_1) and tokenised assets (t3_2), one day at a time, from what was known that day.

Belongs here: every column of the two verdict models and of the stablecoin tables. Does not belong here: verdicts (scorecard).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from .episodes import episodes, window_measures
from .observations import DAY, as_known, cutoff, newest_of
from .prices import levels

CARRY = 5
COINS = ("usdt", "usdc", "ustc", "busd", "dai", "usde", "usds")
RULE_CLASSES = ("treasuries", "private_credit", "gold", "real_estate", "funds")
BASES: dict[str, dict[str, list[str]]] = {
    "llama_category": {c: [f"rwa_{c}_llama_usd"] for c in (*RULE_CLASSES, "equities", "unclassified")},
    "llama_history": {
        "treasuries": [f"rwa_{s}_usd" for s in ("blackrock_buidl", "circle_usyc", "ondo_yield_assets", "invesco_ustb",
                                                "openeden_tbill", "spiko")],
        "private_credit": ["rwa_maple_usd", "rwa_centrifuge_protocol_usd"],
        "gold": ["rwa_tether_gold_usd", "rwa_paxos_gold_usd"],
        "real_estate": ["rwa_realt_tokens_usd"],
        "equities": ["rwa_ondo_global_markets_usd"],
    },
}  # fmt: skip
PRICES = ("sp500_index", "spy_close_usd", "btc_close_usd", "eth_close_usd", "sol_close_usd")


@dataclass(frozen=True)
class Known:
    """What is known at one moment of some quantities: values per date, and the moment each date was first known."""

    values: dict[str, dict[dt.date, float]]
    first_known: dict[str, dict[dt.date, dt.datetime]]

    @classmethod
    def at(cls, log: pd.DataFrame, mapping: Mapping[str, Sequence[str]], names: Iterable[str], day: dt.date) -> Known:
        wanted = {name: mapping[name] for name in names if name in mapping}
        series = {s for members in wanted.values() for s in members}
        part = log[log["series_id"].isin(series)]
        snapshot = as_known(part, wanted, cutoff(day))
        seen = part[(part["state"] == "value") & (part["known_at"] <= pd.Timestamp(cutoff(day)))]
        firsts: dict[str, dict[dt.date, dt.datetime]] = {}
        for name, members in wanted.items():
            rows = seen[seen["series_id"].isin(members)].groupby("observation_date")["known_at"].min()
            firsts[name] = {pd.Timestamp(d).date(): moment for d, moment in rows.items()}
        values = {name: dict(zip(s.index, s.tolist(), strict=True)) for name, s in snapshot.items()}
        return cls(values, firsts)

    def get(self, name: str) -> dict[dt.date, float]:
        return self.values.get(name, {})


def newest_on(dates: Mapping[dt.date, Any], known: Mapping[dt.date, dt.datetime], session: dt.date) -> dt.date | None:
    """Newest date known by the session's cut-off, however old."""
    there = [d for d in dates if pd.Timestamp(known[d]) <= pd.Timestamp(cutoff(session))]
    return max(there, default=None)


def fresh(date: dt.date | None, session: dt.date) -> bool:
    return date is not None and (session - date).days <= CARRY


def growth_pct(series: Mapping[dt.date, float], date: dt.date, days: int) -> float | None:
    """Against the newest value dated at least that many days earlier, at most five more."""
    ordered = sorted(series)
    before = newest_of(ordered, [series[d] for d in ordered], date - days * DAY, CARRY)
    return None if before is None or before[1] == 0 else (series[date] / before[1] - 1) * 100


def current_episode(known: Known, sessions: Sequence[dt.date]) -> dict[str, Any] | None:
    """The newest confirmed episode, with `measured` = its end or the last session, and the prices it was found with."""
    snapshot = {name: pd.Series(known.get(name), dtype=float).sort_index() for name in PRICES}
    level = levels(snapshot, sessions)
    found = episodes(level["sp500"], sessions)
    if not found:
        return None
    return {**found[-1], "measured": sessions[found[-1]["last"]], "btc": level["btc"]}


def weekly_correlation(supply: Mapping[dt.date, float], btc: Mapping[dt.date, float], date: dt.date) -> float | None:
    """Correlation of 52 weekly log changes counted back from `date`; bitcoin carried five days; None unless all are there."""
    days, values = sorted(btc), [btc[d] for d in sorted(btc)]
    pairs = []
    for week in range(52):
        ends = [date - 7 * (week + k) * DAY for k in (0, 1)]
        coin = [newest_of(days, values, d, CARRY) for d in ends]
        if any(d not in supply for d in ends) or None in coin:
            return None
        pairs.append((math.log(supply[ends[0]] / supply[ends[1]]), math.log(coin[0][1] / coin[1][1])))  # type: ignore[index]
    left, right = zip(*pairs, strict=True)
    return float(np.corrcoef(left, right)[0, 1])


def top_three(
    log: pd.DataFrame, mapping: Mapping[str, Sequence[str]], opened: dt.date, day: dt.date, first_dates: Mapping[str, dt.date]
) -> list[str] | None:
    """The largest watched coins as known on the opening day; None while a coin that may be one of them is not known: one that
    the rest of the total leaves room for."""
    names, total = [f"{coin}_supply_usd" for coin in COINS], "stablecoin_supply_usd"
    then, now = Known.at(log, mapping, [*names, total], opened), Known.at(log, mapping, names, day)
    sizes, unknown = {}, False
    for coin, name in zip(COINS, names, strict=True):
        series = then.get(name)
        date = newest_on(series, then.first_known.get(name, {}), opened)
        if fresh(date, opened):
            sizes[coin] = series[date]  # type: ignore[index]
        elif date is not None or (not now.get(name) and first_dates[coin] <= opened):
            unknown = True
    ranked = sorted(sizes, key=lambda c: (-sizes[c], c))[:3]
    if len(ranked) < 3:
        return None
    if unknown:
        date = newest_on(then.get(total), then.first_known.get(total, {}), opened)
        if not fresh(date, opened) or then.get(total)[date] - sum(sizes.values()) >= sizes[ranked[2]]:  # type: ignore[index]
            return None
    return ranked


def deviation_bp(price: float) -> float:
    return round((price - 1) * 10_000, 6)


def run_days(prices: Mapping[dt.date, float], date: dt.date) -> int:
    """Consecutive days more than 100 bp below par that end on `date`."""
    count = 0
    while date in prices and deviation_bp(prices[date]) < -100:
        count, date = count + 1, date - DAY
    return count


def peg_measures(known: Known, coins: Sequence[str], opened: dt.date, measured: dt.date) -> dict[str, Any] | None:
    """Longest run and lowest close of the coins inside the window; None where a coin has a hole of more than five days."""
    longest, lowest = 0, math.inf
    for coin in coins:
        name = f"{coin}_price_usd"
        prices = known.get(name)
        last = newest_on(prices, known.first_known.get(name, {}), measured)
        inside = sorted(d for d in prices if last is not None and opened <= d <= last)
        if not inside or not fresh(last, measured):
            return None
        before = [d for d in prices if d < inside[0]]
        chain = [max(before), *inside] if before else [dt.date(1900, 1, 1), *inside]
        if max((b - a).days for a, b in pairwise(chain)) > CARRY:
            return None
        longest = max(longest, *(min(run_days(prices, d), (d - opened).days + 1) for d in inside))
        lowest = min(lowest, *(deviation_bp(prices[d]) for d in inside))
    return {"peg_break_longest_days": longest, "top_three_lowest_deviation_bp": lowest}


def stablecoin_row(
    log: pd.DataFrame, mapping: Mapping[str, Sequence[str]], day: dt.date, sessions: Sequence[dt.date],
    first_dates: Mapping[str, dt.date],
) -> dict[str, Any]:  # fmt: skip
    """The stablecoin_rails row of one mart day. Units in the column names; missing = None."""
    sessions = [s for s in sessions if s <= day]
    total = "stablecoin_supply_usd"
    known = Known.at(log, mapping, [total, *PRICES, *(f"{c}_price_usd" for c in COINS)], day)
    supply, arrived = known.get(total), known.first_known.get(total, {})
    row: dict[str, Any] = {"as_of_date": day}
    date = newest_on(supply, arrived, day)
    date = date if fresh(date, day) else None
    row["observation_date"] = date
    row["stablecoin_supply_usd"] = None if date is None else supply[date]
    for days in (30, 90, 365):
        row[f"supply_growth_{days}d_pct"] = None if date is None else growth_pct(supply, date, days)
    row["supply_btc_weekly_corr_1y"] = None if date is None else weekly_correlation(supply, known.get("btc_close_usd"), date)
    episode = current_episode(known, sessions)
    row |= dict.fromkeys(("supply_drawdown_pct", "btc_drawdown_pct", "supply_to_btc_drawdown_ratio", "peg_break_longest_days", "episode_id"))
    if episode is None:
        return row
    opened, measured = episode["window_open_date"], episode["measured"]
    row["episode_id"], row["window_open_date"] = episode["episode_id"], opened
    path = {}
    for session in sessions:
        if opened <= session <= measured:
            seen = newest_on(supply, arrived, session)
            if fresh(seen, session):
                path[session] = supply[seen]  # type: ignore[index]
    if opened in path and measured in path:
        values = [path[s] for s in sorted(path)]
        row["supply_drawdown_pct"] = min(v / max(values[: i + 1]) - 1 for i, v in enumerate(values)) * 100
    coin = window_measures(episode["btc"], sessions, episode["open"], episode["last"])
    if coin is not None and episode["btc"][episode["last"]] is not None:
        row["btc_drawdown_pct"] = coin["depth_pct"]
    if row["supply_drawdown_pct"] is not None and row["btc_drawdown_pct"]:
        row["supply_to_btc_drawdown_ratio"] = row["supply_drawdown_pct"] / row["btc_drawdown_pct"]
    three = top_three(log, mapping, opened, day, first_dates)
    row["top_three_coins"] = None if three is None else ", ".join(three)
    pegs = None if three is None else peg_measures(known, three, opened, measured)
    row["peg_data_missing"] = pegs is None
    row |= pegs or {"top_three_lowest_deviation_bp": None}
    return row


def peg_row(log: pd.DataFrame, mapping: Mapping[str, Sequence[str]], day: dt.date, coin: str) -> dict[str, Any]:
    """The stablecoin_pegs row of one mart day and coin."""
    name = f"{coin}_price_usd"
    known = Known.at(log, mapping, [name], day)
    prices = known.get(name)
    date = newest_on(prices, known.first_known.get(name, {}), day)
    row: dict[str, Any] = {"as_of_date": day, "coin": coin, "newest_observation_date": date}
    if not fresh(date, day):
        return row | {"observation_date": None, "price_usd": None, "closes_365d": None}
    assert date is not None
    year = [d for d in prices if date - 364 * DAY <= d <= date]
    bp = {d: deviation_bp(prices[d]) for d in year}
    return row | {
        "observation_date": date, "price_usd": prices[date], "deviation_bp": bp[date], "lowest_deviation_365d_bp": min(bp.values()),
        "days_below_50bp_365d": sum(v < -50 for v in bp.values()), "days_below_100bp_365d": sum(v < -100 for v in bp.values()),
        "longest_run_below_100bp_days": max(run_days(prices, d) for d in year), "closes_365d": len(year),
    }  # fmt: skip


@dataclass
class Basis:
    """One basis by day: dollars outside gold, ounces, market value, members with a value, and when each day was known."""

    market: dict[dt.date, float]
    dollars: dict[dt.date, float]
    ounces: dict[dt.date, float]
    members: dict[dt.date, int]
    known: dict[dt.date, dt.datetime]


def basis_of(known: Known, classes: Mapping[str, Sequence[str]]) -> Basis:
    """Days on which every member and class of the rule that has begun is there."""
    gold = known.get("gold_pm_usd_oz")
    gold_days = sorted(gold)
    gold_values = [gold[d] for d in gold_days]
    by_class: dict[str, dict[dt.date, tuple[float, float, int, dt.datetime]]] = {}
    for name, members in classes.items():
        begun = {m: min(known.get(m)) for m in members if known.get(m)}
        if name not in RULE_CLASSES or not begun:
            continue
        rows: dict[dt.date, tuple[float, float, int, dt.datetime]] = {}
        for day in sorted(set().union(*(known.get(m) for m in begun))):
            there = [m for m, first in begun.items() if first <= day]
            if any(day not in known.get(m) for m in there):
                continue
            values = [known.get(m)[day] for m in there]
            moment = max(known.first_known[m][day] for m in there)
            ounces = 0.0
            if name == "gold":
                price = newest_of(gold_days, gold_values, day, CARRY)
                if price is None:
                    continue
                ounces = sum(values) / price[1]
                moment = max(moment, known.first_known["gold_pm_usd_oz"][price[0]])
            rows[day] = (sum(values), ounces, sum(v > 0 for v in values), moment)
        by_class[name] = rows
    result = Basis({}, {}, {}, {}, {})
    for day in sorted(set().union(*by_class.values())) if by_class else []:
        there = {name: rows for name, rows in by_class.items() if rows and min(rows) <= day}
        if all(day in rows for rows in there.values()):
            result.market[day] = sum(rows[day][0] for rows in there.values())
            result.dollars[day] = sum(rows[day][0] for name, rows in there.items() if name != "gold")
            result.ounces[day] = sum(rows[day][1] for rows in there.values())
            result.members[day] = sum(rows[day][2] for rows in there.values())
            result.known[day] = max(rows[day][3] for rows in there.values())
    return result


def tokenised_row(log: pd.DataFrame, mapping: Mapping[str, Sequence[str]], day: dt.date, sessions: Sequence[dt.date]) -> dict[str, Any]:
    """The tokenised_assets row of one mart day: of the first basis that answers both legs, else of the first with a value."""
    sessions = [s for s in sessions if s <= day]
    names = {m for classes in BASES.values() for members in classes.values() for m in members}
    known = Known.at(log, mapping, [*names, "gold_pm_usd_oz", *PRICES], day)
    episode = current_episode(known, sessions)
    rows = [_basis_row(basis_of(known, classes), name, known, episode, day, sessions) for name, classes in BASES.items()]
    answering = [r for r in rows if r["constant_price_growth_365d_pct"] is not None and r["episode_constant_change_pct"] is not None]
    valued = [r for r in rows if r["market_value_usd"] is not None]
    return (answering or valued or rows)[0]


def _basis_row(
    basis: Basis, name: str, known: Known, episode: dict[str, Any] | None, day: dt.date, sessions: Sequence[dt.date]
) -> dict[str, Any]:
    row: dict[str, Any] = {"as_of_date": day, "basis_id": None}
    row |= dict.fromkeys(("market_value_usd", "constant_price_value_usd", "constant_price_growth_365d_pct", "episode_constant_change_pct"))
    date = newest_on(basis.market, basis.known, day)
    if not fresh(date, day):
        return row
    assert date is not None
    row |= {"basis_id": name, "market_value_usd": basis.market[date], "gold_oz": basis.ounces[date], "protocols_count": basis.members[date]}
    for days in (90, 365):
        row[f"market_growth_{days}d_pct"] = growth_pct(basis.market, date, days)
    if episode is None:
        return row
    start, measured = episode["start_date"], episode["measured"]
    base = newest_on({d: v for d, v in known.get("gold_pm_usd_oz").items() if start - CARRY * DAY <= d <= start}, known.first_known["gold_pm_usd_oz"], start)
    if base is None:
        return row
    price = known.get("gold_pm_usd_oz")[base]
    constant = {d: basis.dollars[d] + basis.ounces[d] * price for d in basis.market}
    row |= {"gold_base_usd_oz": price, "constant_price_value_usd": constant[date]}
    for days in (90, 365):
        row[f"constant_price_growth_{days}d_pct"] = growth_pct(constant, date, days)
    seen = {s: newest_on(basis.market, basis.known, s) for s in sessions if start <= s <= measured}
    path = [d for s, d in sorted(seen.items()) if fresh(d, s)]
    if fresh(seen.get(start), start) and fresh(seen.get(measured), measured):
        values = [constant[d] for d in path]  # type: ignore[index]
        row["episode_constant_change_pct"] = (values[-1] / values[0] - 1) * 100
        row["episode_constant_drawdown_pct"] = min(v / max(values[: i + 1]) - 1 for i, v in enumerate(values)) * 100
        market = [basis.market[d] for d in path]  # type: ignore[index]
        row["episode_market_change_pct"] = (market[-1] / market[0] - 1) * 100
    return row
