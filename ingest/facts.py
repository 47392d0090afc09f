"""The facts of one dataset and the Parquet file that keeps them, append-only.

Belongs here: the shape of a fact, reading and writing the log. Does not belong here: which facts a fetch adds
(`ingest.changelog.diff`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.files import read_parquet, write_parquet
from ingest.model import Domain, Held
from lowtide.errors import HomeUnusable, LowtideError
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


_ORDER = [(name, "ascending") for name in ("series_id", "observation_date", "known_at", "fetched_at", "fetch_id")]
NEAR_ZERO_RATE = 0.02  # percent: ratios between smaller rates say nothing


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
    """Give every domain a file without rows, so that its folder can be read before its first observation arrives.

    One that is damaged or says something else would fail every reader of its folder: it is written again.
    """
    for domain in get_args(Domain):
        path = observations_folder(home, domain) / "_schema.parquet"
        if not _is_empty_log(path):
            write_parquet(path, SCHEMA.empty_table())


def _is_empty_log(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        found = read_parquet(path)
    except HomeUnusable:
        raise
    except LowtideError:
        return False
    return len(found) == 0 and found.schema.equals(SCHEMA)


class ChangeLog:
    """The Parquet file of one dataset: SCHEMA, sorted by series, date, known_at, fetched_at, fetch_id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cached: pa.Table | None = None

    def _table(self) -> pa.Table:
        if self._cached is None:
            found = read_parquet(self.path, SCHEMA.names) if self.path.exists() else SCHEMA.empty_table()
            self._cached = found.combine_chunks()
        return self._cached

    @property
    def empty(self) -> bool:
        return len(self._table()) == 0

    def facts(self, since: date | None = None) -> list[Fact]:
        """All facts in the log's order; empty when there is no file. Raises LowtideError when it is damaged.

        With `since` only what rows dated from that day on are compared with: the facts of those days and, of each series,
        its first day and the last values before them, in their latest version (700,000 facts as objects took 6 s).
        """
        table = self._table()
        if since is not None and len(table):
            recent = np.flatnonzero(pc.greater_equal(table["observation_date"], pa.scalar(since)).to_numpy())
            table = table.take(np.unique(np.concatenate([*_anchors(table, since), recent])))
        columns = [
            _moments(column) if field.type == _MOMENT else column.to_pylist()
            for column, field in zip(table.columns, SCHEMA, strict=True)
        ]
        return [Fact(*values) for values in zip(*columns, strict=True)]

    def append(self, new: Iterable[Fact]) -> None:
        """Add facts; nothing is ever taken away. The file is replaced atomically. Raises HomeUnusable."""
        columns = list(zip(*new, strict=True)) or [()] * len(SCHEMA)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        merged = pa.concat_tables([self._table().cast(SCHEMA), pa.Table.from_arrays(arrays, schema=SCHEMA)]).sort_by(_ORDER)
        write_parquet(self.path, merged)
        self._cached = merged.combine_chunks()

    def held(self, *, vintages: bool = False) -> Held:
        """Newest observation date with a value of every series in the log and, when asked, the vintage days.

        Read by column: most datasets of a run are not due, and 700,000 facts as Python objects took 4 s.
        """
        if self._cached is None and not self.path.exists():
            return Held()
        names = ["series_id", "observation_date", "state", *(["known_at"] if vintages else [])]
        table = read_parquet(self.path, names).combine_chunks() if self._cached is None else self._cached
        kept = table.filter(pc.and_(_latest(table), pc.equal(table["state"], "value")))
        grouped = kept.group_by("series_id").aggregate([("observation_date", "max")])
        found = dict(zip(grouped["series_id"].to_pylist(), grouped["observation_date_max"].to_pylist(), strict=True))
        days: dict[str, set[date]] = {}
        if vintages:
            seen = pa.table({"id": table["series_id"], "day": table["known_at"].cast(pa.timestamp("us")).cast(pa.date32(), safe=False)})
            for pair in seen.group_by(["id", "day"]).aggregate([]).to_pylist():
                days.setdefault(pair["id"], set()).add(pair["day"])
        return Held(found, {name: frozenset(known) for name, known in days.items()})


def _latest(table: pa.Table) -> pa.BooleanArray:
    """Which rows of a log are the latest version of their observation."""
    changes = [pc.not_equal(cells[:-1], cells[1:]) for cells in (table[name].combine_chunks() for name in ("series_id", "observation_date"))]
    return pa.concat_arrays([pc.or_(*changes), pa.array([True] * min(1, len(table)), pa.bool_())])


def _anchors(table: pa.Table, since: date) -> list[NDArray[np.int64]]:
    """Rows before `since` that judging later ones needs: of each series the first day, the last value that is not zero, and
    the last that is not near zero."""
    numbered = table.select(["series_id", "value"]).append_column("row", pa.array(np.arange(len(table))))
    old = numbered.filter(pc.and_(_latest(table), pc.less(table["observation_date"], pa.scalar(since))))
    size = pc.abs(old["value"])
    wanted = [(old, "min"), (old.filter(pc.greater(size, 0.0)), "max"), (old.filter(pc.greater_equal(size, NEAR_ZERO_RATE)), "max")]
    return [some.group_by("series_id").aggregate([("row", how)])[f"row_{how}"].to_numpy() for some, how in wanted]


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
