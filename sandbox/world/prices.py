"""Prices of the simulated worlds: index, funds, stocks, crypto, gold, volatility.

Belongs here: calm path + script + noise, distributions, splits. Does not belong here: rates, wire formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np

from sandbox.world.days import FIRST, LONDON, PRICES_FROM, Days, Floats, grid, same_day
from sandbox.world.line import Line, noise, on_days, rounded
from sandbox.world.script import GROUPS, World, episode_path

YEAR_END = date(2025, 12, 31)


@dataclass(frozen=True)
class Spec:
    """One instrument: script group, price at the start, log growth per year to 2025 and after, noise.

    `beta` times the market's noise (daily sd 0.55%) plus own noise of `own_sd`. `depth` scales the group's script.
    `payouts` = months that pay, `payout_yield` per year. `splits` = (day, ratio).
    """

    group: str
    start_price: float
    growth: tuple[float, float]
    beta: float
    own_sd: float
    name: str
    kind: str = "ETF"
    exchange: str = "PCX"
    depth: float = 1.0
    first: date = PRICES_FROM
    payouts: tuple[int, ...] = ()
    payout_yield: float = 0.0
    splits: tuple[tuple[date, float], ...] = ()


QUARTERLY, MONTHLY = (3, 6, 9, 12), tuple(range(1, 13))
MARKET_SD, GVZ_FROM = 0.0055, date(2008, 6, 3)
SPECS: dict[str, Spec] = {
    "^GSPC": Spec("sp500", 2050, (0.085, 0.07), 1.0, 0.0, "S&P 500", "INDEX", "SNP"),
    "SPY": Spec("sp500", 205, (0.085, 0.07), 1.0, 0.0001, "SPDR S&P 500 ETF", payouts=QUARTERLY, payout_yield=0.014),
    "IWM": Spec("sp500", 119, (0.06, 0.05), 1.1, 0.002, "iShares Russell 2000 ETF", payouts=QUARTERLY, payout_yield=0.012),
    "QQQ": Spec("ai", 103, (0.14, 0.08), 1.2, 0.004, "Invesco QQQ Trust", "ETF", "NMS", 0.95, payouts=QUARTERLY,
                payout_yield=0.006),
    "SMH": Spec("ai", 54, (0.19, 0.08), 1.4, 0.006, "VanEck Semiconductor ETF", "ETF", "NMS", 1.05, payouts=(12,),
                payout_yield=0.01, splits=((date(2023, 5, 5), 2.0),)),
    "NVDA": Spec("ai", 12, (0.17, 0.07), 1.5, 0.008, "NVIDIA Corporation", "EQUITY", "NMS", 1.2, payouts=QUARTERLY,
                 payout_yield=0.001, splits=((date(2024, 6, 10), 10.0),)),
    "GLD": Spec("gold", 0, (0, 0), 0.0, 0.001, "SPDR Gold Shares"),
    "GC=F": Spec("gold", 0, (0, 0), 0.0, 0.001, "Gold futures, front month", "FUTURE", "CMX", first=date(2000, 8, 30)),
    "SLV": Spec("gold", 15, (0.06, 0.03), 0.3, 0.01, "iShares Silver Trust"),
    "TLT": Spec("treasuries", 128, (-0.01, 0.005), -0.1, 0.006, "iShares 20+ Year Treasury Bond ETF", "ETF", "NMS",
                payouts=MONTHLY, payout_yield=0.035),
    "IEF": Spec("treasuries", 107, (-0.005, 0.005), -0.05, 0.003, "iShares 7-10 Year Treasury Bond ETF", "ETF", "NMS", 0.45,
                payouts=MONTHLY, payout_yield=0.03),
    "BTC-USD": Spec("crypto", 315, (0.52, 0.08), 0.0, 0.018, "Bitcoin USD", "CRYPTOCURRENCY", "CCC", first=date(2015, 1, 2)),
    "ETH-USD": Spec("crypto", 12, (0.57, 0.08), 0.0, 0.020, "Ethereum USD", "CRYPTOCURRENCY", "CCC", 1.02, date(2016, 5, 18)),
    "SOL-USD": Spec("crypto", 1.2, (0.85, 0.08), 0.0, 0.022, "Solana USD", "CRYPTOCURRENCY", "CCC", 1.05, date(2020, 4, 11)),
}


def stock(symbol: str) -> Spec:
    """A plausible AI stock for any other symbol of the registry."""
    mark = crc32(symbol.encode())
    return Spec("ai", 40 + mark % 200, (0.10 + mark % 7 / 100, 0.07), 1.1 + mark % 5 / 10, 0.006 + mark % 4 / 1000,
                f"{symbol} (simulated)", "EQUITY", "NMS", 1.1 + mark % 3 / 10)


@dataclass(frozen=True)
class Bars:
    """Daily bars to the horizon: raw prices (no split or dividend adjustment), cents for funds and stocks."""

    spec: Spec
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    dividends: dict[date, float]

    @property
    def is_crypto(self) -> bool:
        return self.spec.group == "crypto"


class Prices:
    """All priced instruments of one world, made on demand and kept."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed = world, seed
        self.weekdays = grid("weekdays", FIRST)
        self.calendar_days = grid("24x7", FIRST)
        self.market = noise(seed, "market", len(self.weekdays), MARKET_SD)
        self.coins = noise(seed, "coins", len(self.calendar_days), 0.012)
        self.gold_noise = noise(seed, "gold", len(self.weekdays), 0.0070)
        self.scripts = {group: episode_path(world, group, self.calendar_days) for group in GROUPS}
        self._bars: dict[str, Bars] = {}

    def script(self, group: str, days: Days) -> Floats:
        return np.asarray(self.scripts[group][(days - self.calendar_days[0]).astype(int)])

    def gold(self, days: Days) -> Floats:
        """USD per ounce on `days`: London price path, from 1990."""
        years = (days - np.datetime64("1990-01-01")).astype(float) / 365.25
        before, after = self.world.gold_growth
        later = 0.02 if after > 0 else -0.01
        trend = np.log(400) + before * np.minimum(years, 25) + after * np.clip(years - 25, 0, 13) + later * np.maximum(years - 38, 0)
        slow = 0.05 * np.sin(years / 1.7) * np.clip(25 - years, 0, 1)  # some life before the scripted years
        return np.asarray(np.exp(trend + slow + self.script("gold", days) + on_days(self.weekdays, self.gold_noise, days)))

    def close(self, symbol: str, days: Days) -> Floats:
        """Unrounded split-adjusted price on `days` (weekday grid for securities, any day for crypto)."""
        spec = SPECS.get(symbol) or stock(symbol)
        own = noise(self.seed, symbol, len(self.calendar_days), spec.own_sd)[(days - self.calendar_days[0]).astype(int)]
        if symbol == "GC=F":
            return np.asarray(self.gold(days) * np.exp(own))
        if symbol == "GLD":
            years = (days - np.datetime64(PRICES_FROM)).astype(float) / 365.25
            return np.asarray(self.gold(days) * 0.0955 * np.exp(-0.004 * years + own))
        years = (days - np.datetime64(spec.first)).astype(float) / 365.25
        turn = (np.datetime64(YEAR_END) - np.datetime64(spec.first)).astype(float) / 365.25
        trend = spec.growth[0] * np.minimum(years, turn) + spec.growth[1] * np.maximum(years - turn, 0)
        if spec.group == "crypto":
            shared = self.coins[(days - self.calendar_days[0]).astype(int)]
        else:
            shared = spec.beta * on_days(self.weekdays, self.market, days)
        return np.asarray(spec.start_price * np.exp(trend + spec.depth * self.script(spec.group, days) + shared + own))

    def bars(self, symbol: str) -> Bars:
        """Daily bars of `symbol` on its own calendar."""
        if symbol not in self._bars:
            self._bars[symbol] = self._make(symbol)
        return self._bars[symbol]

    def _make(self, symbol: str) -> Bars:
        spec = SPECS.get(symbol) or stock(symbol)
        days = grid("24x7" if spec.group == "crypto" else "nyse", spec.first)
        raw = self.close(symbol, days)
        for day, ratio in spec.splits:  # raw prices were higher by the ratio before the split
            raw = np.where(days < np.datetime64(day), raw * ratio, raw)
        draws = np.random.default_rng([self.seed, crc32(symbol.encode()), 1]).random((4, len(days)))
        close = rounded(raw, 2)
        spread = np.abs(raw) * (0.002 + 0.25 * spec.own_sd + 0.0015 * abs(spec.beta))
        opened = rounded(raw + spread * (draws[0] - 0.5), 2)
        high = rounded(np.maximum(opened, close) + spread * draws[1] + 0.01, 2)
        low = rounded(np.minimum(opened, close) - spread * draws[2] * 0.9 - 0.01, 2)
        volume = rounded((5e7 + 5e7 * draws[3]) * (1 - 4 * self.script(spec.group, days)))
        return Bars(spec, days, opened, high, np.maximum(low, 0.01), close, volume, _dividends(spec, days, close))

    def vix(self) -> Bars:
        """Volatility of the S&P 500: low in calm, up with its fall."""
        return self._volatility("VIX", "CBOE Volatility Index", 14.5, -190 * self.script("sp500", grid("nyse", FIRST)))

    def gvz(self) -> Bars:
        """Volatility of gold, from 2008-06-03."""
        return self._volatility("GVZ", "CBOE Gold Volatility Index", 16.0, -70 * self.script("gold", grid("nyse", FIRST)), GVZ_FROM)

    def _volatility(self, symbol: str, name: str, calm: float, rise: Floats, first: date = FIRST) -> Bars:
        days = grid("nyse", FIRST)
        close = rounded(np.maximum(calm + rise + noise(self.seed, symbol, len(days), 1.0, 0.8), 9.2), 2)
        move = np.random.default_rng([self.seed, crc32(symbol.encode()), 1]).random((3, len(days)))
        opened = rounded(close + move[0] - 0.5, 2)
        high = rounded(np.maximum(opened, close) + move[1], 2)
        low = rounded(np.minimum(opened, close) - move[2] * 0.5, 2)
        spec = Spec("sp500", 0, (0, 0), 0, 0, name, "INDEX", "CXI", first=first)
        at = int(np.searchsorted(days, np.datetime64(first)))
        return Bars(spec, days[at:], opened[at:], high[at:], low[at:], close[at:], np.zeros(len(days) - at), {})

    def lbma(self, name: str) -> Line:
        """London prices: gold_pm, gold_am or silver, USD per ounce. Raises KeyError for another name."""
        calendar, clock = {"gold_pm": ("lbma", "15:10"), "gold_am": ("london", "10:40"), "silver": ("london", "12:10")}[name]
        days = grid(calendar, FIRST)
        price = self.gold(days)
        if name == "gold_am":
            price = price * (1 + noise(self.seed, name, len(days), 0.001))
        if name == "silver":
            price = price / 80 * np.exp(noise(self.seed, name, len(days), 0.008))
        decimals = 3 if name == "silver" else 2
        return Line(days, rounded(price, decimals), same_day(clock, LONDON), decimals)


def _dividends(spec: Spec, days: Days, close: Floats) -> dict[date, float]:
    """Ex-date -> amount per raw share: the first session of each paying month."""
    if not spec.payouts:
        return {}
    months = days.astype("datetime64[M]")
    firsts = np.flatnonzero(months[1:] != months[:-1]) + 1
    return {
        days[at].item(): round(float(close[at - 1]) * spec.payout_yield / len(spec.payouts), 4)
        for at in firsts
        if days[at].item().month in spec.payouts
    }
