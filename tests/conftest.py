"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.used import FIRST, Used

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def upstream() -> Path:
    """The archive of recorded upstream responses; tests that need it skip, and say so, where it is absent."""
    folder = Path(os.environ.get("LOWTIDE_UPSTREAM", ROOT.parent / "shared" / "upstream"))
    if not (folder / "index.json").is_file():
        pytest.skip(f"no recorded upstream responses at {folder} (set LOWTIDE_UPSTREAM)")
    return folder


@pytest.fixture(scope="session")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> tuple[Used, dict[str, Any]]:
    """The first load of the world in which the theses are true, and what the command said of it."""
    used = Used(tmp_path_factory.mktemp("recede"))
    return used, used.run("--origin", "sandbox", "--world", "recede", "--now", FIRST)


# Tests that share an expensive beginning (a first load, a dbt build) belong on one worker; other files go anywhere.
TOGETHER = {"tests/e2e/test_replay": "replay", "tests/e2e/": "first load", "tests/expectations/test_mutations": "first load", "tests/dbt/": "dbt"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files to a worker, and what TOGETHER names alike as if it were one file."""
    from xdist.scheduler import LoadScopeScheduling

    class ByBeginning(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((scope for prefix, scope in TOGETHER.items() if nodeid.startswith(prefix)), nodeid.split("::", 1)[0])

    return ByBeginning(config, log)
