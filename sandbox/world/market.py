"""The market desks: Yahoo charts, Cboe files, Coinbase candles, London metal prices.

Belongs here: which bars exist at `now`, adjustment as Yahoo does it. Does not belong here: prices, text formats.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ingest.registry import load
from sandbox.wire import Ask, Reply, market
from sandbox.wire.market import chart_error, coinbase_error
from sandbox.world.days import NEW_YORK, Floats, as_date, at, same_day
from sandbox.world.prices import SPECS, Bars, Prices

OPEN, CLOSE = "09:30", "16:00"
COINBASE_FROM = {"BTC-USD": date(2015, 7, 20), "ETH-USD": date(2016, 5, 18), "SOL-USD": date(2021, 6, 17)}
RANGES = {"1d": 1, "5d": 5, "1mo": 31, "3mo": 92, "6mo": 183, "1y": 365, "2y": 731, "5y": 1826, "10y": 3652, "max": 40_000}
_CBOE = "/api/global/us_indices/daily_prices/"


@cache
def yahoo_symbols() -> dict[str, date]:
    """Symbols that exist: the scripted ones and the registry's, with the first day the registry gives."""
    asked = {str(d.request.get("symbol", "")): d.first_date for d in load().datasets.values() if d.provider == "yahoo"}
    return {"^VIX": date(1990, 1, 2), **dict.fromkeys(SPECS, date(1990, 1, 1)), **asked}


@cache
def _stamps(first: date, count: int, crypto: bool, prices: Prices, symbol: str) -> np.ndarray:
    """Epoch seconds of each bar's start: the session's open in New York, midnight UTC for crypto."""
    days = prices.vix().days if symbol == "^VIX" else prices.bars(symbol).days
    if crypto:
        return days.astype("datetime64[s]").astype(np.int64)
    return np.array([int(at(as_date(day), OPEN).timestamp()) for day in days])


