"""One published build, opened for reading: tables as columns, the manifest, and why a table is not there.

Belongs here: every query's door. Does not belong here: what a page shows (`verdicts`, `health`, `charts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from lowtide.errors import LowtideError
from lowtide.theses import Thesis, load_theses
from publish import layout


class NoData(Exception):
    """There is nothing to show; the text says why, in both languages by a key of the dictionary and its parts."""

    def __init__(self, key: str, **parts: Any) -> None:
        super().__init__(f"{key} {parts}")
        self.key, self.parts = key, parts


@dataclass(frozen=True)
class Data:
    """A query's answer by column. All columns have the same length."""

    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def rows(self) -> list[dict[str, Any]]:
        names = list(self.columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]

    def filled(self, name: str) -> bool:
        """The column exists and holds a value."""
        return name in self.columns and any(v is not None for v in self.columns[name])


@dataclass
class Source:
    """A connection plus what the manifest says. `theses` are those of the project, in the order of the argument."""

    connection: duckdb.DuckDBPyConnection
    manifest: Mapping[str, Any]
    theses: Mapping[str, Thesis] = field(default_factory=load_theses)
    _columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def open(cls, build: Path) -> Source:
        """A published build's folder. Raises LowtideError when it is none or cannot be read."""
        told = layout.read_manifest(build)
        try:
            return cls(duckdb.connect(str(build / "lowtide.duckdb"), read_only=True), told)
        except duckdb.Error as error:
            raise LowtideError(" ".join(f"cannot open {build / 'lowtide.duckdb'}: {error}".split())) from error

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()

    @property
    def as_of(self) -> datetime:
        return datetime.fromisoformat(self.manifest["as_of"])

    @cached_property
    def last_day(self) -> date:
        """The newest day with a verdict, else the build's own."""
        held = self.query("select max(as_of_date) as day from scorecard.verdicts")["day"] if self.columns_of("scorecard.verdicts") else []
        return held[0] if held and held[0] else self.as_of.date()

    def columns_of(self, table: str) -> tuple[str, ...]:
        """Column names of a published table, empty when the build has no such table."""
        if table not in self._columns:
            schema, name = table.split(".")
            found = self.connection.execute(
                "select column_name from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position", [schema, name]
            ).fetchall()
            self._columns[table] = tuple(c[0] for c in found)
        return self._columns[table]

    def need(self, table: str, columns: Sequence[str] = ()) -> None:
        """Raises NoData, with the reason, unless the table is published with these columns."""
        held = self.columns_of(table)
        if not held:
            raise NoData("no_table", table=table, reason=self.manifest.get("left_out", {}).get(table, ""))
        if absent := [c for c in columns if c not in held]:
            raise NoData("no_column", table=table, columns=", ".join(absent))

    def query(self, sql: str, parameters: Any = None) -> Data:
        """Run SQL over the published tables. Raises NoData when a table or column it names is not published."""
        try:
            done = self.connection.execute(sql, parameters)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise NoData("no_query", reason=str(error).splitlines()[0][:200]) from error
        names = [c[0] for c in done.description]
        rows = done.fetchall()
        return Data({n: [r[i] for r in rows] for i, n in enumerate(names)})

    def state(self, thesis: str) -> Mapping[str, Any]:
        """The manifest's word on a thesis: state (published, stale, blocked, planned), reason, build_id."""
        found: Mapping[str, Any] = self.manifest["theses"].get(thesis, {"state": "planned", "reason": None})
        return found
