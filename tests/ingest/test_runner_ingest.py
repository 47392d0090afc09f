"""Whole runs against a local host: isolation, due logic, kills, conditional requests, and the rebuild's equality."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingest import rebuild, runner
from ingest.changelog import ChangeLog
from ingest.client import Limits
from ingest.errors import NotFound
from ingest.guards import Quarantine
from ingest.landing import Landing, Ledger
from ingest.model import Request
from ingest.registry import Registry
from ingest.runner import run_ingest
from lowtide.clock import Clock
from lowtide.errors import HomeUnusable, LowtideError
from lowtide.home import Home
from tests.ingest.ingest_kit import (
    HOST,
    csv,
    dataset,
    files,
    log,
    moment,
    one_series,
    run,
    serve,
    serve_bodies,
)

A, B = dataset("demo.a"), dataset("demo.b")


pytestmark = pytest.mark.usefixtures("source")


def fetches(home: Home) -> list[dict]:
    return pq.read_table(home.raw / "fetches.parquet").to_pylist()


def test_a_run_lands_parses_appends_and_says_so(home):
    seen = []
    with serve_bodies({"demo.a": csv("2026-01-01", 1, ".", 3, 4)}) as host:
        outcome = run(home, host, "2026-01-03T12:00", on_progress=seen.append, env={"DEMO_API_KEY": "topsecret"})
    assert (outcome.outcome, outcome.rows_added, outcome.rows_after_clock, outcome.requests) == ("ok", 3, 1, 1)
    assert seen == [outcome] and str(outcome.newest) == "2026-01-03"
    (row,) = fetches(home)
    (fact, *_) = log(home).facts()
    assert fact.fetch_id == row["fetch_id"] == "20260103T120000Z-001.demo.a.1" and fact.fetched_at == row["fetched_at"]
    assert Landing(home).body(row["content_sha256"]) == csv("2026-01-01", 1, ".", 3, 4)
    assert (
        row["url"] == f"https://{HOST}/demo.a?key=***&since=start" and row["status"] == 200 and row["rows_added"] == 3
    )
    assert "key=topsecret" in host.asked[0][0]
    for path in home.root.rglob("*"):
        assert not path.is_file() or b"topsecret" not in path.read_bytes()


def test_one_failing_dataset_stops_no_other_and_leaves_no_rows(home):
    names = ["a", "b", "c", "d", "e", "f"]
    bodies = {
        "demo.a": csv("2026-01-01", 1, 2), "demo.b": b"<html>blocked", "demo.c": 403, "demo.d": b"bug\nhere",
        "demo.e": b"",
    }  # fmt: skip
    every = [dataset(f"demo.{name}") for name in names] + [dataset("demo.g", requires_key="DEMO_API_KEY")]
    with serve_bodies(bodies) as host:
        outcomes = run(home, host, "2026-01-02T12:00", *every)
    assert [(o.outcome, o.error_type) for o in outcomes] == [
        ("ok", None), ("failed", "SchemaDrift"), ("failed", "Blocked"), ("failed", "SchemaDrift"),
        ("failed", "EmptyPayload"), ("failed", "NotFound"), ("not_configured", "NotConfigured"),
    ]  # fmt: skip
    assert "KeyError" in outcomes[3].error_message and "\n" not in outcomes[3].error_message
    assert [path.name for path in home.raw.rglob("demo.*.parquet")] == ["demo.a.parquet"]
    rows = {row["dataset_id"]: row for row in fetches(home)}
    assert rows["demo.c"]["status"] == 403 and Landing(home).body(rows["demo.c"]["content_sha256"]) == b"no"
    assert rows["demo.g"]["outcome"] == "not_configured" and rows["demo.g"]["url"] is None
    assert len(rows) == 7


def test_a_second_response_that_fails_leaves_no_partial_rows(home):
    two = dataset("demo.a", request={"parts": ["/1", "/2"]})
    bodies = {"demo.a/1": csv("2026-01-01", 1), "demo.a/2": 404}
    with serve_bodies(bodies) as host:
        assert run(home, host, "2026-01-05", two).error_type == "NotFound" and not log(home).path.exists()
        bodies["demo.a/2"] = csv("2026-01-02", 2)
        outcome = run(home, host, "2026-01-05", two)
    assert (outcome.outcome, outcome.rows_added) == ("ok", 2)
    assert [fact.fetch_id[-1] for fact in log(home).facts()] == ["1", "2"]
    assert [(row["outcome"], row["rows_added"]) for row in fetches(home)] == [("failed", 0)] * 2 + [
        ("ok", 0),
        ("ok", 2),
    ]


def test_a_source_may_go_on_after_a_typed_error(home, source, monkeypatch):
    def requests(dataset, held, now, env):
        try:
            yield Request(f"https://{HOST}/none")
        except NotFound:
            yield Request(f"https://{HOST}/demo.a")

    monkeypatch.setattr(source, "requests", requests)
    with serve_bodies({"demo.a": csv("2026-01-01", 1)}) as host:
        assert run(home, host, "2026-01-05").outcome == "ok"
    before = files(home)
    rebuild.rebuild(home, Registry([A], []))
    assert files(home) == before


def test_answers_without_a_value_erase_nothing(home):
    bodies = {"demo.a": csv("2026-01-01", *"..."), "demo.b": csv("2026-01-01", 1, 2, 3)}
    with serve_bodies(bodies) as host:
        first, second = run(home, host, "2026-01-04T12:00", A, B)
        assert (first.error_type, second.outcome) == ("EmptyPayload", "ok") and not log(home).path.exists()
        bodies["demo.b"] = csv("2026-01-01", *"....")
        outcome = run(home, host, "2026-01-05T12:00", B)
        assert (outcome.outcome, outcome.error_type) == ("failed", "EmptyPayload")
        assert outcome.error_message == "demo.b: no observation up to 2026-01-05 in the answer has a value"
        bodies["demo.b"] = csv("2026-01-01", ".", ".", 3, 4)
        outcome = run(home, host, "2026-01-05T13:00", B)
        assert outcome.error_message.startswith("demo.b_value: 2 of 3 held dates from 2026-01-01 to 2026-01-04 have no value any more, e.g. 2026-01-01; if")
        bodies["demo.b"] = csv("2026-01-01", 1, ".", 3, 4)
        assert run(home, host, "2026-01-05T14:00", B).rows_revised == 1
    assert [fact.state for fact in log(home, "demo.b").facts()] == ["value", "value", "missing", "value", "value"]


def test_a_first_load_of_bad_rows_only_is_an_error_a_later_bad_row_is_quarantined(home):
    bodies = {"demo.a": csv("2026-01-01", 5e8, 5.1e8)}
    with serve_bodies(bodies) as host:
        outcome = run(home, host, "2026-01-03T12:00")
        assert (outcome.outcome, outcome.error_type, outcome.rows_added) == ("failed", "OutOfRange", 0)
        bodies["demo.a"] = csv("2026-01-01", 500, 510, 505)
        assert run(home, host, "2026-01-04T12:00").rows_added == 3
        bodies["demo.a"] = csv("2026-01-01", 500, 510, 505, 3e5)
        outcome = run(home, host, "2026-01-05T12:00")
        assert (outcome.error_type, outcome.rows_added, outcome.rows_quarantined) == (None, 0, 1)
        bodies["demo.a"] = csv("2026-01-01", 500, 510, 505, 3e5, 507)
        outcome = run(home, host, "2026-01-06T12:00")
        assert (outcome.outcome, outcome.rows_added, outcome.rows_quarantined) == ("ok", 1, 1)


def test_due_unchanged_full_and_thirty_days(home):
    with serve_bodies({"demo.a": csv("2026-01-01", 1, 2, 3)}) as host:
        assert run(home, host, "2026-01-04T12:00").outcome == "ok"
        assert run(home, host, "2026-01-04T13:00").outcome == "not_due"
        assert run(home, host, "2026-01-04T14:00", full=True).outcome == "unchanged"
        assert run(home, host, "2026-01-05T12:00").outcome == "unchanged"  # due, and nothing came
        assert run(home, host, "2026-02-10T12:00").outcome == "unchanged"
    since = [path.partition("since=")[2] for path, _ in host.asked]
    assert since == ["start", "start", "2026-01-03", "start"]
    assert [row["outcome"] for row in fetches(home)] == ["ok", "not_due", "unchanged", "unchanged", "unchanged"]


def test_a_replay_always_asks_for_everything(tmp_path):
    home = Home.of("replay", tmp_path)
    with serve_bodies({"demo.a": csv("2026-01-01", 1, 2, 3)}) as host:
        assert [run(home, host, "2026-01-04T12:00").outcome for _ in range(2)] == ["ok", "unchanged"]
    assert [path.partition("since=")[2] for path, _ in host.asked] == ["start", "start"]


def test_conditional_requests(home):
    def answer(handler):
        if handler.headers.get("If-None-Match") == '"v1"':
            return (304, {}, b"")
        return (200, {"ETag": '"v1"'}, csv("2026-01-01", 1, 2))

    with serve(answer) as host:
        assert run(home, host, "2026-01-03T12:00").outcome == "ok"
        assert run(home, host, "2026-01-05T12:00").outcome == "unchanged"  # other URL: not conditional
        outcome = run(home, host, "2026-01-06T12:00")
        assert (outcome.outcome, outcome.bytes) == ("unchanged", 0)
        assert run(home, host, "2026-01-07T12:00", full=True).bytes > 0
    rows = fetches(home)
    assert [row["status"] for row in rows] == [200, 200, 304, 200] and len({row["content_sha256"] for row in rows}) == 1
    before = files(home)
    rebuild.rebuild(home, Registry([A], []))
    assert files(home) == before


def story(home: Home, host, bodies: dict) -> None:
    """First load, revision, late arrival, vanished row, quarantine, failures, a clock that stands still."""
    bodies |= {"demo.a": csv("2026-01-01", *[5] * 10), "demo.b": csv("2026-01-01", 1, 2)}
    run(home, host, "2026-01-12T12:00", A, B)
    bodies["demo.a"] = csv("2026-01-01", *[5] * 9, 6, 7)
    run(home, host, "2026-01-13T12:00", A, B)
    bodies |= {"demo.a": b"<html>", "demo.b": 403}
    run(home, host, "2026-01-14T12:00", A, B)
    bodies["demo.a"] = csv("2026-01-01", *[5] * 5) + csv("2026-01-07", 5, 5, 5, 6, 7, 700, 8)
    run(home, host, "2026-01-15T12:00", A, B)
    bodies |= {"demo.a": csv("2026-01-01", *[5] * 9, 6, 7, 7.5, 8, 9), "demo.b": csv("2026-01-01", 1, 3, 4)}
    run(home, host, "2026-01-15T12:00", A, B, full=True)


def test_the_rebuild_equals_the_original_byte_for_byte(home):
    bodies: dict = {}
    with serve_bodies(bodies) as host:
        story(home, host, bodies)
    original = files(home)
    states = {(fact.observation_date.day, fact.state, fact.value) for fact in log(home).facts()}
    assert {(6, "vanished", None), (10, "value", 6.0), (12, "value", 7.5)} <= states
    (bad,) = Quarantine(home.raw / "quarantine" / "demo.a.parquet").rows()
    assert (bad.value, bad.reason) == (700.0, "unit jump")
    for path in home.raw.rglob("*.parquet"):
        path.unlink()
    assert rebuild.rebuild(home, Registry([A, B], [])) == 2
    assert files(home) == original
    assert rebuild.rebuild(home, Registry([A, B], [])) == 2 and files(home) == original


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@pytest.mark.parametrize("when", ["before the append", "after the append", "torn outcome"])
def test_a_killed_run_leaves_what_the_ledgers_vouch_for(home, when, monkeypatch):
    bodies = {"demo.a": csv("2026-01-01", 1, 2, 3)}
    with serve_bodies(bodies) as host:
        run(home, host, "2026-01-04T12:00")
        consistent = files(home)
        bodies["demo.a"] = csv("2026-01-01", 1, 2.5, 3, 4)
        write = Ledger.write

        def kill(*_):
            raise Killed

        def kill_at_the_outcome(ledger, event):
            if event["event"] == "outcome":
                raise Killed
            write(ledger, event)

        if when == "torn outcome":
            run(home, host, "2026-01-05T12:00")
            ledger = max((home.landing / "ledger").iterdir())
            ledger.write_bytes(ledger.read_bytes()[:-7])
        else:
            with monkeypatch.context() as patch, pytest.raises(Killed):
                if when == "before the append":
                    patch.setattr(ChangeLog, "append", kill)
                else:
                    patch.setattr(Ledger, "write", kill_at_the_outcome)
                run(home, host, "2026-01-05T12:00")
        (home.raw / "observations" / "rates" / "demo.a.parquet.1.tmp").write_bytes(b"half")
        outcome = run(home, host, "2026-01-05T13:00")
        assert (outcome.outcome, outcome.rows_added, outcome.rows_revised) == ("ok", 2, 1)
    assert not list(home.root.rglob("*.tmp"))
    facts = log(home).facts()
    assert len(facts) == 5 and {fact.fetch_id[:20] for fact in facts} == {
        "20260104T120000Z-001",
        "20260105T130000Z-003",
    }
    assert host.asked[-1][0].endswith("since=start")  # interrupted: in full again
    assert [row["error_type"] for row in fetches(home)] == [None, "Interrupted", None]
    after = files(home)
    rebuild.rebuild(home, Registry([A], []))
    assert files(home) == after != consistent


def test_a_full_disk_stops_the_run_with_one_line_and_harms_nothing(home, monkeypatch):
    bodies = {"demo.a": csv("2026-01-01", 1, 2, 3), "demo.b": csv("2026-01-01", 1)}
    with serve_bodies(bodies) as host:
        run(home, host, "2026-01-04T12:00", A, B)
        before = log(home).facts()
        bodies["demo.a"] = csv("2026-01-01", 1, 2, 3, 4)

        def full(path: Path, target: Path):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", full)
            with pytest.raises(HomeUnusable, match="No space left"):
                run(home, host, "2026-01-05T12:00", A, B)
        assert log(home).facts() == before and not list(home.root.rglob("*.tmp"))
        assert run(home, host, "2026-01-05T12:30", A, B)[0].rows_added == 1


def test_hosts_run_at_once_and_the_deadline_ends_all(home, source, monkeypatch):
    source.hosts = {f"{name}.example": 0.0 for name in "abc"}

    def requests(dataset, held, now, env):
        yield Request(f"https://{dataset.id[-1]}.example/{dataset.id}")

    monkeypatch.setattr(source, "requests", requests)
    threads = set()

    def slow(handler):
        threads.add(threading.get_ident())
        time.sleep(0.4)
        return (200, {}, csv("2026-01-01", 1))

    every = [dataset(f"demo.{name}") for name in "abc"]
    with serve(slow) as host:
        begun = time.monotonic()
        outcomes = run(home, host, "2026-01-05", *every, limits=Limits(read_s=3))
        assert {o.outcome for o in outcomes} == {"ok"} and time.monotonic() - begun < 1.1
        begun = time.monotonic()
        outcomes = run(home, host, "2026-01-05", *every, full=True, limits=Limits(), deadline_s=0.15)
        assert {o.error_type for o in outcomes} == {"Unreachable"} and time.monotonic() - begun < 1.0


def test_nothing_selected_is_a_run_without_outcomes(home):
    with serve_bodies({}) as host, home.lock():
        assert run_ingest(home, Clock(moment("2026-01-05")), [], base_url=host.base_url, env={}).outcomes == []
    assert fetches(home) == []


def test_a_rebuild_refuses_what_it_can_no_longer_read(home, source, monkeypatch):
    with serve_bodies({"demo.a": csv("2026-01-01", 1)}) as host:
        run(home, host, "2026-01-05")
    monkeypatch.setattr(source, "parse", lambda dataset, response: [])
    with pytest.raises(LowtideError, match="was accepted and no longer is: EmptyPayload"):
        rebuild.rebuild(home, Registry([A], []))
    body = next((home.landing / "bodies").rglob("*.zst"))
    body.unlink()
    with pytest.raises(LowtideError, match="missing"):
        rebuild.rebuild(home, Registry([A], []))


def body_of(home: Home, name: str, number: int = 0) -> Path:
    """The landed body of one of a dataset's responses."""
    row = [row for row in fetches(home) if row["dataset_id"] == name][number]
    (path,) = (home.landing / "bodies").rglob(f"{row['content_sha256']}.zst")
    return path


