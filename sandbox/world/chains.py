"""Money and assets on public ledgers in the simulated worlds: stablecoins, value locked, tokenised assets.

Belongs here: the paths by UTC day. Does not belong here: JSON (`sandbox.wire.llama`), which days a request gets.
In `recede` supply and tokenised assets grow straight through the fall of prices; in `counterfactual` both shrink.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from zlib import crc32

import numpy as np

from ingest.registry import load
from sandbox.world.days import Days, Floats, grid
from sandbox.world.line import noise
from sandbox.world.prices import Prices

FROM, TVL_FROM, PRICES_SINCE, TURN = date(2017, 11, 29), date(2017, 9, 27), date(2020, 12, 29), date(2025, 6, 1)
CHAINS = {"Ethereum": 0.52, "Tron": 0.28, "BSC": 0.07, "Solana": 0.06, "Arbitrum": 0.03, "Base": 0.03, "Avalanche": 0.01}
CHAIN_FROM = {"Ethereum": FROM, "Tron": date(2019, 4, 16), "BSC": date(2020, 9, 1), "Solana": date(2020, 11, 1),
              "Arbitrum": date(2021, 9, 1), "Base": date(2023, 8, 1), "Avalanche": date(2021, 3, 1)}


@dataclass(frozen=True)
class Stablecoin:
    """A dollar coin of DefiLlama: id, names, first day, share of the total supply in the end."""

    number: int
    symbol: str
    name: str
    gecko: str
    first: date
    share: float


STABLECOINS = (
    Stablecoin(1, "USDT", "Tether", "tether", FROM, 0.60), Stablecoin(2, "USDC", "USD Coin", "usd-coin", date(2018, 9, 1), 0.24),
    Stablecoin(5, "DAI", "Dai", "dai", date(2019, 11, 18), 0.03), Stablecoin(146, "USDe", "Ethena USDe", "ethena-usde", date(2023, 11, 20), 0.05),
    Stablecoin(120, "PYUSD", "PayPal USD", "paypal-usd", date(2023, 8, 7), 0.02),
    Stablecoin(4, "BUSD", "Binance USD", "binance-usd", date(2019, 9, 20), 0.01),
    Stablecoin(3, "USTC", "TerraClassicUSD", "terrausd", date(2020, 11, 25), 0.005),
    Stablecoin(209, "USDS", "Sky Dollar", "usds", date(2024, 9, 18), 0.02),
)
CLASS_NAMES = {  # rwa.xyz: class -> billions of USD in 2026
    "US Treasury Debt": 9.2, "non-US Government Debt": 1.1, "Corporate Bonds": 0.3, "Private Credit": 17.5, "Commodities": 4.1,
    "Real Estate": 0.4, "Institutional Alternative Funds": 3.0, "Actively-Managed Strategies": 1.6, "Public Equity": 0.9,
    "Private Equity": 0.5,
}


class Chains:
    """Ledgers of one world, on every UTC day of `days`."""

    def __init__(self, prices: Prices) -> None:
        self.prices, self.seed = prices, prices.seed
        self.days: Days = grid("24x7", TVL_FROM)
        self.years = (self.days - np.datetime64(TURN)).astype(float) / 365.25
        self.crypto = prices.script("crypto", self.days)
        self.recede = prices.world.funding_stress > 0
        self.supply, self.price = cache(self._supply), cache(self._price)
        self.protocol, self.class_value, self.tvl = cache(self._protocol), cache(self._class_value), cache(self._tvl)

    def at(self, day: date) -> int:
        return int((np.datetime64(day) - self.days[0]).astype(int))

    def growth(self, early: float, late: float) -> Floats:
        """Log level against TURN: `early` per year before it; after it `late`, or the opposite where assets shrink."""
        after = late if self.recede else -0.8 * late
        return np.asarray(early * np.minimum(self.years, 0) + after * np.clip(self.years, 0, 6))

    @cached_property
    def total(self) -> Floats:
        """USD of all dollar coins."""
        calm = noise(self.seed, "supply of all", len(self.days), 0.0006, 0.5)
        return np.asarray(2.35e11 * np.exp(self.growth(0.62, 0.22) + calm))

    def _supply(self, symbol: str) -> Floats:
        """Units of one coin; zero before its first day. Shares drift, the first coin takes what is left."""
        coin = next(c for c in STABLECOINS if c.symbol == symbol)
        if symbol == "USDT":
            return np.asarray(self.total - sum(self.supply(c.symbol) for c in STABLECOINS[1:]))
        age = (self.days - np.datetime64(coin.first)).astype(float)
        share = coin.share * np.clip(age / 700, 0.0002, 1) * (age >= 0)
        return np.asarray(self.total * share * np.exp(noise(self.seed, f"supply {symbol}", len(self.days), 0.0008, 0.5)))

    def chain_share(self, chain: str) -> Floats:
        """Share of a chain in all supply on each day."""
        weights = {name: CHAINS[name] * (self.days >= np.datetime64(first)) for name, first in CHAIN_FROM.items()}
        return np.asarray(weights[chain] / np.maximum(np.sum([*weights.values()], axis=0), 1e-9))

    def _price(self, symbol: str) -> Floats:
        """USD of one coin: within 40 bp of par, but for the counterfactual world's run on its second coin."""
        par = 1 + noise(self.seed, f"peg {symbol}", len(self.days), 0.0006, 0.3)
        if not self.recede and symbol == "USDC":
            spot = (self.days - np.datetime64("2025-11-20")).astype(float)
            par -= 0.035 * np.exp(-np.abs(spot) / 6)
        return np.asarray(par)

    def _tvl(self) -> Floats:
        """USD locked: rises with the years, falls with prices."""
        return np.asarray(1.2e11 * np.exp(np.minimum(0.75 * self.years, 0) + 0.05 * np.clip(self.years, 0, 6) + 0.9 * self.crypto
                                          + noise(self.seed, "tvl", len(self.days), 0.01)))

    def _protocol(self, slug: str) -> Floats:
        """USD of one tokenised-asset protocol at market, zero before its first day. Gold tokens follow the gold price."""
        spec = protocols()[slug]
        age = (self.days - np.datetime64(spec.first)).astype(float)
        units = spec.size * np.exp(self.growth(0.5, 0.45)) * np.clip(age / 250, 0.01, 1) * (age >= 0)
        units = units * np.exp(noise(self.seed, f"rwa {slug}", len(self.days), 0.002, 0.5))
        return np.asarray(units * self.prices.gold(self.days) / 4000 if spec.kind == "gold" else units)

    def ounces(self, slug: str) -> Floats:
        """Tokens of a gold protocol, one per ounce."""
        return np.asarray(self.protocol(slug) / self.prices.gold(self.days))

    def _class_value(self, name: str) -> Floats:
        size = CLASS_NAMES[name] * 1e9 * np.exp(self.growth(0.7, 0.45))
        return np.asarray(size * np.exp(noise(self.seed, f"class {name}", len(self.days), 0.002, 0.5)))


@dataclass(frozen=True)
class Protocol:
    """A protocol of tokenised assets: class, first day, USD at TURN."""

    slug: str
    kind: str
    category: str
    first: date
    size: float


@cache
def protocols() -> dict[str, Protocol]:
    """The registry's protocols and two that no class names."""
    classes: dict[str, str] = {"unlisted-note": "", "quiet-fund": ""}
    firsts: dict[str, date] = {}
    for dataset in load().datasets.values():
        if dataset.provider == "defillama":
            classes |= dataset.request.get("classes", {})
            if slug := dataset.request.get("slug"):
                firsts[slug] = dataset.first_date
    found = {}
    for slug, kind in {**dict.fromkeys(firsts, ""), **classes}.items():
        mark = crc32(slug.encode())
        category = "RWA Lending" if kind == "private_credit" and mark % 2 else "RWA"
        size = 1.1e9 if kind == "gold" else 5e7 + mark % 97 / 97 * 1.9e9
        found[slug] = Protocol(slug, kind, category, firsts.get(slug, date(2022, 1, 1 + mark % 28)), size)
    return found
