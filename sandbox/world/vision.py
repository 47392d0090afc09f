"""The desk of Binance's archive: which files exist at one moment, and what is in them.

Belongs here: data.binance.vision, spot and USD-M, and what the bucket behind it lists. Does not belong here: numbers
(`coins`), zip and XML bytes (`sandbox.wire.vision`).
A file never changes once it is there, so its bytes are made once per world.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from sandbox.wire import Ask, Reply
from sandbox.wire import vision as wire
from sandbox.world.coins import COINS, LISTED, Coins
from sandbox.world.days import DAY
from sandbox.world.venues import DAY_MS, ms

_FILE = re.compile(
    r"^/data/(spot|futures/um)/(daily|monthly)/(klines|fundingRate|metrics)/(\w+)(?:/(1[dh]))?/(\4-(?:1[dh]|fundingRate|metrics)-"
    r"(\d{4}-\d\d(?:-\d\d)?))\.zip(\.CHECKSUM)?$"
)
_FOLDER = re.compile(r"^data/futures/um/(daily|monthly)/(klines|fundingRate|metrics)/(?:(\w+)/(?:(1[dh])/)?)?$")
# perpetual -> the coin whose path it takes, first day, day after its last; BTCUSDT_261225 is a delivery contract
PERPETUALS = {
    **{f"{coin}USDT": (coin, LISTED[coin], date.max) for coin in COINS},
    "1000PEPEUSDT": ("SOL", date(2023, 5, 5), date.max), "BTCUSDC": ("BTC", date(2024, 1, 4), date.max),
    "ETHUSDC": ("ETH", date(2024, 1, 4), date.max), "LUNAUSDT": ("SOL", date(2021, 1, 20), date(2022, 5, 13)),
    "BTCUSDT_261225": ("BTC", date(2026, 9, 25), date(2026, 12, 25)),
}
METRICS_FROM, HEADERS_FROM, MICROSECONDS_FROM = date(2020, 9, 1), date(2022, 1, 1), date(2025, 1, 1)
FOUR_HOURS_FROM = {"SOL": date(2025, 1, 1)}
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
        spot = market == "spot"
        coin, listed, gone = PERPETUALS.get(symbol, ("", date.max, date.max))
        if spot and f"{coin}USDT" == symbol:
            listed = date(2017, 8, 17) if coin != "SOL" else LISTED[coin]
        if (
            listed == date.max or (spot and (kind != "klines" or f"{coin}USDT" != symbol)) or bool(bar) != (kind == "klines")
            or f"{symbol}-{bar or kind}-" not in name or (kind == "metrics" and cadence == "monthly")
            or (kind == "fundingRate" and cadence == "daily") or (len(period) == 10) != (cadence == "daily")
        ):
            return None
        try:
            first, after = _span(cadence, period)
        except ValueError:
            return None
        listed = max(listed, METRICS_FROM) if kind == "metrics" else listed
        if after <= listed or first >= gone or self._public(cadence, after) > self.now:
            return None
        content = self._content(f"{market}/{name}", market, bar or kind, symbol, max(first, listed), min(after, gone), name)
        return wire.checksum(content, f"{name}.zip") if beside else wire.archive(content)

    def bucket(self, ask: Ask) -> Reply | None:
        """s3-ap-northeast-1.amazonaws.com: a page of the listing below `prefix`."""
        prefix, marker = ask.text("prefix"), ask.text("marker")
        match = _FOLDER.match(prefix)
        if ask.path != "/data.binance.vision" or match is None or ask.text("delimiter") != "/":
            return None
        cadence, kind, symbol, bar = match.groups()
        if symbol is None:
            return wire.listing(prefix, marker, [f"{prefix}{name}/" for name in sorted(PERPETUALS)], [], self._body)
        if kind == "klines" and not bar:
            return wire.listing(prefix, marker, [f"{prefix}{name}/" for name in ("1d", "1h")], [], self._body)
        keys = [key for name in self._names(symbol, cadence, bar or kind) for key in (f"{prefix}{name}.zip", f"{prefix}{name}.zip.CHECKSUM")]
        return wire.listing(prefix, marker, [], keys, self._body)

    def _body(self, key: str) -> bytes:
        reply = self.answer(Ask("data.binance.vision", f"/{key}"))
        return reply.body if reply else b""

    def _names(self, symbol: str, cadence: str, tag: str) -> Iterator[str]:
        """Files of a symbol that are there now, by name."""
        if symbol not in PERPETUALS or (tag, cadence) in (("metrics", "monthly"), ("fundingRate", "daily")):
            return
        _, day, gone = PERPETUALS[symbol]
        day = max(day, METRICS_FROM) if tag == "metrics" else day
        while day < gone:
            period = day.isoformat() if cadence == "daily" else f"{day:%Y-%m}"
            _, after = _span(cadence, period)
            if self._public(cadence, after) > self.now:
                return
            yield f"{symbol}-{tag}-{period}"
            day = after

    def _public(self, cadence: str, after: date) -> datetime:
        """A day's file the next morning, a month's on the first Monday of the next month."""
        if cadence == "daily":
            return datetime.combine(after, time(7), UTC)
        return datetime.combine(after + timedelta(days=-after.weekday() % 7), time(9), UTC)

    def _content(self, key: str, market: str, tag: str, symbol: str, first: date, after: date, name: str) -> bytes:
        if key not in self.made:
            make = {"1d": self._klines, "1h": self._hours, "fundingRate": self._funding, "metrics": self._metrics}[tag]
            self.made[key] = wire.pack(f"{name}.csv", "\n".join(make(symbol, first, after, market)) + "\n")
        return self.made[key]

    def _funding(self, symbol: str, first: date, after: date, market: str) -> list[str]:
        coin = PERPETUALS[symbol][0]
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

    def _hours(self, symbol: str, first: date, after: date, market: str) -> list[str]:
        """24 bars a day on a straight line from its open to its close; the first hour reaches its high, the last its low."""
        days = self._klines(symbol, first, after, market)
        lines, head = ([days[0]], days[1:]) if days and days[0] == wire.KLINES else ([], days)
        for line in head:
            cells = line.split(",")
            start, end, volume = int(cells[0]), int(cells[6]), float(cells[5]) / 24
            o, high, low, close = (float(cell) for cell in cells[1:5])
            hour = (end + 1 - start) // 24
            for h in range(24):
                begin, ends = round(o + (close - o) * h / 24, 2), round(o + (close - o) * (h + 1) / 24, 2)
                top, bottom = max(begin, ends, high if h == 0 else 0.0), min(begin, ends, low if h == 23 else begin)
                at = start + h * hour
                lines.append(
                    f"{at},{begin:.2f},{top:.2f},{bottom:.2f},{ends:.2f},{volume:.3f},{at + hour - 1},{volume * ends:.5f},"
                    f"{125_000 + h},{volume * 0.49:.3f},{volume * ends * 0.49:.5f},0"
                )
        return lines

    def _klines(self, symbol: str, first: date, after: date, market: str) -> list[str]:
        coin, spot = PERPETUALS[symbol][0], market == "spot"
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

    def _metrics(self, symbol: str, first: date, after: date, market: str) -> list[str]:
        """288 rows, from 00:05 to the next midnight, on a straight line from the day before's end."""
        coin = PERPETUALS[symbol][0]
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
            lines.append(f"{start + timedelta(minutes=5 * (k + 1))},{symbol},{amounts[k]:.4f},{values[k]:.4f},{top},{r},{r},{r}")
        return lines


def _span(cadence: str, period: str) -> tuple[date, date]:
    """First day of a file's period and the day after it. Raises ValueError for a date that is none."""
    first = date.fromisoformat(period if cadence == "daily" else f"{period}-01")
    return first, first + DAY if cadence == "daily" else (first + timedelta(days=32)).replace(day=1)
