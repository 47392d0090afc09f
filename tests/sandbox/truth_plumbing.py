"""Stablecoins and tokenised assets (t3_1, t3_2) measured from the served bytes, apart from the warehouse's SQL: pandas only."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from sandbox.wire import Backend
from tests.sandbox import truth

COINS = {1: "tether", 2: "usd-coin", 3: "terrausd", 4: "binance-usd", 5: "dai", 146: "ethena-usde", 209: "usds"}
FUNDS = ("blackrock-buidl", "circle-usyc", "ondo-yield-assets", "invesco-ustb", "openeden-tbill", "spiko", "maple",
         "centrifuge-protocol", "realt-tokens")  # fmt: skip
METAL = ("tether-gold", "paxos-gold")


def by_day(points: list[tuple[Any, float]]) -> pd.Series:
    """Finished days; the point of a day is known the next noon, so the mart day sees it one day later."""
    days = pd.to_datetime([int(stamp) for stamp, _ in points], unit="s").normalize() + pd.Timedelta(days=1)
    return pd.Series([value for _, value in points], index=days).iloc[:-1].astype(float)


def episode(backend: Backend) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp, pd.DatetimeIndex]:
    """First day, window opening, last day measured, and the sessions of the current or last episode."""
    sp500 = truth.yahoo(backend, "^GSPC")["adj"]
    start, _, end = truth.episodes(sp500)[-1]
    sessions = pd.DatetimeIndex(sp500.index)
    opened = sessions[sessions >= start - pd.Timedelta(days=45)][0]
    return start, opened, end if end is not None else sessions[-1], sessions


def chart(backend: Backend, field: str, **query: str) -> pd.Series:
    rows = json.loads(truth.get(backend, "stablecoins.llama.fi", "/stablecoincharts/all", **query))
    return by_day([(row["date"], row[field]["peggedUSD"]) for row in rows])


def stablecoins(backend: Backend) -> dict[str, Any]:
    """Verdict of t3_1 and its three leg values."""
    _, opened, last, sessions = episode(backend)
    window = sessions[(sessions >= opened) & (sessions <= last)]
    total = chart(backend, "totalCirculatingUSD")
    growth = total.iloc[-1] / total[total.index[-1] - pd.Timedelta(days=365)] - 1
    coin = truth.yahoo(backend, "BTC-USD", crypto=True)["adj"]
    coin.index = coin.index + pd.Timedelta(days=1)

    def fall(path: pd.Series) -> float:
        sampled = path.reindex(window)
        return float((sampled / sampled.cummax() - 1).min())

    ratio = fall(total) / fall(coin)
    sizes = {name: chart(backend, "totalCirculatingUSD", stablecoin=str(number)).get(opened, 0.0) for number, name in COINS.items()}
    prices = json.loads(truth.get(backend, "stablecoins.llama.fi", "/stablecoinprices"))
    longest = 0
    for name in sorted(sizes, key=lambda n: -sizes[n])[:3]:
        below = by_day([(row["date"], row["prices"][name]) for row in prices]) < 0.99
        below.index = below.index - pd.Timedelta(days=1)
        inside = below[opened : last - pd.Timedelta(days=1)].astype(int)
        longest = max(longest, int(inside.groupby((inside == 0).cumsum()).sum().max()))
    a, b, c = growth > 0, ratio < 0.2, longest < 3
    verdict = "holds" if a and b and c else "contested" if a and (b or c) else "fails"
    return {"verdict": verdict, "growth": growth, "ratio": ratio, "longest": longest}


def tokenised(backend: Backend) -> dict[str, Any]:
    """Verdict of t3_2 from the protocols with full histories, and its two leg values."""
    start, _, last, _ = episode(backend)
    fixings = json.loads(truth.get(backend, "prices.lbma.org.uk", "/json/gold_pm.json"))
    gold = pd.Series({pd.Timestamp(row["d"]): row["v"][0] for row in fixings})
    total: pd.Series | float = 0.0
    for slug in (*FUNDS, *METAL):
        parts = json.loads(truth.get(backend, "api.llama.fi", f"/protocol/{slug}"))["chainTvls"]
        value = sum(by_day([(p["date"], p["totalLiquidityUSD"]) for p in parts[name]["tvl"]]) for name in ("Ethereum", "Solana"))
        if slug in METAL:
            days = value.index - pd.Timedelta(days=1)
            price = gold.reindex(gold.index.union(days)).ffill().reindex(days).to_numpy()
            value = value / price * float(gold[:start].iloc[-1])
        total = value.add(total, fill_value=0.0) if isinstance(total, pd.Series) else value
    assert isinstance(total, pd.Series) and not np.isnan(total.iloc[-1])
    growth = total.iloc[-1] / total[total.index[-1] - pd.Timedelta(days=365)] - 1
    change = total[min(last, total.index[-1])] / total[start] - 1
    a, b = growth > 0, change > -0.05
    return {"verdict": "holds" if a and b else "contested" if a or b else "fails", "growth": growth, "change": change}


def verdicts(backend: Backend) -> dict[str, str]:
    return {"t3_1": stablecoins(backend)["verdict"], "t3_2": tokenised(backend)["verdict"]}
