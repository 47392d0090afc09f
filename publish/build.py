"""Publish: from judged Parquet files to an immutable build folder, then one pointer moved.

Belongs here: what goes into a build and where each table comes from. Does not belong here: the decision itself
(`expectations.gate`), folders and pointers (`layout`), the DuckDB file (`warehouse`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.gate import WRITTEN_BY_PUBLISH
from expectations.model import GateReport, TableMeta, ThesisLike, theses_of
from expectations.tables import Descriptions, parquet_path, write_parquet
from lowtide.clock import Clock
from lowtide.errors import HomeUnusable, LowtideError
from lowtide.home import Home
from publish import layout, warehouse
from publish.scorecard import merge

UTC_US = pa.timestamp("us", tz="UTC")
GATE_RESULTS = pa.schema([
    ("build_id", pa.string()), ("table_name", pa.string()), ("check_name", pa.string()), ("check_kind", pa.string()),
    ("column_name", pa.string()), ("severity", pa.string()), ("success", pa.bool_()), ("observed", pa.string()),
    ("reason", pa.string()), ("thesis_ids", pa.string()), ("evaluated_at", UTC_US), ("origin", pa.string()),
])
BUILD = pa.schema([
    ("build_id", pa.string()), ("run_id", pa.string()), ("origin", pa.string()), ("as_of", UTC_US), ("built_at", UTC_US),
    ("lowtide_version", pa.string()), ("fingerprint", pa.string()), ("stale_theses", pa.string()), ("tables", pa.int64()),
    ("simulated", pa.bool_()), ("previous_build_id", pa.string()),
])


@dataclass(frozen=True)
class PublishReport:
    """What a publish did. `path` is None when nothing was published; `reason` then says why."""

    build_id: str
    path: Path | None
    published_tables: list[str] = field(default_factory=list)
    carried_tables: dict[str, tuple[str, str]] = field(default_factory=dict)  # table -> (build it comes from, reason)
    left_out_tables: dict[str, str] = field(default_factory=dict)
    stale_theses: dict[str, str] = field(default_factory=dict)
    moved_current: bool = False
    reason: str | None = None


def publish(
    home: Home, *, build_id: str, run_id: str, as_of: datetime, clock: Clock, candidate: Path, tables: Sequence[TableMeta],
    descriptions: Descriptions, gate: GateReport, theses: Mapping[str, ThesisLike], fingerprint: str, keep: int = 5,
    rules: str | None = None, as_pointer: date | None = None, docs_dir: Path | None = None,
    report: Callable[[Path], None] | None = None,
) -> PublishReport:
    """Publish what the gate passed; the caller holds the origin's lock.

    candidate: the folder of Parquet files the gate judged. rules: hash of the code, theses and registry it was made by.
    docs_dir: Data Docs to publish along. report: writes pages into the finished folder before it appears, so that they can
    never show another build. A failed thesis keeps the
    tables and scorecard rows of the previous build; where there is none, its tables are left out and its verdict is one
    no_data row. Nothing is published when the gate blocks everything or every built thesis failed.
    Raises LowtideError for a build id that exists, HomeUnusable when the disk refuses; current is untouched in both cases.
    """
    built = [t.id for t in theses.values() if t.status == "built"]
    gate_results = pa.Table.from_pylist([asdict(r) for r in gate.results], schema=GATE_RESULTS)
    scratch = home.serve / f"{layout.LEFTOVER}{build_id}"
    try:
        home.build.mkdir(parents=True, exist_ok=True)
        home.serve.mkdir(parents=True, exist_ok=True)
        layout.clean(home.serve)
        write_parquet(gate_results, home.build / "gate_results.parquet")  # also when nothing is published: why not
        if gate.blocked_all:
            return PublishReport(build_id, None, stale_theses=dict(gate.failed_theses), reason=gate.blocked_all)
        if built and set(built) <= set(gate.failed_theses):
            reason = f"every thesis failed; {built[0]}: {gate.failed_theses[built[0]]}"
            return PublishReport(build_id, None, stale_theses=dict(gate.failed_theses), reason=reason)
        if (home.serve / build_id).exists():
            raise LowtideError(f"build {build_id} is published already; a build never changes")
        previous = layout.previous_build(home, as_of, as_pointer)
        work = _Assembly(scratch, candidate, previous, gate, theses, build_id)
        for table in (t for t in tables if t.table not in WRITTEN_BY_PUBLISH):
            work.table(table)
        stamp = {
            "build_id": build_id, "run_id": run_id, "origin": home.origin, "simulated": home.origin == "sandbox", "as_of": as_of,
            "built_at": clock.now(), "lowtide_version": _version(), "fingerprint": fingerprint,
            "previous_build_id": previous.name if previous else None,
        }
        row = {**stamp, "stale_theses": json.dumps(dict(gate.failed_theses), sort_keys=True), "tables": len(work.entries) + 2}
        work.own("meta.gate_results", ("table_name", "check_name", "column_name"), gate_results, "Every check of the gate in this build, and what it saw.")
        work.own("meta.build", ("build_id",), pa.Table.from_pylist([row], schema=BUILD), "One row: this build.")
        told = {t: " ".join([d, *(["Simulated data."] if stamp["simulated"] else [])]) for t, d in work.texts(tables).items()}
        warehouse.write(scratch / "lowtide.duckdb", told, scratch / "parquet", descriptions)
        if docs_dir is not None and docs_dir.is_dir():
            shutil.copytree(docs_dir, scratch / "data_docs")
        work.manifest({**stamp, "as_of": as_of.isoformat(), "built_at": clock.now().isoformat(), "rules": rules})
        if report is not None:
            report(scratch)
        for path in [p for p in scratch.rglob("*") if p.is_file() or p.is_dir()] + [scratch]:
            layout.fsync(path)
        os.replace(scratch, home.serve / build_id)
        layout.fsync(home.serve)
        moved = as_pointer is None or layout.target(home.current) is None
        if as_pointer is not None:
            layout.point(home.serve / "as_of" / as_pointer.isoformat(), f"../{build_id}")
        if moved:
            layout.point(home.current, build_id)
    except (OSError, duckdb.IOException) as error:
        told_os = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise HomeUnusable(" ".join(f"cannot publish {build_id} in {home.serve}: {told_os}".split())) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # gone when all went well; what stays goes at the next publish
    layout.prune(home, keep)
    return PublishReport(
        build_id, home.serve / build_id, sorted(work.published), work.carried, work.left_out, dict(gate.failed_theses), moved
    )


def _version() -> str:
    try:
        return version("lowtide")
    except PackageNotFoundError:
        return "not installed"


class _Assembly:
    """The build folder while it grows."""

    def __init__(
        self, folder: Path, candidate: Path, previous: Path | None, gate: GateReport, theses: Mapping[str, ThesisLike], build_id: str
    ) -> None:
        self.folder, self.candidate, self.previous, self.gate, self.theses = folder, candidate, previous, gate, theses
        self.build_id = build_id
        self.before: dict[str, Any] = layout.read_manifest(previous) if previous else {"tables": {}, "theses": {}}
        self.entries: dict[str, dict[str, Any]] = {}
        self.own_texts: dict[str, str] = {}
        self.published: list[str] = []
        self.carried: dict[str, tuple[str, str]] = {}
        self.left_out: dict[str, str] = {}
        (folder / "parquet").mkdir(parents=True)

    def table(self, table: TableMeta) -> None:
        """Take a table from the candidate, from the previous build, from both (scorecard), or leave it out."""
        name, failed = table.table, self.gate.failed_theses
        users = theses_of(table, self.theses)
        if table.schema == "scorecard":
            self._scorecard(table)
        elif name in self.gate.failed_tables or (users and all(i in failed for i in users)):
            reason = next((failed[i] for i in users if i in failed), None) or self._reason(name)
            self._carry(table, users, reason)
        else:
            shutil.copyfile(parquet_path(self.candidate, name), parquet_path(self.folder / "parquet", name))
            self._enter(table, users)

    def _reason(self, name: str) -> str:
        return next(r.line for r in self.gate.results if r.blocks and r.table_name == name)

    def _carry(self, table: TableMeta, users: Sequence[str], reason: str) -> None:
        """The previous file, byte for byte (a hard link where the file system can: builds never change)."""
        name = table.table
        if self.previous is None or name not in self.before["tables"]:
            self.left_out[name] = reason
            return
        source, target = parquet_path(self.previous / "parquet", name), parquet_path(self.folder / "parquet", name)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        origin_build = self.before["tables"][name]["carried_from"] or self.previous.name
        self.carried[name] = (origin_build, reason)
        self._enter(table, users, carried_from=origin_build)

    def _scorecard(self, table: TableMeta) -> None:
        name, failed = table.table, self.gate.failed_theses
        path, target = parquet_path(self.candidate, name), parquet_path(self.folder / "parquet", name)
        if not failed:
            shutil.copyfile(path, target)
        else:
            held = self.previous is not None and name in self.before["tables"]
            before = pq.read_table(parquet_path(self.previous / "parquet", name)) if held and self.previous else None
            unpublished = {i for i in failed if not self._had_good(i)}
            write_parquet(merge(pq.read_table(path), before, table, failed, unpublished), target)
        self._enter(table, [t.id for t in self.theses.values() if t.status == "built"])

    def own(self, name: str, key: tuple[str, ...], data: pa.Table, text: str) -> None:
        """A table that publish itself writes."""
        write_parquet(data, parquet_path(self.folder / "parquet", name))
        self.own_texts[name] = text
        self._enter(TableMeta("meta", name.removeprefix("meta."), key), [])

    def _enter(self, table: TableMeta, users: Sequence[str], carried_from: str | None = None) -> None:
        name = table.table
        path = parquet_path(self.folder / "parquet", name)
        info = pq.ParquetFile(path)
        if carried_from is None:
            self.published.append(name)
        self.entries[name] = {
            "rows": info.metadata.num_rows, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "columns": {f.name: str(f.type) for f in info.schema_arrow}, "theses": list(users), "carried_from": carried_from,
            "key": list(table.key), "inputs": list(table.inputs), "lineage": list(table.lineage),
            "warnings": [r.line for r in self.gate.warnings if r.table_name == name],
        }

    def state(self, thesis: str) -> str:
        """published | stale (last good version kept) | blocked (never had one) | planned."""
        if self.theses[thesis].status != "built":
            return "planned"
        if thesis not in self.gate.failed_theses:
            return "published"
        return "stale" if self._had_good(thesis) else "blocked"

    def _had_good(self, thesis: str) -> bool:
        state: str = self.before["theses"].get(thesis, {}).get("state", "blocked")
        return state != "blocked"

    def texts(self, tables: Sequence[TableMeta]) -> dict[str, str]:
        return {t.table: t.description for t in tables if t.table in self.entries} | self.own_texts

    def manifest(self, stamp: Mapping[str, Any]) -> None:
        """manifest.json: what a reader without DuckDB needs to know, and what the next publish carries over from."""
        states = {}
        for thesis in self.theses:
            state = self.state(thesis)
            since = self.before["theses"].get(thesis, {}).get("build_id") if state == "stale" else self.build_id
            states[thesis] = {"state": state, "reason": self.gate.failed_theses.get(thesis), "build_id": None if state == "blocked" else since}
        content = {**stamp, "storage_version": warehouse.STORAGE_VERSION, "tables": self.entries, "left_out": self.left_out, "theses": states}
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        (self.folder / "manifest.json").write_text(text, encoding="utf-8")