def test_a_rebuild_that_fails_for_one_dataset_keeps_its_files_and_rebuilds_the_others(home):
    bodies: dict = {}
    with serve_bodies(bodies) as host:
        story(home, host, bodies)
    original = files(home)
    path = body_of(home, "demo.a", 1)
    path.write_bytes(path.read_bytes()[:-9])
    log(home, "demo.b").path.unlink()
    with pytest.raises(LowtideError, match="1 of 2 change logs could not be rebuilt and stay as they were: demo.a: landing body .* is damaged"):
        rebuild.rebuild(home, Registry([A, B], []))
    assert files(home) == original
    assert not [path for path in home.raw.rglob("*") if "tmp" in path.name]


def test_a_full_disk_ends_a_rebuild_and_harms_nothing(home, monkeypatch):
    bodies: dict = {}
    with serve_bodies(bodies) as host:
        story(home, host, bodies)
    original = files(home)

    def full(path: Path, target: Path):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(HomeUnusable, match="No space left"):
            rebuild.rebuild(home, Registry([A, B], []))
    assert files(home) == original


def test_what_a_killed_rebuild_left_behind_goes(home):
    with serve_bodies({"demo.a": csv("2026-01-01", 1)}) as host:
        run(home, host, "2026-01-05")
        left = home.raw / "demo.a.tmp" / "sandbox" / "raw"
        left.mkdir(parents=True)
        run(home, host, "2026-01-06")
    assert not left.exists() and not (home.raw / "demo.a.tmp").exists()


