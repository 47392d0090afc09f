"""Ways in which a published table can be wrong, made from any candidate build, and how the gate answers each.

Belongs here: making mutants of whatever tables there are, and judging them with the gate's own checks and its one worker.
Does not belong here: what score is good enough (`test_mutations`). A mutant equal to the original is not one.
A mutant is judged by the checks that read its table; those of the comparison with an earlier build are told apart, so that a
first build has a score of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from expectations import checks, comparison, suites
from expectations.model import TableMeta
from expectations.tables import parquet_path
from expectations.worker_process import GateWorker

OTHERS = 2  # numeric columns per table beside those of legs and charts
NUMBERS = {"DOUBLE", "INTEGER", "BIGINT", "HUGEINT", "FLOAT"}


@dataclass
class Mutant:
    """`sql` selects the corrupted table from `t`. `columns` it touches; None = rows come or go."""

    table: str
    kind: str
    sql: str
    columns: tuple[str, ...] | None = None
    first: str | None = None  # the check that stops it in a first build
    earlier: str | None = None  # the check that stops it where an earlier build is published
    path: Path = field(default_factory=Path)

    @property
    def name(self) -> str:
        return f"{self.table} {self.kind}"


def _numbers(columns: Mapping[str, str], table: TableMeta, wanted: Sequence[str]) -> list[str]:
    """Columns of legs and charts, and a few others that a hash picks (the same every time)."""
    able = [c for c, kind in columns.items() if kind in NUMBERS and c not in table.key]
    rest = sorted((c for c in able if c not in wanted), key=lambda c: hashlib.sha256(f"{table.table}.{c}".encode()).hexdigest())
    return [c for c in able if c in wanted] + rest[:OTHERS]


def mutants(table: TableMeta, columns: Mapping[str, str], legs: Sequence[str], charted: Sequence[str]) -> Iterator[Mutant]:
    """Every way that applies to a table with these columns."""
    name, day = table.table, table.date_column
    keys = ", ".join(f'"{k}"' for k in table.key)
    rows = "(select *, row_number() over (order by {}) as n, count(*) over () as total from t)".format(f'"{day}", {keys}' if day else keys)
    others = ", ".join(f'"{k}"' for k in table.key if k != day)
    values = [c for c in columns if c not in (*table.key, "origin")]
    for column in (k for k in table.key if columns.get(k) == "VARCHAR"):
        middle = f'(select v from (select distinct "{column}" as v from t) order by v offset (select count(distinct "{column}") // 2 from t) limit 1)'
        yield Mutant(name, f"a member of {column} dropped", f'select * from t where "{column}" <> {middle}')
    moved = [day] if day else [c for c, kind in columns.items() if kind == "DATE" and c not in table.key]
    for step in (-1, 7):
        if moved:
            replaced = ", ".join(f'"{c}" + {step} as "{c}"' for c in moved)
            yield Mutant(name, f"dates moved by {step} days", f"select * replace ({replaced}) from t", None if day else tuple(moved))
    if day:
        over = f"over ({f'partition by {others} ' if others else ''}order by \"{day}\")"
        late = ", ".join(f'coalesce(lag("{c}") {over}, "{c}") as "{c}"' for c in values if c != "usage_warnings")
        yield Mutant(name, "values a session late", f"select * replace ({late}) from t", tuple(values))
        yield Mutant(name, "stale copy, ten sessions old", f'select * from t where "{day}" <= (select d from (select distinct "{day}" as d from t) order by d desc offset 10 limit 1)')
    yield Mutant(name, "keys twice", "select * from t union all select * exclude (n, total) from " + rows + " where n > 0.95 * total")
    yield Mutant(name, "history truncated", "select * exclude (n, total) from " + rows + " where n > 0.4 * total")
    yield Mutant(name, "wrong origin in one row", f"select * exclude (n, total) replace (case when n = total then 'elsewhere' else origin end as origin) from {rows}", ("origin",))
    for column in _numbers(columns, table, (*legs, *charted)):
        kind = columns[column]
        yield Mutant(name, f"{column} x100", f'select * replace (cast("{column}" * 100 as {kind}) as "{column}") from t', (column,))
        yield Mutant(name, f"{column} with the other sign", f'select * replace (cast(-"{column}" as {kind}) as "{column}") from t', (column,))
    for column in (c for c in legs if c in columns):
        yield Mutant(name, f"{column} null of late", f'select * exclude (n, total) replace (case when n > 0.7 * total then null else "{column}" end as "{column}") from {rows}', (column,))


class Range:
    """A candidate and its earlier build, against which mutants are judged one after the other."""

    def __init__(self, folder: Path, scratch: Path, tables: Sequence[TableMeta], theses: Mapping[str, Any], *, origin: str, mart_day: date) -> None:
        self.folder, self.scratch, self.origin, self.mart_day = folder, scratch, origin, mart_day
        self.theses, self.tables = theses, [t for t in tables if parquet_path(folder, t.table).is_file()]
        self._yesterday()
        self.database = checks.Candidate(folder, self.tables, theses, origin=origin, mart_day=mart_day, previous=scratch / "yesterday")
        known = [c for c in checks.load() if c.table in self.database.tables]
        compared = list(comparison.compared(self.database, frozenset(), False))
        alone = [c for c in checks.derived(self.database, theses) if (c.table, c.name) not in {(d.table, d.name) for d in compared}]
        self.alone = [c for c in (*known, *alone) if c.severity == "critical"]
        self.compared = [c for c in compared if c.severity == "critical"]

    def _yesterday(self) -> None:
        """The build of the session before: the same tables without their newest day."""
        target = self.scratch / "yesterday" / "parquet"
        target.mkdir(parents=True)
        with duckdb.connect() as connection:
            for table in self.tables:
                limit = f"where \"{table.date_column}\" < date '{self.mart_day}'" if table.date_column else ""
                source = parquet_path(self.folder, table.table)
                connection.execute(f"copy (select * from read_parquet('{source}') {limit}) to '{parquet_path(target, table.table)}' (format parquet)")

    def healthy(self) -> list[str]:
        """What the unmutated candidate fails: nothing, or the scores mean nothing."""
        return [f"{c.name}: {found.observed}" for c in (*self.alone, *self.compared) if not (found := self.database.run(c)).success]

    def all_mutants(self) -> list[Mutant]:
        """Every applicable mutant, written to a file of its own."""
        found = []
        for table in self.tables:
            users = [t for t in self.theses.values() if table.table in t.tables]
            legs = list(dict.fromkeys(leg.column for t in users for leg in t.legs))
            charted = list(dict.fromkeys(c for t in users for c in t.chart.columns))
            columns = self.database.columns(table.table)
            with duckdb.connect() as connection:
                connection.execute(f"create table t as from read_parquet('{parquet_path(self.folder, table.table)}')")
                for mutant in mutants(table, columns, [c for c in legs if c in columns], [c for c in charted if c in columns]):
                    mutant.path = self.scratch / f"{len(found):04d}.parquet"
                    connection.execute(f"create or replace table m as {mutant.sql}")
                    seen = "*" if mutant.columns is None else ", ".join(f'"{c}"' for c in dict.fromkeys((*table.key, *mutant.columns)))
                    same = f"select (select count(*) from t) = (select count(*) from m) and not exists (select {seen} from t except select {seen} from m)"
                    if connection.execute(same).fetchall() != [(True,)]:
                        connection.execute(f"copy m to '{mutant.path}' (format parquet)")
                        found.append(mutant)
        return found

    def judge(self, found: Sequence[Mutant]) -> None:
        """Fill in `first` and `earlier` of each mutant."""
        run = self.database.connection.execute
        left: list[tuple[Mutant, list[suites.Expectation]]] = []
        for mutant in found:
            schema, name = mutant.table.split(".")
            run(f"create or replace view \"{schema}\".\"{name}\" as from read_parquet('{mutant.path}')")
            mutant.first = self._first(mutant, self.alone)
            if mutant.first is None:
                mutant.earlier = self._first(mutant, self.compared)
                left.append((mutant, self._rules(mutant)))
            run(f"create or replace view \"{schema}\".\"{name}\" as from read_parquet('{parquet_path(self.folder, mutant.table)}')")
        for (mutant, rules), answers in zip(left, self._expect(left), strict=True):
            broken = [r for r, a in zip(rules, answers, strict=True) if not a["success"] and r.severity == "critical"]
            mutant.first = next((f"{r.type} of {r.column}" if r.column else r.type for r in broken), None)
        for mutant in found:
            mutant.earlier = mutant.first or mutant.earlier

    def _first(self, mutant: Mutant, rules: Sequence[checks.Check]) -> str | None:
        return next((c.name for c in rules if mutant.table in c.needs and not self.database.run(c).success), None)

    def _rules(self, mutant: Mutant) -> list[suites.Expectation]:
        """Those that look at what the mutant touches; the others answer as they did."""
        table = self.database.tables[mutant.table]
        suite = [*suites.base(table, origin=self.origin, newest=self.mart_day), *suites.specific(table.table)]
        return [r for r in suite if mutant.columns is None or set(r.columns) & set(mutant.columns)]

    def _expect(self, left: Sequence[tuple[Mutant, list[suites.Expectation]]]) -> list[list[dict[str, Any]]]:
        """One worker, one job: its import is paid once."""
        entries = [
            {"table": f"{n}", "path": str(mutant.path), "index": [],  # no need to name every row
             "expectations": [{"type": r.type, "kwargs": r.kwargs} for r in rules]}
            for n, (mutant, rules) in enumerate(left)
        ]  # fmt: skip
        with GateWorker.start() as worker:
            worker.submit({"docs_dir": None, "tables": entries})
            told = worker.collect(600)["tables"]
        return [told[entry["table"]] for entry in entries]
