"""The crypto desks: Kraken, OKX, Deribit, BitMEX, CoinGecko at one moment.

Belongs here: which rows each venue shows for a request, page by page. Does not belong here: numbers (`coins`), envelopes
(`sandbox.wire.crypto`), Binance's archive (`vision`).
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from sandbox.wire import Ask, Reply, json_reply
from sandbox.wire import crypto as wire
from sandbox.world.coins import COINS, Coins
from sandbox.world.days import DAY, PRICES_FROM

KRAKEN = {"XBTUSD": ("BTC", "XXBTZUSD"), "XXBTZUSD": ("BTC", "XXBTZUSD"), "ETHUSD": ("ETH", "XETHZUSD"), "XETHZUSD": ("ETH", "XETHZUSD"),
          "SOLUSD": ("SOL", "SOLUSD")}
GECKO = {"bitcoin": ("BTC", 19.9e6), "ethereum": ("ETH", 120.7e6), "solana": ("SOL", 560e6)}
OKX_KEEPS, LIQUIDATIONS_KEPT, OKX_INTEREST_FROM = timedelta(days=92), timedelta(days=7), date(2024, 1, 1)
DVOL_FROM, BITMEX_FROM = date(2021, 3, 24), date(2016, 5, 14)
DAY_MS = 86_400_000
CONTRACTS = {"BTC": 0.01, "ETH": 0.1, "SOL": 1.0}  # coins of one swap contract


def ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


class VenueDesk:
    """api.kraken.com, www.okx.com, www.deribit.com, www.bitmex.com and api.coingecko.com at one moment."""

    def __init__(self, coins: Coins, now: datetime) -> None:
        self.coins, self.now = coins, now
        self.now_ms = int(now.timestamp() * 1000)
        self.today = now.date()

    def _share(self) -> float:
        """How much of today has passed."""
        return (self.now_ms - ms(self.today)) / DAY_MS

    def kraken(self, ask: Ask) -> Reply | None:
        if ask.path != "/0/public/OHLC":
            return wire.kraken_error("EGeneral:Unknown method")
        if ask.text("pair") not in KRAKEN:
            return wire.kraken_error("EQuery:Unknown asset pair")
        if ask.text("interval", "1") != "1440" or not ask.text("since", "0").isdigit():
            return wire.kraken_error("EGeneral:Invalid arguments")
        coin, name = KRAKEN[ask.text("pair")]
        bars, price = self.coins.bars(coin), self.coins.price(coin, "kraken")
        end = int(np.searchsorted(bars.days, np.datetime64(self.today)))
        rows = []
        for i in range(max(0, end - 720), end + 1):
            stamp = int(bars.days[i].astype("datetime64[s]").astype(np.int64))
            if stamp <= int(ask.text("since", "0")):
                continue
            share = self._share() if i == end else 1.0
            o, close = float(bars.open[i]), float(price[self.coins.at(bars.days[i].item())])
            close = o + (close - o) * share
            high, low = max(o, close, float(bars.high[i])), min(o, close, float(bars.low[i]))
            cells = [f"{value:.2f}" for value in (o, high, low, close, (high + low + close) / 3)]
            rows.append([stamp, *cells, f"{float(bars.volume[i]) * share / 90_000:.8f}", 41_000 + i % 900])
        return wire.kraken(name, rows, ms(self.today - DAY) // 1000)

    def okx(self, ask: Ask) -> Reply | None:
        if not ask.path.startswith("/api/v5/"):
            return None
        name = ask.text("uly") + "-SWAP" if "uly" in ask.query else ask.text("instId")
        coin = name.split("-")[0]
        if coin not in COINS or name != f"{coin}-USDT-SWAP":
            return wire.okx([], "51001", f"Instrument ID, Instrument ID code, or Spread ID doesn't exist: {name}.")
        try:
            limit = min(100, int(ask.text("limit", "100")))
            before = int(ask.text("after") or ask.text("end") or 10**15)
        except ValueError:
            return wire.okx([], "51000", "Parameter after error", 400)
        match ask.path.removeprefix("/api/v5/"):
            case "public/funding-rate-history":
                return wire.okx(self._okx_funding(coin, name, before)[:limit])
            case "rubik/stat/contracts/open-interest-history":
                return wire.okx(self._okx_interest(coin, ask.text("period", "5m"), before)[:limit])
            case "public/liquidation-orders":
                return wire.okx(self._okx_orders(coin, name, before, limit))
            case "public/open-interest":
                row = self._okx_interest(coin, "1Dutc", 10**15)[0]
                return wire.okx([{"instId": name, "instType": "SWAP", "oi": row[1], "oiCcy": row[2], "oiUsd": row[3], "ts": str(self.now_ms)}])
        return wire.okx([], "404", "Not Found", 404)

    def _okx_funding(self, coin: str, name: str, before: int) -> list[Any]:
        """Settlements of the last three months, newest first."""
        rates, rows = self.coins.funding("okx", coin), []
        oldest = self.now_ms - int(OKX_KEEPS.total_seconds() * 1000)
        for back in range(OKX_KEEPS.days + 2):
            day = self.today - timedelta(days=back)
            for k in (2, 1, 0):
                stamp = ms(day) + k * 8 * 3_600_000
                if oldest <= stamp <= self.now_ms and stamp < before:
                    rate = f"{rates[self.coins.at(day), k]:.10f}"
                    rows.append({"formulaType": "noRate", "fundingRate": rate, "fundingTime": str(stamp), "instId": name, "instType": "SWAP",
                                 "method": "current_period", "realizedRate": rate})
        return rows

    def _okx_interest(self, coin: str, period: str, before: int) -> list[list[str]]:
        """[ts, contracts, coins, USD] by day, newest first; `1D` is cut at UTC+8."""
        shift = {"1Dutc": 0, "1D": -8 * 3_600_000}.get(period)
        if shift is None:
            return []
        held, price, rows = self.coins.interest("okx", coin), self.coins.price(coin, "perp"), []
        for back in range(101 + max(0, (self.now_ms - min(before, self.now_ms)) // DAY_MS)):
            day = self.today - timedelta(days=back)
            if day < OKX_INTEREST_FROM:
                break
            i = self.coins.at(day)
            share = self._share() if back == 0 else 1.0
            amount = float(held[i - 1] + (held[i] - held[i - 1]) * share)
            usd = amount * float(price[i - 1] + (price[i] - price[i - 1]) * share)
            if ms(day) + shift < before:
                rows.append([str(ms(day) + shift), f"{amount / CONTRACTS[coin]:.2f}", f"{amount:.4f}", f"{usd:.4f}"])
        return rows

    def _okx_orders(self, coin: str, name: str, before: int, limit: int) -> list[Any]:
        oldest = self.now_ms - int(LIQUIDATIONS_KEPT.total_seconds() * 1000)
        found: list[Any] = []
        for back in range(LIQUIDATIONS_KEPT.days + 1):
            for order in reversed(self.coins.liquidations(coin, self.today - timedelta(days=back))):
                if oldest <= order.ms <= self.now_ms and order.ms < before and len(found) < limit:
                    found.append({"bkLoss": "0", "bkPx": f"{order.price:.2f}", "ccy": "", "posSide": order.side,
                                  "side": "sell" if order.side == "long" else "buy", "sz": f"{order.size:.2f}",
                                  "time": str(order.ms), "ts": str(order.ms)})
        entry = {"details": found, "instFamily": name.removesuffix("-SWAP"), "instId": name, "instType": "SWAP", "totalLoss": "0",
                 "uly": name.removesuffix("-SWAP")}
        return [entry] if found else []

    def deribit(self, ask: Ask) -> Reply | None:
        if ask.path != "/api/v2/public/get_volatility_index_data":
            return None
        if ask.text("currency") not in ("BTC", "ETH") or ask.text("resolution") != "1D":
            return wire.deribit_error(-32602, "Invalid params", reason="wrong currency or resolution", param="currency")
        try:
            first, last = int(ask.text("start_timestamp")), min(int(ask.text("end_timestamp")), self.now_ms)
        except ValueError:
            return wire.deribit_error(-32602, "Invalid params", reason="must be an integer", param="start_timestamp")
        columns = self.coins.volatility(ask.text("currency"))
        rows: list[tuple[int, list[float]]] = []
        for i in range(self.coins.at(DVOL_FROM), self.coins.at(self.today) + 1):
            stamp = ms(DVOL_FROM) + (i - self.coins.at(DVOL_FROM)) * DAY_MS
            if first <= stamp <= last:
                o, high, low, close = (float(column[i]) for column in columns)
                if stamp == ms(self.today):
                    close = round(o + (close - o) * self._share(), 2)
                rows.append((stamp, [o, high, low, close]))
        page = rows[-1000:]
        return wire.deribit([[stamp, *cells] for stamp, cells in page], page[0][0] - 1 if len(rows) > 1000 else None, self.now_ms * 1000)

    def bitmex(self, ask: Ask) -> Reply | None:
        if ask.path != "/api/v1/funding":
            return None
        try:
            count, start = min(500, int(ask.text("count", "100"))), int(ask.text("start", "0"))
            since = datetime.fromisoformat(ask.text("startTime", "2016-01-01T00:00:00.000Z"))
        except ValueError:
            return json_reply({"error": {"message": "Invalid parameter", "name": "HTTPError"}}, 400)
        if ask.text("symbol") != "XBTUSD":
            return json_reply([])
        since = since if since.tzinfo else since.replace(tzinfo=UTC)
        rows = self._bitmex[bisect_left(self._bitmex, (since, -1.0)) :]
        if ask.text("reverse") == "true":
            rows = rows[::-1]
        page = [wire.bitmex_row("XBTUSD", f"{moment:%Y-%m-%dT%H:%M:%S}.000Z", rate) for moment, rate in rows[start : start + count]]
        return json_reply(page, content_type=wire.UTF8)

    @cached_property
    def _bitmex(self) -> list[tuple[datetime, float]]:
        """Every settlement so far."""
        rates, rows = self.coins.funding("bitmex", "BTC"), []
        for i in range(self.coins.at(BITMEX_FROM), self.coins.at(self.today) + 1):
            start = datetime.combine(PRICES_FROM, time(), UTC) + timedelta(days=i)
            rows += [(start + timedelta(hours=hour), round(float(rate), 6)) for hour, rate in zip((4, 12, 20), rates[i], strict=True)]
        return [row for row in rows if row[0] <= self.now]

    def gecko(self, ask: Ask) -> Reply | None:
        parts = ask.path.strip("/").split("/")
        if len(parts) != 5 or parts[:3] != ["api", "v3", "coins"] or parts[4] != "market_chart":
            return None
        if parts[3] not in GECKO:
            return wire.GECKO_UNKNOWN
        days = ask.text("days", "1")
        if not days.isdigit() or int(days) > 365:
            return wire.GECKO_RANGE
        coin, supply = GECKO[parts[3]]
        price = self.coins.price(coin, "coingecko")
        i = self.coins.at(self.today)
        # the point at 00:00 of a day is the close of the day before, served 35 minutes later
        served = i if self.now_ms - ms(self.today) >= 35 * 60_000 else i - 1
        points = [(ms(self.today) + (n - i) * DAY_MS, float(price[n - 1])) for n in range(i - int(days) + 1, served + 1)]
        points.append((self.now_ms, float(price[i - 1] + (price[i] - price[i - 1]) * self._share())))
        return wire.gecko([[t, p] for t, p in points], [[t, p * supply] for t, p in points], [[t, p * supply / 25] for t, p in points])
