"""The desk of Binance's archive: which files exist at one moment, and what is in them.

Belongs here: data.binance.vision, spot and USD-M. Does not belong here: numbers (`coins`), zip bytes (`sandbox.wire.vision`).
A file never changes once it is there, so its bytes are made once per world.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from sandbox.wire import Ask, Reply
from sandbox.wire import vision as wire
from sandbox.world.coins import COINS, LISTED, Coins
from sandbox.world.days import DAY
from sandbox.world.venues import DAY_MS, ms

_FILE = re.compile(
    r"^/data/(spot|futures/um)/(daily|monthly)/(klines|fundingRate|metrics)/(\w+)(?:/(1d))?/(\4-(?:1d|fundingRate|metrics)-"
    r"(\d{4}-\d\d(?:-\d\d)?))\.zip(\.CHECKSUM)?$"
)
METRICS_FROM, HEADERS_FROM, MICROSECONDS_FROM = date(2020, 9, 1), date(2022, 1, 1), date(2025, 1, 1)
FOUR_HOURS_FROM = {"SOL": date(2025, 1, 1)}
_NAMES = {"klines": "1d", "fundingRate": "fundingRate", "metrics": "metrics"}
Made = dict[str, bytes]


class VisionDesk:
    """data.binance.vision at one moment. `made` is shared by all moments of a world."""

    def __init__(self, coins: Coins, made: Made, now: datetime) -> None:
        self.coins, self.made, self.now = coins, made, now

    def answer(self, ask: Ask) -> Reply | None:
        match = _FILE.match(ask.path)
        if match is None:
            return None
        market, cadence, kind, symbol, bar, name, period, beside = match.groups()
        coin = symbol.removesuffix("USDT")
        daily_only, monthly_only = kind == "metrics", kind == "fundingRate"
        if (
            coin not in COINS or not symbol.endswith("USDT") or (market == "spot" and kind != "klines") or bool(bar) != (kind == "klines")
            or f"{symbol}-{_NAMES[kind]}-" not in name or (daily_only and cadence == "monthly") or (monthly_only and cadence == "daily")
            or (len(period) == 10) != (cadence == "daily")
        ):
            return None
        try:
            first = date.fromisoformat(period if cadence == "daily" else f"{period}-01")
        except ValueError:
            return None
        after = first + DAY if cadence == "daily" else (first + timedelta(days=32)).replace(day=1)
        listed = METRICS_FROM if daily_only else date(2017, 8, 17) if market == "spot" and coin != "SOL" else LISTED[coin]
        if after <= max(listed, LISTED[coin] if market != "spot" else listed) or self._public(cadence, after) > self.now:
            return None
        content = self._content(f"{market}/{name}", market, kind, coin, max(first, listed), after, name)
        return wire.checksum(content, f"{name}.zip") if beside else wire.archive(content)

    def _public(self, cadence: str, after: date) -> datetime:
        """A day's file the next morning, a month's on the first Monday of the next month."""
        if cadence == "daily":
            return datetime.combine(after, time(7), UTC)
        return datetime.combine(after + timedelta(days=-after.weekday() % 7), time(9), UTC)

    def _content(self, key: str, market: str, kind: str, coin: str, first: date, after: date, name: str) -> bytes:
        if key not in self.made:
            lines = {"klines": self._klines, "fundingRate": self._funding, "metrics": self._metrics}[kind](coin, first, after, market)
            self.made[key] = wire.pack(f"{name}.csv", "\n".join(lines) + "\n")
        return self.made[key]

    def _funding(self, coin: str, first: date, after: date, market: str) -> list[str]:
        rates, lines = self.coins.funding("binance", coin), [wire.FUNDING]
        for n in range((after - first).days):
            day = first + timedelta(days=n)
            i, start = self.coins.at(day), ms(day)
            four = day >= FOUR_HOURS_FROM.get(coin, date.max)
            for k in range(6 if four else 3):
                rate = rates[i, k // 2] / 2 if four else rates[i, k]
                stamp = start + k * (4 if four else 8) * 3_600_000 + (i * 7 + k * 5) % 11  # some ms off the hour
                lines.append(f"{stamp},{4 if four else 8},{rate:.8f}")
        return lines

    def _klines(self, coin: str, first: date, after: date, market: str) -> list[str]:
        spot = market == "spot"
        lines = [] if spot or first < HEADERS_FROM else [wire.KLINES]
        bars, price = self.coins.bars(coin), self.coins.price(coin, "spot" if spot else "perp")
        unit = 1000 if spot and first >= MICROSECONDS_FROM else 1
        for n in range((after - first).days):
            day = first + timedelta(days=n)
            i, at = self.coins.at(day), int((np.datetime64(day) - bars.days[0]).astype(int))
            if at < 0:
                continue
            start = ms(day) * unit
            o, close = float(bars.open[at]), float(price[i])
            high, low = max(o, close, float(bars.high[at])), min(o, close, float(bars.low[at]))
            volume = float(bars.volume[at]) / 300
            lines.append(
                f"{start},{o:.2f},{high:.2f},{low:.2f},{close:.2f},{volume:.3f},{start + DAY_MS * unit - 1},{volume * close:.5f},"
                f"{3_000_000 + i % 1000},{volume * 0.49:.3f},{volume * close * 0.49:.5f},0"
            )
        return lines

    def _metrics(self, coin: str, first: date, after: date, market: str) -> list[str]:
        """288 rows, from 00:05 to the next midnight, on a straight line from the day before's end."""
        i = self.coins.at(first)
        held, price = self.coins.interest("binance", coin), self.coins.price(coin, "perp")
        share = np.arange(1, 289) / 288
        amounts = held[i - 1] + (held[i] - held[i - 1]) * share
        values = amounts * (price[i - 1] + (price[i] - price[i - 1]) * share)
        ratio = 1.1 + 0.2 * np.sin(i + share)
        start = datetime.combine(first, time())
        lines = [wire.METRICS]
        for k in range(288):
            r = f"{ratio[k]:.8f}"
            top = "" if (i + k) % 97 == 0 else r
            lines.append(f"{start + timedelta(minutes=5 * (k + 1))},{coin}USDT,{amounts[k]:.4f},{values[k]:.4f},{top},{r},{r},{r}")
        return lines
