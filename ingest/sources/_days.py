"""Days of sources that speak in epochs: UTC days, the running day, sums of settlements.

Belongs here: what crypto and on-chain parsers share about time. Does not belong here: what one provider's cells mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from ingest.errors import SchemaDrift
from ingest.model import Response
from ingest.sources import _payload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {10: 1, 13: 1_000, 16: 1_000_000}  # digits of a time stamp of our age -> parts of a second
MINUTE = timedelta(minutes=1)


def running(response: Response) -> date:
    """The UTC day that was not over when the answer came: its values are not final."""
    return response.fetched_at.astimezone(UTC).date()


def moment(value: object) -> datetime:
    """The UTC moment of an epoch time stamp in seconds, milli- or microseconds, told apart by its digits."""
    number = _payload.number(value)
    if number is None or not number.is_integer():
        raise SchemaDrift(f"not a time stamp: {str(value)[:40]!r}")
    per_second = _UNITS.get(len(f"{number:.0f}"))
    if per_second is None:
        raise SchemaDrift(f"a time stamp of {len(f'{number:.0f}')} digits, wanted 10, 13 or 16: {number:.0f}")
    return _EPOCH + timedelta(microseconds=int(number) * (1_000_000 // per_second))


def midnight(value: object) -> date:
    """The UTC day that a time stamp opens; SchemaDrift when it is not at midnight."""
    opened = moment(value)
    if opened.time() != time():
        raise SchemaDrift(f"a day that does not begin at midnight UTC: {opened.isoformat()}")
    return opened.date()


def ms(day: date) -> int:
    """Epoch milliseconds of the day's beginning, UTC."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000


def by_day(settlements: Iterable[tuple[datetime, float]]) -> dict[date, list[tuple[datetime, float]]]:
    """Settlements by UTC day, ascending, time stamps rounded to the minute (upstreams are some milliseconds off).

    Raises SchemaDrift when two of one minute differ.
    """
    seen: dict[datetime, float] = {}
    for stamp, rate in settlements:
        minute = _EPOCH + MINUTE * round((stamp - _EPOCH) / MINUTE)
        if seen.setdefault(minute, rate) != rate:
            raise SchemaDrift(f"two rates for {minute.isoformat()}")
    days: dict[date, list[tuple[datetime, float]]] = {}
    for minute in sorted(seen):
        days.setdefault(minute.date(), []).append((minute, seen[minute]))
    return days


def percent(fractions: Iterable[float]) -> float:
    """Sum of fractions in percent, without the noise of binary addition."""
    return round(math.fsum(fractions) * 100, 10)
