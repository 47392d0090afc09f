"""Copies of a home in which the real command ran, for tests that break things (the home itself: tests/conftest.py), and runs without
what only people look at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations.worker_process import GateWorker
from lowtide.run import RunOptions, Session, open_run
from orchestration import steps
from tests.e2e.used import Used
from tests.expectations.in_process import InProcess


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Used], Used]:
    """A private copy of a home, symlinks kept."""

    def copy(used: Used) -> Used:
        target = tmp_path / "home"
        shutil.copytree(used.home, target, symlinks=True)
        return Used(target)

    return copy


@pytest.fixture
def run_steps(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Session, Any]]:
    """A run's own steps in this process, without Dagster's events and the report's pages (half of its time, with Great Expectations
    imported once): the session, and what publishing came to."""

    def run(used: Used, **options: Any) -> tuple[Session, Any]:
        monkeypatch.setenv("LOWTIDE_HOME", str(used.home))
        monkeypatch.setattr(steps, "_write_report", lambda *_: None)
        monkeypatch.setattr(GateWorker, "start", InProcess.start)
        with open_run(RunOptions(**options)) as session:
            steps.ingest(session)
            steps.build(session)
            return session, steps.publish(session)

    return run
