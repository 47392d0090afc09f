"""Crypto leverage of the simulated worlds: funding, open interest, implied volatility, liquidations, venue prices.

Belongs here: the paths by UTC day. Does not belong here: spot prices (`prices`), what a venue shows (`venues`).
Where the script lets crypto fall, funding turns negative, positions are closed and volatility rises.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np

from sandbox.world.days import Days, Floats, grid
from sandbox.world.line import noise, rng, rounded
from sandbox.world.prices import Bars, Prices

COINS = ("BTC", "ETH", "SOL")
INTEREST = {"BTC": 62_000.0, "ETH": 950_000.0, "SOL": 6_500_000.0}  # coins open on Binance in 2020
VENUE_SHARE = {"binance": 1.0, "okx": 0.34}
LISTED = {"BTC": date(2020, 1, 1), "ETH": date(2020, 1, 1), "SOL": date(2020, 9, 14)}  # perpetuals


class Order(NamedTuple):
    """One forced order: epoch ms, side of the position, contracts, price."""

    ms: int
    side: str
    size: float
    price: float


class Coins:
    """Leverage in one world, on every UTC day of `days`."""

    def __init__(self, prices: Prices) -> None:
        self.prices, self.seed = prices, prices.seed
        self.days: Days = grid("24x7")
        script = prices.script("crypto", self.days)
        self.script = script
        self.fall = np.concatenate([np.zeros(5), script[5:] - script[:-5]])  # log change of five days
        self.funding = cache(self._funding)
        self.interest = cache(self._interest)
        self.volatility = cache(self._volatility)
        self.price = cache(self._price)

    def at(self, day: date) -> int:
        return int((np.datetime64(day) - self.days[0]).astype(int))

    def bars(self, coin: str) -> Bars:
        return self.prices.bars(f"{coin}-USD")

    def _price(self, coin: str, venue: str) -> Floats:
        """Daily close on `days` (nan before the coin), a hair from the composite; `venue` 'perp' is in USDT."""
        bars = self.bars(coin)
        values = np.full(len(self.days), np.nan)
        first = self.at(bars.days[0].item())
        values[first : first + len(bars.days)] = bars.close
        return np.asarray(values * np.exp(noise(self.seed, f"{venue} {coin}", len(self.days), 0.0003, 0.1)))

    def _funding(self, venue: str, coin: str) -> Floats:
        """Rate of each settlement of eight hours, shape (days, 3), as a fraction."""
        calm = 0.0001 * (1 + 2.2 * np.clip(self.script, -0.9, 0)) + 0.0012 * np.clip(self.fall, -0.2, 0.06)
        level = calm + noise(self.seed, f"funding {coin}", len(self.days), 0.00002, 0.6)
        own = noise(self.seed, f"funding {venue} {coin}", 3 * len(self.days), 0.000008).reshape(-1, 3)
        return rounded(level[:, None] + own, 8)

    def _interest(self, venue: str, coin: str) -> Floats:
        """Coins open at the end of each day."""
        years = (self.days - np.datetime64("2020-01-01")).astype(float) / 365.25
        held = np.exp(0.07 * years + 1.1 * np.clip(self.script, -1.2, 0) + noise(self.seed, f"oi {venue} {coin}", len(self.days), 0.015, 0.6))
        return rounded(INTEREST[coin] * VENUE_SHARE[venue] * held, 3)

    def _volatility(self, coin: str) -> tuple[Floats, Floats, Floats, Floats]:
        """DVOL by day: open, high, low, close, annualised percent."""
        calm = {"BTC": 46.0, "ETH": 62.0}[coin]
        swing = noise(self.seed, f"dvol {coin}", len(self.days), 1.6, 0.9)
        close = np.maximum(calm + 220 * np.clip(-self.fall, 0, 0.25) - 14 * self.script + swing, 18.0)
        opened = np.append(close[0], close[:-1])
        draw = rng(self.seed, "dvol range", coin).random((2, len(self.days)))
        high = np.maximum(opened, close) + 2 * draw[0]
        low = np.minimum(opened, close) - 1.5 * draw[1]
        return rounded(opened, 2), rounded(high, 2), rounded(low, 2), rounded(close, 2)

    def liquidations(self, coin: str, day: date) -> list[Order]:
        """Forced orders of one day, oldest first: mostly longs where prices fall."""
        draw = rng(self.seed, "liquidations", coin, day.isoformat())
        i = self.at(day)
        stress = float(np.clip(-self.fall[i] * 10, 0, 2))
        count = 24 + int(draw.integers(0, 20)) + int(180 * stress)
        price = float(self.price(coin, "perp")[i])
        start = int(self.days[i].astype("datetime64[ms]").astype(np.int64))
        times = np.sort(draw.integers(0, 86_400_000, count))
        sizes = np.round(np.exp(draw.normal(3.0 + stress, 1.1, count)), 2)
        longs = draw.random(count) < 0.5 + 0.2 * min(stress, 2)
        moves = draw.normal(0, 0.004, count)
        return [
            Order(start + int(ms), "long" if is_long else "short", float(size), round(price * (1 + float(move)), 2))
            for ms, size, is_long, move in zip(times, sizes, longs, moves, strict=True)
        ]
