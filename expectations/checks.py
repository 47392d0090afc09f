"""Checks in SQL over the exported Parquet: the files of checks/*.sql, and rules derived from contracts and theses.

Belongs here: running them and saying what they saw. Does not belong here: what follows from it (`gate`).
A check returns the rows that break the rule; a column `thesis_id` pins a scorecard row to its thesis. They see every
candidate table under its own name, the previous build's as previous."<schema>.<table>", gate.theses(thesis_id, status) and
gate.run(origin, mart_day). A check that cannot run has failed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self, cast

import duckdb

from expectations import agreement, comparison
from expectations.model import Severity, TableMeta, ThesisLike
from expectations.tables import parquet_path
from lowtide.errors import LowtideError

FOLDER = Path(__file__).parent / "checks"


@dataclass(frozen=True)
class Check:
    """`sql` selects violating rows. `needs` = the tables it reads."""

    name: str
    table: str
    severity: Severity
    reason: str
    sql: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What a check saw. `thesis_ids` = theses of all violating rows, None where a row names none; `missing` = tables absent."""

    check: Check
    success: bool
    observed: str | None = None
    thesis_ids: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()


def load(folder: Path = FOLDER) -> list[Check]:
    """The SQL files with their header comment (table, severity, reason, needs). Raises LowtideError on a malformed header."""
    checks = []
    for path in sorted(folder.glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        head = dict(re.findall(r"^-- (table|severity|reason|needs): (.+)$", sql, flags=re.MULTILINE))
        if not {"table", "severity", "reason"} <= set(head) or head["severity"] not in ("critical", "warning"):
            raise LowtideError(f"{path.name}: the header needs table, severity (critical or warning) and reason")
        needs = tuple(dict.fromkeys([head["table"], *(n.strip() for n in head.get("needs", "").split(",") if n.strip())]))
        checks.append(Check(path.stem, head["table"], cast(Severity, head["severity"]), head["reason"], sql, needs))
    return checks


def orphans(tables: Container[str], folder: Path = FOLDER) -> list[str]:
    """SQL files whose table is not published."""
    return [f"{check.name}.sql" for check in load(folder) if check.table not in tables]


class Candidate:
    """An in-memory DuckDB over the exported Parquet of this build and the previous one. Use as a context manager."""

    def __init__(
        self, folder: Path, tables: Sequence[TableMeta], theses: Mapping[str, ThesisLike], *,
        origin: str, mart_day: date, previous: Path | None,
    ) -> None:
        self.tables = {t.table: t for t in tables}
        self.connection = duckdb.connect()
        self.present = {t for t in self.tables if parquet_path(folder, t).is_file()}
        run = self.connection.execute
        for schema in ("gate", "previous", *sorted({t.schema for t in tables})):
            run(f'create schema if not exists "{schema}"')
        run("create table gate.theses (thesis_id varchar, status varchar)")
        for thesis in theses.values():
            run("insert into gate.theses values (?, ?)", [thesis.id, thesis.status])
        run("create table gate.run as select ?::varchar as origin, ?::date as mart_day", [origin, mart_day])
        self.before: set[str] = set()
        for name, table in self.tables.items():
            if name in self.present:
                self._view(f'"{table.schema}"."{table.name}"', parquet_path(folder, name))
            if previous is not None and parquet_path(previous / "parquet", name).is_file():
                self._view(f'previous."{name}"', parquet_path(previous / "parquet", name))
                self.before.add(name)

    def _view(self, name: str, path: Path) -> None:
        quoted = str(path).replace("'", "''")
        self.connection.execute(f"create view {name} as select * from read_parquet('{quoted}')")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def columns(self, relation: str) -> dict[str, str]:
        """Column name -> DuckDB type."""
        return {r[0]: r[1] for r in self.connection.execute(f"describe {relation}").fetchall()}

    def run(self, check: Check) -> Finding:
        """Run one check; an SQL error is a failed check, not an exception."""
        missing = tuple(n for n in check.needs if n not in self.present)
        if missing:
            return Finding(check, False, f"not run: {', '.join(missing)} is missing", missing=missing)
        try:
            cursor = self.connection.execute(check.sql)
            names = [c[0] for c in cursor.description]
            rows = cursor.fetchall()
        except duckdb.Error as error:
            return Finding(check, False, " ".join(f"cannot run: {error}".split())[:300])
        if not rows:
            return Finding(check, True)
        theses: tuple[str, ...] | None = None
        if "thesis_id" in names:
            at = names.index("thesis_id")
            if all(row[at] is not None for row in rows):
                theses = tuple(sorted({str(row[at]) for row in rows}))
        first = ", ".join(f"{n}={v:.10g}" if isinstance(v, float) else f"{n}={v}" for n, v in zip(names, rows[0], strict=True))
        return Finding(check, False, f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}, first: {first}", theses)


def derived(
    candidate: Candidate, theses: Mapping[str, ThesisLike], accept_fewer_rows: frozenset[str] = frozenset(), *, rules_changed: bool = False
) -> Iterator[Check]:
    """Rules that need no file: what follows from contracts and theses, and from the previous build where there is one."""
    yield from comparison.compared(candidate, accept_fewer_rows, rules_changed)
    yield from agreement.agreeing(candidate, theses)