class MarketDesk:
    """Yahoo, Cboe, Coinbase and LBMA at one moment."""

    def __init__(self, prices: Prices, now: datetime) -> None:
        self.prices, self.now = prices, now

    def yahoo(self, ask: Ask) -> Reply | None:
        head, _, symbol = ask.path.rpartition("/")
        if head != "/v8/finance/chart" or symbol not in yahoo_symbols():
            return None
        if ask.text("interval", "1d") != "1d":
            return chart_error("Unprocessable Entity", f"Invalid input - interval={ask.text('interval')} is not simulated", 422)
        now = int(self.now.timestamp())
        try:
            until = int(ask.text("period2", str(now)))
            since = int(ask.text("period1", str(until - 86_400 * RANGES[ask.text("range", "max")])))
        except (KeyError, ValueError):
            return chart_error("Bad Request", "Invalid input - range or period", 400)
        bars = self.prices.vix() if symbol == "^VIX" else self.prices.bars(symbol)
        stamps = _stamps(as_date(bars.days[0]), len(bars.days), bars.is_crypto, self.prices, symbol)
        first = yahoo_symbols()[symbol]
        keep = slice(
            max(int(np.searchsorted(stamps, since)), int(np.searchsorted(bars.days, np.datetime64(first)))),
            min(int(np.searchsorted(stamps, until, side="right")), int(np.searchsorted(stamps, now))),
        )
        factor = self._split_factor(bars)
        live = self._live_share(bars, keep.stop - 1)
        cells = self._quote(bars, factor, live, keep)
        listed = stamps[keep].tolist()
        if listed and live < 1:
            listed[-1] = now  # the unfinished bar carries the time of its last trade
        adjusted = _float32((bars.close / factor * self._dividend_factor(bars))[keep])
        if listed and live < 1:
            adjusted[-1] = cells["close"][-1]
        events = self._events(bars, factor, stamps, keep) if "div" in ask.text("events") else {}
        return market.chart(self._meta(symbol, bars, stamps, factor, live), listed, cells, adjusted, events)

    def _live_share(self, bars: Bars, last: int) -> float:
        """1 when bar `last` is final; else how much of its session has passed."""
        if last < 0:
            return 1.0
        day = as_date(bars.days[last])
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) if bars.is_crypto else at(day, OPEN)
        end = start + timedelta(days=1) if bars.is_crypto else at(day, CLOSE)
        return min(1.0, (self.now - start) / (end - start))

    def _quote(self, bars: Bars, factor: Floats, live: float, keep: slice) -> dict[str, list[Any]]:
        columns = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
        cells: dict[str, list[Any]] = {name: _float32((values / factor)[keep]) for name, values in columns.items()}
        cells["volume"] = (bars.volume * np.maximum(factor, 1))[keep].astype(np.int64).tolist()
        if live < 1 and cells["close"]:
            o, h, lo, c = (cells[name][-1] for name in ("open", "high", "low", "close"))
            partial = float(np.float32(round(o + (c - o) * live * 0.7, 2)))
            cells["close"][-1] = partial
            cells["high"][-1] = max(o, partial, float(np.float32(o + (h - o) * live)))
            cells["low"][-1] = min(o, partial, float(np.float32(o + (lo - o) * live)))
            cells["volume"][-1] = int(cells["volume"][-1] * live)
        return cells

    def _split_factor(self, bars: Bars) -> Floats:
        """Product of the ratios of splits after each day and known at `now`."""
        factor = np.ones(len(bars.days))
        for day, ratio in bars.spec.splits:
            if at(day, OPEN) <= self.now:
                factor[bars.days < np.datetime64(day)] *= ratio
        return factor

    def _dividend_factor(self, bars: Bars) -> Floats:
        """Yahoo's adjustment: the product of (1 - dividend / close before) over later ex-dates known at `now`."""
        factor = np.ones(len(bars.days))
        for day, amount in bars.dividends.items():
            if at(day, OPEN) <= self.now:
                ex = int(np.searchsorted(bars.days, np.datetime64(day)))
                factor[:ex] *= 1 - amount / bars.close[ex - 1]
        return factor

    def _events(self, bars: Bars, factor: Floats, stamps: Any, keep: slice) -> dict[str, Any]:
        events: dict[str, Any] = {}
        for day, amount in bars.dividends.items():
            ex = int(np.searchsorted(bars.days, np.datetime64(day)))
            if keep.start <= ex < keep.stop:
                stamp = int(stamps[ex])
                events.setdefault("dividends", {})[str(stamp)] = {"amount": round(amount / float(factor[ex]), 6), "date": stamp}
        for day, ratio in bars.spec.splits:
            ex = int(np.searchsorted(bars.days, np.datetime64(day)))
            if keep.start <= ex < keep.stop:
                stamp = int(stamps[ex])
                events.setdefault("splits", {})[str(stamp)] = {
                    "date": stamp, "numerator": ratio, "denominator": 1.0, "splitRatio": f"{ratio:.0f}:1",
                }
        return events

    def _meta(self, symbol: str, bars: Bars, stamps: Any, factor: Floats, live: float) -> dict[str, Any]:
        crypto = bars.is_crypto
        zone = "UTC" if crypto else NEW_YORK
        last = max(0, int(np.searchsorted(stamps, int(self.now.timestamp()))) - 1)
        offset = 0 if crypto else int((self.now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()).total_seconds())
        traded = int(self.now.timestamp()) if live < 1 else int(stamps[last]) + (86_399 if crypto else 23_400)
        return {
            "currency": "USD", "symbol": symbol, "exchangeName": bars.spec.exchange, "instrumentType": bars.spec.kind,
            "firstTradeDate": int(stamps[0]), "regularMarketTime": traded, "hasPrePostMarketData": not crypto,
            "gmtoffset": offset, "timezone": "UTC" if crypto else "EST" if offset == -18_000 else "EDT",
            "exchangeTimezoneName": zone, "regularMarketPrice": _float32(bars.close[last : last + 1])[0],
            "longName": bars.spec.name, "shortName": bars.spec.name, "priceHint": 2, "dataGranularity": "1d", "range": "",
            "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
        }

    def cboe(self, ask: Ask) -> Reply | None:
        name = ask.path.removeprefix(_CBOE)
        if name not in ("VIX_History.csv", "GVZ_History.csv"):
            return None
        bars = self.prices.vix() if name.startswith("VIX") else self.prices.gvz()
        rule = same_day("16:15")
        rows = []
        for i in range(int(np.searchsorted(bars.days, np.datetime64(self.now.date()), side="right"))):
            o, h, lo, c = (float(column[i]) for column in (bars.open, bars.high, bars.low, bars.close))
            rows.append((as_date(bars.days[i]), o, h, lo, c))
        if rows and rule(rows[-1][0]) > self.now:
            rows.pop()
        return market.cboe_csv(rows)

    def coinbase(self, ask: Ask) -> Reply | None:
        parts = ask.path.strip("/").split("/")
        if len(parts) != 3 or (parts[0], parts[2]) != ("products", "candles") or parts[1] not in COINBASE_FROM:
            return None
        if ask.text("granularity", "86400") != "86400":
            return coinbase_error("Unsupported granularity", 400)
        day = np.datetime64(self.now.date())
        try:
            last = _utc_day(ask.text("end")) if "end" in ask.query else day
            first = _utc_day(ask.text("start")) if "start" in ask.query else last - 349
        except ValueError:
            return coinbase_error("Invalid start or end", 400)
        if "start" in ask.query and (last - first).astype(int) > 300:
            text = "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
            return coinbase_error(text, 400)
        bars = self.prices.bars(parts[1])
        low = int(np.searchsorted(bars.days, max(first, np.datetime64(COINBASE_FROM[parts[1]]))))
        high = int(np.searchsorted(bars.days, min(last, day), side="right"))
        return market.candles([self._candle(bars, i) for i in range(high - 1, low - 1, -1)])

    def _candle(self, bars: Bars, i: int) -> market.Candle:
        stamp = int(bars.days[i].astype("datetime64[s]").astype(np.int64))
        o, h, lo, c = (float(column[i]) for column in (bars.open, bars.high, bars.low, bars.close))
        share = self._live_share(bars, i)
        if share < 1:  # the bucket of today is still filling
            c = round(o + (c - o) * share * 0.7, 2)
            h, lo = max(o, c, round(o + (h - o) * share, 2)), min(o, c, round(o + (lo - o) * share, 2))
        return (stamp, lo, h, o, c, round(float(bars.volume[i]) * share / 5000, 8))

    def lbma(self, ask: Ask) -> Reply | None:
        name = ask.path.removeprefix("/json/").removesuffix(".json")
        if name not in ("gold_pm", "gold_am", "silver") or not ask.path.endswith(".json"):
            return None
        line = self.prices.lbma(name)
        rows = []
        for i in range(line.known(self.now)):
            day, usd = as_date(line.days[i]), float(line.values[i])
            rows.append((day, usd, round(usd / 1.31, 2), round(usd / 1.16, 2) if day.year >= 1999 else 0))
        return market.lbma(rows)


def _float32(values: Floats) -> list[float]:
    """Yahoo stores single precision and prints it as double."""
    numbers: list[float] = values.astype(np.float32).astype(float).tolist()
    return numbers


def _utc_day(text: str) -> np.datetime64:
    moment = datetime.fromisoformat(text)
    return np.datetime64((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date())

