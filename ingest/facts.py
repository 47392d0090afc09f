"""The facts of one dataset and the Parquet file that keeps them, append-only.

Belongs here: the shape of a fact, reading and writing the log. Does not belong here: which facts a fetch adds
(`ingest.changelog.diff`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc

from ingest.files import read_parquet, write_parquet
from ingest.model import Domain, Held
from lowtide.home import Home

State = Literal["value", "missing", "vanished"]
_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("series_id", pa.string(), nullable=False),
        pa.field("observation_date", pa.date32(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("state", pa.string(), nullable=False),
        pa.field("known_at", _MOMENT, nullable=False),
        pa.field("fetched_at", _MOMENT, nullable=False),
        pa.field("fetch_id", pa.string(), nullable=False),
    ]
)


class Fact(NamedTuple):
    """One version of one observation. `value` is None unless `state` is "value"; moments are UTC."""

    series_id: str
    observation_date: date
    value: float | None
    state: State
    known_at: datetime
    fetched_at: datetime
    fetch_id: str


class Stamp(NamedTuple):
    """When and in which response a row was seen."""

    fetched_at: datetime
    fetch_id: str


Versions = Mapping[str, Mapping[date, list[Fact]]]


def versions(facts: Iterable[Fact]) -> Versions:
    """series id -> observation date -> its versions, oldest knowledge first. `facts` in the log's order."""
    found: dict[str, dict[date, list[Fact]]] = {}
    for fact in facts:
        found.setdefault(fact.series_id, {}).setdefault(fact.observation_date, []).append(fact)
    return found


def same_value(left: float | None, right: float | None, tolerance: float) -> bool:
    """Equal, or apart by no more than `tolerance` (relative to the larger of the two)."""
    if left is None or right is None:
        return left is right
    return left == right or abs(left - right) <= tolerance * max(abs(left), abs(right))


def order(fact: Fact) -> tuple[str, date, datetime, datetime, str]:
    """The log's order."""
    return fact.series_id, fact.observation_date, fact.known_at, fact.fetched_at, fact.fetch_id


def observations_folder(home: Home, domain: str) -> Path:
    """Where the change logs of a domain are."""
    return home.raw / "observations" / domain


def open_domains(home: Home) -> None:
    """Give every domain a file without rows, so that its folder can be read before its first observation arrives."""
    for domain in get_args(Domain):
        path = observations_folder(home, domain) / "_schema.parquet"
        if not path.exists():
            write_parquet(path, SCHEMA.empty_table())


class ChangeLog:
    """The Parquet file of one dataset: SCHEMA, sorted by series, date, known_at, fetched_at, fetch_id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts: list[Fact] | None = None

    def facts(self) -> list[Fact]:
        """All facts in the log's order; empty when there is no file. Raises LowtideError when it is damaged."""
        if self._facts is None:
            self._facts = self._read() if self.path.exists() else []
        return self._facts

    def append(self, new: Iterable[Fact]) -> None:
        """Add facts; nothing is ever taken away. The file is replaced atomically. Raises HomeUnusable."""
        merged = sorted([*self.facts(), *new], key=order)
        columns = list(zip(*merged, strict=True)) or [()] * len(SCHEMA)
        write_parquet(
            self.path,
            pa.Table.from_arrays(
                [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
            ),
        )
        self._facts = merged

    def held(self, *, vintages: bool = False) -> Held:
        """Newest observation date with a value of every series in the log and, when asked, the vintage days.

        Read by column: most datasets of a run are not due, and 700,000 facts as Python objects took 4 s.
        """
        if not self.path.exists():
            return Held()
        table = read_parquet(self.path, SCHEMA.names)
        series, day = table["series_id"].combine_chunks(), table["observation_date"].combine_chunks()
        latest = pc.not_equal(series[:-1], series[1:])
        latest = pc.or_(latest, pc.not_equal(day[:-1], day[1:]))
        latest = pa.concat_arrays([latest, pa.array([True] * min(1, len(series)), pa.bool_())])
        kept = table.filter(pc.and_(latest, pc.equal(table["state"].combine_chunks(), "value")))
        grouped = kept.group_by("series_id").aggregate([("observation_date", "max")])
        found = dict(zip(grouped["series_id"].to_pylist(), grouped["observation_date_max"].to_pylist(), strict=True))
        days: dict[str, set[date]] = {}
        for name, moment in zip(series.to_pylist(), _moments(table["known_at"]), strict=True) if vintages else ():
            days.setdefault(name, set()).add(moment.date())
        return Held(found, {name: frozenset(known) for name, known in days.items()})

    def _read(self) -> list[Fact]:
        table = read_parquet(self.path, SCHEMA.names)
        columns = [
            _moments(column) if field.type == _MOMENT else column.to_pylist()
            for column, field in zip(table.columns, SCHEMA, strict=True)
        ]
        return [Fact(*values) for values in zip(*columns, strict=True)]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moments(column: pa.ChunkedArray) -> list[datetime]:
    """UTC moments; faster than pyarrow's own conversion, which looks the zone up for each value."""
    known: dict[int, datetime] = {}
    moments = []
    for micros in cast(list[int], column.cast(pa.int64()).to_pylist()):
        moment = known.get(micros)
        if moment is None:
            moment = known[micros] = _EPOCH + timedelta(microseconds=micros)
        moments.append(moment)
    return moments


def newest(facts: Iterable[Fact]) -> dict[str, date]:
    """series id -> newest observation date whose latest version is a value. `facts` in the log's order."""
    latest = {(fact.series_id, fact.observation_date): fact.state for fact in facts}
    found: dict[str, date] = {}
    for (series_id, day), state in latest.items():
        if state == "value":
            found[series_id] = max(day, found.get(series_id, day))
    return found