def test_a_rebuild_takes_what_was_accepted_whatever_newer_guards_say(home):
    with serve_bodies({"demo.a": csv("2026-01-01", 1, 2, 3, 4, 5)}) as host:
        run(home, host, "2026-01-05")
    original = files(home)
    stricter = dataset("demo.a", series=[one_series("demo.a_value", plausible=(0.001, 2.5))])
    assert rebuild.rebuild(home, Registry([stricter], [])) == 1 and files(home) == original
    stricter = dataset("demo.a", series=[one_series("demo.a_value", plausible=(100.0, 200.0))])
    assert rebuild.rebuild(home, Registry([stricter], [])) == 1 and files(home) == original


def test_a_repair_that_cannot_be_done_fails_its_dataset_only(home, monkeypatch):
    bodies = {"demo.a": csv("2026-01-01", 1, 2, 3), "demo.b": csv("2026-01-01", 1)}
    with serve_bodies(bodies) as host:
        run(home, host, "2026-01-04T12:00", A, B)
        path = body_of(home, "demo.a")
        bodies["demo.a"] = csv("2026-01-01", 1, 2, 3, 4)

        def kill(*_):
            raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(ChangeLog, "append", kill)
            run(home, host, "2026-01-05T12:00")
        whole, before = path.read_bytes(), log(home).path.read_bytes()
        path.write_bytes(whole[:-9])
        bodies["demo.b"] = csv("2026-01-01", 1, 2)
        for at in ("2026-01-05T13:00", "2026-01-05T14:00"):  # and again: it stays undone
            a, b = run(home, host, at, A, B, full=True)
            assert (a.outcome, a.error_type, b.outcome) == ("failed", "Interrupted", "ok" if at.endswith("13:00") else "unchanged")
            assert "cannot be undone: demo.a: landing body" in a.error_message and log(home).path.read_bytes() == before
        path.write_bytes(whole)
        assert run(home, host, "2026-01-05T15:00").rows_added == 1
        assert run(home, host, "2026-01-05T16:00").outcome == "not_due"  # repaired once, not every time


