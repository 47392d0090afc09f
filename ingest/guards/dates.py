"""Days on which there cannot be a value: a weekend, a holiday, another weekday than a week's report bears, a month's middle.

Belongs here: which rows are off their calendar. Does not belong here: the calendars (`ingest.calendars`), and which of their
days a dataset keeps to (the registry's `dates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from ingest import calendars
from ingest.errors import SchemaDrift
from ingest.model import Dataset, Row

OFF_AT_LEAST, OFF_SHARE = 3, 0.02  # that many and more than that share of an answer: it is dated wrongly
EXACT_SINCE = date(2015, 1, 1)  # before that a holiday may have been kept otherwise than the lists say; weekends are certain
ALONE = timedelta(days=7305)  # a value so long before the next of its answer has a slip in its year
_PERIODS = {"monthly": "month", "annual": "year"}  # quarters may be of any fiscal year
_SATURDAY = 5


def off_calendar(dataset: Dataset, rows: Sequence[Row]) -> dict[Row, str]:
    """Those of a series' `rows` with values that bear an impossible day, each with the reason.

    Raises SchemaDrift when they are three and more than 2 %: not a stray row, wrong dates.
    """
    days = sorted({row.observation_date for row in rows})
    begin = next((after for day, after in reversed([*pairwise(days)]) if after - day > ALONE), date.min)
    found = {row: reason for row in rows if (reason := _reason(dataset, row.observation_date))}
    found |= {row: f"long before the next, {begin}" for row in rows if row.observation_date < begin}
    if len(found) >= OFF_AT_LEAST and len(found) > OFF_SHARE * len(rows):
        row = next(iter(found))
        raise SchemaDrift(
            f"{row.series_id}: {len(found)} of {len(rows)} values bear days that cannot be, e.g. {row.observation_date} "
            f"{row.value:g} ({found[row]})"
        )
    return found


def _reason(dataset: Dataset, day: date) -> str | None:
    if dataset.frequency in _PERIODS:
        edge = day.day == 1 or (day + timedelta(days=1)).day == 1
        return None if edge else f"neither first nor last day of a {_PERIODS[dataset.frequency]}"
    if dataset.frequency == "weekly":
        anchor = calendars.WEEKDAYS.index(dataset.anchor or "")
        if day.weekday() == anchor or (abs(day.weekday() - anchor) == 1 and _short_week(dataset.calendar, day)):
            return None
        return f"{calendars.WEEKDAYS[day.weekday()]}, not {dataset.anchor}"
    if dataset.frequency != "daily" or dataset.calendar == "24x7" or dataset.dates == "any":
        return None
    if day.weekday() >= _SATURDAY:
        return f"{calendars.WEEKDAYS[day.weekday()]}, no session of {dataset.calendar}"
    if dataset.dates == "sessions" and EXACT_SINCE <= day <= calendars.LAST_DAY and not calendars.is_session(dataset.calendar, day):
        return f"holiday, no session of {dataset.calendar}"
    return None


def _short_week(calendar: str, day: date) -> bool:
    """Whether the working week of `day` has a holiday: reports move by a day then."""
    monday = day - timedelta(days=day.weekday())
    week = [monday + timedelta(days=n) for n in range(_SATURDAY)]
    return calendar != "24x7" and week[-1] <= calendars.LAST_DAY and not all(calendars.is_session(calendar, one) for one in week)
