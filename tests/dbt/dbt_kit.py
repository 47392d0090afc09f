"""Runs the real dbt project on a raw zone, in this process.

Belongs here: calling dbt and reading the warehouse it made. Does not belong here: data (`raw_zone`) and expectations.
Parsing costs as much as a build; it starts from what `make setup` parsed, as a run does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from ingest.intake import collector_paused

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MIDDLE = "2020-06-30"  # the mart day that the leak tests stand on
FROM = "2017-12-31"  # the invented history ends with 2020, before the real start of the plumbing tables would leave anything


class Project:
    """dbt parsed for one temporary folder; `build` and `unit_tests` may be called any number of times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Any = None

    def _invoke(self, command: list[str], candidate: Path, as_of: str, zone: Path) -> list[Any]:
        """Results of one dbt command; AssertionError when dbt did not get as far as the nodes."""
        from dbt.cli.main import dbtRunner

        os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
        variables = {"raw_path": str(zone), "origin": "sandbox", "as_of": as_of, "build_id": "b", "run_id": "r", "plumbing_from": FROM}
        arguments = [
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(self.folder / "target"),
            "--log-path", str(self.folder / "target"), "--log-level", "none", "--no-version-check", "--no-write-json",
        ]  # fmt: skip
        if self.manifest is None:
            parsed = dbtRunner().invoke(["parse", *arguments, "--partial-parse-file-path", str(PROJECT / "target" / "partial_parse.msgpack")])
            assert parsed.success, f"dbt cannot parse the project: {parsed.exception}"
            self.manifest = parsed.result
        os.environ["LOWTIDE_CANDIDATE"] = str(candidate)
        try:
            with collector_paused():  # it went through the parsed project over and over
                outcome = dbtRunner(manifest=self.manifest).invoke([*command, *arguments, "--vars", json.dumps(variables)])
        finally:
            os.environ.pop("LOWTIDE_CANDIDATE")
            _release()
        assert outcome.result is not None, f"dbt did not run: {outcome.exception}"
        return list(outcome.result.results)

    def build(self, zone: Path, as_of: str, name: str, *options: str) -> Warehouse:
        """Everything but unit tests, on that raw zone. AssertionError names the first node that failed."""
        candidate = self.folder / name / "lowtide.duckdb"  # the manifest names the database: the same for every build
        candidate.parent.mkdir(exist_ok=True)
        for result in self._invoke(["build", "--exclude-resource-type", "unit_test", *options], candidate, as_of, zone):
            assert str(result.status.value) in ("success", "pass"), f"{result.node.name}: {result.message}"
        return Warehouse(candidate)

    def unit_tests(self, warehouse: Warehouse, as_of: str) -> dict[str, str]:
        """name -> '' when it passed, else what differs. The warehouse gives only the columns of mocked tables."""
        warehouse.close()
        results = self._invoke(["test", "--select", "test_type:unit"], warehouse.path, as_of, self.folder)
        return {r.node.name: "" if str(r.status.value) == "pass" else str(r.message or r.status) for r in results}


class Warehouse:
    """A finished candidate, read only; open from the first question on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: duckdb.DuckDBPyConnection | None = None

    def table(self, name: str, order: str = "") -> pd.DataFrame:
        """All rows of schema.table (or of a parenthesised query), nulls as None."""
        if self._connection is None:
            self._connection = duckdb.connect(str(self.path), read_only=True)
            self._connection.execute("set TimeZone = 'UTC'")
        frame = self._connection.execute(f"select * from {name}{' order by ' + order if order else ''}").df()
        return frame.astype(object).where(frame.notna(), None)

    def close(self) -> None:
        """dbt must be able to open the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _release() -> None:
    """dbt keeps its DuckDB file open for the life of the process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections, reset_adapters

    cleanup_connections()
    reset_adapters()
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager._ENV = None
    DuckDBConnectionManager.close_all_connections()
