"""Values that cannot be right: quarantined one by one, or the whole load refused.

Belongs here: plausible ranges, unit flips, the quarantine file. Does not belong here: statistics about real moves
(expectations), and the shape of a payload (the parsers).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import dropwhile
from pathlib import Path
from statistics import median_high, median_low
from typing import NamedTuple

import pyarrow as pa

from ingest.errors import OutOfRange, SchemaDrift
from ingest.facts import NEAR_ZERO_RATE, Fact, same_value, versions
from ingest.files import read_parquet, write_parquet
from ingest.model import Dataset, Row, Series

UNIT_FACTORS = (100.0, 1_000.0, 1_000_000.0)
UNIT_MARGIN = math.log(1.15)  # a ratio within 15 % of a factor looks like a change of unit
REFUSED_AT_LEAST, REFUSED_SHARE = 3, 0.05  # more bad rows than either: not a bad tick, a bad load
SPIKE, SPIKE_RETURNS = math.log(3.0), math.log(1.5)  # a price three times both its neighbours, which agree
REWRITTEN_AT_LEAST, REWRITTEN_SHARE, SHIFTS = 10, 0.9, 13  # held values that come back turned or at other dates
_JUMPS = tuple((math.log(factor), factor) for base in UNIT_FACTORS for factor in (base, 1 / base))
Key = tuple[str, date, float]


class Quarantined(NamedTuple):
    """A row that is kept apart, and why."""

    series_id: str
    observation_date: date
    value: float
    reason: str
    fetch_id: str
    quarantined_at: datetime


def inspect(
    dataset: Dataset, existing: Sequence[Fact], incoming: Iterable[Row], known: Collection[Key] = ()
) -> dict[Row, str]:
    """The rows to quarantine, each with its reason. Pure.

    Values already held are not looked at again. `known`: what is in quarantine already; it does not count towards the
    refusal. Raises OutOfRange when a unit or the signs flipped for good, or when more than max(3, 5 %) of a series' new
    or changed rows are bad; SchemaDrift when the values held come back at other dates.
    """
    held = versions(existing)
    rows: dict[str, list[Row]] = {}
    for row in incoming:
        if row.value is not None:
            rows.setdefault(row.series_id, []).append(row)
    bad: dict[Row, str] = {}
    for series in dataset.series:
        mine = held.get(series.id, {})
        fresh = [row for row in rows.get(series.id, []) if not _is_held(row, mine, dataset.change_tolerance)]
        if not fresh:
            continue
        found: dict[Row, str] = {}
        refuse_rewritten(series, mine, rows[series.id])
        looked_at = set(fresh)
        if series.kind in ("price", "index") and series.plausible[0] > 0:
            found = {row: "spike" for row in spikes(mine, rows[series.id]) if row in looked_at}
        if series.unit_guard and series.kind != "event":
            found |= {row: "unit jump" for row in unit_jumps(series, mine, rows[series.id]) if row in looked_at}
        low, high = series.plausible
        for row in fresh:
            if row not in found and row.value is not None and not low <= row.value <= high:
                found[row] = f"outside {low:g} to {high:g} {series.unit}"
        new = [row for row in found if (row.series_id, row.observation_date, row.value) not in known]
        if len(new) > max(REFUSED_AT_LEAST, REFUSED_SHARE * len(fresh)):
            row = new[0]
            raise OutOfRange(
                f"{series.id}: {len(new)} of {len(fresh)} new or changed values refused, "
                f"e.g. {row.observation_date} {row.value:g} ({found[row]})"
            )
        bad.update(found)
    return bad


def refuse_rewritten(series: Series, mine: Mapping[date, list[Fact]], rows: Sequence[Row]) -> None:
    """Refuses a load that rewrites history as no revision does.

    Raises OutOfRange when nine in ten values held come back with the other sign, SchemaDrift when they come back up to
    13 observations away (a time zone, a year), counted from the first that differs. Fewer than ten say nothing.
    """
    sent = {row.observation_date: row.value for row in rows if row.vintage is None}
    common = [(mine[day][-1].value, sent[day]) for day in sorted(sent) if day in mine]
    pairs = list(dropwhile(lambda pair: pair[0] == pair[1], ((a, b) for a, b in common if a is not None and b is not None)))
    changed = sum(old != new for old, new in pairs)
    if len(pairs) < REWRITTEN_AT_LEAST or changed * 2 < len(pairs):
        return
    enough = REWRITTEN_SHARE * len(pairs)
    if sum(old == -new != 0 for old, new in pairs) >= enough:
        raise OutOfRange(f"{series.id}: {changed} of {len(pairs)} held values came back with the other sign")
    for shift in range(1, min(SHIFTS, len(pairs) // 2) + 1):
        for later, earlier in ((0, 1), (1, 0)):
            moved = zip(pairs[shift:], pairs, strict=False)
            same = sum(now[later] == before[earlier] for now, before in moved)
            if same >= REWRITTEN_SHARE * (len(pairs) - shift):
                raise SchemaDrift(f"{series.id}: the values held came back {shift} observations away from their dates")


def spikes(mine: Mapping[date, list[Fact]], rows: Iterable[Row]) -> Iterator[Row]:
    """Rows three times (or a third of) both neighbours, when these agree: a slipped decimal, not a price."""
    sent = {row.observation_date: row for row in rows if row.value}
    values = {day: facts[-1].value for day, facts in mine.items()} | {day: row.value for day, row in sent.items()}
    line = sorted((day, value) for day, value in values.items() if value is not None and value > 0)
    for (_, before), (day, value), (_, after) in zip(line, line[1:], line[2:], strict=False):
        up, down = math.log(value / before), math.log(value / after)
        if min(abs(up), abs(down)) > SPIKE and abs(up - down) < SPIKE_RETURNS and day in sent:
            yield sent[day]


def unit_jumps(series: Series, mine: Mapping[date, list[Fact]], rows: Iterable[Row]) -> list[Row]:
    """Rows that leave the level by a unit factor and come back: bad ticks.

    Raises OutOfRange, naming series, dates and both values, when the level does not come back: the unit changed.
    """
    latest: dict[date, Row] = {}  # of several vintages the last one
    for row in sorted(rows, key=lambda r: (r.observation_date, r.vintage.timestamp() if r.vintage else 0.0)):
        latest[row.observation_date] = row
    points = [Point(day, row.value, row) for day, row in latest.items() if row.value and _telling(series, row.value)]
    held = {day: facts[-1].value or 0.0 for day, facts in mine.items() if _telling(series, facts[-1].value)}
    overlap = [(held[p.day], p.value, p.day) for p in points if p.day in held]
    shifts = [math.log(new / old) for old, new, _ in overlap if new / old > 0]
    # of an even number both middle ones, so that the median is a shift that was seen
    if shifts and (factor := _factor(median_low(shifts))) is not None and factor == _factor(median_high(shifts)):
        old, new, day = next(trio for trio in overlap if _jump(trio[0], trio[1]) == factor)
        raise OutOfRange(f"{series.id}: unit change suspected (x{factor:g}): {day} is {new:g}, held as {old:g}")
    earlier = max((day for day in held if points and day < points[0].day), default=None)
    return list(_ticks(series, points, [] if earlier is None else [Point(earlier, held[earlier], None)]))


class Point(NamedTuple):
    """A value that ratios can be taken of; `row` is None for a held one."""

    day: date
    value: float
    row: Row | None


def _ticks(series: Series, points: Sequence[Point], start: Sequence[Point]) -> Iterator[Row]:
    level: Point | None = start[0] if start else None
    position = 0
    while position < len(points):
        point = points[position]
        factor = _jump(level.value, point.value) if level else None
        if level is None or factor is None:
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


def _jump(old: float, new: float) -> float | None:
    ratio = new / old
    return _factor(math.log(ratio)) if ratio > 0 else None


def _factor(shift: float) -> float | None:
    """The unit factor that a difference of logarithms amounts to, if any."""
    return next((factor for jump, factor in _JUMPS if abs(shift - jump) <= UNIT_MARGIN), None)


def _is_held(row: Row, mine: Mapping[date, list[Fact]], tolerance: float) -> bool:
    facts = mine.get(row.observation_date, [])
    if row.vintage is not None:
        facts = [fact for fact in facts if fact.known_at >= row.vintage]
    else:
        facts = facts[-1:]
    return any(fact.state == "value" and same_value(fact.value, row.value, tolerance) for fact in facts)


_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("series_id", pa.string(), nullable=False),
        pa.field("observation_date", pa.date32(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("fetch_id", pa.string(), nullable=False),
        pa.field("quarantined_at", _MOMENT, nullable=False),
    ]
)


class Quarantine:
    """The Parquet file of one dataset's refused rows: one row per (series, date, value, reason), the first one seen."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[Quarantined]:
        """Everything quarantined so far; empty when there is no file. Raises LowtideError when it is damaged."""
        if not self.path.exists():
            return []
        columns = [column.to_pylist() for column in read_parquet(self.path, SCHEMA.names).columns]
        return [Quarantined(*values) for values in zip(*columns, strict=True)]

    def keys(self) -> set[Key]:
        """(series, date, value) of what is in quarantine."""
        return {(row.series_id, row.observation_date, row.value) for row in self.rows()}

    def append(self, new: Iterable[Quarantined]) -> None:
        """Add rows that are not there yet. Raises HomeUnusable."""
        held = self.rows()
        merged = {row[:4]: row for row in [*reversed([*held, *new])]}  # the first one seen wins
        if len(merged) == len(held):
            return
        ordered = sorted(merged.values())
        columns = list(zip(*ordered, strict=True))
        write_parquet(
            self.path,
            pa.Table.from_arrays(
                [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
            ),
        )
