"""The invented history's stablecoins, tokenised assets and crypto leverage, with what goes wrong with them.

Belongs here: values and when each became known. Does not belong here: anything else of `synthetic`. Seeded, nothing real.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.dbt import raw_zone

FROM, LAST, DAY = dt.date(2017, 12, 20), dt.date(2020, 12, 31), dt.timedelta(days=1)
COINS = {"usdt": (0.55, "2017-12-20"), "usdc": (0.2, "2018-09-01"), "dai": (0.12, "2019-11-18"), "busd": (0.08, "2019-09-25")}
CHAINS = {"ethereum": 0.7, "tron": 0.2}
MEMBERS = {"blackrock-buidl": "2018-05-01", "maple": "2018-03-05", "tether-gold": "2018-02-01", "paxos-gold": "2019-09-05",
           "ondo-global-markets": "2019-06-01"}  # fmt: skip


def at(day: str | dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day) if isinstance(day, str) else day, dt.time(hour, minute), tzinfo=dt.UTC)


def noon(day: dt.date) -> dt.datetime:
    return at(day + DAY, 12)


def midnight(day: dt.date) -> dt.datetime:
    return at(day + DAY, 0)


def history(seed: int = 11) -> pd.DataFrame:
    """The change log of these series, columns raw_zone.COLUMNS."""
    rng = np.random.default_rng(seed)
    days = [FROM + i * DAY for i in range((LAST - FROM).days + 1)]
    parts: dict[str, dict[dt.date, tuple[float | None, dt.datetime]]] = {}

    def add(series: str, values: np.ndarray, since: str, known: Callable[[dt.date], dt.datetime]) -> None:
        first = dt.date.fromisoformat(since)
        parts[series] = {d: (float(f"{v:.9g}"), known(d)) for d, v in zip(days, values, strict=True) if d >= first}

    # grows, then shrinks in 2020: growth over a year changes its sign
    slope = np.where(np.arange(len(days)) < 800, 0.0012, -0.0019)
    total = 3e9 * np.exp(np.cumsum(rng.normal(slope, 0.004)))
    add("defillama.stablecoins.total", total, "2017-12-20", noon)
    for coin, (share, since) in COINS.items():
        add(f"defillama.stablecoins.{coin}", total * share * np.exp(rng.normal(0, 0.01, len(days))), since, noon)
        add(f"defillama.price.{coin}", 1 + rng.normal(0, 0.002, len(days)), "2018-01-10", noon)
    for chain, share in CHAINS.items():
        add(f"defillama.stablecoins.{chain}", total * share, "2017-12-20", noon)
    for slug, since in MEMBERS.items():
        drift = -0.0006 if slug == "maple" else 0.0008
        add(f"defillama.tvl.{slug}", 2e8 * np.exp(np.cumsum(rng.normal(drift, 0.012, len(days)))), since, noon)
    for name, size in (("treasuries", 4e8), ("gold", 3e8), ("unclassified", 1e7), ("total", 7.1e8), ("protocols", 40)):
        add(f"defillama.rwa.{name}", size * np.exp(np.cumsum(rng.normal(0.0004, 0.01, len(days)))), "2019-10-01", lambda d: at(d, 21))
    for coin, symbol in (("BTC", "BTCUSDT"), ("ETH", "ETHUSDT"), ("SOL", "SOLUSDT")):
        held = 5e4 * np.exp(np.cumsum(rng.normal(0, 0.03, len(days))))
        for venue, prefix, since in (("binance", f"binance_vision.{symbol}", "2018-06-01"), ("okx", f"okx.{coin}-USDT-SWAP", "2019-02-01")):
            amount = held * (1.0 if venue == "binance" else 0.3) * np.exp(rng.normal(0, 0.01, len(days)))
            add(f"{prefix}.oi_coin", amount, since, noon)
            add(f"{prefix}.oi_usd", amount * 9000, since, noon)
            add(f"{prefix}.funding", rng.normal(0.01, 0.03, len(days)), since, midnight)
        for side in ("long", "short"):
            add(f"okx.{coin}-USDT-SWAP.liquidated_{side}", np.exp(rng.normal(15, 1, len(days))), "2019-11-01", midnight)
    add("bitmex.XBTUSD.funding", rng.normal(0.01, 0.03, len(days)), "2018-01-01", midnight)
    for currency in ("BTC", "ETH"):
        add(f"deribit.{currency}.dvol", 60 + rng.normal(0, 5, len(days)), "2019-03-24", midnight)
    return _happened(parts)


def _happened(parts: dict[str, dict[dt.date, tuple[float | None, dt.datetime]]]) -> pd.DataFrame:
    """Late arrivals, holes, pegs that broke, revisions and values that vanished, before and after the middle of 2020."""
    day = dt.date.fromisoformat
    for series, moved, moment in (  # late
        ("defillama.stablecoins.total", "2020-03-10", at("2020-03-13", 12)),
        ("defillama.price.usdc", "2020-04-21", at("2020-04-24", 9)),
        ("defillama.tvl.maple", "2020-05-05", at("2020-05-08", 9)),
        ("okx.BTC-USDT-SWAP.oi_coin", "2020-02-18", at("2020-02-21", 12)),
        ("binance_vision.ETHUSDT.funding", "2020-03-03", at("2020-03-20", 12)),
    ):
        parts[series][day(moved)] = (parts[series][day(moved)][0], moment)
    for series, first, count in (  # holes: short ones are carried over, long ones are not
        ("defillama.stablecoins.total", "2019-07-09", 9),
        ("defillama.stablecoins.busd", "2020-09-02", 12),
        ("defillama.price.usdt", "2019-08-02", 4),
        ("defillama.price.usdt", "2018-06-01", 8),
        ("defillama.tvl.tether-gold", "2020-07-13", 8),
        ("binance_vision.BTCUSDT.oi_coin", "2020-10-05", 8),
        ("okx.SOL-USDT-SWAP.liquidated_long", "2020-08-03", 3),
        ("deribit.ETH.dvol", "2020-06-01", 7),
    ):
        for i in range(count):
            parts[series].pop(day(first) + i * DAY)
    for coin, first, count in (("usdc", "2020-03-11", 4), ("usdt", "2019-08-13", 2), ("dai", "2020-09-08", 7), ("usdt", "2018-02-05", 3)):
        for i in range(count):  # below 0.99: a run
            broken = day(first) + i * DAY
            parts[f"defillama.price.{coin}"][broken] = (0.98 - 0.001 * i, parts[f"defillama.price.{coin}"][broken][1])
    parts["defillama.price.usdc"][day("2020-03-15")] = (0.99, noon(day("2020-03-15")))  # exactly 100 bp: not more than that
    frames = [raw_zone.rows(series, [(d, v, known) for d, (v, known) in rows.items()]) for series, rows in parts.items()]
    for series, first, count, factor, moment in (  # a history computed again; None: it vanished
        ("defillama.stablecoins.total", "2019-05-01", 200, 1.03, at("2020-04-15", 12)),
        ("defillama.stablecoins.total", "2020-05-20", 3, 0.9, at("2020-08-12", 12)),
        ("defillama.price.dai", "2020-03-12", 3, None, at("2020-06-10", 12)),
        ("defillama.tvl.blackrock-buidl", "2019-06-10", 30, 1.4, at("2020-09-15", 12)),
        ("okx.ETH-USDT-SWAP.oi_coin", "2020-02-20", 2, 1.5, at("2020-05-04", 12)),
    ):
        chosen = [d for i in range(count) if (d := day(first) + i * DAY) in parts[series]]
        values = [(d, None if factor is None else float(f"{parts[series][d][0] * factor:.9g}"), moment) for d in chosen]
        frames.append(raw_zone.rows(series, values, "vanished"))
    return pd.concat(frames, ignore_index=True)
