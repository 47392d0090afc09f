"""Values that cannot be right: quarantined one by one, or the whole load refused.

Belongs here: the order of the checks and what several bad rows amount to. The checks: `dates` (days that cannot be),
`units` (levels that jump), `history` (what is held comes back as something else); `quarantine` keeps the rows. Does not
belong here: statistics about real moves (expectations), and the shape of a payload (the parsers).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ingest.accepted import hint
from ingest.errors import OutOfRange
from ingest.facts import Fact, same_value, versions
from ingest.guards.dates import off_calendar
from ingest.guards.history import refuse_rewritten, refuse_zeros
from ingest.guards.quarantine import Key, Quarantine, Quarantined
from ingest.guards.units import newest_jump, spikes, unit_jumps
from ingest.model import Dataset, Row, Series

__all__ = ["Quarantine", "Quarantined", "inspect", "unit_jumps"]

REFUSED_AT_LEAST, REFUSED_SHARE = 3, 0.05  # more bad rows than either: not a bad tick, a bad load


class _Told(NamedTuple):
    """One series: what is held of it, which values the answer has, and which of them are new or changed."""

    series: Series
    mine: Mapping[date, list[Fact]]
    sent: list[Row]
    fresh: set[Row]


def inspect(
    dataset: Dataset, existing: Sequence[Fact], incoming: Iterable[Row], known: Collection[Key] = (), *, accepted: bool = False
) -> dict[Row, str]:
    """The rows to quarantine, each with its reason. Pure.

    Values already held are not looked at again. `known`: what is in quarantine already; it does not count towards the
    refusal. `accepted`: a person took this answer, so nothing is held against it but impossible days and values outside the
    plausible range.
    Raises OutOfRange when a unit or the signs flipped for good, when a rate falls to zero and stays, when more than max(3,
    5 %) of a series' new or changed rows are bad, or everything of a first load; SchemaDrift when the values held come back at other dates, or rows bear
    days that cannot be.
    """
    held = versions(existing)
    rows: dict[str, list[Row]] = {}
    for row in incoming:
        if row.value is not None:
            rows.setdefault(row.series_id, []).append(row)
    splits = _splits(dataset, held, rows)
    bad: dict[Row, str] = {}
    for series in dataset.series:
        mine, sent = held.get(series.id, {}), rows.get(series.id, [])
        told = _Told(series, mine, sent, {row for row in sent if not _is_held(row, mine, dataset.change_tolerance)})
        if told.fresh:
            found = _judged(dataset, told, splits, accepted)
            unknown = [row for row in found if (row.series_id, row.observation_date, row.value) not in known]
            _refuse_many(told, found, unknown)
            bad.update(found)
    if bad and not existing and len(bad) == sum(map(len, rows.values())):
        row, reason = next(iter(bad.items()))
        raise OutOfRange(f"{row.series_id}: no value is good: {row.observation_date} {row.value:g} ({reason})")
    return bad


def _judged(dataset: Dataset, told: _Told, splits: Collection[date], accepted: bool) -> dict[Row, str]:
    """Bad rows of one series, each with the reason that says most."""
    series, mine, sent, fresh = told
    found: dict[Row, str] = {}
    if not accepted:
        refuse_rewritten(dataset, series, mine, sent)
        refuse_zeros(dataset, series, mine, sent)
    priced = series.kind in ("price", "index") and series.plausible[0] > 0
    if priced:
        found = {row: "spike" for row in spikes(mine, sent) if row in fresh}
    if series.unit_guard and series.kind != "event":
        try:
            jumps = unit_jumps(series, {} if accepted else mine, sent, splits)
        except OutOfRange as error:
            if not accepted:
                raise OutOfRange(f"{error}{hint(dataset.id)}") from None
            jumps = []
        found |= {row: "unit jump" for row in jumps if row in fresh}
    low, high = series.plausible
    for row in sent:
        if row in fresh and row not in found and row.value is not None and not low <= row.value <= high:
            found[row] = f"outside {low:g} to {high:g} {series.unit}"
    if series.kind != "event":
        found |= {row: reason for row, reason in off_calendar(dataset, sent).items() if row in fresh}
    if priced and not accepted:
        rest = [row for row in sent if row not in found]
        found |= {row: reason for row, reason in newest_jump(mine, rest, splits) if row in fresh}
    return found


def _refuse_many(told: _Told, found: Mapping[Row, str], unknown: Sequence[Row]) -> None:
    if len(unknown) > max(REFUSED_AT_LEAST, REFUSED_SHARE * len(told.fresh)):
        row = unknown[0]
        raise OutOfRange(
            f"{told.series.id}: {len(unknown)} of {len(told.fresh)} new or changed values refused, "
            f"e.g. {row.observation_date} {row.value:g} ({found[row]})"
        )


def _splits(
    dataset: Dataset, held: Mapping[str, Mapping[date, list[Fact]]], rows: Mapping[str, list[Row]]
) -> frozenset[date]:
    """Days on which a share was split (events in `ratio`): its price jumps then, and nothing is wrong."""
    ids = [series.id for series in dataset.series if series.kind == "event" and series.unit == "ratio"]
    days = {day for name in ids for day in held.get(name, {})}
    return frozenset(days | {row.observation_date for name in ids for row in rows.get(name, [])})


def _is_held(row: Row, mine: Mapping[date, list[Fact]], tolerance: float) -> bool:
    facts = mine.get(row.observation_date, [])
    if row.vintage is not None:
        facts = [fact for fact in facts if fact.known_at >= row.vintage]
    else:
        facts = facts[-1:]
    return any(fact.state == "value" and same_value(fact.value, row.value, tolerance) for fact in facts)
