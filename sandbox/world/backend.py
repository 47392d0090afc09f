"""Answers every upstream from one simulated world, as it stood at one moment.

Belongs here: which host is answered by which desk, the clock of the stand-in, the expected verdicts.
Does not belong here: numbers (`prices`, `money`, `macro`), formats (`sandbox.wire`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from lowtide.errors import LowtideError
from sandbox.wire import Ask, Reply
from sandbox.wire.unknown import unknown
from sandbox.world.days import HORIZON, PRICES_FROM
from sandbox.world.fred import FredDesk
from sandbox.world.market import MarketDesk
from sandbox.world.money import Money
from sandbox.world.official import OfficialDesk
from sandbox.world.prices import Prices
from sandbox.world.script import GROUND_TRUTH_FROM, GROUND_TRUTH_TO, WORLDS, Verdict


@lru_cache(maxsize=4)
def _paths(world: str, seed: int) -> tuple[Prices, Money]:
    """The whole history to the horizon; `now` only hides its later part, hence prefix-stable."""
    return Prices(WORLDS[world], seed), Money(WORLDS[world], seed)


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
        prices, money = _paths(world, seed)
        market = MarketDesk(prices, self.now)
        official = OfficialDesk(money, self.now)
        fred = FredDesk(prices, money, self.now)
        self._desks = {
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
        }

    @property
    def ground_truth(self) -> dict[str, Verdict]:
        """Thesis id -> the verdict that is true at `now`; empty outside the scripted span (2026-06-01 to 2027-12-31)."""
        if not GROUND_TRUTH_FROM <= self.now.date() <= GROUND_TRUTH_TO:
            return {}
        return dict(WORLDS[self.world].verdicts)

    def answer(self, ask: Ask) -> Reply:
        desk = self._desks.get(ask.host)
        reply = desk(ask) if desk and ask.method == "GET" else None
        return reply or unknown(ask)
