"""A home in which the real command ran on the sandbox; copies of it for tests that break things."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.used import FIRST, Used


@pytest.fixture(scope="session")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> tuple[Used, dict[str, Any]]:
    """The first load of the world in which the theses are true, and what the command said of it."""
    used = Used(tmp_path_factory.mktemp("recede"))
    return used, used.run("--origin", "sandbox", "--world", "recede", "--now", FIRST)


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Used], Used]:
    """A private copy of a home, symlinks kept."""

    def copy(used: Used) -> Used:
        target = tmp_path / "home"
        shutil.copytree(used.home, target, symlinks=True)
        return Used(target)

    return copy
