"""Macro releases and every other FRED id of the registry: trends with revisions, or a walk inside the plausible range.

Belongs here: ids without a market or money path. Does not belong here: rates (`money`), prices (`prices`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from ingest.model import Dataset, Series
from sandbox.world.days import (
    FIRST,
    PRICES_FROM,
    Days,
    Floats,
    Rule,
    after_days,
    at,
    first_friday,
    grid,
    month_later,
    next_open,
    step,
)
from sandbox.world.line import Line, noise
from sandbox.world.script import World, episode_path

LONG_FROM = date(2000, 1, 1)
LAPSE = np.datetime64("2025-10-01")  # no collection that month: these ids have no value
LAPSED = frozenset({"CPIAUCSL", "CPILFESL", "CPIAUCNS", "UNRATE"})


@dataclass(frozen=True)
class Release:
    """Level at the start of 2015, growth per year, noise (share of level), decimals, first-print error, release rule."""

    level: float
    growth: float
    sd: float
    decimals: int
    error: float
    rule: Rule
    weekly: str = ""  # weekday mask for weekly ids


# releases that the lapse in appropriations of October 2025 delayed: first day of the period -> release day
CPI_LATE = {date(2025, 9, 1): date(2025, 10, 24), date(2025, 10, 1): date(2025, 12, 18), date(2025, 11, 1): date(2025, 12, 18)}
PCE_LATE = {date(2025, 9, 1): date(2025, 12, 5), date(2025, 10, 1): date(2026, 1, 22), date(2025, 11, 1): date(2026, 1, 22),
            date(2025, 12, 1): date(2026, 2, 20), date(2026, 1, 1): date(2026, 3, 13)}
JOBS_LATE = {date(2025, 9, 1): date(2025, 11, 20), date(2025, 10, 1): date(2025, 12, 16), date(2025, 11, 1): date(2025, 12, 16)}


def delayed(rule: Rule, late: dict[date, date]) -> Rule:
    """`rule`, but at 08:30 on the given day for the periods in `late`."""
    return lambda day: at(late[day], "08:30") if day in late else rule(day)


CPI, PCE = delayed(month_later(12, "08:30"), CPI_LATE), delayed(month_later(27, "08:30"), PCE_LATE)
JOBS = delayed(first_friday("08:30"), JOBS_LATE)
RELEASES: dict[str, Release] = {
    "CPIAUCSL": Release(234.7, 0.027, 0.0004, 3, 0.0004, CPI),
    "CPILFESL": Release(239.6, 0.028, 0.0003, 3, 0.0003, CPI),
    "CPIAUCNS": Release(233.7, 0.027, 0.0015, 3, 0.0, CPI),
    "PCEPI": Release(97.5, 0.024, 0.0003, 3, 0.0005, PCE),
    "PCEPILFE": Release(96.6, 0.030, 0.0003, 3, 0.0005, PCE),
    "UNRATE": Release(4.6, -0.002, 0.02, 1, 0.0, JOBS),
    "PAYEMS": Release(140_500, 0.011, 0.0004, 0, 0.0004, JOBS),
    "INDPRO": Release(101.0, 0.002, 0.004, 4, 0.002, month_later(16, "09:15")),
    "RSAFS": Release(437_000, 0.045, 0.005, 0, 0.003, month_later(15, "08:30")),
    "PPIACO": Release(192.0, 0.025, 0.006, 3, 0.002, month_later(14, "08:30")),
    "PPIFES": Release(110.0, 0.025, 0.002, 3, 0.001, month_later(14, "08:30")),
    "JTSJOL": Release(6500, 0.01, 0.02, 0, 0.01, month_later(4, "10:00", 2)),
    "UMCSENT": Release(80.0, -0.005, 0.03, 1, 0.005, month_later(1, "10:00")),
    "M2SL": Release(11_700, 0.055, 0.001, 1, 0.0005, month_later(23, "13:00")),
    "M2REAL": Release(5_000, 0.03, 0.001, 1, 0.0005, month_later(23, "13:00")),
    "ICSA": Release(235_000, -0.003, 0.03, 0, 0.006, after_days(5, "08:30"), "Sat"),
    "CCSA": Release(1_900_000, 0.0, 0.01, 0, 0.003, after_days(12, "08:30"), "Sat"),
    "WALCL": Release(4_500_000, 0.035, 0.001, 0, 0.0, after_days(1, "16:30"), "Wed"),
}


def release_line(name: str, seed: int) -> Line:
    """A scripted release. Raises KeyError for an id without one. Rates (UNRATE) drift instead of compounding."""
    return released(name, RELEASES[name], seed)


def released(name: str, release: Release, seed: int) -> Line:
    """The line of a release rule."""
    if release.weekly:
        days = grid("24x7", PRICES_FROM)
        days = days[np.is_busday(days, weekmask=release.weekly)]
    else:
        days = np.arange(np.datetime64(LONG_FROM, "M"), np.datetime64("2036-01", "M")).astype("datetime64[D]")
    years = (days - np.datetime64(PRICES_FROM)).astype(float) / 365.25
    final = release.level * np.exp(release.growth * years + noise(seed, name, len(days), release.sd, 0.6))
    unit = 10.0**release.decimals
    error = np.round(noise(seed, f"{name} first", len(days), release.error, 0.0) * final * unit) / unit
    final = np.round(final, release.decimals)
    if name in LAPSED:
        final[days == LAPSE] = np.nan
    return Line(days, final, release.rule, release.decimals, final + error if release.error else None)


def credit_line(name: str, world: World, seed: int) -> Line | None:
    """Credit spreads and other daily ids that follow the market's falls; None for other ids."""
    specs = {  # level, rise per log fall, decimals
        "BAMLH0A0HYM2": (3.4, 18.0), "BAMLC0A0CM": (1.0, 4.0), "BAMLC0A4CBBB": (1.3, 5.0), "BAA10Y": (1.9, 6.0),
        "NFCI": (-0.5, 4.0), "STLFSI4": (-0.4, 8.0),
    }
    if name not in specs:
        return None
    level, rise = specs[name]
    days = grid("weekdays")
    weekly = {"NFCI": after_days(5, "08:30"), "STLFSI4": after_days(6, "08:30")}.get(name)
    if weekly:
        days = days[np.is_busday(days, weekmask="Fri")]
    values = level + rise * -episode_path(world, "sp500", days) + noise(seed, name, len(days), 0.03 * abs(level), 0.7)
    if weekly:
        return Line(days, np.round(values, 4), weekly, 4)
    holes = ~np.isin(days, grid("fed"))
    return Line(days, np.where(holes, np.nan, np.round(values, 2)), next_open("fed", "09:00"), 2,
                archived=not name.startswith("BAML"))


