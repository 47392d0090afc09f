"""The gate: run every check on the exported candidate and decide which theses may be published.

Belongs here: severities, the decision. Does not belong here: GX (`worker`, `worker_process`), SQL rules (`checks`).
It fails closed: a check without an answer has failed, and a failure nobody answers for blocks the whole publish.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from expectations import checks, suites
from expectations.absences import ROWS, Absences
from expectations.corrections import Corrections
from expectations.model import CheckKind, DbtResult, GateReport, GateResult, Severity, TableMeta, ThesisLike, theses_of
from expectations.tables import parquet_path
from expectations.worker_process import GateWorker, WorkerFailed
from lowtide.clock import Clock
from lowtide.errors import LowtideError

WRITTEN_BY_PUBLISH = ("meta.gate_results", "meta.build")
_GOOD = {"success", "pass"}


def evaluate(
    candidate: Path, *, theses: Mapping[str, ThesisLike], table_meta: Sequence[TableMeta], dbt_results: Iterable[DbtResult],
    build_id: str, origin: str, clock: Clock, as_of: datetime, mart_day: date, worker: GateWorker | None = None,
    previous: Path | None = None, docs_dir: Path | None = None, timeout_s: float = 120.0,
    accept_fewer_rows: frozenset[str] = frozenset(), rules_changed: bool = False,
) -> GateReport:
    """Judge the exported candidate tables and decide.

    candidate: folder written by `expectations.tables.export`. mart_day: the last session whose cut-off (22:00 UTC) is not
    after `as_of`; every table with a date column must end on it. previous: folder of the build to compare with
    (`publish.previous_build`). worker: one started earlier (closed here), else a new one. accept_fewer_rows: tables whose
    row-count collapse is intended (then a warning). rules_changed: the previous build was made by other code, registry or
    theses, so that its history may be rewritten (then a warning). Raises nothing for bad data: bad data is in the report.
    """
    if as_of.tzinfo is None:
        raise LowtideError(f"as_of needs a time zone: {as_of.isoformat()}")
    started = time.monotonic()
    tables = [t for t in table_meta if t.table not in WRITTEN_BY_PUBLISH]
    book = _Book(tables, theses, build_id=build_id, origin=origin, at=clock.now())
    seconds: dict[str, float] = {}
    todo, job, missing = _job(book.tables, candidate, origin=origin, mart_day=mart_day, docs_dir=docs_dir)
    with worker or GateWorker.start() as gx:
        gx.submit(job)
        for result in dbt_results:  # first: the root cause is the reason a thesis is told
            book.dbt(result)
        for table, name, kind, observed, reason in missing:
            book.add(table, name, kind, "critical", False, observed, reason)
        for orphan in suites.orphans(book.tables) + checks.orphans(book.tables):
            book.add("*", orphan, "sql", "warning", False, "its table is not among the published ones", "a rule nobody runs")
        with checks.Candidate(candidate, tables, theses, origin=origin, mart_day=mart_day, previous=previous) as database:
            known = [c for c in checks.load() if c.table in book.tables]
            for check in [*known, *checks.derived(database, theses, accept_fewer_rows, rules_changed=rules_changed)]:
                book.sql(database.run(check))
            book.corrections = Corrections.of(database.connection, database.present)
            book.absences = Absences.of(database.connection, database.present)
        seconds["sql"] = round(time.monotonic() - started, 3)
        try:
            answers = gx.collect(timeout_s)
            seconds.update(answers["seconds"])
            book.expectations(todo, answers["tables"], "the worker gave no answer for it")
        except WorkerFailed as error:
            book.expectations(todo, {}, str(error))
    seconds["gate"] = round(time.monotonic() - started, 3)
    return book.report(seconds)


def _job(
    tables: Mapping[str, TableMeta], candidate: Path, *, origin: str, mart_day: date, docs_dir: Path | None
) -> tuple[dict[str, list[suites.Expectation]], dict[str, Any], list[tuple[str, str, CheckKind, str, str]]]:
    """Expectations by table, the worker's job, and what is not there to be judged (table, check, kind, observed, reason)."""
    todo: dict[str, list[suites.Expectation]] = {}
    missing: list[tuple[str, str, CheckKind, str, str]] = []
    for table in tables.values():
        path = parquet_path(candidate, table.table)
        if not path.is_file():
            missing.append((table.table, "table_exists", "sql", "the candidate does not have it", "a published table"))
            continue
        todo[table.table] = suites.base(table, origin=origin, newest=mart_day)
        try:
            todo[table.table] += suites.specific(table.table)
        except LowtideError as error:
            missing.append((table.table, "suite", "expectation", str(error), "every published table has a suite"))
    entries = [
        {"table": name, "path": str(parquet_path(candidate, name)), "index": list(tables[name].key),
         "expectations": [{"type": e.type, "kwargs": e.kwargs} for e in suite]}
        for name, suite in todo.items()
    ]
    return todo, {"docs_dir": str(docs_dir) if docs_dir else None, "tables": entries}, missing


