"""Answers every upstream from one simulated world, as it stood at one moment.

Belongs here: which host is answered by which desk, the clock of the stand-in, the expected verdicts.
Does not belong here: numbers (`prices`, `money`, `macro`), formats (`sandbox.wire`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from lowtide.errors import LowtideError
from sandbox.wire import MIRROR, Ask, Reply, family
from sandbox.wire.crypto import BINANCE_451, BYBIT_403
from sandbox.wire.unknown import unknown
from sandbox.world.bullion import BullionDesk
from sandbox.world.chains import Chains
from sandbox.world.coins import Coins
from sandbox.world.days import HORIZON, PRICES_FROM
from sandbox.world.filings import SecDesk
from sandbox.world.fred import FredDesk
from sandbox.world.goldhub import drop
from sandbox.world.llama import LlamaDesk
from sandbox.world.market import MarketDesk
from sandbox.world.money import Money
from sandbox.world.nations import Nations
from sandbox.world.offices import OfficeDesk
from sandbox.world.official import OfficialDesk
from sandbox.world.prices import Prices
from sandbox.world.rates import RateDesk
from sandbox.world.script import WORLDS, Verdict, claimed
from sandbox.world.venues import VenueDesk
from sandbox.world.vision import VisionDesk

POSTED = frozenset({"api.bls.gov"})


class Paths:
    """Everything of one world that no moment changes: the whole history to the horizon."""

    def __init__(self, world: str, seed: int) -> None:
        self.prices, self.money = Prices(WORLDS[world], seed), Money(WORLDS[world], seed)
        self.nations = Nations(WORLDS[world], seed, self.money)
        self.coins, self.chains = Coins(self.prices), Chains(self.prices)
        self.files: dict[str, bytes] = {}  # archive files, which never change once made


@lru_cache(maxsize=4)
def _paths(world: str, seed: int) -> Paths:
    """`now` only hides the later part of a path, hence prefix-stable."""
    return Paths(world, seed)


class SimulatedBackend:
    """The upstreams in world `world` ('recede' or 'counterfactual') with `seed`, as they answer at `now`.

    What is served for a date does not depend on `now`, except where upstream itself rewrites: Yahoo's adjustment for later
    splits and dividends, the unfinished bar, FRED's rolling windows (SP500, BAML), first prints that are revised.
    Raises LowtideError for an unknown world, a naive `now`, or one outside 2015..2035.
    """

    def __init__(self, world: str = "recede", seed: int = 20251121, *, now: datetime) -> None:
        if world not in WORLDS:
            raise LowtideError(f"unknown world {world!r}: use one of {', '.join(WORLDS)}")
        if now.tzinfo is None:
            raise LowtideError(f"the simulated world needs a time zone: {now.isoformat()}")
        self.world, self.seed, self.now = world, seed, now.astimezone(UTC)
        if not PRICES_FROM < self.now.date() < HORIZON:
            raise LowtideError(f"the simulated world runs from {PRICES_FROM} to {HORIZON}, not at {self.now.date()}")
        paths = _paths(world, seed)
        prices, money, nations = paths.prices, paths.money, paths.nations
        market, official = MarketDesk(prices, self.now), OfficialDesk(money, self.now)
        fred, offices = FredDesk(prices, money, nations, self.now), OfficeDesk(nations, self.now)
        rates, bullion = RateDesk(prices, money, nations, self.now), BullionDesk(prices, self.now)
        vision = VisionDesk(paths.coins, paths.files, self.now)
        venues, llama = VenueDesk(paths.coins, self.now), LlamaDesk(paths.chains, self.now)
        self._desks: dict[str, Callable[[Ask], Reply | None]] = {
            "fred.stlouisfed.org": fred.graph,
            "alfred.stlouisfed.org": fred.alfred,
            "api.stlouisfed.org": fred.api,
            "markets.newyorkfed.org": official.nyfed,
            "api.fiscaldata.treasury.gov": official.fiscaldata,
            "home.treasury.gov": official.treasury,
            "query1.finance.yahoo.com": market.yahoo,
            "query2.finance.yahoo.com": market.yahoo,
            "cdn.cboe.com": market.cboe,
            "api.exchange.coinbase.com": market.coinbase,
            "prices.lbma.org.uk": market.lbma,
            "api.bls.gov": offices.bls,
            "ec.europa.eu": offices.eurostat,
            "www.ons.gov.uk": offices.ons,
            "sdmx.oecd.org": offices.oecd,
            "api.worldbank.org": offices.worldbank,
            "stats.bis.org": offices.bis,
            "www.financialresearch.gov": rates.stress,
            "data.financialresearch.gov": rates.monitor,
            "www.atlantafed.org": rates.atlanta,
            "www.ecb.europa.eu": rates.euro,
            "cdn.jsdelivr.net": rates.currency,
            MIRROR: rates.mirror,
            "data.binance.vision": vision.answer,
            "s3-ap-northeast-1.amazonaws.com": vision.bucket,
            **dict.fromkeys(("api.binance.com", "fapi.binance.com"), lambda _: BINANCE_451),  # as from the United States
            "api.bybit.com": lambda _: BYBIT_403,
            "api.kraken.com": venues.kraken,
            "www.okx.com": venues.okx,
            "www.deribit.com": venues.deribit,
            "www.bitmex.com": venues.bitmex,
            "api.coingecko.com": venues.gecko,
            "stablecoins.llama.fi": llama.coins,
            "api.llama.fi": llama.main,
            "pro-api.llama.fi": llama.pro,
            "api.rwa.xyz": llama.rwa,
            "data.sec.gov": SecDesk(WORLDS[world], seed, self.now).answer,
            "api.spdrgoldshares.com": bullion.spdr,
            "api.imf.org": bullion.imf,
            "publicreporting.cftc.gov": bullion.cftc,
        }

    def drop(self, folder: Path) -> Path:
        """Put the files that a person would have fetched by `now` into the drop folder `folder`, and return it."""
        return drop(WORLDS[self.world], self.seed, self.now, folder)

    @property
    def ground_truth(self) -> dict[str, Verdict]:
        """Thesis id -> the verdict that is true at `now`; empty outside the scripted span (2026-06-01 to 2027-12-31)."""
        return claimed(WORLDS[self.world], self.now.date())

    def answer(self, ask: Ask) -> Reply:
        desk = self._desks.get(family(ask.host))
        reply = desk(ask) if desk and ask.method == ("POST" if ask.host in POSTED else "GET") else None
        return reply or unknown(ask)
