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

from expectations.model import Severity, TableMeta, ThesisLike
from expectations.tables import parquet_path
from lowtide.errors import LowtideError

FOLDER = Path(__file__).parent / "checks"
KEPT_SHARE = 0.90  # fewer rows than this share of the previous build's = collapse
CHANGED_SHARE = 0.01  # more rows with other values than this share = worth a look (a revision, or a new rule)


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


def derived(candidate: Candidate, theses: Mapping[str, ThesisLike], accept_fewer_rows: frozenset[str]) -> Iterator[Check]:
    """Rules that need no file: rows kept since the previous build, history unchanged, every thesis up to date, legs as in marts."""
    for name in sorted(candidate.present & candidate.before):
        yield _kept(candidate.tables[name], accept_fewer_rows)
        if candidate.tables[name].schema != "meta":
            yield _history(candidate, candidate.tables[name])
    if "scorecard.verdicts" in candidate.present:
        yield Check(
            "every_thesis_ends_on_the_mart_day", "scorecard.verdicts", "critical", "a thesis without a verdict for the newest session",
            """select thesis_id, newest_day, mart_day from (
                 select t.thesis_id, max(v.as_of_date) as newest_day from gate.theses t
                 left join scorecard.verdicts v using (thesis_id) group by t.thesis_id
               ) cross join gate.run where newest_day is distinct from mart_day order by thesis_id""", ("scorecard.verdicts",))
        yield Check(
            "every_verdict_has_a_known_thesis", "scorecard.verdicts", "critical", "a row no thesis answers for",
            """select thesis_id as unknown, count(*) as verdicts from scorecard.verdicts
               where thesis_id not in (select thesis_id from gate.theses) group by thesis_id""", ("scorecard.verdicts",))
    for thesis in theses.values():
        for leg in getattr(thesis, "legs", ()) if thesis.status == "built" and "scorecard.legs" in candidate.present else ():
            for table in (t for t in thesis.tables if t in candidate.present):
                if {leg.column, "as_of_date"} <= set(candidate.columns(table)):
                    yield _leg(thesis.id, leg.id, leg.column, table)


def _kept(table: TableMeta, accepted: frozenset[str]) -> Check:
    """Scorecard rows are counted per thesis, so that one thesis that lost its history fails alone."""
    severity: Severity = "warning" if table.table in accepted else "critical"
    by = "thesis_id" if table.schema == "scorecard" else "'whole table'"
    label = "part as thesis_id" if by == "thesis_id" else "part"
    sql = f"""select {label}, rows_before, coalesce(rows_now, 0) as rows_now from
              (select {by} as part, count(*) as rows_before from previous."{table.table}" group by 1)
              left join (select {by} as part, count(*) as rows_now from {table.table} group by 1) using (part)
              where coalesce(rows_now, 0) < {KEPT_SHARE} * rows_before order by 1"""
    return Check("rows_kept", table.table, severity, f"fewer than {KEPT_SHARE:.0%} of the previous build's rows", sql, (table.table,))


def _history(candidate: Candidate, table: TableMeta) -> Check:
    """Rows of an open episode change every day by nature and are left out."""
    now, before = candidate.columns(table.table), candidate.columns(f'previous."{table.table}"')
    changes = []
    for column in (c for c in now if c in before and c not in (*table.key, "origin", "is_stale")):
        changed = f'a."{column}" is distinct from b."{column}"'
        if now[column] == before[column] == "DOUBLE":  # sums in another order differ in the last digits
            largest = f'greatest(abs(a."{column}"), abs(b."{column}"))'
            changed = f'({changed} and not coalesce(abs(a."{column}" - b."{column}") <= 1e-9 * {largest}, false))'
        changes.append(changed)
    keys = ", ".join(f'"{k}"' for k in table.key)
    settled = "where b.status <> 'open'" if "status" in before else ""
    sql = f"""with compared as (
                select {keys}, {" or ".join(changes) or "false"} as changed
                from {table.table} a join previous."{table.table}" b using ({keys}) {settled})
              select changed_rows, compared_rows, first_changed from (
                select count(*) filter (where changed) as changed_rows, count(*) as compared_rows,
                       min(({keys})) filter (where changed)::varchar as first_changed from compared)
              where changed_rows > {CHANGED_SHARE} * compared_rows"""
    return Check("history_unchanged", table.table, "warning",
                 f"more than {CHANGED_SHARE:.0%} of the rows published before now have other values", sql, (table.table,))


def _leg(thesis: str, leg: str, column: str, table: str) -> Check:
    sql = f"""select l.thesis_id, l.as_of_date, l.leg_id, l.value, m."{column}" as mart_value
              from scorecard.legs l left join {table} m using (as_of_date)
              where l.thesis_id = '{thesis}' and l.leg_id = '{leg}' and l.value is distinct from m."{column}"::double
                and not coalesce(abs(l.value - m."{column}"::double) <= 1e-9 * greatest(1, abs(l.value)), false)
              order by l.as_of_date"""
    return Check(f"leg_{thesis}_{leg}_is_{column}", "scorecard.legs", "critical", f"a leg shows the value of {table}", sql,
                 ("scorecard.legs", table))
