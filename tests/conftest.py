"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def upstream() -> Path:
    """The archive of recorded upstream responses; tests that need it skip, and say so, where it is absent."""
    folder = Path(os.environ.get("LOWTIDE_UPSTREAM", ROOT.parent / "shared" / "upstream"))
    if not (folder / "index.json").is_file():
        pytest.skip(f"no recorded upstream responses at {folder} (set LOWTIDE_UPSTREAM)")
    return folder
