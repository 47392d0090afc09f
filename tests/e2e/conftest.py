"""Copies of a home in which the real command ran, for tests that break things (the home itself: tests/conftest.py)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.used import Used


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Used], Used]:
    """A private copy of a home, symlinks kept."""

    def copy(used: Used) -> Used:
        target = tmp_path / "home"
        shutil.copytree(used.home, target, symlinks=True)
        return Used(target)

    return copy
