"""Days of the simulated worlds: trading calendars from their holiday rules, and when a number becomes public.

Belongs here: calendars and release rules of the stand-in, worked out apart from `ingest.calendars` on purpose.
Does not belong here: prices, rates, wire formats.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Floats = NDArray[np.float64]
Rule = Callable[[date], datetime]  # observation date -> the moment it is public (UTC)

FIRST, PRICES_FROM, HORIZON = date(1990, 1, 1), date(2015, 1, 2), date(2035, 12, 31)
NEW_YORK, LONDON = "America/New_York", "Europe/London"
DAY = timedelta(days=1)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th (1..) or, for n = -1, the last `weekday` (Monday 0) of a month."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - DAY
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _easter(year: int) -> date:
    """Western Easter (Butcher's rule)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date, *, saturday: int = -1) -> date:
    """A fixed-date holiday moved off the weekend; `saturday` 0 leaves a Saturday where it is."""
    return day + timedelta(days={5: saturday, 6: 1}.get(day.weekday(), 0))


def _fed(year: int) -> set[date]:
    fixed = [(1, 1), (7, 4), (11, 11), (12, 25)] + ([(6, 19)] if year >= 2021 else [])
    moving = [_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _nth(year, 5, 0, -1), _nth(year, 9, 0, 1),
              _nth(year, 10, 0, 2), _nth(year, 11, 3, 4)]
    return {_observed(date(year, m, d), saturday=0) for m, d in fixed} | set(moving)


def _nyse(year: int) -> set[date]:
    fixed = [(7, 4), (12, 25)] + ([(6, 19)] if year >= 2022 else [])
    days = {_observed(date(year, m, d)) for m, d in fixed}
    days |= {_observed(date(year, 1, 1), saturday=0), _easter(year) - 2 * DAY, _nth(year, 5, 0, -1), _nth(year, 9, 0, 1),
             _nth(year, 11, 3, 4), _nth(year, 2, 0, 3)}
    if year >= 1998:
        days.add(_nth(year, 1, 0, 3))
    return days | {date(2018, 12, 5), date(2025, 1, 9)}  # days of mourning


_UK_MOVED = {  # extra days and the bank holidays they replaced
    2020: ({(5, 8)}, {(5, 4)}),
    2022: ({(6, 2), (6, 3), (9, 19)}, {(5, 30)}),
    2023: ({(5, 8)}, set()),
}


def _london(year: int) -> set[date]:
    easter = _easter(year)
    days = {_observed(date(year, 1, 1), saturday=2), easter - 2 * DAY, easter + DAY, _nth(year, 5, 0, 1), _nth(year, 5, 0, -1),
            _nth(year, 8, 0, -1), date(year, 12, 25), date(year, 12, 26)}
    for day in (25, 26):  # a Christmas weekend moves to the next two working days
        if date(year, 12, day).weekday() >= 5:
            days.add(date(year, 12, day) + 2 * DAY)
    extra, dropped = _UK_MOVED.get(year, (set(), set()))
    return (days | {date(year, *day) for day in extra}) - {date(year, *day) for day in dropped}


def _lbma(year: int) -> set[date]:
    """London without the afternoon auctions of the last working day before Christmas and New Year."""
    eves = {date(year, 12, 24), date(year, 12, 31)}
    return _london(year) | {eve - timedelta(days=max(0, eve.weekday() - 4)) for eve in eves}


def _sifma(year: int) -> set[date]:
    """The bond market: the Fed's holidays, Saturday ones on the Friday before (not New Year), Good Friday, one mourning day."""
    fixed = [(7, 4), (12, 25)] + ([(6, 19)] if year >= 2022 else [])
    friday = set() if year == 2015 else {_easter(year) - 2 * DAY}  # 2015: the jobs report fell on it
    return _fed(year) | {_observed(date(year, m, d)) for m, d in fixed} | friday | {date(2018, 12, 5)}


def _target(year: int) -> set[date]:
    """The euro's settlement system."""
    easter = _easter(year)
    return {date(year, 1, 1), easter - 2 * DAY, easter + DAY, date(year, 5, 1), date(year, 12, 25), date(year, 12, 26)}


_RULES: dict[str, Callable[[int], set[date]]] = {
    "target": _target,
    "fed": _fed,
    "nyse": _nyse,
    "sifma": _sifma,
    "london": _london,
    "lbma": _lbma,
}


@cache
def holidays(calendar: str) -> frozenset[date]:
    """Closed weekdays from FIRST to HORIZON. Raises KeyError for an unknown calendar ('24x7' is never closed)."""
    if calendar == "24x7":
        return frozenset()
    return frozenset(day for year in range(FIRST.year, HORIZON.year + 1) for day in _RULES[calendar](year))


def is_open(calendar: str, day: date) -> bool:
    return calendar == "24x7" or (day.weekday() < 5 and day not in holidays(calendar))


def step(calendar: str, day: date, count: int = 1) -> date:
    """The `count`-th open day after `day`; for count 0 `day` itself or the next open day."""
    if count == 0:
        while not is_open(calendar, day):
            day += DAY
        return day
    for _ in range(count):
        day = step(calendar, day + DAY, 0)
    return day


@cache
def grid(calendar: str, first: date = PRICES_FROM) -> Days:
    """All open days of `calendar` from `first` to HORIZON as datetime64[D]. 'weekdays' keeps the holidays."""
    days = np.arange(np.datetime64(first), np.datetime64(HORIZON) + 1)
    if calendar == "24x7":
        return days
    days = days[np.is_busday(days)]
    if calendar == "weekdays":
        return days
    closed = np.array(sorted(holidays(calendar)), dtype="datetime64[D]")
    return days[~np.isin(days, closed)]


def at(day: date, clock: str, zone: str = NEW_YORK) -> datetime:
    """Local wall-clock time `clock` (HH:MM) of `day` in `zone`, as UTC."""
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


def local_day(now: datetime, zone: str = NEW_YORK) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def same_day(clock: str, zone: str = NEW_YORK) -> Rule:
    return lambda day: at(day, clock, zone)


def next_open(calendar: str, clock: str, count: int = 1, zone: str = NEW_YORK) -> Rule:
    """Public on the `count`-th open day after the observation."""
    return lambda day: at(step(calendar, day, count), clock, zone)


def after_days(count: int, clock: str, calendar: str = "fed", zone: str = NEW_YORK) -> Rule:
    """Public `count` calendar days later, or the next open day of `calendar`."""
    return lambda day: at(step(calendar, day + timedelta(days=count), 0), clock, zone)


def month_later(day_of_month: int, clock: str, months: int = 1) -> Rule:
    """Public on `day_of_month` of the `months`-th month after the period, or the next Fed business day."""

    def rule(day: date) -> datetime:
        month = day.month - 1 + months
        return at(step("fed", date(day.year + month // 12, month % 12 + 1, day_of_month), 0), clock)

    return rule


def in_month(clock: str, zone: str, *, day: int = 0, weekday: int = -1, n: int = 3, months: int = 1) -> Rule:
    """Public in the `months`-th month after the period: on its `day` or the next weekday, or on its `n`-th `weekday`."""

    def rule(observed: date) -> datetime:
        count = observed.month - 1 + months
        year, month = observed.year + count // 12, count % 12 + 1
        if weekday >= 0:
            return at(_nth(year, month, weekday, n), clock, zone)
        chosen = date(year, month, day)
        return at(chosen + timedelta(days={5: 2, 6: 1}.get(chosen.weekday(), 0)), clock, zone)

    return rule


def first_friday(clock: str) -> Rule:
    """The jobs report: the first Friday of the next month that is at least its third day."""

    def rule(day: date) -> datetime:
        year, month = day.year + day.month // 12, day.month % 12 + 1
        friday = _nth(year, month, 4, 1)
        return at(friday if friday.day >= 3 else friday + timedelta(days=7), clock)

    return rule


def as_date(day: np.datetime64) -> date:
    converted: date = day.astype("datetime64[D]").item()
    return converted


def public(days: Days, rule: Rule, now: datetime) -> int:
    """How many of the ascending `days` are public at `now`."""
    count = int(np.searchsorted(days, np.datetime64(now.date()) + 2))
    while count and rule(as_date(days[count - 1])) > now:
        count -= 1
    return count
