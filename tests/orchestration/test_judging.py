"""A judgement begun early counts only for what it judged."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from lowtide.clock import Clock
from lowtide.home import Home
from lowtide.run import RunOptions, Session
from orchestration import judging, steps
from orchestration.candidate import Candidate
from orchestration.dbt_build import export_folder

CANDIDATE = Candidate("20260102T000000Z-001", "run", "2026-01-02T22:00:00+00:00", "print", [])


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("LOWTIDE_HOME", str(tmp_path))
    clock = Clock.parse("2026-01-03")
    found = Session(RunOptions("sandbox"), Home.of("sandbox").prepare(), "", clock, clock.now(), None, None)
    export_folder(found.home).mkdir(parents=True)
    for name in ("marts.a", "marts.b"):
        (export_folder(found.home) / f"{name}.parquet").write_bytes(name.encode())
    return found


CHANGES: dict[str, Callable[[Path, Candidate], Candidate | None]] = {
    "nothing": lambda folder, built: None,
    "a byte": lambda folder, built: (folder / "marts.b.parquet").write_bytes(b"marts.B") and None,
    "a table more": lambda folder, built: (folder / "marts.c.parquet").write_bytes(b"") and None,
    "a table less": lambda folder, built: (folder / "marts.b.parquet").unlink(),
    "a result of dbt": lambda folder, built: replace(built, results=[{"unique_id": "test.x", "status": "fail"}]),
    "another build": lambda folder, built: replace(built, build_id="20260102T000000Z-002"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_judgement_begun_early_counts_only_for_the_very_candidate(session: Session, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    early, anew = Future[judging.Judgement](), SimpleNamespace(gate="anew")
    early.set_result(judging.Judgement(judging.subject(session, CANDIDATE), "early", [], {}, ""))  # type: ignore[arg-type]
    session.helpers["judgement"] = early
    monkeypatch.setattr(judging, "judge", lambda *_: anew)
    now = CHANGES[change](export_folder(session.home), CANDIDATE) or CANDIDATE
    assert steps._judgement(session, now).gate == ("early" if change == "nothing" else "anew")


def test_another_published_build_needs_another_judgement(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "previous_build", lambda *_: Path("one"))
    before = judging.subject(session, CANDIDATE)
    monkeypatch.setattr(judging, "previous_build", lambda *_: Path("other"))
    assert judging.subject(session, CANDIDATE) != before


def test_a_judge_that_breaks_is_heard_when_it_is_asked_for(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with session.stack:
        steps.in_background(session, "judgement", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            steps._judgement(session, CANDIDATE)
