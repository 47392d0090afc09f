"""Levels that jump as a unit or a slipped decimal does, not as a market.

Belongs here: ratios between values. Does not belong here: ranges (`ingest.guards`), the same dates in two answers otherwise
(`history`). A person can take an answer that `unit_jumps` refuses: `lowtide accept`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from statistics import median_high, median_low
from typing import NamedTuple

from ingest.errors import OutOfRange
from ingest.facts import NEAR_ZERO_RATE, Fact
from ingest.model import Row, Series

UNIT_FACTORS = (100.0, 1_000.0, 1_000_000.0)
TEN_KINDS = ("rate", "price", "index")  # a stock or a flow may well be ten times what it was
UNIT_MARGIN = math.log(1.15)  # a ratio within 15 % of a factor looks like a change of unit
SPIKE, SPIKE_RETURNS = math.log(3.0), math.log(1.5)  # a price three times both its neighbours, which agree


def _both(factors: Iterable[float]) -> tuple[tuple[float, float], ...]:
    return tuple((math.log(factor), factor) for base in factors for factor in (base, 1 / base))


_JUMPS, _JUMPS_AND_TEN = _both(UNIT_FACTORS), _both((*UNIT_FACTORS, 10.0))


def spikes(mine: Mapping[date, list[Fact]], rows: Iterable[Row]) -> Iterator[Row]:
    """Rows three times (or a third of) both neighbours, when these agree: a slipped decimal, not a price."""
    sent = {row.observation_date: row for row in rows if row.value}
    line = _line(mine, sent)
    for (_, before), (day, value), (_, after) in zip(line, line[1:], line[2:], strict=False):
        up, down = math.log(value / before), math.log(value / after)
        if min(abs(up), abs(down)) > SPIKE and abs(up - down) < SPIKE_RETURNS and day in sent:
            yield sent[day]


def newest_jump(
    mine: Mapping[date, list[Fact]], rows: Iterable[Row], splits: Collection[date]
) -> Iterator[tuple[Row, str]]:
    """The newest row when it is more than three times (or less than a third of) the value before, and why: one value cannot
    say whether the price moved, the next one can. `splits`: days on which a share was split."""
    sent = {row.observation_date: row for row in rows if row.value}
    line = _line(mine, sent)[-2:]
    if len(line) < 2:
        return
    (before, old), (day, new) = line
    if day in sent and abs(math.log(new / old)) > SPIKE and not any(before < split <= day for split in splits):
        yield sent[day], f"x{new / old:.3g} of {before}, until the next value says the same"


def _line(mine: Mapping[date, list[Fact]], sent: Mapping[date, Row]) -> list[tuple[date, float]]:
    """Positive values by day, held and sent."""
    values = {day: facts[-1].value for day, facts in mine.items()} | {day: row.value for day, row in sent.items()}
    return sorted((day, value) for day, value in values.items() if value is not None and value > 0)


def unit_jumps(
    series: Series, mine: Mapping[date, list[Fact]], rows: Iterable[Row], splits: Collection[date] = ()
) -> list[Row]:
    """Rows that leave the level by a unit factor and come back: bad ticks.

    The factors are 100, 1,000 and a million; 10 as well where held dates come back as something else (not stocks and flows),
    and where prices and indexes go on, splits apart: a rate may well be cut to a tenth. Raises OutOfRange, naming series, dates and both values, when the level does not come back: the unit changed.
    """
    latest: dict[date, Row] = {}  # of several vintages the last one
    for row in sorted(rows, key=lambda r: (r.observation_date, r.vintage.timestamp() if r.vintage else 0.0)):
        latest[row.observation_date] = row
    points = [Point(day, row.value, row) for day, row in latest.items() if row.value and _telling(series, row.value)]
    held = {day: facts[-1].value or 0.0 for day, facts in mine.items() if _telling(series, facts[-1].value)}
    overlap = [(held[p.day], p.value, p.day) for p in points if p.day in held]
    shifts = [math.log(new / old) for old, new, _ in overlap if new / old > 0]
    # of an even number both middle ones, so that the median is a shift that was seen
    known = _JUMPS_AND_TEN if series.kind in TEN_KINDS else _JUMPS
    if shifts and (factor := _factor(median_low(shifts), known)) is not None and factor == _factor(median_high(shifts), known):
        old, new, day = next(trio for trio in overlap if _jump(trio[0], trio[1], known) == factor)
        raise OutOfRange(f"{series.id}: unit change suspected (x{factor:g}): {day} is {new:g}, held as {old:g}")
    earlier = max((day for day in held if points and day < points[0].day), default=None)
    return list(_ticks(series, points, [] if earlier is None else [Point(earlier, held[earlier], None)], splits))


class Point(NamedTuple):
    """A value that ratios can be taken of; `row` is None for a held one."""

    day: date
    value: float
    row: Row | None


def _ticks(series: Series, points: Sequence[Point], start: Sequence[Point], splits: Collection[date]) -> Iterator[Row]:
    known = _JUMPS_AND_TEN if series.kind in ("price", "index") else _JUMPS
    level: Point | None = start[0] if start else None
    position = 0
    while position < len(points):
        point = points[position]
        factor = _jump(level.value, point.value, known) if level else None
        if level is None or factor is None or any(level.day < split <= point.day for split in splits):
            level = point
            position += 1
            continue
        half = abs(math.log(factor)) / 2
        back = next((n for n in range(position + 1, len(points)) if _distance(level, points[n]) < half), None)
        if back is None:
            raise OutOfRange(
                f"{series.id}: unit change suspected (x{factor:g}): {level.day} is {level.value:g}, "
                f"{point.day} is {point.value:g}, and the level stays"
            )
        yield from (tick.row for tick in points[position:back] if tick.row)
        position = back


def _telling(series: Series, value: float | None) -> bool:
    """False where a ratio says nothing: missing, zero, a rate near zero."""
    return bool(value) and not (series.kind == "rate" and abs(value or 0.0) < NEAR_ZERO_RATE)


def _distance(left: Point, right: Point) -> float:
    ratio = right.value / left.value
    return abs(math.log(ratio)) if ratio > 0 else math.inf


def _jump(old: float, new: float, known: Sequence[tuple[float, float]]) -> float | None:
    ratio = new / old
    return _factor(math.log(ratio), known) if ratio > 0 else None


def _factor(shift: float, known: Sequence[tuple[float, float]]) -> float | None:
    """The unit factor that a difference of logarithms amounts to, if any."""
    return next((factor for jump, factor in known if abs(shift - jump) <= UNIT_MARGIN), None)
