"""The scripted theses measured from the served bytes, apart from the warehouse's SQL: numpy only, no project parser."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from sandbox.wire import Ask, Backend

CLAIMED = {"crypto": 1, "ai": 2, "gold": 3, "treasuries": 3}


def get(backend: Backend, host: str, path: str, **query: str) -> bytes:
    reply = backend.answer(Ask(host, path, query))
    assert reply.status == 200, (host, path, reply.status)
    return reply.body


def fred(backend: Backend, name: str) -> pd.Series:
    lines = get(backend, "fred.stlouisfed.org", "/graph/fredgraph.csv", id=name).decode().split()[1:]
    cells = [line.split(",") for line in lines]
    return pd.Series({pd.Timestamp(day): float(value) for day, value in cells if value})


def yahoo(backend: Backend, symbol: str, crypto: bool = False) -> pd.DataFrame:
    """Columns adj (split-adjusted close) and tr (total return level), by bar date."""
    body = get(backend, "query1.finance.yahoo.com", f"/v8/finance/chart/{symbol}", interval="1d", period1="0", events="div,splits",
               period2="9999999999")
    result = json.loads(body)["chart"]["result"][0]
    days = pd.to_datetime(result["timestamp"], unit="s", utc=True).tz_convert("UTC" if crypto else "America/New_York")
    frame = pd.DataFrame({"adj": result["indicators"]["quote"][0]["close"]}, index=days.tz_localize(None).normalize())
    paid = pd.Series(0.0, index=frame.index)
    for event in (result.get("events") or {}).get("dividends", {}).values():
        paid[pd.Timestamp(event["date"], unit="s", tz="UTC").tz_convert("America/New_York").tz_localize(None).normalize()] = event["amount"]
    frame["tr"] = ((frame.adj + paid) / frame.adj.shift()).fillna(1.0).cumprod()
    return frame


def basket(members: dict[str, pd.Series], lag: int, sessions: pd.DatetimeIndex) -> pd.Series:
    """Equal weight, rebalanced monthly; a member enters at the first month start after a year of history when `lag` is set."""
    levels, current = {}, 100.0
    sampled = {name: p.reindex(p.index.union(sessions)).ffill(limit=5).reindex(sessions) for name, p in members.items()}
    months = sessions.to_period("M")
    for month in months.unique():
        days = sessions[months == month]
        before = sessions[sessions < days[0]]
        if not len(before):
            continue
        first = month.to_timestamp()
        valid = [n for n, p in members.items() if p.index[0] <= first - pd.DateOffset(days=365 * bool(lag))]
        valid = [n for n in valid if not np.isnan(sampled[n][before[-1]])]
        if not valid:
            continue
        levels.setdefault(before[-1], current)
        path = pd.concat([sampled[n][days] / sampled[n][before[-1]] for n in valid], axis=1).mean(axis=1) * levels[before[-1]]
        levels.update(path.to_dict())
        current = float(path.iloc[-1])
    return pd.Series(levels).sort_index()


def tau_b(ranks: dict[str, float]) -> float:
    names = list(CLAIMED)
    score = x_pairs = y_pairs = 0.0
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            x, y = np.sign(CLAIMED[a] - CLAIMED[b]), np.sign(ranks[a] - ranks[b])
            score, x_pairs, y_pairs = score + x * y, x_pairs + abs(x), y_pairs + abs(y)
    return float(score / np.sqrt(x_pairs * y_pairs)) if x_pairs and y_pairs else float("nan")


def ranks(values: dict[str, Any]) -> dict[str, float]:
    """Smallest first, ties share the lowest rank; None = after everything."""
    far = {n: (v if v is not None else pd.Timestamp.max) for n, v in values.items()}
    return {n: 1.0 + sum(other < value for other in far.values()) for n, value in far.items()}


def episodes(sp500: pd.Series) -> list[tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp | None]]:
    """(start, confirmation, end) of every fall of 5% from a 365-day high."""
    high = sp500[sp500 >= sp500.rolling("366D").max()].index
    found = []
    for at, start in enumerate(high):
        end = high[at + 1] if at + 1 < len(high) else None
        group = sp500[start : end if end is not None else sp500.index[-1]]
        broken = group[group <= 0.95 * sp500[start]]
        if len(broken):
            found.append((start, broken.index[0], end))
    return found


def measure(path: pd.Series, opened: pd.Timestamp, last: pd.Timestamp) -> dict[str, Any]:
    window = path[opened:last]
    drawdown = window / window.cummax() - 1
    vol = float(np.log(path[:opened]).diff().iloc[-60:].std() * np.sqrt(21))
    trough = drawdown.idxmin()
    peak = window[:trough].max()
    back = window[trough:][window[trough:] >= (peak + window[trough]) / 2]

    def broke(limit: float) -> pd.Timestamp | None:
        hit = drawdown[drawdown <= limit]
        return hit.index[0] if len(hit) else None

    return {"depth": float(-drawdown.min()), "vols": float(-drawdown.min()) / vol, "raw": broke(-0.10), "scaled": broke(-1.5 * vol),
            "half": (back.index[0] - trough).days if len(back) else np.inf, "vol": vol}


def prices(backend: Backend) -> dict[str, dict[str, pd.Series]]:
    spx = yahoo(backend, "^GSPC")
    sessions = pd.DatetimeIndex(spx.index)
    coins = {}
    for symbol in ("BTC-USD", "ETH-USD", "SOL-USD"):
        frame = yahoo(backend, symbol, crypto=True)
        frame.index = frame.index + timedelta(days=1)  # the bar of D is known on D + 1
        coins[symbol] = frame
    ai = {symbol: yahoo(backend, symbol) for symbol in ("SMH", "QQQ")}
    out = {"sp500": {k: spx[k] for k in ("adj", "tr")}}
    for name, frames, lag in (("crypto", coins, 1), ("ai", ai, 0)):
        out[name] = {k: basket({s: f[k] for s, f in frames.items()}, lag, sessions) for k in ("adj", "tr")}
    for name, symbol in (("gold", "GLD"), ("treasuries", "TLT")):
        frame = yahoo(backend, symbol)
        out[name] = {k: frame[k] for k in ("adj", "tr")}
    return out


def liquidation(backend: Backend) -> dict[str, Any]:
    """Verdicts of t2_0 to t2_3 at the newest session, with the episode and the numbers behind them."""
    all_prices = prices(backend)
    sp500 = all_prices["sp500"]["adj"]
    start, confirmed, end = episodes(sp500)[-1]
    opened = sp500[start - timedelta(days=45) :].index[0]
    last = end if end is not None else sp500.index[-1]
    m = {name: measure(all_prices[name]["adj"], opened, last) for name in (*CLAIMED, "sp500")}
    before = sp500.index[sp500.index < opened][-1]
    x = np.log(all_prices["sp500"]["tr"]).diff()[:before].iloc[-250:]
    y = np.log(all_prices["ai"]["tr"]).diff().reindex(x.index)
    beta = float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))
    breaks = {kind: ranks({n: m[n][kind] for n in CLAIMED}) for kind in ("raw", "scaled")}
    depth = {kind: ranks({n: -m[n][kind] for n in CLAIMED}) for kind in ("depth", "vols")}
    verdicts = {}
    raw = tau_b(breaks["raw"]) >= 0.67 and tau_b(depth["depth"]) >= 0.67
    both = m["crypto"]["raw"] is not None and m["ai"]["raw"] is not None
    verdicts["t2_0"] = "holds" if raw and both and tau_b(breaks["scaled"]) >= 0.5 else "contested" if raw else "fails"
    first = [m["crypto"]["scaled"] is not None and breaks["scaled"]["crypto"] <= 1, depth["vols"]["crypto"] <= 1]
    verdicts["t2_1"] = _three(first)
    order = breaks["scaled"]
    wrong = 3 if m["ai"]["scaled"] is None else (order["ai"] < order["crypto"]) + (order["gold"] < order["ai"]) + (order["treasuries"] < order["ai"])
    excess = m["ai"]["depth"] - beta * m["sp500"]["depth"]
    verdicts["t2_2"] = _three([wrong <= 0, excess > 0])
    sold = [n for n in ("gold", "treasuries") if m[n]["scaled"] is not None]
    early = sum(order[n] < order["crypto"] for n in sold)
    slow = sum(m[n]["half"] > m["crypto"]["half"] for n in sold)
    verdicts["t2_3"] = ("contested" if not sold else _three([early <= 0, slow <= 0])) if sold or end is not None else "not_tested"
    return {"verdicts": verdicts, "start": start, "confirmed": confirmed, "end": end, "measures": m, "beta": beta, "excess": excess,
            "tau": {"raw": tau_b(breaks["raw"]), "depth": tau_b(depth["depth"]), "scaled": tau_b(breaks["scaled"])}}


def _three(legs: list[bool]) -> str:
    return "holds" if all(legs) else "contested" if any(legs) else "fails"


def funding(backend: Backend) -> dict[str, Any]:
    """Verdict of t1_2 and its two leg values from New York Fed and FRED answers."""
    rates = {}
    for side, name in (("secured", "sofr"), ("secured", "tgcr"), ("unsecured", "effr")):
        body = get(backend, "markets.newyorkfed.org", f"/api/rates/{side}/{name}/search.json", startDate="2015-01-01", endDate="2035-01-01")
        rows = json.loads(body)["refRates"]
        rates[name] = pd.DataFrame(rows).set_index("effectiveDate").sort_index()
        rates[name].index = pd.to_datetime(rates[name].index)
    iorb = pd.concat([fred(backend, "IOER"), fred(backend, "IORB")]).sort_index()
    award = fred(backend, "RRPONTSYAWARD")

    def minus(left: pd.Series, right: pd.Series) -> pd.Series:
        return (left - right.reindex(right.index.union(left.index)).ffill().reindex(left.index)) * 100

    sofr = rates["sofr"]
    spreads = [minus(sofr.percentRate, iorb), minus(rates["effr"].percentRate, iorb),
               (sofr.percentPercentile99 - sofr.percentRate) * 100, minus(rates["tgcr"].percentRate, award)]
    series = [spread.rolling(20).mean().dropna() for spread in spreads]
    series.append(-(fred(backend, "WRESBAL").pct_change(4).dropna() * 100))
    z = [float((s.iloc[-1] - s.iloc[-750:].mean()) / s.iloc[-750:].std()) for s in series]
    index = float(np.mean(np.clip(z, -3, 3)))
    level = float(series[0].iloc[-1])
    return {"verdict": _three([level > 0, index > 1]), "level_bp": level, "index": index, "z": z}


def gold(backend: Backend) -> dict[str, Any]:
    """Verdict of t4_5 from the London fixings."""
    rows = json.loads(get(backend, "prices.lbma.org.uk", "/json/gold_pm.json"))
    p = pd.Series({pd.Timestamp(row["d"]): row["v"][0] for row in rows})
    then = p[: p.index[-1] - pd.DateOffset(years=10)].iloc[-1]
    window = p.iloc[-504:]
    back, mdd = float(p.iloc[-1] / then - 1), float((window / window.cummax() - 1).min())
    return {"verdict": "fails" if back <= 0 else "holds" if mdd <= -0.10 else "contested", "return_10y": back, "mdd_504": mdd}


def stress(backend: Backend) -> dict[str, Any]:
    """Verdict of t0 from total returns over 20 sessions, each against its own three years."""
    all_prices = prices(backend)
    sessions = all_prices["sp500"]["tr"].index
    scaled = {}
    for name in (*CLAIMED, "sp500"):
        r20 = np.log(all_prices[name]["tr"].reindex(sessions)).diff(20)
        scaled[name] = r20 / r20.rolling(750, min_periods=250).std()
    below = pd.DataFrame(scaled) < -1
    both = below["crypto"] & (below["sp500"] | below["ai"])
    together = both & (below.sum(axis=1) >= 3)
    held, lately = bool(together.iloc[-5:].any()), bool(together.iloc[-20:].any() or both.iloc[-5:].any())
    return {"verdict": "holds" if held else "contested" if lately else "fails", "scaled": {n: float(s.iloc[-1]) for n, s in scaled.items()}}


def policy(backend: Backend) -> dict[str, Any]:
    """Verdict of t1_1 from FRED: the 1-year yield off its low of 30 closes, what was priced then, core PCE. Odds are left out."""
    y, effr, pce = fred(backend, "DGS1"), fred(backend, "EFFR"), fred(backend, "PCEPILFE")
    recent = y.iloc[-30:]
    low = recent.idxmin()
    rate = float(effr[:low].iloc[-1])
    easing = 200 * ((1 + rate / 36000) ** 182.5 - 1) - recent[low]
    rise, yoy = float(recent.iloc[-1] - recent[low]), float(pce.iloc[-1] / pce[pce.index[-1] - pd.DateOffset(months=12)] - 1)
    repriced = round(rise, 6) >= 0.10 and easing >= 0.25
    return {"verdict": "fails" if not repriced else "holds" if yoy > 0.025 else "contested", "rise": rise, "easing": float(easing), "yoy": yoy}


def verdicts(backend: Backend) -> dict[str, str]:
    """Of the theses whose verdict the world claims on that day."""
    from tests.sandbox import truth_gold_drivers, truth_plumbing, truth_quarters

    found = {"t0": stress(backend)["verdict"], "t1_1": policy(backend)["verdict"], "t1_2": funding(backend)["verdict"]}
    found |= liquidation(backend)["verdicts"] | {"t4_5": gold(backend)["verdict"]}
    claimed = backend.ground_truth  # type: ignore[attr-defined]
    found |= truth_plumbing.verdicts(backend) | truth_quarters.verdicts(backend) | truth_gold_drivers.verdicts(backend, claimed)
    return {thesis: verdict for thesis, verdict in found.items() if thesis in claimed}


def moment(text: str) -> datetime:
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
