"""When a market is open, when an observation is public, and which one should be here by now.

Belongs here: sessions, release moments, expected dates, and the dated facts they rest on (`holidays.csv`, written by
`make_holidays`; `release_dates.csv`; `fed_cycles.csv`). Does not belong here: reading the clock, fetching, storing.
The CSVs are read once, on first use, with the csv module: nothing heavy is imported at run time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.model import Dataset, Frequency
from lowtide.errors import LowtideError

__all__ = [
    "CALENDARS", "FOLDER", "LAST_DAY", "expected_newest", "is_session", "period_of", "previous_observation",
    "released_at", "released_at_many", "releases", "sessions",
]  # fmt: skip

FOLDER = Path(__file__).parent
LAST_DAY = date(2030, 12, 31)  # the last day holidays.csv knows
CALENDARS = ("nyse", "sifma", "fed", "lbma", "24x7")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ONE_DAY = timedelta(days=1)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def _closures() -> dict[str, frozenset[date]]:
    days: dict[str, set[date]] = {name: set() for name in CALENDARS}
    for row in _rows("holidays.csv"):
        days[row["calendar"]].add(date.fromisoformat(row["day"]))
    return {name: frozenset(closed) for name, closed in days.items()}


@cache
def _releases() -> dict[str, dict[str, date | None]]:
    """release -> period -> day it was released; None: that period never came out."""
    found: dict[str, dict[str, date | None]] = {}
    for row in _rows("release_dates.csv"):
        periods = found.setdefault(row["release"], {})
        if row["period"] in periods:
            raise LowtideError(f"release_dates.csv: {row['release']} {row['period']} stands twice")
        periods[row["period"]] = date.fromisoformat(row["released_on"]) if row["released_on"] else None
    return found


def releases() -> frozenset[str]:
    """The release keys that `Publication.release` may name."""
    return frozenset(_releases())


def is_session(calendar: str, day: date) -> bool:
    """Is `day` a session of `calendar`? Weekends never are, except on `24x7`, where every day is one.

    Before a calendar's first listed year (fed, sifma 1962; nyse, lbma 1968) every weekday counts.
    Raises LowtideError for an unknown calendar and for days after the list's end (2030-12-31).
    """
    if calendar == "24x7":
        return True
    if day > LAST_DAY:
        raise LowtideError(f"the calendars end on {LAST_DAY}, asked for {day}: extend ingest/calendars/make_holidays.py")
    try:
        return day.weekday() < 5 and day not in _closures()[calendar]
    except KeyError:
        raise LowtideError(f"unknown calendar {calendar!r}: use one of {', '.join(CALENDARS)}") from None


def sessions(calendar: str, first: date, last: date) -> list[date]:
    """Sessions from `first` to `last`, both included, ascending; empty when first > last."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if is_session(calendar, day)]


def period_of(frequency: Frequency, day: date) -> str:
    """The key of an observation in release_dates.csv: `YYYY-MM` (quarterly: its first month), `YYYY`, else the date."""
    if frequency == "annual":
        return f"{day:%Y}"
    return f"{day:%Y-%m}" if frequency in ("monthly", "quarterly") else day.isoformat()


@dataclass
class _Rule:
    """A dataset's publication rule, made ready, with the moments already worked out."""

    dataset: Dataset
    at: time
    zone: ZoneInfo
    calendar: str
    periods: dict[str, date | None]
    known: dict[date, datetime] = field(default_factory=dict)

    def moment(self, day: date) -> datetime:
        found = self.known.get(day)
        if found is None:
            found = datetime.combine(self.release_day(day), self.at, self.zone).astimezone(UTC)
            self.known[day] = found
        return found

    def release_day(self, day: date) -> date:
        seeded = self.periods.get(period_of(self.dataset.frequency, day)) if self.periods else None
        if seeded is not None:
            return seeded
        publication = self.dataset.publication
        if publication.lag_unit == "calendar":
            return day + timedelta(days=publication.lag_days)
        for _ in range(publication.lag_days):
            day += _ONE_DAY
            while not is_session(self.calendar, day):
                day += _ONE_DAY
        return day

    def never(self, day: date) -> bool:
        key = period_of(self.dataset.frequency, day)
        return key in self.periods and self.periods[key] is None


_RULES: dict[str, _Rule] = {}


def _rule(dataset: Dataset) -> _Rule:
    rule = _RULES.get(dataset.id)
    if rule is None or (rule.dataset is not dataset and rule.dataset != dataset):
        publication = dataset.publication
        if publication.release is not None and publication.release not in _releases():
            raise LowtideError(f"{dataset.id}: publication.release {publication.release!r} has no row in release_dates.csv")
        rule = _RULES[dataset.id] = _Rule(
            dataset=dataset,
            at=time.fromisoformat(publication.at),
            zone=ZoneInfo(publication.tz),
            calendar=publication.calendar or dataset.calendar,
            periods=_releases().get(publication.release or "", {}),
        )
    return rule


def released_at(dataset: Dataset, day: date) -> datetime:
    """The moment (UTC) from which the observation dated `day` counts as public.

    The release seed's day where it has one for the period, else `day` + the publication lag (business days: sessions of
    the publication's calendar strictly after `day`; a lag of 0 is the day itself), at the publication's time and zone.
    A period marked as never released follows the lag: what its row says is that no value came.
    Raises LowtideError when a business lag leaves the calendars (after 2030) or the release key is unknown.
    """
    return _rule(dataset).moment(day)


def released_at_many(dataset: Dataset, days: Iterable[date]) -> list[datetime]:
    """`released_at` of many days, in their order; each distinct day is worked out once per process."""
    moment = _rule(dataset).moment
    return [moment(day) for day in days]


def previous_observation(dataset: Dataset, day: date) -> date:
    """The newest observation date of `dataset` strictly before `day`; periods that never came out are skipped.

    Daily: a session of the dataset's calendar. Weekly: its anchor's weekday. Else the first day of the month, quarter or
    year.
    """
    rule = _rule(dataset)
    while True:
        day = _step_back(dataset, day)
        if not rule.periods or not rule.never(day):
            return day


def _step_back(dataset: Dataset, day: date) -> date:
    before = day - _ONE_DAY
    if dataset.frequency == "daily":
        while not is_session(dataset.calendar, before):
            before -= _ONE_DAY
        return before
    if dataset.frequency == "weekly":
        return before - timedelta(days=(before.weekday() - WEEKDAYS.index(dataset.anchor or "")) % 7)
    if dataset.frequency == "monthly":
        return before.replace(day=1)
    if dataset.frequency == "annual":
        return date(before.year, 1, 1)
    return date(before.year, 3 * ((before.month - 1) // 3) + 1, 1)


def expected_newest(dataset: Dataset, now: datetime) -> date | None:
    """The newest observation date that should be public at `now`; never after now's UTC day nor after `last_date`.

    None before the first observation is due. Compare it with the newest date held to see whether a dataset is late.
    Raises LowtideError when `now` has no time zone.
    """
    if now.tzinfo is None:
        raise LowtideError(f"expected_newest needs a time zone: {now.isoformat()}")
    last = now.astimezone(UTC).date()
    if dataset.last_date is not None:
        last = min(last, dataset.last_date)
    day = previous_observation(dataset, last + _ONE_DAY)
    while day >= dataset.first_date:
        if released_at(dataset, day) <= now:
            return day
        day = previous_observation(dataset, day)
    return None
