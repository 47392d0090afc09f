"""The command line: start-up cost, exit codes, one line for what the user can mend. No network, no full run (see tests/e2e)."""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.status import SeriesStatus
from lowtide import run as runs
from lowtide.cli import app
from lowtide.errors import LowtideError, WrongUsage
from lowtide.home import Home
from lowtide.run import RunOptions, Session, mart_day, open_run, resolve

ROOT = Path(__file__).resolve().parents[2]


def lowtide(home: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LOWTIDE_HOME": str(home), **extra}
    return subprocess.run([sys.executable, "-m", "lowtide", *arguments], env=environment, cwd=home.parent, capture_output=True, text=True, timeout=120, check=False)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_help_imports_nothing_heavy_and_is_quick(tmp_path: Path) -> None:
    script = (
        "import sys; from lowtide.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print('HEAVY', *[m for m in ('dagster', 'duckdb', 'httpx', 'pandas', 'pydantic', 'yaml', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip().endswith("HEAVY")
    seconds = []
    for _ in range(3):
        begun = time.monotonic()
        assert lowtide(tmp_path, "--help").returncode == 0
        seconds.append(time.monotonic() - begun)
    assert min(seconds) < 0.9, seconds  # 0.3 s on an idle machine


@pytest.mark.parametrize("arguments", [
    ("run", "--origin", "elsewhere"), ("run", "--as-of", "yesterday"), ("run", "--latency-ms", "-1"), ("scorecard", "--as-of", "31.12.2025"),
    ("nonsense",), ("trace",), ("run", "--no-such-option"),
])  # fmt: skip
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = lowtide(tmp_path, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and stderr of the command, in this process."""
    monkeypatch.setenv("LOWTIDE_HOME", str(home))
    with pytest.raises(SystemExit) as end:
        app(list(arguments))
    return int(end.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize("arguments", [
    ("run", "--origin", "elsewhere"), ("run", "--as-of", "yesterday"), ("run", "--origin", "sandbox", "--now", "nonsense"),
    ("run", "--origin", "sandbox", "--now", "0001-01-01"), ("run", "--origin", "sandbox", "--now", "0001-01-01T00:00:00+14:00"),
    ("run", "--origin", "sandbox", "--now", "2031-01-01"), ("run", "--origin", "sandbox", "--as-of", "0001-01-01"),
    ("run", "--origin", "sandbox", "--as-of", "1800-01-01"), ("run", "--origin", "sandbox", "--now", "2026-05-29", "--as-of", "2026-06-01"),
    ("run", "--origin", "sandbox", "--select", "nonsense"), ("run", "--origin", "sandbox", "--fault", "nonsense"),
    ("run", "--origin", "sandbox", "--fault", "fred=nonsense"), ("run", "--origin", "sandbox", "--fault", "fred=nyfed_maintenance@x"),
    ("run", "--origin", "sandbox", "--world", "flat"), ("run", "--upstream", "/nonsense"), ("run", "--upstream", "/dev/null"),
    ("run", "--origin", "replay"), ("status", "--origin", "sandbox", "--now", "nonsense"), ("sandbox", "--now", "nonsense"),
    ("sandbox", "--upstream", "/nonsense"), ("sandbox", "--fault", "nonsense"), ("scorecard", "--as-of", "1800-01-01"),
    ("bulk", "binance-vision", "--origin", "sandbox", "--now", "0001-01-01"),
])  # fmt: skip
def test_wrong_usage_is_one_line_and_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, said = called(monkeypatch, capsys, tmp_path, *arguments)
    assert code == 2 and said.startswith("error: ") and said.count("\n") == 1, said
    assert not list(tmp_path.rglob("*.jsonl"))


def test_status_says_what_is_empty_and_what_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    day, at = date(2026, 5, 28), datetime(2026, 5, 29, tzinfo=UTC)
    rows = [
        SeriesStatus("p.good", "d", "p", "rates", day, day, 0, at, None),
        SeriesStatus("p.empty", "d", "p", "rates", None, day, 900, at, None, "never had a value"),
        SeriesStatus("p.bad", "d", "p", "rates", day, day, 0, at, "Blocked: no", None, 2, "2026-05-27 500: unit jump"),
    ]
    monkeypatch.setattr("ingest.status.statuses", lambda *_: rows)
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    for options in ((), ("--json",)):
        with pytest.raises(SystemExit):
            app(["status", "--origin", "sandbox", *options])
    table, _, told = capsys.readouterr().out.partition("{")
    assert [line.split()[0] for line in table.splitlines()[2:5]] == ["p.good", "p.empty", "p.bad"] and " no value " in table
    assert "Blocked: no; 2 quarantined, e.g. 2026-05-27 500: unit jump" in table
    assert table.splitlines()[5] == "3 series, 1 late, 1 of them never had a value, 1 with values in quarantine"
    assert '"quarantined": 2' in told and '"note": "never had a value"' in told


def test_a_full_disk_deep_in_a_library_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(words: str) -> Callable[[], str]:
        def ask() -> str:
            try:
                raise sqlite3.OperationalError(words)
            except sqlite3.OperationalError as error:
                raise RuntimeError("(sqlite3.OperationalError) and a page of SQL") from error

        return ask

    monkeypatch.setattr(runs, "last_origin", full("disk I/O error"))
    code, said = called(monkeypatch, capsys, tmp_path, "rebuild")
    assert code == 1 and said.count("\n") == 1 and "disk I/O error" in said and str(tmp_path) in said
    monkeypatch.setattr(runs, "last_origin", full("no such table: runs"))
    with pytest.raises(RuntimeError):  # a bug stays a traceback
        app(["rebuild"])


def test_only_a_run_that_began_becomes_the_last_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    with open_run(RunOptions(origin="sandbox", now="2026-05-29T23:00:00+00:00")):
        pass
    with pytest.raises(LowtideError, match="no recorded responses"), open_run(RunOptions(origin="replay", upstream=tmp_path / "mistyped")):
        pass
    assert runs.last_origin() == "sandbox"


@pytest.mark.parametrize("content", ["", "\n", "sand"])
def test_a_last_origin_that_says_nothing_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    (tmp_path / "last_origin").write_text(content)
    with pytest.raises(LowtideError, match="lowtide run"):
        runs.last_origin()


def test_replay_needs_a_folder(tmp_path: Path) -> None:
    done = lowtide(tmp_path, "run", "--origin", "replay")
    assert done.returncode == 2
    assert "--upstream" in one_line(done)


def test_replay_of_a_folder_without_index(tmp_path: Path) -> None:
    done = lowtide(tmp_path / "home", "run", "--origin", "replay", "--upstream", str(tmp_path))
    assert done.returncode == 2
    assert "index.json" in one_line(done)


@pytest.mark.parametrize("command", [("scorecard",), ("status",), ("trace", "marts.funding_stress", "2020-03-16"), ("rebuild",)])
def test_before_the_first_run_the_reader_is_told_to_run(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = lowtide(tmp_path, *command)
    assert done.returncode == 1
    assert "lowtide run" in one_line(done)


def test_scorecard_of_an_origin_that_never_published(tmp_path: Path) -> None:
    assert "nothing is published" in one_line(lowtide(tmp_path, "scorecard", "--origin", "sandbox"))


def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path) -> None:
    for arguments in (("--debug", "scorecard"), ("scorecard", "--debug")):
        done = lowtide(tmp_path, *arguments)
        assert done.returncode == 1
        assert "Traceback" in done.stderr


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    done = lowtide(tmp_path / "home", "run", "--origin", "sandbox")
    assert done.returncode == 1
    assert str(tmp_path / "home") in one_line(done)


@pytest.mark.parametrize("name", ["round", "~nobody-of-that-name/data"])
def test_a_home_that_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    home = tmp_path / name if name == "round" else Path(name)
    for command in ("status", "doctor"):
        code, said = called(monkeypatch, capsys, home, command)
        assert code == 1 and (command == "doctor" or (said.startswith("error: cannot use LOWTIDE_HOME=") and said.count("\n") == 1)), said


@pytest.mark.parametrize("day", ["0001-01-01", "1950-01-01", "9999-12-31"])
def test_an_archive_of_days_that_the_warehouse_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    (tmp_path / "index.json").write_text(json.dumps([{"host": "h", "path": "/", "file": "f", "last_date": day}]))
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path / "home"))
    with pytest.raises(WrongUsage, match=f"its newest date {day}: the warehouse knows"), open_run(RunOptions(origin="replay", upstream=tmp_path)):
        pass


def test_a_held_lock_is_told_and_nothing_runs(tmp_path: Path) -> None:
    home = Home.of("sandbox", tmp_path)
    with home.lock():
        done = lowtide(tmp_path, "run", "--origin", "sandbox")
    assert done.returncode == 1
    assert f"held by process {os.getpid()}" in one_line(done)
    assert not list(home.landing.iterdir())


def test_live_without_network_fails_and_is_not_replaced(tmp_path: Path) -> None:
    """A proxy that refuses connections stands for a network that is down."""
    closed = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"), "http://127.0.0.1:9")
    done = lowtide(tmp_path, "run", "--origin", "live", **closed, NO_PROXY="", no_proxy="")
    assert done.returncode == 1
    assert "live" in one_line(done)
    assert "origin: sandbox" not in done.stdout


def test_without_an_origin_the_network_decides_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "probe", lambda: None)
    assert resolve(RunOptions()) == (RunOptions(origin="sandbox"), "because no upstream answered")
    monkeypatch.setattr(runs, "probe", lambda: "example.org")
    assert resolve(RunOptions()) == (RunOptions(origin="live"), "because example.org answered")


def test_a_given_origin_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "probe", lambda: "example.org")
    assert resolve(RunOptions(origin="sandbox"))[0].origin == "sandbox"


@pytest.mark.parametrize("options", [
    RunOptions(origin="live", world="recede"), RunOptions(origin="live", faults=("a=b",)), RunOptions(origin="sandbox", upstream=Path("x")),
    RunOptions(origin="sandbox", world="flat"), RunOptions(origin="replay", upstream=Path("x"), world="recede"),
])  # fmt: skip
def test_contradicting_options(options: RunOptions) -> None:
    with pytest.raises(LowtideError):
        options.checked()


def test_a_sandbox_keeps_its_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    monkeypatch.setenv("BLS_API_KEY", "real-secret")
    now = "2026-05-29T23:00:00+00:00"
    with open_run(RunOptions(origin="sandbox", now=now, world="counterfactual")) as session:
        assert session.base_url and set(session.env.values()) == {"stand-in"}  # never a real key
    with open_run(RunOptions(origin="sandbox", now=now)) as session:
        assert (session.home.root / "world").read_text() == "counterfactual\n"
    with pytest.raises(LowtideError, match="holds world counterfactual"), open_run(RunOptions(origin="sandbox", now=now, world="recede")):
        pass
    assert runs.last_origin() == "sandbox"
    (tmp_path / "sandbox" / "world").write_bytes(b"\xff\xfe")
    with pytest.raises(LowtideError, match="names no world"), open_run(RunOptions(origin="sandbox", now=now)):
        pass


def test_a_nested_open_joins_the_open_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    options = RunOptions(origin="sandbox", now="2026-05-29T23:00:00+00:00")
    with open_run(options) as outer, open_run(RunOptions(origin="live")) as inner:
        assert inner is outer
    with open_run(options) as again:
        assert again is not outer


def test_as_of_after_now_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    with pytest.raises(LowtideError, match="lies after now"), open_run(RunOptions(origin="sandbox", now="2026-05-29T21:00:00+00:00", as_of=date(2026, 5, 29))):
        pass


@pytest.mark.parametrize(("moment", "day"), [
    ("2026-05-29T22:00:00+00:00", "2026-05-29"), ("2026-05-29T21:59:59+00:00", "2026-05-28"),
    ("2026-05-31T12:00:00+00:00", "2026-05-29"), ("2026-05-26T00:00:00+00:00", "2026-05-22"),  # a holiday on Monday the 25th
])  # fmt: skip
def test_mart_day_is_the_last_session_that_is_over(moment: str, day: str) -> None:
    assert mart_day(datetime.fromisoformat(moment)).isoformat() == day


def test_json_of_a_run_is_one_document_also_when_theses_are_blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))

    def blocked(session: Session, _: RunOptions) -> bool:
        session.report.build_id, session.report.failed_theses = "20260529T230000Z-001", {"t1_2": "marts.funding_stress: a rule said no"}
        return False

    monkeypatch.setattr(importlib.import_module("lowtide.cli.run"), "_execute", blocked)
    done = CliRunner().invoke(app, ["run", "--origin", "sandbox", "--now", "2026-05-29T23:00:00+00:00", "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 1 and told["simulated"] is True and told["mart_day"] == "2026-05-29" and not told["success"]
    assert told["failed_theses"] == {"t1_2": "marts.funding_stress: a rule said no"}
    assert "blocked by the gate, kept as they were: t1_2" in done.stderr and done.stderr.startswith("origin: sandbox (simulated)")


def test_doctor_reports_an_unusable_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    done = lowtide(tmp_path / "home", "doctor")
    assert done.returncode == 1
    assert "PROBLEM data folder" in done.stdout


def test_generate_check_agrees_with_the_repository(tmp_path: Path) -> None:
    done = lowtide(tmp_path, "generate", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
