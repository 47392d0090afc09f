"""From outcomes to events: what is materialized, what is only checked, what blocks; and the message that goes out."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    DagsterInstance,
    DagsterRunStatus,
    MaterializeResult,
    asset,
    materialize,
)

from expectations.model import GateReport, GateResult
from ingest import registry
from ingest.model import FetchOutcome
from lowtide.run import RunReport
from orchestration import ingest_assets, instance, publish_assets, sensors, steps
from orchestration.event_log import PooledEventLog
from publish import PublishReport

DATASET = registry.load().datasets["nyfed_sofr"]


def events(outcome: FetchOutcome) -> tuple[list[MaterializeResult[None]], list[AssetCheckResult]]:
    found = list(ingest_assets.results(DATASET, outcome))
    return [e for e in found if isinstance(e, MaterializeResult)], [e for e in found if isinstance(e, AssetCheckResult)]


def test_new_and_unchanged_data_materialize() -> None:
    for name, rows in (("ok", 3), ("unchanged", 0)):
        made, checks = events(FetchOutcome(DATASET.id, name, rows_added=rows, newest=date(2026, 5, 28)))
        assert made[0].metadata["rows_added"] == rows and made[0].metadata["newest_observation"] == "2026-05-28"
        assert checks[0].passed


def test_a_failed_source_is_not_materialized_and_says_why() -> None:
    made, checks = events(FetchOutcome(DATASET.id, "failed", "SchemaDrift", "the header changed"))
    assert made == []
    assert not checks[0].passed and checks[0].severity is AssetCheckSeverity.ERROR
    assert checks[0].metadata["error_type"].value == "SchemaDrift" and checks[0].metadata["error_message"].value == "the header changed"


def test_a_missing_key_warns_and_what_is_not_due_is_silent() -> None:
    _, checks = events(FetchOutcome(DATASET.id, "not_configured", "NotConfigured", "set X"))
    assert checks[0].severity is AssetCheckSeverity.WARN and not checks[0].passed
    assert events(FetchOutcome(DATASET.id, "not_due")) == ([], [])


def test_nothing_answered_means_every_tried_dataset() -> None:
    down = FetchOutcome("a", "failed", "Unreachable")
    assert steps.nothing_answered([down, FetchOutcome("b", "not_due")])
    assert not steps.nothing_answered([down, FetchOutcome("b", "failed", "Blocked")])
    assert not steps.nothing_answered([FetchOutcome("b", "not_due")])


def test_warnings_are_named_after_the_gates_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def warning(check: str, table: str) -> GateResult:
        at = datetime(2026, 5, 31, tzinfo=UTC)
        return GateResult("b", table, check, "expectation", "v", "warning", False, "3 rows", "why\nit matters", "", at, "sandbox")

    found = [warning("spread", f"marts.t{n}") for n in range(3)] + [warning(name, "marts.u") for name in ("b", "c", "d")]
    few = GateReport(found, frozenset(), {})
    assert few.warned() == ["3 x marts.t0: spread of v: 3 rows (why it matters)", *(f"1 x marts.u: {n} of v: 3 rows (why it matters)" for n in "bcd")]
    many = GateReport([*found, *(warning(name, "marts.w" * 40) for name in "efg")], frozenset(), {})
    assert len(many.warned()) == 5 and many.warned()[-1] == "3 of 3 other checks: meta.gate_results" and gate().warned() == []
    report = RunReport(seconds={"publish": 1.0})
    with caplog.at_level(logging.INFO, "lowtide.run"):
        steps._tell(SimpleNamespace(report=report), many, PublishReport("b", tmp_path, [], [], {}))
    assert caplog.messages[0].startswith("gate: 9 checks, 0 block, 9 warn; published build b")
    assert caplog.messages[1:] == [f"  {line}" for line in many.warned()] and max(map(len, caplog.messages)) <= 162


def gate(**failed: str) -> GateReport:
    return GateReport([], frozenset(), failed)


def published(report: PublishReport, judged: GateReport) -> tuple[set[str], dict[str, str]]:
    """Materialized tables, and failed checks with their reason."""
    found = list(publish_assets.results(judged, report))
    made = {".".join(e.asset_key.path[1:]) for e in found if isinstance(e, MaterializeResult)}
    bad = {".".join(e.asset_key.path[1:]): str(e.metadata["reason"].value) for e in found if isinstance(e, AssetCheckResult) and not e.passed}
    return made, bad


def test_a_carried_table_is_not_materialized_and_its_check_blocks() -> None:
    tables = [t for t in [*publish_assets.TABLES, *publish_assets.OWN] if t != "marts.gold_drawdown"]
    report = PublishReport("b2", Path("b2"), tables, {"marts.gold_drawdown": ("b1", "no rows")})
    made, bad = published(report, gate(t4_5="no rows"))
    assert made == set(tables)
    assert bad["marts.gold_drawdown"] == "carried over from build b1: no rows"
    assert set(bad) == {"marts.gold_drawdown", "scorecard.verdicts", "scorecard.verdict_shares", "scorecard.legs", "scorecard.changes"}


def test_when_nothing_is_published_every_table_says_why() -> None:
    made, bad = published(PublishReport("b2", None, reason="meta is broken"), gate())
    assert made == set()
    assert set(bad.values()) == {"meta is broken"} and len(bad) == len(publish_assets.TABLES) + len(publish_assets.OWN)


def test_the_webhook_gets_the_message_and_no_log_gets_the_webhook(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    import apprise

    caplog.set_level(logging.DEBUG)
    sent: list[str] = []
    monkeypatch.setenv("LOWTIDE_WEBHOOK", "json://127.0.0.1:9/secret-token")
    monkeypatch.setattr(apprise.Apprise, "notify", lambda self, title, body: sent.append(f"{title}|{body}") or True)
    assert sensors.notify("title", "body") is True
    assert sent == ["title|body"]
    assert "secret-token" not in caplog.text


def test_an_undeliverable_message_fails_without_showing_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWTIDE_WEBHOOK", "no-such-scheme://secret-token")
    with pytest.raises(RuntimeError) as error:
        sensors._send("title", "body")
    assert "secret-token" not in str(error.value)


def test_without_a_webhook_the_sensor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWTIDE_WEBHOOK", raising=False)
    assert "LOWTIDE_WEBHOOK" in str(sensors._send("title", "body").skip_message)


def test_build_ids_never_repeat_though_the_clock_stands_still(tmp_path: Path) -> None:
    from lowtide.clock import Clock

    session = SimpleNamespace(home=SimpleNamespace(serve=tmp_path), clock=Clock.parse("2026-05-31"))
    first = steps._build_id(session)
    (tmp_path / first).mkdir()
    assert (first, steps._build_id(session)) == ("20260531T235959Z-001", "20260531T235959Z-002")


@asset
def something() -> None:
    """An asset to have events about."""


def test_the_instance_is_written_once_and_keeps_its_events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with instance.open_instance() as opened:
        assert isinstance(opened.event_log_storage, PooledEventLog)
        assert not opened.telemetry_enabled
        run = materialize([something], instance=opened)
        assert run.success
    with DagsterInstance.from_config(str(tmp_path / "dagster")) as again:
        assert again.get_latest_materialization_event(something.key) is not None
        assert again.get_run_by_id(run.run_id).is_success
        again.add_run(run.dagster_run._replace(run_id="dead", status=DagsterRunStatus.STARTED, tags={instance.PROCESS_TAG: "999999999"}))
    with instance.open_instance() as opened:
        assert opened.get_run_by_id("dead").status is DagsterRunStatus.FAILURE
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    instance.dagster_home()
    with DagsterInstance.from_config(str(tmp_path / "dagster")) as stock:  # Dagster's own class reads the same files
        assert not isinstance(stock.event_log_storage, PooledEventLog)
        assert stock.get_latest_materialization_event(something.key) is not None
