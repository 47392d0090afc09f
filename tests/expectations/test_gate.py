"""The gate says no, names the row, and stops exactly the thesis concerned."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from expectations.corrections import Corrections
from expectations.gate import evaluate
from expectations.model import DbtResult, GateReport
from expectations.worker_process import GateWorker
from lowtide.clock import Clock
from tests.expectations.in_process import InProcess
from tests.expectations.synthetic import AS_OF, MART_DAY, ORIGIN, TABLES, THESES, Frames, frames, scorecard, write

Poison = Callable[[Frames], None]


def judge(folder: Path, made: Frames, **more: Any) -> GateReport:
    arguments: dict[str, Any] = {"worker": more.pop("worker", None) or InProcess(), "theses": THESES, "table_meta": TABLES, "dbt_results": [], "build_id": "b1", "origin": ORIGIN,
                                 "clock": Clock(AS_OF), "as_of": AS_OF, "mart_day": MART_DAY}
    return evaluate(write(folder, made), **(arguments | more))


def failed(report: GateReport) -> list[str]:
    """What failed, but for rules of tables that this small candidate does not have (told under `*`)."""
    return [r.line for r in report.results if not r.success and r.table_name != "*"]


def test_a_faultless_candidate_passes_and_writes_docs(tmp_path: Path) -> None:
    report = judge(tmp_path / "c", frames(), worker=GateWorker.start(), docs_dir=tmp_path / "docs")
    assert failed(report) == [] and not report.failed_theses and not report.failed_tables and report.blocked_all is None
    judged = {r.table_name for r in report.results} - {"*"}
    assert judged == {t.table for t in TABLES} and {r.check_kind for r in report.results} == {"expectation", "sql"}
    assert len({(r.table_name, r.check_name, r.column_name) for r in report.results}) == len(report.results)
    assert {p.stem for p in (tmp_path / "docs").glob("*.html")} == judged
    fractions = {(r.table_name, r.observed) for r in report.results if re.fullmatch(r"\d+\.\d+", r.observed or "")}
    assert fractions
    assert not [f for f in fractions if f[1] not in (tmp_path / "docs" / f"{f[0]}.html").read_text()]  # GX leaves out what it cannot write


def _empty(made: Frames) -> None:
    made["marts.gold_drawdown"] = made["marts.gold_drawdown"].iloc[:0]


def _null_key(made: Frames) -> None:
    made["marts.gold_drawdown"].loc[3, "as_of_date"] = pd.NaT


def _duplicate(made: Frames) -> None:
    made["marts.gold_drawdown"] = pd.concat([made["marts.gold_drawdown"], made["marts.gold_drawdown"].iloc[[5]]])


def _stale(made: Frames) -> None:
    made["marts.gold_drawdown"] = made["marts.gold_drawdown"].iloc[:-1]


def _future(made: Frames) -> None:
    last = made["marts.gold_drawdown"].iloc[[-1]]
    made["marts.gold_drawdown"] = pd.concat([made["marts.gold_drawdown"], last.assign(as_of_date=last["as_of_date"] + timedelta(days=3))])


def _origin(made: Frames) -> None:
    made["marts.gold_drawdown"].loc[3, "origin"] = "sandbox"


def _column_gone(made: Frames) -> None:
    made["marts.gold_drawdown"] = made["marts.gold_drawdown"].drop(columns="mdd_252_pct")


def _all_null(made: Frames) -> None:
    made["marts.gold_drawdown"]["mdd_504_pct"] = np.nan


def _unit_flip(made: Frames) -> None:
    made["marts.gold_drawdown"].loc[3, "mdd_126_pct"] *= 100


def _windows(made: Frames) -> None:
    made["marts.gold_drawdown"].loc[3, "mdd_504_pct"] = 0


def _look_ahead(made: Frames) -> None:
    made["marts.gold_drawdown"].loc[3, "oldest_input_date"] += timedelta(days=9)


def _table_gone(made: Frames) -> None:
    del made["marts.gold_drawdown"]


PRESENCE = {"expect_table_row_count_to_be_between", "expect_column_max_to_be_between", "expect_column_proportion_of_non_null_values_to_be_between"}


@pytest.mark.parametrize(("observed", "silent", "blocked"), [
    ({"gold_pm_usd_oz": 7, "sofr_pct": 7}, True, True),  # it was there: the build lost it
    ({"gold_pm_usd_oz": 0, "sofr_pct": 7}, True, False),
    ({"gold_pm_usd_oz": 7, "sofr_pct": 0}, False, True),  # one of its inputs is missing, but its thesis has verdicts
    ({"gold_pm_usd_oz": 0, "sofr_pct": 0}, False, False),
])
def test_an_empty_table_is_excused_by_inputs_that_never_came_and_a_thesis_that_says_so(
    tmp_path: Path, observed: dict[str, int], silent: bool, blocked: bool
) -> None:
    tables = [replace(t, inputs=tuple(observed)) if t.table == "marts.gold_drawdown" else t for t in TABLES]
    made = frames()
    _empty(made)
    for quantity, count in observed.items():
        made["meta.series"].loc[made["meta.series"]["quantity"] == quantity, "observations"] = count
    if silent:
        made["scorecard.verdicts"].loc[made["scorecard.verdicts"]["thesis_id"] == "t4_5", "verdict"] = "no_data"
    report = judge(tmp_path, made, table_meta=tables)
    assert bool({r.check_name for r in report.results if r.blocks and r.table_name == "marts.gold_drawdown"} & PRESENCE) == blocked


@pytest.mark.parametrize(("column", "absent", "blocked"), [
    ("sofr_iorb_20d_mean_bp", "iorb_pct", False), ("sofr_iorb_20d_mean_bp", "tgcr_pct", True), ("funding_stress_index", "tgcr_pct", False),
])
def test_a_column_without_values_is_excused_only_by_what_it_needs(tmp_path: Path, column: str, absent: str, blocked: bool) -> None:
    made = frames()
    made["marts.funding_stress"][column] = np.nan
    row = made["meta.series"].iloc[:1].assign(quantity=absent, series_id="x.y", observations=0)
    made["meta.series"] = pd.concat([made["meta.series"], row])
    tables = [replace(t, inputs=("iorb_pct", "tgcr_pct")) if t.table == "marts.funding_stress" else t for t in TABLES]
    report = judge(tmp_path, made, table_meta=tables)
    assert ("expect_column_proportion_of_non_null_values_to_be_between" in {r.check_name for r in report.results if r.blocks and r.column_name == column}) == blocked


@pytest.mark.parametrize(("poison", "told"), [
    (_empty, "row_count"), (_null_key, "not_be_null of as_of_date: 1 row"), (_duplicate, "be_unique of as_of_date: 2 rows, first: as_of_date="),
    (_stale, "observed 2024-05-30"), (_future, "observed 2024-06-03"), (_origin, "origin=sandbox"), (_column_gone, '"mdd_252_pct"'),
    (_all_null, "proportion_of_non_null_values_to_be_between of mdd_504_pct"), (_unit_flip, "mdd_126_pct: 1 row"),
    (_windows, "mdd_252_pct, mdd_504_pct: 1 row"), (_look_ahead, "as_of_date, oldest_input_date: 1 row"), (_table_gone, "does not have it"),
])
def test_each_fault_in_a_mart_fails_its_thesis_alone(tmp_path: Path, poison: Poison, told: str) -> None:
    made = frames()
    poison(made)
    report = judge(tmp_path, made)
    assert set(report.failed_theses) == {"t4_5"} and report.failed_tables <= {"marts.gold_drawdown", "scorecard.legs"}
    assert "marts.gold_drawdown" in report.failed_tables and report.blocked_all is None
    assert any(told in line for line in failed(report)), failed(report)


def _scorecard(table: str, thesis: str, column: str, value: object) -> Poison:
    def poison(made: Frames) -> None:
        frame = made[f"scorecard.{table}"].reset_index(drop=True)
        frame = frame.astype({column: object}) if value is None else frame
        frame.loc[frame.index[frame["thesis_id"] == thesis][30], column] = value
        made[f"scorecard.{table}"] = frame
    return poison


def _last_verdict_gone(made: Frames) -> None:
    frame = made["scorecard.verdicts"]
    made["scorecard.verdicts"] = frame[~((frame["thesis_id"] == "t1_2") & (frame["as_of_date"] == pd.Timestamp(MART_DAY)))]


def _change_gone(made: Frames) -> None:
    frame = made["scorecard.changes"].reset_index(drop=True)
    made["scorecard.changes"] = frame.drop(frame.index[frame["thesis_id"] == "t1_2"][0])


@pytest.mark.parametrize(("poison", "told"), [
    (_scorecard("verdicts", "t1_2", "verdict", "perhaps"), "verdict=perhaps"),
    (_scorecard("legs", "t1_2", "margin", 77.0), "leg_margin_agrees"),
    (_scorecard("legs", "t1_2", "value", 77.0), "leg_t1_2_a_is_sofr_iorb_20d_mean_bp"),
    (_scorecard("legs", "t1_2", "passed", None), "passed: 1 row"),
    (_scorecard("verdicts", "t1_2", "settled_verdict", "no_data"), "settled_verdict_stood_five_days"),
    (_last_verdict_gone, "every_thesis_ends_on_the_mart_day"), (_change_gone, "changes_match_verdicts"),
])
def test_a_scorecard_row_fails_the_thesis_it_names(tmp_path: Path, poison: Poison, told: str) -> None:
    made = frames()
    poison(made)
    report = judge(tmp_path, made)
    assert set(report.failed_theses) == {"t1_2"} and not report.failed_tables, failed(report)
    assert any(told in line for line in failed(report)), failed(report)


def test_a_scorecard_fault_that_names_no_thesis_fails_all(tmp_path: Path) -> None:
    made = frames()
    made["scorecard.verdicts"] = pd.concat([made["scorecard.verdicts"], made["scorecard.verdicts"].iloc[[-1]].assign(thesis_id="t9")])
    report = judge(tmp_path, made)
    assert set(report.failed_theses) == {"t1_2", "t2_0", "t2_1", "t4_5"}


def test_identities_across_columns_and_tables(tmp_path: Path) -> None:
    made = frames()
    made["marts.funding_stress"].loc[50, "components_available"] = 2
    members = made["marts.episode_members"]
    members.loc[0, "depth_vols"] = 9.0
    members.loc[1, "break_10pct_date"] = pd.Timestamp("2019-12-01")
    made["marts.episodes"].loc[0, "confirmation_date"] = pd.Timestamp("2020-02-01")
    report = judge(tmp_path, made)
    names = {r.check_name for r in report.results if not r.success}
    assert {"funding_index_from_contributions", "episode_member_depths_agree", "episode_member_dates_in_window", "episode_dates_in_order"} <= names
    assert set(report.failed_theses) == {"t1_2", "t2_0", "t2_1"}  # the episode tables are shared by both of II


def test_meta_blocks_everything(tmp_path: Path) -> None:
    made = frames()
    made["meta.series"].loc[1, "series_id"] = "nyfed.sofr"
    report = judge(tmp_path, made)
    assert report.blocked_all is not None and report.blocked_all.startswith("meta.series: expect_column_values_to_be_unique")


@pytest.mark.parametrize(("results", "theses", "blocked"), [
    ([DbtResult("test.gold", "test", "fail", "Got 3 results", ("marts.gold_drawdown", "scorecard.verdicts", "meta.series"))], {"t4_5"}, False),
    ([DbtResult("model.gold", "model", "error", "boom", ("marts.gold_drawdown",))], {"t4_5"}, False),
    ([DbtResult("model.gold", "model", "skipped", "", ("marts.gold_drawdown",))], {"t4_5"}, False),
    ([DbtResult("test.gold", "test", "fail", "3", ("marts.gold_drawdown",), warn_only=True)], set(), False),
    ([DbtResult("test.gold", "test", "pass", "", ("marts.gold_drawdown",))], set(), False),
    ([DbtResult("model.verdicts", "model", "error", "boom", ("scorecard.verdicts",))], {"t1_2", "t2_0", "t2_1", "t4_5"}, False),
    ([DbtResult("test.staging", "test", "fail", "boom")], set(), True),
])
def test_dbt_failures_count(tmp_path: Path, results: Sequence[DbtResult], theses: set[str], blocked: bool) -> None:
    report = judge(tmp_path, frames(30), dbt_results=results)
    assert set(report.failed_theses) == theses and (report.blocked_all is not None) == blocked


def _previous(folder: Path, made: Frames) -> Path:
    write(folder / "parquet", made)
    return folder


def test_fewer_rows_than_published_before_is_critical_unless_accepted(tmp_path: Path) -> None:
    previous = _previous(tmp_path / "before", frames(400))
    made = frames(400)
    made["marts.gold_drawdown"] = made["marts.gold_drawdown"].iloc[-300:]
    scorecard(made)
    for name in ("legs", "verdicts", "changes"):
        made[f"scorecard.{name}"] = made[f"scorecard.{name}"].assign(origin=ORIGIN)
    report = judge(tmp_path / "c", made, previous=previous)
    assert set(report.failed_theses) == {"t4_5"} | ({"t0"} & set(report.failed_theses))
    assert any("rows_kept: 1 row, first: part=whole table, rows_before=400, rows_now=300" in line for line in failed(report))
    names = frozenset({"marts.gold_drawdown", "scorecard.legs", "scorecard.verdicts", "scorecard.changes"})
    accepted = judge(tmp_path / "d", made, previous=previous, accept_fewer_rows=names)
    assert not accepted.failed_theses and accepted.warnings


def test_flips_become_fewer_when_the_rules_changed_only(tmp_path: Path) -> None:
    before = frames(400)
    for row, depth in ((slice(0, None, 9), -50.0), (slice(4, None, 9), -1.0)):
        before["marts.gold_drawdown"].loc[row, "mdd_504_pct"] = depth
    scorecard(before)
    for name in ("legs", "verdicts", "changes"):
        before[f"scorecard.{name}"] = before[f"scorecard.{name}"].assign(origin=ORIGIN)
    previous = _previous(tmp_path / "before", before)
    assert any(line.startswith("scorecard.changes: rows_kept") for line in failed(judge(tmp_path / "c", frames(400), previous=previous)))
    told = judge(tmp_path / "d", frames(400), previous=previous, rules_changed=True)
    assert not told.failed_theses and any(r.check_name == "rows_kept" for r in told.warnings)


def test_changed_history_warns_and_does_not_block(tmp_path: Path) -> None:
    previous = _previous(tmp_path / "before", frames(400))
    made = frames(400)
    made["marts.funding_stress"].loc[:10, "reserves_usd_mn"] += 5
    made["marts.gold_drawdown"].loc[:2, "return_5y_pct"] += 1  # 3 of 400: below one percent
    made["marts.liquidation_order"]["gold_depth_pct"] *= 1 + 1e-13  # float noise
    report = judge(tmp_path / "c", made, previous=previous)
    assert not report.failed_theses
    warned = [r for r in report.warnings if r.table_name != "*"]
    assert [(r.table_name, r.check_name) for r in warned] == [("marts.funding_stress", "history_unchanged")]
    assert "changed_rows=11, compared_rows=400" in warned[0].line


@pytest.mark.parametrize("how", ["killed", "silent"])
def test_a_worker_without_an_answer_fails_everything(tmp_path: Path, how: str) -> None:
    worker = GateWorker.start()
    if how == "killed":
        os.kill(worker.pid, signal.SIGKILL)
    else:
        os.kill(worker.pid, signal.SIGSTOP)
    report = judge(tmp_path, frames(30), worker=worker, timeout_s=120 if how == "killed" else 0.2)
    assert set(report.failed_theses) == {"t1_2", "t2_0", "t2_1", "t4_5"} and report.blocked_all is not None
    assert ("ended with code -9" if how == "killed" else "no answer within 0.2 s") in report.blocked_all
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_starting_the_worker_does_not_wait_and_the_gate_does_not_import_gx() -> None:
    code = "import sys, expectations.gate, publish; print([m for m in sys.modules if m.split('.')[0] in ('great_expectations','dagster','dbt')])"
    root = str(Path(__file__).resolve().parents[2])
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert told.stdout.strip() == "[]"
    started = time.monotonic()
    with GateWorker.start():
        assert time.monotonic() - started < 2.0  # the import alone takes longer


def _rewritten(made: Frames) -> None:
    made["marts.gold_drawdown"]["return_5y_pct"] *= 1.5


def _half_filled(made: Frames) -> None:
    made["marts.gold_drawdown"].loc[:200, "return_5y_pct"] = np.nan


def _with_holdings(made: Frames, observations: int) -> Frames:
    made["meta.series"] = made["meta.series"].assign(observations=observations, versions=observations)
    return made


def test_a_rewritten_past_blocks_unless_it_is_explained(tmp_path: Path) -> None:
    previous = _previous(tmp_path / "before", _with_holdings(frames(400), 1000))
    made = _with_holdings(frames(400), 1001)
    _rewritten(made)
    report = judge(tmp_path / "c", made, previous=previous)
    assert set(report.failed_theses) == {"t4_5"} and "marts.gold_drawdown" in report.failed_tables
    assert any("history_kept: 1 row, first: part=whole table, column_name=return_5y_pct, changed=400, rows_before=400" in line for line in failed(report))
    told = judge(tmp_path / "d", made, previous=previous, rules_changed=True)
    assert not told.failed_theses and "history_kept" in {r.check_name for r in told.warnings}
    filled = _with_holdings(frames(400), 2000)  # a series was loaded in bulk since
    _rewritten(filled)
    assert not judge(tmp_path / "e", filled, previous=previous).failed_theses


def test_values_where_there_were_none_are_no_rewriting(tmp_path: Path) -> None:
    before = frames(400)
    _half_filled(before)
    assert not judge(tmp_path / "c", frames(400), previous=_previous(tmp_path / "before", before)).failed_theses


def test_a_member_that_is_gone_blocks(tmp_path: Path) -> None:
    made = frames(400)
    made["marts.episode_members"] = made["marts.episode_members"].iloc[5:]  # the newest episode alone
    report = judge(tmp_path / "c", made, previous=_previous(tmp_path / "before", frames(400)))
    assert set(report.failed_theses) == {"t2_0", "t2_1"}
    assert any("members_of_episode_id_kept: 1 row, first: episode_id=2020-02-19" in line for line in failed(report))


def test_the_row_that_stands_for_a_blocked_thesis_may_become_a_verdict(tmp_path: Path) -> None:
    before = frames(400)
    verdicts = before["scorecard.verdicts"]
    lone = verdicts[(verdicts["thesis_id"] == "t4_5")].tail(1).assign(verdict="no_data", settled_verdict="no_data", reason="blocked by the gate: x", is_stale=True)
    before["scorecard.verdicts"] = pd.concat([verdicts[verdicts["thesis_id"] != "t4_5"], lone])
    assert not judge(tmp_path / "c", frames(400), previous=_previous(tmp_path / "before", before)).failed_theses


def test_warnings_are_of_the_vocabulary_and_legs_complete(tmp_path: Path) -> None:
    made = frames()
    made["marts.gold_drawdown"]["usage_warnings"] = "licence_internal, careful"
    made["scorecard.legs"] = made["scorecard.legs"][~((made["scorecard.legs"]["thesis_id"] == "t1_2") & (made["scorecard.legs"]["leg_id"] == "b"))]
    report = judge(tmp_path, made)
    names = {r.check_name for r in report.results if not r.success}
    assert {"usage_warnings_in_vocabulary", "legs_of_t1_2_are_complete"} <= names and set(report.failed_theses) == {"t4_5", "t1_2"}


def test_a_wrong_value_put_right_blocks_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row stays, as that day knew it; days outside the span, and revisions of an ordinary size, still block."""
    database = duckdb.connect()
    database.execute("set TimeZone = 'America/New_York'")
    database.execute("create schema marts; create table marts.revisions (quantity varchar, first_value double, latest_value double, "
                     "first_known_at timestamptz, latest_known_at timestamptz)")  # fmt: skip
    days = frames()["marts.funding_stress"]["as_of_date"]
    first, last = days.iloc[-3].tz_localize("UTC") + timedelta(hours=13), days.iloc[-2].tz_localize("UTC") + timedelta(hours=13)
    database.executemany("insert into marts.revisions values (?, ?, ?, ?, ?)", [("sofr_pct", 9.0, 4.0, first, last), ("iorb_pct", 4.1, 4.0, first, last)])
    found = Corrections.of(database, {"marts.revisions"})
    assert list(found.spans) == ["sofr_pct"]
    monkeypatch.setattr(Corrections, "of", classmethod(lambda cls, connection, present: found))
    tables = [replace(t, inputs=("sofr_pct", "iorb_pct")) if t.table == "marts.funding_stress" else t for t in TABLES]

    def report(place: int, folder: str) -> GateReport:
        made = frames()
        made["marts.funding_stress"].loc[days.index[place], "sofr_iorb_bp"] = 535.0
        return judge(tmp_path / folder, made, table_meta=tables)

    assert report(-2, "after").failed_theses and report(-4, "before").failed_theses
    healed = report(-3, "inside")
    assert not healed.failed_theses
    assert any("corrected since" in (w.observed or "") for w in healed.warnings)
