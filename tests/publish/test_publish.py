"""What a publish writes, what it carries over, and what it refuses."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from expectations.model import GateReport, GateResult
from lowtide.clock import Clock
from lowtide.errors import HomeUnusable, LowtideError
from lowtide.home import Home
from publish import PublishReport, manifest, open_current, previous_build, publish
from publish.layout import prune
from tests.expectations.synthetic import (
    AS_OF,
    DESCRIPTIONS,
    MART_DAY,
    ORIGIN,
    TABLES,
    THESES,
    Frames,
    frames,
    scorecard,
    write,
)


def gate(failed: dict[str, str] | None = None, tables: tuple[str, ...] = (), blocked: str | None = None) -> GateReport:
    """A report in which `tables` fail and with them the theses of `failed`; one warning is always there."""
    results = [
        GateResult("b", t, "expect_x", "expectation", "v", "critical", False, "1 row", "because", ",".join(failed or ()), AS_OF, ORIGIN) for t in tables
    ] + [GateResult("b", "marts.episodes", "history_unchanged", "sql", None, "warning", False, "3 rows", "look", "t2_0,t2_1", AS_OF, ORIGIN)]
    return GateReport(results, frozenset(tables), failed or {}, blocked)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.of(ORIGIN, tmp_path / "home").prepare()


def run(home: Home, build_id: str, made: Frames | None = None, report: GateReport | None = None, *, at: int = 0, **more: Any) -> PublishReport:
    candidate = write(home.build / "export", frames(40) if made is None else made)
    arguments: dict[str, Any] = {
        "run_id": f"run-{build_id}", "as_of": AS_OF, "clock": Clock(AS_OF + timedelta(minutes=at)), "candidate": candidate, "tables": TABLES,
        "descriptions": DESCRIPTIONS, "gate": report or gate(), "theses": THESES, "fingerprint": "f1"}
    return publish(home, build_id=build_id, **(arguments | more))


def query(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with open_current(home) as connection:
        return connection.execute(sql).fetchall()


def parquet(home: Home, build_id: str, table: str) -> Path:
    return home.serve / build_id / "parquet" / f"{table}.parquet"


def test_a_first_publish_is_complete(home: Home) -> None:
    (home.build / "docs").mkdir()
    (home.build / "docs" / "marts.episodes.html").write_text("<p>fine</p>")
    report = run(home, "b1", docs_dir=home.build / "docs")
    assert report.moved_current and report.path == home.serve / "b1" and os.readlink(home.current) == "b1"
    assert set(report.published_tables) == {t.table for t in TABLES} | {"meta.build", "meta.gate_results"} and not report.carried_tables
    told = manifest(home)
    assert (told["build_id"], told["origin"], told["simulated"], told["storage_version"], told["fingerprint"]) == ("b1", ORIGIN, False, "v1.0.0", "f1")
    assert {i: t["state"] for i, t in told["theses"].items()} == {"t0": "planned", "t1_2": "published", "t2_0": "published", "t2_1": "published", "t4_5": "published"}
    for table, entry in told["tables"].items():
        assert hashlib.sha256(parquet(home, "b1", table).read_bytes()).hexdigest() == entry["sha256"]
        assert query(home, f"select count(*) from {table}") == [(entry["rows"],)]
    assert told["tables"]["marts.episodes"]["theses"] == ["t2_0", "t2_1"] and "look" in told["tables"]["marts.episodes"]["warnings"][0]
    assert query(home, "select build_id, run_id, simulated, stale_theses, tables, previous_build_id from meta.build") == [("b1", "run-b1", False, "{}", len(TABLES) + 2, None)]
    assert query(home, "select check_name, success from meta.gate_results") == [("history_unchanged", False)]
    assert query(home, "select comment from duckdb_columns() where column_name = 'sofr_iorb_bp'") == [(DESCRIPTIONS["marts.funding_stress"]["sofr_iorb_bp"],)]
    assert ("Overnight cash.",) in query(home, "select comment from duckdb_tables() where table_name = 'funding_stress'")
    assert (home.serve / "b1" / "data_docs" / "marts.episodes.html").is_file()
    assert {p.name for p in (home.serve / "b1").iterdir()} == {"lowtide.duckdb", "parquet", "manifest.json", "data_docs"}
    assert not list(home.serve.glob(".tmp*"))


def test_equal_data_gives_equal_bytes(home: Home) -> None:
    run(home, "b1")
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in frames(40).items()}
    run(home, "b2", shuffled)
    for table in TABLES:
        assert parquet(home, "b1", table.table).read_bytes() == parquet(home, "b2", table.table).read_bytes(), table.table


def _poisoned() -> Frames:
    made = frames(41, MART_DAY + timedelta(days=3))
    made["marts.gold_drawdown"]["return_10y_pct"] = -5.0
    scorecard(made)
    return {name: frame.assign(origin=ORIGIN) for name, frame in made.items()}


def test_a_poisoned_thesis_keeps_its_last_good_version_and_others_publish(home: Home) -> None:
    run(home, "b1")
    tables = ("scorecard.verdicts", "scorecard.legs", "scorecard.changes")
    columns = {t: "* exclude (is_stale)" if t == "scorecard.verdicts" else "*" for t in tables}
    before = {t: query(home, f"select {columns[t]} from {t} where thesis_id = 't4_5' order by all") for t in tables}
    report = run(home, "b2", _poisoned(), gate({"t4_5": "marts.gold_drawdown: bad"}, ("marts.gold_drawdown",)), at=1)
    assert report.carried_tables == {"marts.gold_drawdown": ("b1", "marts.gold_drawdown: bad")} and report.stale_theses == {"t4_5": "marts.gold_drawdown: bad"}
    assert parquet(home, "b1", "marts.gold_drawdown").read_bytes() == parquet(home, "b2", "marts.gold_drawdown").read_bytes()
    assert query(home, "select max(as_of_date) from marts.gold_drawdown") == [(MART_DAY,)]
    assert query(home, "select max(as_of_date) from marts.funding_stress") == [(MART_DAY + timedelta(days=3),)]
    for table, rows in before.items():
        assert query(home, f"select {columns[table]} from {table} where thesis_id = 't4_5' order by all") == rows
    stale = "select thesis_id, bool_and(is_stale), bool_or(is_stale) from scorecard.verdicts group by 1 having bool_or(is_stale)"
    assert query(home, stale) == [("t4_5", True, True)]
    assert query(home, "select max(as_of_date) from scorecard.verdicts where thesis_id = 't1_2'") == [(MART_DAY + timedelta(days=3),)]
    assert query(home, "select stale_theses, previous_build_id from meta.build") == [('{"t4_5": "marts.gold_drawdown: bad"}', "b1")]
    told = manifest(home)
    assert told["theses"]["t4_5"] == {"state": "stale", "reason": "marts.gold_drawdown: bad", "build_id": "b1"}
    assert told["tables"]["marts.gold_drawdown"]["carried_from"] == "b1"
    third = run(home, "b3", _poisoned(), gate({"t4_5": "still"}, ("marts.gold_drawdown",)), at=2)
    assert third.carried_tables["marts.gold_drawdown"] == ("b1", "still") and manifest(home)["theses"]["t4_5"]["build_id"] == "b1"
    run(home, "b4", _poisoned(), at=3)
    assert manifest(home)["theses"]["t4_5"]["state"] == "published" and query(home, "select max(return_10y_pct) from marts.gold_drawdown") == [(-5.0,)]


def test_without_a_good_version_the_thesis_is_blocked(home: Home) -> None:
    made = frames(40)
    del made["marts.gold_drawdown"]
    for n, build_id in enumerate(("b1", "b2")):
        report = run(home, build_id, made, gate({"t4_5": "no gold"}, ("marts.gold_drawdown",)), at=n)
        assert not report.carried_tables and report.left_out_tables == {"marts.gold_drawdown": "no gold"}
        assert query(home, "select as_of_date, verdict, settled_verdict, reason, is_stale, origin from scorecard.verdicts where thesis_id = 't4_5'") == [
            (MART_DAY, "no_data", "no_data", "blocked by the gate: no gold", True, ORIGIN)]
        assert query(home, "select count(*) from scorecard.legs where thesis_id = 't4_5'") == [(0,)]
        assert manifest(home)["theses"]["t4_5"] == {"state": "blocked", "reason": "no gold", "build_id": None}
        assert "marts.gold_drawdown" not in manifest(home)["tables"]


def test_a_shared_table_that_passed_is_published_while_one_of_its_theses_passed(home: Home) -> None:
    run(home, "b1")
    report = run(home, "b2", _poisoned(), gate({"t2_0": "its verdicts are wrong"}), at=1)
    assert not report.carried_tables and manifest(home)["theses"]["t2_0"]["state"] == "stale"
    assert query(home, "select thesis_id, max(as_of_date) from scorecard.verdicts where thesis_id like 't2%' group by 1 order by 1") == [
        ("t2_0", MART_DAY), ("t2_1", MART_DAY + timedelta(days=3))]


@pytest.mark.parametrize("report", [
    gate(blocked="meta.series: broken"), gate(dict.fromkeys(("t1_2", "t2_0", "t2_1", "t4_5"), "bad"))])
def test_nothing_is_published_when_everything_fails(home: Home, report: GateReport) -> None:
    run(home, "b1")
    outcome = run(home, "b2", report=report, at=1)
    assert outcome.path is None and not outcome.moved_current and outcome.reason and ("broken" in outcome.reason or "every thesis failed" in outcome.reason)
    assert os.readlink(home.current) == "b1" and not (home.serve / "b2").exists()
    assert (home.build / "gate_results.parquet").is_file()


def test_as_of_builds_have_their_own_pointer_and_know_no_future(home: Home) -> None:
    old = datetime(2024, 3, 28, 22, tzinfo=UTC)
    first = run(home, "b1", frames(40, old.date()), as_of=old, as_pointer=old.date())
    assert first.moved_current  # there was none
    run(home, "b2", at=1)
    again = run(home, "b3", frames(40, old.date()), gate({"t4_5": "bad"}, ("marts.gold_drawdown",)), at=2, as_of=old, as_pointer=old.date())
    assert not again.moved_current and os.readlink(home.current) == "b2" and os.readlink(home.serve / "as_of" / "2024-03-28") == "../b3"
    assert again.carried_tables["marts.gold_drawdown"][0] == "b1"
    assert manifest(home, "2024-03-28")["build_id"] == "b3"
    assert previous_build(home, old - timedelta(days=1)) is None and previous_build(home, AS_OF) == home.serve / "b2"


def test_old_builds_go_and_pointed_ones_stay(home: Home) -> None:
    old = datetime(2024, 3, 28, 22, tzinfo=UTC)
    run(home, "a0", frames(40, old.date()), as_of=old, as_pointer=old.date())
    for n in range(4):
        run(home, f"b{n}", keep=2, at=n + 1)
    assert sorted(p.name for p in home.serve.iterdir()) == ["a0", "as_of", "b2", "b3", "current"]
    assert prune(home, 1) == ["b2"]


def test_a_build_id_is_used_once(home: Home) -> None:
    run(home, "b1")
    with pytest.raises(LowtideError, match="never changes"):
        run(home, "b1")
    assert query(home, "select count(*) from meta.build") == [(1,)]


def test_leftovers_of_killed_runs_go(home: Home) -> None:
    (home.serve / ".tmp-dead" / "parquet").mkdir(parents=True)
    (home.serve / ".tmp-current").symlink_to("nowhere")
    run(home, "b1")
    assert sorted(p.name for p in home.serve.iterdir()) == ["b1", "current"]


@pytest.mark.parametrize("where", ["shutil.copyfile", "publish.warehouse.write", "publish.layout.fsync"])
def test_a_full_disk_is_one_line_and_leaves_current(home: Home, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    run(home, "b1")

    def full(*_: object, **__: object) -> None:
        if where == "publish.warehouse.write":
            raise duckdb.IOException("could not write: No space left on device\nmore")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(where, full)
    with pytest.raises(HomeUnusable, match="cannot publish b2 .*No space left") as caught:
        run(home, "b2")
    assert "\n" not in str(caught.value) and sorted(p.name for p in home.serve.iterdir()) == ["b1", "current"]


def test_sandbox_builds_say_simulated(tmp_path: Path) -> None:
    home = Home.of("sandbox", tmp_path).prepare()
    run(home, "b1")
    assert manifest(home)["simulated"] is True and query(home, "select simulated from meta.build") == [(True,)]
    assert ("Overnight cash. Simulated data.",) in query(home, "select comment from duckdb_tables() where table_name = 'funding_stress'")


def test_nothing_published_is_one_clear_line(home: Home) -> None:
    for read in (open_current, manifest):
        with pytest.raises(LowtideError, match="nothing is published yet in .*: run `lowtide run"):
            read(home)
    with pytest.raises(LowtideError, match="as of 2020-01-01"):
        open_current(home, "2020-01-01")


def _old_client() -> Path | None:
    root = Path(__file__).resolve().parents[2]
    named = [Path(os.environ["LOWTIDE_OLD_DUCKDB"])] if "LOWTIDE_OLD_DUCKDB" in os.environ else []
    for folder in (*named, *root.glob(".venv-reader/lib/python*/site-packages")):
        if (folder / "duckdb").is_dir():
            return folder
    return None


def test_a_1_x_client_opens_the_published_file(home: Home) -> None:
    folder = _old_client()
    if folder is None:
        pytest.skip("no DuckDB 1.x client: set LOWTIDE_OLD_DUCKDB to a folder that holds one, or make .venv-reader")
    run(home, "b1")
    code = """import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as c:
    rows = c.execute("select as_of_date::varchar, verdict from scorecard.verdicts where thesis_id = 't0' limit 1").fetchall()
    print(json.dumps([duckdb.__version__, rows, c.execute("select build_id, built_at::varchar from meta.build").fetchall()]))"""
    told = subprocess.run([sys.executable, "-c", code, str(home.current / "lowtide.duckdb")], capture_output=True, text=True,
                          env={"PYTHONPATH": str(folder), "PATH": os.environ["PATH"]}, check=False)
    assert told.returncode == 0, told.stderr
    version, rows, build = json.loads(told.stdout)
    assert version.startswith("1.") and rows[0][1] == "no_data" and build[0][0] == "b1"


def test_a_carried_file_survives_where_hard_links_do_not_work(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    run(home, "b1")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    run(home, "b2", _poisoned(), gate({"t4_5": "bad"}, ("marts.gold_drawdown",)), at=1)
    shutil.rmtree(home.serve / "b1")
    assert query(home, "select max(as_of_date) from marts.gold_drawdown") == [(MART_DAY,)]


def test_scorecard_columns_added_since_are_null_in_carried_rows(home: Home) -> None:
    run(home, "b1")
    made = _poisoned()
    made["scorecard.verdicts"]["note"] = "new"
    run(home, "b2", made, gate({"t4_5": "bad"}, ("marts.gold_drawdown",)), at=1)
    assert query(home, "select distinct note from scorecard.verdicts where thesis_id in ('t4_5', 't1_2') order by 1 nulls last") == [("new",), (None,)]


def test_dates_are_days(home: Home) -> None:
    run(home, "b1")
    assert isinstance(query(home, "select max(as_of_date) from marts.funding_stress")[0][0], date)
    assert pd.Timestamp(query(home, "select max(end_date) from marts.episodes")[0][0]) == pd.Timestamp("2020-08-18")
