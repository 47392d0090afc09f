"""From a published number back to the bytes it came from, in one DuckDB query. Reads only; computes no measure.

A row stands on quantities (`_scope`). For each of them the newest observation that was known at the row's cut-off (22:00 UTC
of its day) is looked up in the raw change log and joined with the fetch that brought it. The models between are in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb

from expectations.model import ThesisLike
from lowtide.clock import CUT_OFF
from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import layout, reader


class LegLike(Protocol):
    """What a trace needs of a leg."""

    @property
    def id(self) -> str: ...
    @property
    def inputs(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Input:
    """One quantity: an observation of it and where that came from; all None where nothing was known."""

    quantity: str
    series_id: str | None
    observation_date: date | None
    value: float | None
    known_at: datetime | None
    fetch_id: str | None
    url: str | None
    content_sha256: str | None
    fetched_at: datetime | None
    landing_path: Path | None


@dataclass(frozen=True)
class Trace:
    """A published row, its build, the dbt models it was made by (nearest first), and its inputs in the order of their quantities."""

    build_id: str
    table: str
    carried_from: str | None
    row: dict[str, Any]
    cut_off: datetime
    lineage: list[str]
    inputs: list[Input]


@dataclass(frozen=True)
class _Scope:
    """What a row stands on: the newest observation of each quantity, all versions of one, or one response itself."""

    quantities: list[str]
    series_id: str | None = None
    observation_date: date | None = None
    fetch_id: str | None = None


_KNOWN = """
with wanted as (select unnest($quantities::varchar[]) as quantity),
known as (
  select s.quantity, o.series_id, o.observation_date, o.value, o.known_at, o.fetch_id,
         row_number() over (partition by o.series_id, o.observation_date order by o.known_at desc, o.fetched_at desc) as version,
         s.priority, o.state
  from read_parquet($raw) o join series s using (series_id) semi join wanted w on w.quantity = s.quantity
  where o.known_at <= $cut_off and o.fetched_at <= $built_at and s.series_id = coalesce($series, s.series_id)
    and o.observation_date = coalesce($day, o.observation_date)
)"""
_NEWEST = _KNOWN + """,
newest as (
  select *, row_number() over (partition by quantity order by observation_date desc, priority) as place
  from known where version = 1 and state = 'value'
)
select w.quantity, n.series_id, n.observation_date, n.value, epoch_us(n.known_at), n.fetch_id, f.url, f.content_sha256, epoch_us(f.fetched_at)
from wanted w left join newest n on n.quantity = w.quantity and n.place = 1 left join read_parquet($fetches) f on f.fetch_id = n.fetch_id
order by w.quantity
"""
_VERSIONS = _KNOWN + """
select n.quantity, n.series_id, n.observation_date, n.value, epoch_us(n.known_at), n.fetch_id, f.url, f.content_sha256, epoch_us(f.fetched_at)
from known n left join read_parquet($fetches) f on f.fetch_id = n.fetch_id
order by n.known_at, n.priority, n.version desc
"""
_FETCH = """
select dataset_id, null, null, null, null, fetch_id, url, content_sha256, epoch_us(fetched_at) from read_parquet($fetches) where fetch_id = $response
"""


def trace(home: Home, table: str, key: Mapping[str, str], *, theses: Mapping[str, ThesisLike], as_of: str | None = None) -> Trace:
    """Trace the row of `table` ("marts.funding_stress") whose columns equal `key` ({"as_of_date": "2020-03-16"}; "" for a null).

    theses: with `legs` that name their `inputs`. as_of: trace in that published as-of build instead of the current one.
    Raises LowtideError, with the columns and an example, when table or row does not exist or the raw zone is gone.
    """
    build = reader.current_build(home, as_of)
    told = layout.read_manifest(build)
    if table not in told["tables"]:
        raise LowtideError(f"{table} is not in build {build.name}: it has {', '.join(sorted(told['tables']))}")
    entry = told["tables"][table]
    with duckdb.connect() as connection:
        row = _row(connection, build, table, key)
        days = [row[c] for c in ("as_of_date",) if isinstance(row.get(c), date)]
        limit = datetime.fromisoformat(told["as_of"])
        cut_off = min(limit, datetime.combine(days[0], CUT_OFF)) if days else limit
        scope = _scope(row, entry, told["tables"], theses)
        asked = {
            "quantities": scope.quantities, "raw": str(home.raw / "observations" / "*" / "*.parquet"), "cut_off": cut_off,
            "built_at": datetime.fromisoformat(told["built_at"]), "series": scope.series_id, "day": scope.observation_date,
            "fetches": str(home.raw / "fetches.parquet"), "response": scope.fetch_id,
        }  # fmt: skip
        query = _FETCH if scope.fetch_id else _VERSIONS if scope.observation_date else _NEWEST
        try:
            series = build / "parquet" / "meta.series.parquet"
            connection.execute(f"create view series as select * from read_parquet('{_quoted(series)}')")
            if scope.series_id:
                asked["quantities"] = [q for (q,) in connection.execute("select quantity from series where series_id = ?", [scope.series_id]).fetchall()]
            found = connection.execute(query, {name: value for name, value in asked.items() if f"${name}" in query}).fetchall()
        except duckdb.Error as error:
            raise LowtideError(" ".join(f"cannot trace into {home.raw}: {error}".split())[:300]) from error
    return Trace(build.name, table, entry["carried_from"], row, cut_off, list(entry.get("lineage", ())), [_input(home, f) for f in found])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _row(connection: duckdb.DuckDBPyConnection, build: Path, table: str, key: Mapping[str, str]) -> dict[str, Any]:
    source = f"read_parquet('{_quoted(build / 'parquet' / table)}.parquet')"
    names = [c[0] for c in connection.execute(f"select * from {source} limit 0").description]
    unknown = [k for k in key if k not in names]
    if unknown or not key:
        problem = f"{table} has no column {', '.join(unknown)}" if unknown else f"name the row of {table}"
        raise LowtideError(f"{problem}; its columns are {', '.join(names)}")
    where = " and ".join(f"""coalesce("{k}"::varchar, '') = ?""" for k in key)
    rows = connection.execute(f"select * from {source} where {where} limit 2", [str(v) for v in key.values()]).fetchall()
    if len(rows) == 1:
        return dict(zip(names, rows[0], strict=True))
    columns = ", ".join(f'"{k}"' for k in key)
    example = connection.execute(f"select {columns} from {source} order by all desc limit 1").fetchall()
    shown = " ".join(f"{k}={v}" for k, v in zip(key, example[0], strict=True)) if example else "nothing: it is empty"
    asked = " ".join(f"{k}={v}" for k, v in key.items())
    if rows:
        raise LowtideError(f"{table} has several rows with {asked}; add more of its columns: {', '.join(names[:8])}")
    raise LowtideError(f"{table} has no row with {asked}; it has for example {shown}")


def _scope(row: Mapping[str, Any], entry: Mapping[str, Any], tables: Mapping[str, Any], theses: Mapping[str, ThesisLike]) -> _Scope:
    """A row that names a response, a series or a quantity stands on that. A scorecard row stands on the inputs of its thesis'
    legs (of the one leg where it names one), a mart's row on those of its theses and on all that its SQL reads, a judged or
    described table (`table_name`, or all of the build) on that table's inputs. A thesis that is not built has none."""
    if row.get("fetch_id"):
        return _Scope([], fetch_id=row["fetch_id"])
    if row.get("series_id"):
        return _Scope([], series_id=row["series_id"])
    if row.get("quantity"):
        return _Scope([row["quantity"]], observation_date=row.get("observation_date"))
    names = [row["thesis_id"]] if "thesis_id" in row else entry["theses"]
    inputs: dict[str, None] = {}
    for thesis in (theses[n] for n in names if n in theses):
        legs: Sequence[LegLike] = getattr(thesis, "legs", ())
        for leg in legs:
            if row.get("leg_id") in (None, leg.id):
                inputs |= dict.fromkeys(leg.inputs)
    if "thesis_id" not in row:
        of = str(row.get("table_name"))
        judged = [tables[of]] if of in tables else [entry] if names or entry.get("inputs") else list(tables.values())
        inputs |= dict.fromkeys(q for t in judged for q in t.get("inputs", ()))
    return _Scope(sorted(inputs))


def _input(home: Home, found: tuple[Any, ...]) -> Input:
    quantity, series_id, day, value, known_us, fetch_id, url, sha, fetched_us = found
    body = home.landing / "bodies" / sha[:2] / f"{sha}.zst" if sha else None
    return Input(quantity, series_id, day, value, _moment(known_us), fetch_id, url, sha, _moment(fetched_us), body)


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1e6, UTC)
