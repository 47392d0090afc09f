"""Dollar money of the simulated worlds: administered rates, overnight funding, reserves, cash balances, yields.

Belongs here: the paths and when each is public. Does not belong here: prices (`prices`), macro releases (`macro`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property

import numpy as np

from sandbox.world.days import (
    Days,
    Floats,
    Rule,
    after_days,
    at,
    grid,
    next_open,
    same_day,
    step,
)
from sandbox.world.line import Line, noise, on_days, rng, rounded
from sandbox.world.script import FUNDING_END, FUNDING_TURN, World, episode_path, hoped, ramp, real_squeeze

SOFR_FROM, SRF_FROM, IORB_FROM, TWO_WINDOWS_FROM = date(2018, 4, 2), date(2021, 7, 29), date(2021, 7, 29), date(2025, 12, 11)
_UPPER = (  # effective date, upper end of the target range in percent
    ("2008-12-16", 0.25), ("2015-12-17", 0.50), ("2016-12-15", 0.75), ("2017-03-16", 1.00),
    ("2017-06-15", 1.25), ("2017-12-14", 1.50), ("2018-03-22", 1.75), ("2018-06-14", 2.00),
    ("2018-09-27", 2.25), ("2018-12-20", 2.50), ("2019-08-01", 2.25), ("2019-09-19", 2.00),
    ("2019-10-31", 1.75), ("2020-03-04", 1.25), ("2020-03-16", 0.25), ("2022-03-17", 0.50),
    ("2022-05-05", 1.00), ("2022-06-16", 1.75), ("2022-07-28", 2.50), ("2022-09-22", 3.25),
    ("2022-11-03", 4.00), ("2022-12-15", 4.50), ("2023-02-02", 4.75), ("2023-03-23", 5.00),
    ("2023-05-04", 5.25), ("2023-07-27", 5.50), ("2024-09-19", 5.00), ("2024-11-08", 4.75),
    ("2024-12-19", 4.50), ("2025-09-18", 4.25), ("2025-10-30", 4.00), ("2025-12-11", 3.75),
)
UPPER_DAYS: Days = np.array([day for day, _ in _UPPER], dtype="datetime64[D]")
UPPER: Floats = np.array([level for _, level in _UPPER])
TENORS = {  # column of the par curve -> (years, FRED id)
    "1 Mo": (1 / 12, "DGS1MO"), "1.5 Month": (1 / 8, ""), "2 Mo": (1 / 6, ""), "3 Mo": (0.25, "DGS3MO"), "4 Mo": (1 / 3, ""),
    "6 Mo": (0.5, "DGS6MO"), "1 Yr": (1, "DGS1"), "2 Yr": (2, "DGS2"), "3 Yr": (3, "DGS3"), "5 Yr": (5, "DGS5"),
    "7 Yr": (7, "DGS7"), "10 Yr": (10, "DGS10"), "20 Yr": (20, "DGS20"), "30 Yr": (30, "DGS30"),
}
REAL_TENORS = {
    "5 YR": (5, "DFII5"), "7 YR": (7, "DFII7"), "10 YR": (10, "DFII10"), "20 YR": (20, "DFII20"), "30 YR": (30, "DFII30"),
}


def h41(day: date) -> datetime:
    """H.4.1: the day after Wednesday at 16:30, a day later where that is a holiday."""
    return at(step("fed", day, 1), "16:30")


class Money:
    """All money series of one world."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed = world, seed
        self.days = grid("weekdays")
        stressed = world.funding_stress > 0
        turn = ramp(self.days, FUNDING_TURN, date(2025, 10, 31)) if stressed else np.zeros(len(self.days))
        push = ramp(self.days, FUNDING_TURN, FUNDING_END) ** 1.4 if stressed else -ramp(self.days, date(2024, 1, 1), FUNDING_END)
        wave = np.sin(np.arange(len(self.days)) / 35) * (1 - ramp(self.days, date(2023, 1, 1), date(2025, 6, 1)))
        early = ramp(self.days, date(2018, 9, 1), date(2019, 9, 1)) * (1 - ramp(self.days, date(2019, 10, 15), date(2020, 2, 1)))
        ends = self._ends()
        self.sofr_bp = -6 + 8 * turn + push * (40 if stressed else 8) + 1.2 * wave + 9 * early + 3 * ends + self._noise("sofr", 0.8)
        self.effr_bp = -7 + 2 * turn + push * (10 if stressed else 4) + 0.5 * wave + 2 * early + self._noise("effr", 0.3)
        self.p99_bp = 9 + 4 * turn + push * (25 if stressed else 4) + 1.0 * wave + 4 * early + 5 * ends + self._noise("p99", 0.8)

    def _noise(self, name: str, sd: float) -> Floats:
        return noise(self.seed, name, len(self.days), sd)

    def _ends(self) -> Floats:
        """1 on the last weekday of a month."""
        months = self.days.astype("datetime64[M]")
        return np.append((months[1:] != months[:-1]).astype(float), 0.0)

    def upper(self, days: Days) -> Floats:
        return on_days(UPPER_DAYS, UPPER, days)

    def iorb(self, days: Days) -> Floats:
        return rounded(self.upper(days) - 0.10, 2)

    def award(self, days: Days) -> Floats:
        """ON RRP rate: the lower end, 5 bp above it since June 2021."""
        return rounded(self.upper(days) - 0.25 + np.where(days >= np.datetime64("2021-06-17"), 0.05, 0.0), 2)

    def _rate(self, calendar: str, spread_bp: Floats, first: date, clock: str) -> Line:
        days = grid(calendar, first)
        values = self.iorb(days) + on_days(self.days, spread_bp, days) / 100
        return Line(days, rounded(np.maximum(values, 0.01), 2), next_open(calendar, clock))

    @cached_property
    def rates(self) -> dict[str, Line]:
        """sofr, tgcr, bgcr, effr, obfr (percent, open days only) and the percentiles <rate>_p1 .. _p99."""
        bases = {
            "sofr": (self.sofr_bp, "sifma", SOFR_FROM, "08:00"),
            "tgcr": (self.sofr_bp - 2 + self._noise("tgcr", 0.4), "sifma", SOFR_FROM, "08:00"),
            "bgcr": (self.sofr_bp - 1.6 + self._noise("bgcr", 0.4), "sifma", SOFR_FROM, "08:00"),
            "effr": (self.effr_bp, "fed", self.days[0].item(), "09:00"),
            "obfr": (self.effr_bp - 0.8, "fed", date(2016, 3, 1), "09:00"),
        }
        lines = {}
        for name, (spread, calendar, first, clock) in bases.items():
            secured = calendar == "sifma"
            lines[name] = self._rate(calendar, spread, first, clock)
            for share, offset in (("p1", -6.0), ("p25", -1.5), ("p75", 4.0)):
                lines[f"{name}_{share}"] = self._rate(calendar, spread + (offset if secured else offset / 3), first, clock)
            lines[f"{name}_p99"] = self._rate(calendar, spread + (self.p99_bp if secured else 3.0), first, clock)
        return lines

    def volume(self, name: str, days: Days) -> Floats:
        """USD billions, whole."""
        start, growth = {"sofr": (800, 0.13), "tgcr": (400, 0.13), "bgcr": (430, 0.13), "effr": (75, 0.03), "obfr": (180, 0.03)}[name]
        years = (days - self.days[0]).astype(float) / 365.25
        wiggle = on_days(self.days, self._noise(f"{name} volume", 0.02), days)
        return rounded(start * np.exp(growth * np.minimum(years, 12) + wiggle))

    @cached_property
    def reserves(self) -> Line:
        """Reserve balances, week average ending Wednesday, USD millions."""
        weeks = self.days[np.is_busday(self.days, weekmask="Wed")]
        growth = np.full(len(weeks), -0.004)  # log per four weeks
        growth[weeks >= np.datetime64("2020-03-18")] = 0.026
        growth[weeks >= np.datetime64("2022-01-05")] = -0.003
        late = weeks >= np.datetime64(FUNDING_TURN)
        push = ramp(weeks, FUNDING_TURN, FUNDING_END)
        growth[late] = (-0.005 - 0.016 * push[late]) if self.world.funding_stress > 0 else 0.004
        growth[weeks >= np.datetime64(FUNDING_END)] = 0.0
        level = 3_200_000 * np.exp(np.cumsum(growth) / 4 + noise(self.seed, "reserves", len(weeks), 0.002))
        return Line(weeks, rounded(level), h41, 0)

    @cached_property
    def tga(self) -> Line:
        """Treasury General Account, close of each Fed business day, USD millions (public next business day, 16:00)."""
        days = grid("fed")
        at_ = np.arange(len(days))
        values = 620_000 + 140_000 * np.sin(at_ / 40) + 60_000 * np.sin(at_ / 9.5) + noise(self.seed, "tga", len(days), 15_000)
        return Line(days, rounded(values), next_open("fed", "16:00"), 0)

    def tga_week(self, average: bool) -> Line:
        """WTREGEN (week average) or WDTGAL (Wednesday level), USD millions."""
        weeks = self.reserves.days
        daily = on_days(self.tga.days, self.tga.values, self.days)
        if average:
            daily = np.convolve(daily, np.ones(5) / 5)[: len(daily)]
        values = on_days(self.days, daily, weeks)
        return Line(weeks[1:], rounded(values[1:]), h41, 0)

    @cached_property
    def onrrp(self) -> Line:
        """ON RRP take-up, USD billions, three decimals; public the same day."""
        days = grid("fed")
        marks = ("2015-01-01", "2018-06-01", "2021-03-01", "2022-06-01", "2023-05-01", "2024-06-01", "2025-08-01", "2036-01-01")
        axis = np.array(marks, dtype="datetime64[D]").astype(float)
        level = np.exp(np.interp(days.astype(float), axis, np.log([120, 15, 8, 2150, 2250, 420, 12, 8])))
        values = level * np.exp(noise(self.seed, "onrrp", len(days), 0.06))
        return Line(days, rounded(values, 3), same_day("13:20"), 3)

    @cached_property
    def srf(self) -> Line:
        """Standing repo take-up of the day, USD billions, three decimals; 0 on almost every calm day."""
        days = grid("fed")
        draw = rng(self.seed, "srf").random(len(days))
        values = np.where(draw < 0.03, 0.001, 0.0)
        if self.world.funding_stress > 0:
            ends = on_days(self.days, self._ends(), days)
            stress = np.where(days >= np.datetime64(FUNDING_TURN), 1.0, 0.0)
            values += stress * np.where(ends > 0, 18 + 30 * draw, np.where(draw > 0.6, 6 * draw, 0.0))
        values[days < np.datetime64(SRF_FROM)] = 0.0
        return Line(days, rounded(values, 3), same_day("13:50"), 3)

    def yield_pct(self, years: float, days: Days) -> Floats:
        """Par yield of a maturity: policy at the short end, a slow anchor at the long one, up when Treasuries are sold."""
        short = self.upper(days) - 0.08
        anchor = on_days(self.days, np.convolve(self.upper(self.days), np.ones(250) / 250, mode="full")[: len(self.days)], days)
        warm = np.clip((days - self.days[0]).astype(float) / 365, 0, 1)  # the mean needs a year
        long = 2.2 + 0.45 * (anchor * warm + short * (1 - warm) - 1.0)
        weight = 1 - np.exp(-years / 3)
        sold = -episode_path(self.world, "treasuries", days) * 100 / 16 * min(1.0, years / 10) + hoped(self.world, days, years)
        own = on_days(self.days, self._noise("curve", 0.03) + self._noise(f"curve {years:.2f}", 0.008), days)
        return rounded(np.maximum(short * (1 - weight) + long * weight + 0.012 * min(years, 30) + sold + own, 0.01), 2)

    def real_pct(self, years: float, days: Days) -> Floats:
        """Real par yield: nominal less a slow breakeven, and what holders ask on top."""
        breakeven = 2.15 + 0.15 * np.sin((days - self.days[0]).astype(float) / 400) + 0.004 * years
        return rounded(self.yield_pct(years, days) - breakeven + real_squeeze(self.world, days), 2)

    def curve(self, column: str, real: bool = False) -> Line:
        """One column of the Treasury's file (open bond-market days, public 17:00). Raises KeyError for another column."""
        days = grid("sifma")
        tenors = REAL_TENORS if real else TENORS
        values = (self.real_pct if real else self.yield_pct)(tenors[column][0], days)
        first = {"2 Mo": "2018-10-16", "4 Mo": "2022-10-19", "1.5 Month": "2025-02-18"}.get(column, "1990-01-01")
        return Line(days, np.where(days >= np.datetime64(first), values, np.nan), same_day("17:00"))

    def fred(self, name: str) -> Line | None:
        """FRED's mirror of a money series, with its empty holiday cells; None for an id that is not money."""
        week, every = self.days, grid("24x7")
        h15 = next_open("fed", "16:15")
        for tenors, real in ((TENORS, False), (REAL_TENORS, True)):
            for column, (_, fred_id) in tenors.items():
                if fred_id == name:
                    return _with_holes(self.curve(column, real), week, h15)
        if name.lower() in ("sofr", "effr", "obfr"):
            source = self.rates[name.lower()]
            return _with_holes(source, week[week >= source.days[0]], source.rule)
        seven: dict[str, Callable[[], Floats]] = {
            "DFEDTARU": lambda: self.upper(every), "DFEDTARL": lambda: self.upper(every) - 0.25,
            "IORB": lambda: np.where(every >= np.datetime64(IORB_FROM), self.iorb(every), np.nan),
            "IOER": lambda: np.where(every < np.datetime64(IORB_FROM), self.iorb(every), np.nan),
        }
        if name in seven:
            values = seven[name]()
            kept = ~np.isnan(values)
            return Line(every[kept], values[kept], same_day("00:00"))
        if name == "DFF":
            source = self.rates["effr"]
            return Line(every, on_days(source.days, source.values, every), next_open("fed", "09:00"))
        others = {
            "RRPONTSYAWARD": lambda: Line(week, self.award(week), same_day("13:20")),
            "RRPONTSYD": lambda: _with_holes(self.onrrp, week, same_day("13:20")),
            "RPONTTLD": lambda: _with_holes(self.srf, week, same_day("13:50")),
            "WRESBAL": lambda: self.reserves,
            "WRBWFRBL": lambda: self.reserves,
            "WTREGEN": lambda: self.tga_week(True),
            "WDTGAL": lambda: self.tga_week(False),
            "FEDFUNDS": self._monthly_effr,
        }
        return others[name]() if name in others else None

    def _monthly_effr(self) -> Line:
        source = self.fred("DFF")
        assert source is not None
        months = source.days.astype("datetime64[M]")
        firsts = np.flatnonzero(np.append(True, months[1:] != months[:-1]))
        means = np.add.reduceat(source.values, firsts) / np.diff(np.append(firsts, len(months)))
        days = months[firsts].astype("datetime64[D]")
        return Line(days, rounded(means, 2), after_days(32, "16:15"))


def _with_holes(source: Line, days: Days, rule: Rule) -> Line:
    """`source` on all weekdays, nan where it has no day: FRED's empty holiday cell."""
    at_ = np.searchsorted(source.days, days)
    hit = np.take(source.days, np.minimum(at_, len(source.days) - 1)) == days
    values = np.where(hit, np.take(source.values, np.minimum(at_, len(source.values) - 1)), np.nan)
    return Line(days, values, rule, source.decimals)

