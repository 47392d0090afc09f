"""A home and the fake source, for tests that run whole fetches (`ingest_kit.run`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import sources
from lowtide.home import Home
from tests.ingest.ingest_kit import FakeSource


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.of("sandbox", tmp_path)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    fake = FakeSource()
    monkeypatch.setattr(sources, "get", lambda provider: fake)
    return fake