class _Book:
    """Collects results and turns them into the decision."""

    def __init__(self, tables: Sequence[TableMeta], theses: Mapping[str, ThesisLike], *, build_id: str, origin: str, at: datetime):
        self.tables = {t.table: t for t in tables}
        self.theses = theses
        self.built = tuple(sorted(t.id for t in theses.values() if t.status == "built"))
        self.stamp = (build_id, origin, at)
        self.results: list[GateResult] = []
        self.names: set[tuple[str, str, str | None]] = set()
        self.blocked: str | None = None
        self.corrections = Corrections({})
        self.absences = Absences()

    def add(
        self, table: str, name: str, kind: CheckKind, severity: Severity, success: bool, observed: str | None, reason: str,
        *, column: str | None = None, theses: Sequence[str] | None = None,
    ) -> None:
        """`theses` None = everybody who stands on the table."""
        if theses is None:
            scorecard = table.startswith("scorecard.")
            theses = self.built if scorecard else theses_of(self.tables[table], self.theses) if table in self.tables else ()
        wanted, n = name, 1
        while (table, name, column) in self.names:
            n += 1
            name = f"{wanted} #{n}"
        self.names.add((table, name, column))
        build_id, origin, at = self.stamp
        self.results.append(GateResult(
            build_id, table, name, kind, column, severity, success, observed, reason, ",".join(theses), at, origin))

    def dbt(self, result: DbtResult) -> None:
        """A node that speaks for marts is judged through them: scorecard rows follow their thesis, meta its own nodes."""
        good = result.status in _GOOD
        severity: Severity = "warning" if result.warn_only or result.status == "warn" else "critical"
        marts = [t for t in result.tables if t.split(".")[0] not in ("scorecard", "meta")]
        told = " ".join(f"{result.status}: {result.message}".split())[:300].removesuffix(": ")
        for table in marts or result.tables:
            self.add(table, result.unique_id, "dbt", severity, good, told, f"dbt {result.node_type}")
        if not good and severity == "critical" and not result.tables:
            self.add("*", result.unique_id, "dbt", severity, False, told, f"dbt {result.node_type} that names no table")

    def sql(self, finding: checks.Finding) -> None:
        theses: Sequence[str] | None = None
        if finding.missing:
            theses = sorted({i for t in finding.missing if t in self.tables for i in theses_of(self.tables[t], self.theses)}) or None
        elif finding.thesis_ids and set(finding.thesis_ids) <= set(self.theses):
            theses = finding.thesis_ids
        check = finding.check
        self.add(check.table, check.name, "sql", check.severity, finding.success, finding.observed, check.reason, theses=theses)

    def expectations(self, todo: Mapping[str, list[suites.Expectation]], answers: Mapping[str, list[dict[str, Any]]], silence: str) -> None:
        for table, suite in todo.items():
            told = answers.get(table) or []
            empty = any(rule.type == ROWS and not seen["success"] for rule, seen in zip(suite, told, strict=False))
            for n, rule in enumerate(suite):
                seen = told[n] if n < len(told) else {"success": False, "observed": silence, "thesis_ids": None}
                named = seen["thesis_ids"] if table.startswith("scorecard.") and set(seen["thesis_ids"] or ()) <= set(self.theses) else None
                severity: Severity = rule.severity if n < len(told) else "critical"
                observed = seen["observed"]
                if not seen["success"] and self.corrections.explain(self.tables[table], seen.get("days") or ()):
                    severity, observed = "warning", f"{observed}; each stood on a value that was corrected since"
                if not seen["success"] and n < len(told) and (absent := self.absences.explain(self.tables[table], rule, theses_of(self.tables[table], self.theses), empty=empty)):
                    severity, observed = "warning", f"{observed}; {absent}"
                self.add(table, rule.type, "expectation", severity, seen["success"], observed, rule.reason,
                         column=rule.column, theses=named or None)

    def report(self, seconds: Mapping[str, float]) -> GateReport:
        """A table fails with its first critical failure, a thesis with the first of its tables; meta fails everything."""
        failed_tables: set[str] = set()
        failed_theses: dict[str, str] = {}
        for result in (r for r in self.results if r.blocks):
            named = [i for i in result.thesis_ids.split(",") if i]
            schema = result.table_name.split(".")[0]
            if schema in ("meta", "*") or (schema != "scorecard" and result.table_name not in self.tables):
                self.blocked = self.blocked or result.line
            elif schema != "scorecard" or set(named) >= set(self.built):
                failed_tables.add(result.table_name)
            for thesis in named:
                failed_theses.setdefault(thesis, result.line)
        return GateReport(self.results, frozenset(failed_tables), failed_theses, self.blocked, seconds)
