"""Calling dbt in this process: parse ahead in a thread, build, and say how each node fared.

Belongs here: the one place that imports dbt. Does not belong here: asset specs (`manifest`), judging (`expectations`).
Measured: a dbt command line costs 5 to 8 s before it works, in process 1 to 2 s; dbt re-parses everything (4.5 s) when a
variable or the database's path changes, so the parse sees nothing of a run: it starts from what `make setup` parsed and looks
only for files that changed since. The build gets that manifest and the variables. Unit tests are left to `make test`.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.tables import export, from_manifest
from lowtide.errors import LowtideError
from lowtide.home import Home
from lowtide.run import Session
from lowtide.theses import load_theses
from orchestration import manifest as manifests

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

log = logging.getLogger("lowtide.run")


def export_folder(home: Home) -> Path:
    """The Parquet files of the candidate that the gate judges and publish takes."""
    return home.build / "export"


def compiled_folder(home: Home) -> Path:
    """The SQL of the newest build's models, as it was run, below the models' paths in the project."""
    return home.build / "dbt" / "compiled" / "lowtide"


def _arguments(home: Home) -> list[str]:
    target = home.build / "dbt"
    project = str(manifests.PROJECT)
    return [
        "--project-dir", project, "--profiles-dir", project, "--target-path", str(target), "--log-path", str(target),
        "--log-level", "none", "--log-level-file", "info", "--no-send-anonymous-usage-stats", "--no-version-check",
    ]  # fmt: skip


@dataclass
class Preparation:
    """dbt imported and the project parsed, in a thread."""

    manifest: Future[Any]

    @classmethod
    def start(cls, home: Home) -> Preparation:
        os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
        future: Future[Any] = Future()
        threading.Thread(target=_parse, args=(home, future), name="dbt-parse").start()
        return cls(future)


def _parse(home: Home, future: Future[Any]) -> None:
    try:
        from dbt.cli.main import dbtRunner

        parsed_by_setup = manifests.PROJECT / "target" / "partial_parse.msgpack"
        outcome = dbtRunner().invoke(["parse", *_arguments(home), "--partial-parse-file-path", str(parsed_by_setup), "--no-write-json"])
        if not outcome.success:
            raise LowtideError(f"dbt cannot parse the project: {_one_line(outcome.exception)}")
        for node in outcome.result.nodes.values():
            if node.resource_type == "seed":  # found from where this is, not from where `make setup` stood when it parsed
                node.root_path = str(manifests.PROJECT)
        future.set_result(outcome.result)
    except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
        future.set_exception(error)


def run_build(session: Session, preparation: Preparation, *, build_id: str, run_id: str) -> list[dict[str, Any]]:
    """Build the candidate from nothing and export its published tables.

    Returns one dict per node: the fields of expectations.model.DbtResult and `seconds`. A failing node stops only what is
    built from it. Raises LowtideError when dbt does not get as far as the nodes.
    """
    from dbt.cli.main import dbtRunner

    home = session.home
    parsed = preparation.manifest.result()
    for old in home.build.glob(f"{home.candidate.name}*"):
        old.unlink()
    shutil.rmtree(export_folder(home), ignore_errors=True)
    constant = {"raw_path": str(home.raw), "origin": home.origin, "as_of": session.as_of.isoformat(), "build_id": build_id, "run_id": run_id}

    def invoke(*selection: str, **variables: Any) -> dict[str, dict[str, Any]]:
        told = json.dumps({**constant, **variables})
        command = ["build", *_arguments(home), "--vars", told, "--exclude-resource-type", "unit_test", *selection]
        outcome = dbtRunner(manifest=parsed, callbacks=[_progress]).invoke(command)
        if outcome.result is None:
            raise LowtideError(f"dbt did not build: {_one_line(outcome.exception)}")
        return {r.node.unique_id: _result(r) for r in outcome.result.results}

    os.environ["LOWTIDE_CANDIDATE"] = str(home.candidate)
    try:
        results = invoke()
        if _skipped(results, "scorecard"):  # it reads every mart: again, without the theses whose mart is not there
            results |= invoke("--select", "scorecard+", failed_models=_failed_models(results))
    finally:
        os.environ.pop("LOWTIDE_CANDIDATE")
        _release()
    tables, _ = from_manifest(manifests.load())
    with connect(home) as connection:
        export(connection, tables, export_folder(home))
    return list(results.values())


def _skipped(results: Mapping[str, Mapping[str, Any]], schema: str) -> bool:
    nodes = manifests.built(manifests.load())
    return any(r["status"] == "skipped" and nodes.get(i, {}).get("schema") == schema for i, r in results.items())


def _failed_models(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of the models of theses that dbt could not build."""
    models = {t.model for t in load_theses().values() if t.model}
    nodes = manifests.built(manifests.load())
    return sorted(n["name"] for i, n in nodes.items() if n["name"] in models and results.get(i, {}).get("status") != "success")


def _result(result: Any) -> dict[str, Any]:
    node = result.node
    return {
        "unique_id": node.unique_id, "node_type": str(node.resource_type.value), "status": str(result.status.value),
        "message": _one_line(result.message or ""), "tables": manifests.published_below(manifests.load(), node.unique_id),
        "warn_only": str(getattr(node.config, "severity", "error")).lower() == "warn", "seconds": round(result.execution_time, 3),
    }  # fmt: skip


def _progress(event: Any) -> None:
    if event.info.name in ("LogModelResult", "LogSeedResult", "LogTestResult"):
        log.debug("dbt: %s", event.info.msg)


def _release() -> None:
    """dbt keeps its DuckDB file open for the life of the process; others must be able to open it now."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections, reset_adapters

    cleanup_connections()
    reset_adapters()
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()


@contextmanager
def connect(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The candidate, through dagster-duckdb: nobody else opens it."""
    from dagster_duckdb import DuckDBResource

    with DuckDBResource(database=str(home.candidate)).get_connection() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def _one_line(what: object) -> str:
    return " ".join(str(what).split())
