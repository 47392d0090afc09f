"""The FRED desk: which ids exist, what each answers at `now`, with vintages.

Belongs here: id -> line, observations known at a vintage. Does not belong here: text formats (`sandbox.wire.fred`).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from functools import cache, cached_property

import numpy as np

from ingest.model import Dataset, Series
from ingest.registry import load
from sandbox.wire import Ask, Reply, text_reply
from sandbox.wire import fred as wire
from sandbox.world.days import Days, Floats, grid, local_day, same_day
from sandbox.world.line import Line, as_date, on_days
from sandbox.world.macro import RELEASES, credit_line, generic_line, release_line
from sandbox.world.money import Money
from sandbox.world.nations import H10, HICP_ON_FRED, Nations
from sandbox.world.prices import Prices

VINTAGES_FROM = date(2025, 1, 1)  # oldest vintage on ALFRED's page: enough to see revisions, few enough to fetch
HICP_IDS = {"CP0000EZCCM086NEST": "EA", "CP0000EZ19M086NEST": "EA", "CP0000CHM086NEST": "CH"}
DERIVED = {"T10Y2Y": ("DGS10", "DGS2"), "T10Y3M": ("DGS10", "DGS3MO"), "T10YIE": ("DGS10", "DFII10")}


@cache
def registry_ids() -> dict[str, tuple[Dataset, Series]]:
    """FRED and ALFRED ids the registry asks for."""
    return {s.field: (d, s) for d in load().datasets.values() if d.provider in ("fred", "alfred") for s in d.series}


class FredDesk:
    """fred.stlouisfed.org, alfred.stlouisfed.org and api.stlouisfed.org at one moment."""

    def __init__(self, prices: Prices, money: Money, nations: Nations, now: datetime) -> None:
        self.prices, self.money, self.nations, self.now = prices, money, nations, now
        self.today = local_day(now)
        self.lines: dict[str, Line | None] = {}
        self._rows: dict[str, list[wire.Row]] = {}

    def line(self, name: str) -> Line | None:
        """The series, or None for an id nobody knows."""
        if name not in self.lines:
            self.lines[name] = self._make(name)
        return self.lines[name]

    def _make(self, name: str) -> Line | None:
        seed, world = self.prices.seed, self.prices.world
        if name in RELEASES:
            return release_line(name, seed)
        if name in DERIVED:
            long, short = (self.money.fred(part) for part in DERIVED[name])
            assert long is not None and short is not None
            return Line(long.days, np.round(long.values - short.values, 2), long.rule)
        if name in ("VIXCLS", "GVZCLS"):
            bars = self.prices.vix() if name == "VIXCLS" else self.prices.gvz()
            return self._market(bars.days, bars.close)
        if name in ("SP500", "NASDAQ100"):
            bars = self.prices.bars("^GSPC" if name == "SP500" else "QQQ")
            return self._market(bars.days, np.round(bars.close * (1 if name == "SP500" else 41.2), 2))
        if name.startswith("DEX"):
            return self.nations.h10_line(name) if name in H10 else None
        if name in HICP_IDS:
            return self.nations.cpi(HICP_IDS[name], "all", 2, HICP_ON_FRED)
        if name == "ECBDFR":
            return self.nations.deposit_rate()
        found = self.money.fred(name) or credit_line(name, world, seed)
        if found is None and name in registry_ids():
            found = generic_line(name, *registry_ids()[name], seed)
        return found

    def _market(self, days: Days, close: Floats) -> Line:
        week = grid("weekdays", as_date(days[0]))
        values = np.where(np.isin(week, days), on_days(days, close, week), np.nan)
        return Line(week, values, same_day("16:15"), 2, archived=False)

    def rows(self, name: str, line: Line) -> list[wire.Row]:
        """(date, text) of what FRED shows now."""
        if name not in self._rows:
            rows = line.rows(line.known(self.now))
            years = 10 if name == "SP500" else 3 if name.startswith("BAML") and self.today >= date(2026, 4, 1) else 0
            if years:
                rows = list(wire.window(rows, (self.today - timedelta(days=round(365.25 * years))).isoformat(), ""))
            self._rows[name] = rows
        return self._rows[name]

    def graph(self, ask: Ask) -> Reply | None:
        name = ask.text("id")
        line = self.line(name) if ask.path == "/graph/fredgraph.csv" else None
        return None if line is None else wire.graph_csv(name, self.rows(name, line), ask)

    def alfred(self, ask: Ask) -> Reply | None:
        if ask.path == "/series/downloaddata":
            name = ask.text("seid")
            days = [day for day in self.vintages(name) if day >= VINTAGES_FROM.isoformat()]
            return text_reply(wire.vintage_page(name, days), "text/html; charset=UTF-8") if days else None
        name, vintage = ask.text("id"), ask.text("vintage_date", self.today.isoformat())
        line = self.line(name) if ask.path == "/graph/alfredgraph.csv" else None
        if line is None or not line.archived or vintage > self.today.isoformat():
            return None
        count = bisect_right(self.releases(name), vintage)
        rows = line.rows(count)
        return wire.graph_csv(f"{name}_{vintage.replace('-', '')}", rows, ask) if rows else None

    def releases(self, name: str) -> list[str]:
        """New York day on which each observation known now was released, ascending."""
        line = self.line(name)
        assert line is not None
        return _releases(self.prices.world.name, self.prices.seed, name, line)[: line.known(self.now)]

    def vintages(self, name: str) -> list[str]:
        """Distinct release days of a series ALFRED keeps; empty for others."""
        line = self.line(name)
        return sorted(set(self.releases(name))) if line is not None and line.archived else []

    def api(self, ask: Ask) -> Reply | None:
        if not ask.path.startswith("/fred/series"):
            return None
        if "api_key" not in ask.query:
            return wire.api_error("no_key")
        if ask.text("api_key") == "bad":
            return wire.api_error("bad_key")
        name, realtime = ask.text("series_id"), "realtime_start" in ask.query or "vintage_dates" in ask.query
        line = self.line(name)
        if line is None:
            return wire.api_error("not_in_alfred" if realtime else "no_series")
        today = self.today.isoformat()
        if ask.path == "/fred/series/observations":
            versions = self.versions(name, line) if realtime else [(d, v, today, today) for d, v in self.rows(name, line)]
            vintages = self.vintages(name) if realtime else []
            return wire.api_observations(ask, versions, today, vintages, line.archived)
        if ask.path == "/fred/series/vintagedates":
            return wire.api_vintage_dates(ask, self.vintages(name)) if line.archived else wire.api_error("not_in_alfred")
        return wire.api_series(self._about(name, line), today) if ask.path == "/fred/series" else None

    def versions(self, name: str, line: Line) -> list[tuple[str, str, str, str]]:
        """Each value with the days it was the current one."""
        released = self.releases(name)
        found = []
        for i, since in enumerate(released):
            follow = released[i + 1] if i + 1 < len(released) else None
            # two periods released on one day: only the newer one is shown as first printed, as `Line.rows` does
            if line.revises and line.first_texts[i] != line.texts[i] and follow != since:
                until = (date.fromisoformat(follow) - timedelta(days=1)).isoformat() if follow else wire.FOREVER
                found.append((line.day_texts[i], line.first_texts[i], since, until))
                if follow:
                    found.append((line.day_texts[i], line.texts[i], follow, wire.FOREVER))
            else:
                found.append((line.day_texts[i], line.texts[i], since, wire.FOREVER))
        return found

    def _about(self, name: str, line: Line) -> dict[str, object]:
        gap = int(np.median(np.diff(line.days[:50]).astype(int)))
        frequency, short = {1: ("Daily", "D"), 7: ("Weekly", "W")}.get(gap, ("Monthly", "M") if gap < 40 else ("Quarterly", "Q"))
        unit = self.units.get(name, ("Index", "Index"))
        rows = self.rows(name, line)
        return {
            "id": name, "title": f"{name} (simulated)", "observation_start": rows[0][0], "observation_end": rows[-1][0],
            "frequency": frequency, "frequency_short": short, "units": unit[0], "units_short": unit[1],
            "seasonal_adjustment": "Not Seasonally Adjusted", "seasonal_adjustment_short": "NSA",
            "last_updated": f"{self.releases(name)[-1]} 07:01:07-05", "popularity": 50,
        }

    @cached_property
    def units(self) -> dict[str, tuple[str, str]]:
        """FRED's unit texts for the registry's unit names."""
        texts = {
            "pct": ("Percent", "%"), "usd_mn": ("Millions of U.S. Dollars", "Mil. of U.S. $"),
            "usd_bn": ("Billions of U.S. Dollars", "Bil. of U.S. $"), "persons": ("Number", "Number"),
            "thousand_persons": ("Thousands of Persons", "Thous. of Persons"),
        }
        return {name: texts.get(series.unit, ("Index", "Index")) for name, (_, series) in registry_ids().items()}


_RELEASES: dict[tuple[str, int, str], list[str]] = {}


def _releases(world: str, seed: int, name: str, line: Line) -> list[str]:
    key = (world, seed, name)
    if key not in _RELEASES:
        _RELEASES[key] = [local_day(line.rule(as_date(day))).isoformat() for day in line.days]
    return _RELEASES[key]

