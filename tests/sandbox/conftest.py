"""Fixtures of the sandbox tests (`truth` beside this file is importable because pytest puts this folder on the path)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.recorded import RecordedBackend
from sandbox.world import SimulatedBackend
from tests.sandbox.truth import moment


@pytest.fixture(scope="session")
def recede() -> SimulatedBackend:
    return SimulatedBackend(now=moment("2026-06-01"))


@pytest.fixture(scope="session")
def recorded(upstream: Path) -> RecordedBackend:
    return RecordedBackend(upstream)