def registry_rule(dataset: Dataset) -> Rule:
    """The dataset's own publication rule (without the release seed): the stand-in is then on time, never early."""
    publication = dataset.publication
    calendar = publication.calendar or dataset.calendar
    if publication.lag_unit == "calendar":
        return after_days(publication.lag_days, publication.at, "24x7", publication.tz)
    return lambda day: at(step(calendar, day, publication.lag_days), publication.at, publication.tz)


def generic_line(name: str, dataset: Dataset, series: Series, seed: int) -> Line:
    """Any other id: a slow walk around a typical value inside its plausible range, at its own frequency."""
    low, high = series.plausible
    middle = float(np.sqrt(low * high)) if low > 0 else low + 0.35 * (high - low)
    days = generic_days(dataset)
    width = min(middle - low, high - middle) * 0.25
    persistence = 0.98
    walk = noise(seed, name, len(days), width * 0.02, persistence)
    values = middle + np.clip(walk, -width, width)
    decimals = 0 if middle > 10_000 else 4 if middle < 10 and series.kind != "rate" else 2
    first = values * (1 + noise(seed, f"{name} first", len(days), 0.001, 0.0)) if dataset.revises else None
    return Line(days, np.round(values, decimals), registry_rule(dataset), decimals, None if first is None else np.round(first, decimals))


def generic_days(dataset: Dataset) -> Days:
    """Observation dates of a dataset's frequency from 2015 to the horizon."""
    if dataset.last_date and dataset.last_date < PRICES_FROM:  # ended long ago
        return grid("24x7", FIRST)[: (dataset.last_date - FIRST).days + 1]
    if dataset.frequency == "daily":
        return grid(dataset.calendar)
    every = grid("24x7")
    if dataset.frequency == "weekly":
        return every[np.is_busday(every, weekmask=(dataset.anchor or "friday")[:3].title())]
    months = np.arange(np.datetime64("2015-01", "M"), np.datetime64("2036-01", "M"))
    months = months[:: {"quarterly": 3, "annual": 12}.get(dataset.frequency, 1)]
    return months.astype("datetime64[D]")


__all__ = ["RELEASES", "Floats", "credit_line", "generic_line", "registry_rule", "release_line"]
