"""When runs start: calendars rather than weekdays, one run after downtime, no run that helps nobody."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunRequest, SkipReason, build_schedule_context, build_sensor_context

from ingest.calendars import sessions
from lowtide.clock import Clock
from orchestration import schedules
from orchestration.jobs import nyse_sessions


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> datetime:
    now = datetime.fromisoformat(moment)
    monkeypatch.setattr(schedules, "Clock", lambda: Clock(now))
    return now


def tick(monkeypatch: pytest.MonkeyPatch, day: str, clock: str | None = None) -> object:
    """Evaluate the schedule for 18:30 New York on `day`, right then or at `clock`."""
    moment = datetime.fromisoformat(f"{day}T18:30:00").replace(tzinfo=schedules.NEW_YORK)
    at(monkeypatch, clock or moment.isoformat())
    return schedules.daily_schedule(build_schedule_context(scheduled_execution_time=moment))


@pytest.mark.parametrize(("day", "runs"), [
    ("2026-11-25", True), ("2026-11-26", False), ("2026-11-27", True),  # Thanksgiving; the half day after it
    ("2026-11-28", False), ("2026-11-29", False), ("2026-11-30", True), ("2026-07-03", False), ("2026-07-06", True),
])  # fmt: skip
def test_runs_on_sessions_only(monkeypatch: pytest.MonkeyPatch, day: str, runs: bool) -> None:
    result = tick(monkeypatch, day)
    assert isinstance(result, RunRequest if runs else SkipReason)


def test_a_missed_tick_is_left_to_catch_up(monkeypatch: pytest.MonkeyPatch) -> None:
    result = tick(monkeypatch, "2026-11-25", clock="2026-11-30T12:00:00+00:00")
    assert isinstance(result, SkipReason) and "catch_up" in str(result.skip_message)


@pytest.mark.parametrize(("now", "due"), [
    ("2026-11-25T23:00:00+00:00", "2026-11-24"),  # 18:00 in New York: today's run has not begun
    ("2026-11-26T00:31:00+00:00", "2026-11-25"),  # 19:31: it should have finished
    ("2026-11-27T12:00:00+00:00", "2026-11-25"), ("2026-11-29T12:00:00+00:00", "2026-11-27"),
])  # fmt: skip
def test_due_day(now: str, due: str) -> None:
    assert schedules.due_day(datetime.fromisoformat(now)) == date.fromisoformat(due)


def publish(home: Path, as_of: str, origin: str = "sandbox") -> None:
    build = home / origin / "serve" / "b1"
    build.mkdir(parents=True)
    (build / "manifest.json").write_text(json.dumps({"as_of": as_of}))
    (build.parent / "current").symlink_to("b1")
    (home / "last_origin").write_text(origin)


def sense(instance: DagsterInstance) -> object:
    return schedules.catch_up(build_sensor_context(instance=instance))


def test_catch_up_runs_once_for_all_missed_days(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    monkeypatch.delenv("LOWTIDE_ORIGIN", raising=False)
    with DagsterInstance.ephemeral() as instance:
        at(monkeypatch, "2026-11-25T12:00:00+00:00")
        assert isinstance(sense(instance), SkipReason)  # nothing published
        publish(tmp_path, "2026-11-20T23:30:00+00:00")
        first, again = sense(instance), sense(instance)
        assert isinstance(first, RunRequest) and isinstance(again, RunRequest)
        assert first.run_key == again.run_key == "catch-up-2026-11-24"  # the daemon launches a key once
        assert first.run_config["resources"]["run"]["config"]["origin"] == "sandbox"
        at(monkeypatch, "2026-11-22T12:00:00+00:00")
        assert isinstance(sense(instance), SkipReason)  # up to date


def test_a_replay_is_never_caught_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    monkeypatch.delenv("LOWTIDE_ORIGIN", raising=False)
    publish(tmp_path, "2026-05-31T23:59:59+00:00", "replay")
    at(monkeypatch, "2026-11-25T12:00:00+00:00")
    with DagsterInstance.ephemeral() as instance:
        assert isinstance(sense(instance), SkipReason)


def test_backfill_partitions_are_the_sessions() -> None:
    first, last = date(2026, 5, 1), date(2026, 7, 10)
    keys = nyse_sessions.get_partition_keys(current_time=datetime(2026, 7, 11, 23, tzinfo=UTC))
    assert [k for k in keys if k >= first.isoformat()] == [day.isoformat() for day in sessions("nyse", first, last)]


@pytest.mark.parametrize(("now", "newest"), [
    ("2026-07-10T23:59:00+00:00", "2026-07-09"), ("2026-07-11T00:00:00+00:00", "2026-07-10"), ("2026-07-13T12:00:00+00:00", "2026-07-10"),
])  # fmt: skip
def test_a_partition_is_there_once_its_day_is_over(now: str, newest: str) -> None:
    """Friday's on Saturday, and none for Monday before Tuesday."""
    assert nyse_sessions.get_partition_keys(current_time=datetime.fromisoformat(now))[-1] == newest
