"""A poisoned table must stop exactly its theses and leave their published bytes as they were; the others publish."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import duckdb
import pytest

from lowtide.run import RunOptions, Session, open_run
from lowtide.theses import load_theses
from orchestration import steps
from orchestration.dbt_build import export_folder
from tests.e2e.used import FIRST, Used
from tests.expectations.in_process import InProcess

PART_II = {"t2_0", "t2_1", "t2_2", "t2_3"}
POISONS = {
    "marts.funding_stress": ({"t1_2"}, "sofr_iorb_bp = sofr_iorb_bp * 100 where as_of_date >= date '2026-11-02'"),
    "marts.gold_drawdown": ({"t4_5"}, "mdd_504_pct = -mdd_504_pct where as_of_date = date '2026-11-17'"),
    "marts.liquidation_order": (PART_II, "raw_break_tau = 1.7 where as_of_date = date '2026-11-18'"),
    "marts.episodes": (PART_II, "confirmation_date = start_date - 30 where start_date = (select max(start_date) from t)"),
}


@pytest.fixture(scope="module")
def built(first_load, tmp_path_factory) -> Iterator[tuple[Used, Session, dict[str, bytes]]]:
    """A copy of the first load, an open run of it (one, since each starts a stand-in), and the candidate that it published."""
    used = Used(tmp_path_factory.mktemp("poison") / "home")
    shutil.copytree(first_load[0].home, used.home, symlinks=True)
    healthy = {path.name: path.read_bytes() for path in (used.home / "sandbox" / "build" / "export").glob("*.parquet")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOWTIDE_HOME", str(used.home))
        patch.setattr(steps, "_write_report", lambda *_: None)  # its pages are not what is at stake here
        with open_run(RunOptions(origin="sandbox", now=FIRST, full=True)) as session:
            yield used, session, healthy


@pytest.mark.parametrize("table", POISONS)
def test_a_poisoned_table_blocks_exactly_its_theses(built, table):
    used, session, healthy = built
    theses, change = POISONS[table]
    before, published = used.current(), used.parquet()
    folder = export_folder(session.home)
    for name, content in healthy.items():
        (folder / name).write_bytes(content)
    path = folder / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table t as from read_parquet('{path}')")
        changed = connection.execute(f"update t set {change}").fetchall()[0][0]
        connection.execute(f"copy t to '{path}' (format parquet)")
    assert changed > 0, "the poison touched no row"
    record = json.loads((session.home.build / "candidate.json").read_text())
    record["build_id"] = f"{before.name}-{table.split('.')[1]}"
    (session.home.build / "candidate.json").write_text(json.dumps(record))
    session.helpers["gate"] = InProcess()  # of 37 tables one has changed: the others need no second answer
    gate, report = steps.publish(session)
    assert set(gate.failed_theses) == theses
    assert used.current() != before
    now = used.parquet()
    blocked = {t for thesis in theses for t in load_theses()[thesis].tables}
    assert table in blocked
    for name in blocked:
        assert now[f"{name}.parquet"] == published[f"{name}.parquet"], name
    told = json.loads((used.current() / "manifest.json").read_text())
    assert {t for t, state in told["theses"].items() if state["state"] == "stale"} == theses
    assert all(told["theses"][t]["reason"] for t in theses)
    stale = used.rows("select distinct thesis_id from scorecard.verdicts where is_stale")
    assert {t for (t,) in stale} == theses
    assert report.path is not None and set(report.carried_tables) == blocked
