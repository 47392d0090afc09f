"""Append-only facts with two clocks: what a batch of rows adds to what is already known.

Belongs here: the rules of `known_at`. Does not belong here: the file that keeps the facts (`ingest.facts`), whether a
value is plausible (`ingest.guards`), when something is published (`ingest.calendars`).

The rules (`diff`):
* a native vintage is known from its release moment, and every vintage is kept, so the order of arrival does not matter;
* the first value of an observation is known from its release moment, however early we saw it; when an earlier fetch
  after that moment covered its date and did not have it, from the moment we saw it arrive;
* a changed, missing or vanished value is known from the moment we saw it change;
* history deeper than what was held is a bulk load: the release rule. A shortened history deletes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from ingest import calendars
from ingest.accepted import hint
from ingest.errors import SchemaDrift, StaleData
from ingest.facts import (
    ChangeLog,
    Fact,
    Stamp,
    State,
    newest,
    order,
    same_value,
    versions,
)
from ingest.guards.history import refuse_changed
from ingest.model import Dataset, Row

__all__ = ["Change", "ChangeLog", "Fact", "Stamp", "State", "diff", "newest", "versions"]

VANISHED_LIMIT = 0.2  # share of a series' span that may vanish or lose its value in one fetch (one single date always may)
_TICK = timedelta(microseconds=1)


class Change(NamedTuple):
    """What to append: `added` = all new facts, `revised` = those of them that replace an earlier version."""

    facts: list[Fact]
    revised: int

    @property
    def added(self) -> int:
        return len(self.facts)


def diff(
    dataset: Dataset,
    existing: Sequence[Fact],
    incoming: Sequence[Row],
    fetched_at: datetime,
    fetch_id: str,
    previous_fetches: Collection[datetime] = (),
    *,
    withheld: Collection[tuple[str, date]] = (),
    stamps: Sequence[Stamp] | None = None,
    accepted: bool = False,
) -> Change:
    """What `incoming` adds to `existing` (in the log's order). Pure; equal input gives equal output.

    `previous_fetches`: moments of earlier successful fetches of this dataset. `withheld`: (series, date) of rows that
    were received but quarantined: neither stored nor vanished. `stamps`: per incoming row, where a fetch took several
    responses; default (fetched_at, fetch_id). `accepted`: a person took this answer, however much of what is held vanishes.
    Raises SchemaDrift (undeclared series, values that are no numbers, contradictions, more than 20 % of a series' span
    vanished or lost its value), StaleData (newest date older than the newest held by more than `dataset.carry_days`), and
    for a dataset that does not revise what `guards.history.refuse_changed` raises.
    """
    own = Stamp(fetched_at, fetch_id)
    batch = _by_series(dataset, incoming, stamps if stamps is not None else [own] * len(incoming))
    held = versions(existing)
    hidden: dict[str, set[date]] = {}
    for series_id, day in withheld:
        hidden.setdefault(series_id, set()).add(day)
    last_fetch = max(previous_fetches, default=None)
    facts: list[Fact] = []
    revised = 0
    for series in dataset.series:
        rows, mine = batch.get(series.id, {}), held.get(series.id, {})
        native = {key: seen for key, seen in rows.items() if key[1] is not None}
        plain = {key[0]: seen for key, seen in rows.items() if key[1] is None}
        dates = plain.keys() | hidden.get(series.id, set())
        if dates and not native:
            if series.kind != "event":
                _refuse_stale(dataset, series.id, mine, max(dates), fetched_at)
            gone, lost = _vanished(mine, dates, {day for day, (value, _) in plain.items() if value is None})
            if lost and not accepted:
                raise SchemaDrift(f"{series.id}: {lost}{hint(dataset.id)}")
            if not accepted:
                refuse_changed(dataset, series, mine, {day: value for day, (value, _) in plain.items()}, hidden.get(series.id, ()))
            facts += [_version(mine[day][-1], None, "vanished", own) for day in gone]
            revised += len(gone)
        oldest = min(mine, default=None)
        for day, (value, stamp) in plain.items():
            state: State = "missing" if value is None else "value"
            if day in mine:
                latest = mine[day][-1]
                if latest.state == state and same_value(latest.value, value, dataset.change_tolerance):
                    continue
                facts.append(_version(latest, value, state, stamp))
                revised += 1
                continue
            known_at = calendars.released_at(dataset, day)
            late = last_fetch is not None and oldest is not None and oldest <= day <= last_fetch.date()
            if late and last_fetch is not None and known_at <= last_fetch:
                known_at = max(known_at, stamp.fetched_at)
            facts.append(Fact(series.id, day, value, state, known_at, *stamp))
        new, changed = _vintages(dataset, series.id, mine, native)
        facts += new
        revised += changed
    return Change(sorted(facts, key=order), revised)


def _by_series(
    dataset: Dataset, incoming: Sequence[Row], stamps: Sequence[Stamp]
) -> dict[str, dict[tuple[date, datetime | None], tuple[float | None, Stamp]]]:
    """Rows by series and (date, vintage); identical duplicates collapse. Raises SchemaDrift on contradictions."""
    batch: dict[str, dict[tuple[date, datetime | None], tuple[float | None, Stamp]]] = {
        s.id: {} for s in dataset.series
    }
    for row, stamp in zip(incoming, stamps, strict=True):
        series_id, day, value, vintage = row
        rows = batch.get(series_id)
        if rows is None:
            raise SchemaDrift(f"{dataset.id}: row of series {series_id!r}, which the dataset does not declare")
        if value is not None and not math.isfinite(value):
            raise SchemaDrift(f"{series_id} {day}: value {value} is not a number")
        first = rows.setdefault((day, vintage), (value, stamp))[0]
        if first is not value and not same_value(first, value, dataset.change_tolerance):
            raise SchemaDrift(f"{series_id} {day}: two values in one answer, {first} and {value}")
    return batch


def _version(latest: Fact, value: float | None, state: State, stamp: Stamp) -> Fact:
    """The next version after `latest`: known when we saw it, and strictly after its predecessor in the log's order."""
    known_at = max(stamp.fetched_at, latest.known_at)
    if (known_at, stamp.fetched_at) <= (latest.known_at, latest.fetched_at):  # a clock that was set
        known_at = latest.known_at + _TICK
    return Fact(latest.series_id, latest.observation_date, value, state, known_at, *stamp)


def _vintages(
    dataset: Dataset,
    series_id: str,
    mine: Mapping[date, list[Fact]],
    rows: Mapping[tuple[date, datetime | None], tuple[float | None, Stamp]],
) -> tuple[list[Fact], int]:
    """Facts of native vintages that are not held yet, and how many of them differ from the vintage before.

    A vintage that repeats a value is kept as well: dropping it would go wrong when an older vintage arrives later.
    """
    by_day: dict[date, list[tuple[datetime, float | None, Stamp]]] = {}
    for (day, vintage), (value, stamp) in rows.items():
        if vintage is not None:
            by_day.setdefault(day, []).append((vintage.astimezone(UTC), value, stamp))
    facts: list[Fact] = []
    revised = 0
    for day, seen in by_day.items():
        held, new = mine.get(day, []), []
        for vintage, value, stamp in seen:
            state: State = "missing" if value is None else "value"
            since = [fact for fact in held if fact.known_at >= vintage]
            if not since or since[0].known_at != vintage:
                new.append(Fact(series_id, day, value, state, vintage, *stamp))
                continue
            own = _own_versions(since)
            if len(own) == len(since):  # nothing came after it: it may be corrected, and the correction corrected
                if not same_value(own[-1].value, value, dataset.change_tolerance):
                    new.append(_version(own[-1], value, state, stamp))
            elif not any(same_value(fact.value, value, dataset.change_tolerance) for fact in since):
                raise SchemaDrift(f"{series_id} {day}: vintage {vintage.date()} was {own[-1].value}, now {value}")
        timeline = sorted([*held, *new], key=order)
        revised += sum(
            later in new and not same_value(earlier.value, later.value, dataset.change_tolerance)
            for earlier, later in pairwise(timeline)
        )
        facts += new
    return facts, revised


def _own_versions(since: Sequence[Fact]) -> list[Fact]:
    """Of the facts from a vintage on: itself and its corrections, which are known from their fetch and not from a release."""
    own = [since[0]]
    for fact in since[1:]:
        if fact.known_at != fact.fetched_at and fact.known_at - own[-1].known_at > _TICK:
            break
        own.append(fact)
    return own


def _refuse_stale(
    dataset: Dataset, series_id: str, mine: Mapping[date, list[Fact]], newest: date, fetched_at: datetime
) -> None:
    today = fetched_at.date()
    held = max((day for day, facts in mine.items() if facts[-1].state != "vanished" and day <= today), default=newest)
    if newest < held - timedelta(days=dataset.carry_days):
        raise StaleData(f"{series_id}: the answer ends on {newest}, held up to {held}")


def _vanished(
    mine: Mapping[date, list[Fact]], dates: Collection[date], missing: Collection[date]
) -> tuple[list[date], str | None]:
    """Held dates that are no longer in the answer, and what is wrong when they and those without a value now are too many."""
    first, last = min(dates), max(dates)
    span = [day for day, facts in mine.items() if first <= day <= last and facts[-1].state != "vanished"]
    gone = [day for day in span if day not in dates]
    lost = gone + [day for day in span if day in missing and mine[day][-1].state == "value"]
    if len(lost) < 2 or len(lost) <= VANISHED_LIMIT * len(span):
        return gone, None
    what = "are no longer in the answer" if len(gone) == len(lost) else "have no value any more"
    return gone, f"{len(lost)} of {len(span)} held dates from {first} to {last} {what}, e.g. {min(lost)}"
