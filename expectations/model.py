"""The nouns of the gate, shared with publish and orchestration. Plain data: no GX, no DuckDB, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Severity = Literal["critical", "warning"]
CheckKind = Literal["expectation", "sql", "dbt"]


class ThesisLike(Protocol):
    """What the gate needs to know of a thesis (theses/<id>.yml)."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def tables(self) -> Sequence[str]: ...
    @property
    def group(self) -> str: ...


@dataclass(frozen=True)
class TableMeta:
    """One published table as its dbt contract declares it. `date_column` is None where no newest day is expected.

    `may_be_empty` where its inputs are optional (files that a person drops) and the thesis' daily table says so.
    `inputs` = the quantities it stands on, `lineage` = the dbt models from itself up to the raw zone; empty where nobody filled them in.
    """

    schema: str
    name: str
    key: tuple[str, ...]
    date_column: str | None = None
    theses: tuple[str, ...] = ()
    not_null: tuple[str, ...] = ()
    description: str = ""
    may_be_empty: bool = False
    inputs: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class DbtResult:
    """How one dbt node fared. `tables` = the published tables it speaks for ("marts.x"): itself, or all below it."""

    unique_id: str
    node_type: str
    status: str
    message: str = ""
    tables: tuple[str, ...] = ()
    warn_only: bool = False  # a test of severity warn


@dataclass(frozen=True)
class GateResult:
    """One check's answer = one row of meta.gate_results. `thesis_ids` is comma separated."""

    build_id: str
    table_name: str
    check_name: str
    check_kind: CheckKind
    column_name: str | None
    severity: Severity
    success: bool
    observed: str | None
    reason: str
    thesis_ids: str
    evaluated_at: datetime
    origin: str

    @property
    def blocks(self) -> bool:
        return self.severity == "critical" and not self.success

    @property
    def line(self) -> str:
        """Table, check, what was seen and why it matters, in one line."""
        where = f"{self.check_name} of {self.column_name}" if self.column_name else self.check_name
        seen = f": {self.observed}" if self.observed else ""
        return " ".join(f"{self.table_name}: {where}{seen} ({self.reason})".split())


@dataclass(frozen=True)
class GateReport:
    """The decision. `blocked_all` is set when a failure cannot be pinned to a thesis: then nothing may be published."""

    results: list[GateResult]
    failed_tables: frozenset[str]
    failed_theses: Mapping[str, str]
    blocked_all: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def warnings(self) -> list[GateResult]:
        return [r for r in self.results if r.severity == "warning" and not r.success]

    def warned(self, most: int = 5) -> list[str]:
        """The warnings by check, the most frequent first: how many, and the first of them. At most `most` lines."""
        groups: dict[str, list[GateResult]] = {}
        for result in self.warnings:
            groups.setdefault(result.check_name, []).append(result)
        ordered = sorted(groups.values(), key=len, reverse=True)
        shown = ordered if len(ordered) <= most else ordered[: most - 1]
        lines = [f"{len(found)} x {found[0].line}"[:160] for found in shown]
        rest = ordered[len(shown) :]
        return [*lines, f"{sum(map(len, rest))} of {len(rest)} other checks: meta.gate_results"] if rest else lines


def theses_of(table: TableMeta, theses: Mapping[str, ThesisLike]) -> tuple[str, ...]:
    """Ids of the built theses that stand on `table`: those its contract names and those that list it."""
    listed = {t.id for t in theses.values() if table.table in t.tables} | set(table.theses)
    return tuple(sorted(i for i in listed if i in theses and theses[i].status == "built"))