@pytest.mark.parametrize("damage", ["cut short", "other columns", "rows"])
def test_a_damaged_schema_file_is_written_again(home, damage):
    with serve_bodies({"demo.a": csv("2026-01-01", 1)}) as host:
        run(home, host, "2026-01-05")
        path = home.raw / "observations" / "rates" / "_schema.parquet"
        whole, rows = path.read_bytes(), pq.read_table(log(home).path)
        if damage == "cut short":
            path.write_bytes(whole[:-20])
        else:
            pq.write_table(rows.select(["series_id"]).slice(0, 0) if damage == "other columns" else rows, path)
        run(home, host, "2026-01-05")
        assert path.read_bytes() == whole


def test_ledger_lines_carry_what_a_rebuild_needs_and_no_more(home):
    with serve_bodies({"demo.a": csv("2026-01-01", 1)}) as host:
        run(home, host, "2026-01-05")
    (path,) = (home.landing / "ledger").iterdir()
    response, outcome = (json.loads(line) for line in path.read_text().splitlines())
    assert response["event"] == "response" and response["request"]["params"] == {"key": "***", "since": "start"}
    assert outcome["event"] == "outcome" and outcome["full"] is True and outcome["rows_added"] == 1
    assert runner.FULL_EVERY.days == 30 and one_series()["id"] == "demo.one_value"
