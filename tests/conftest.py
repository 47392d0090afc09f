"""Fixtures that every test folder shares."""

from __future__ import annotations

import fcntl
import json
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
    """The first load of the world in which the theses are true, and what the command said of it: once for all workers."""
    shared = tmp_path_factory.getbasetemp() if "PYTEST_XDIST_WORKER" not in os.environ else tmp_path_factory.getbasetemp().parent
    used, said = Used(shared / "recede"), shared / "recede.json"
    with (shared / "recede.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            used.home.mkdir()
            said.write_text(json.dumps(used.run("--origin", "sandbox", "--world", "recede", "--now", FIRST)), encoding="utf-8")
    return used, json.loads(said.read_text(encoding="utf-8"))


# What takes longest begins first, so that no worker is left with it at the end; what waits for the first load comes after what does not.
LONGEST = (
    "tests/e2e/test_sandbox_run", "tests/dbt/", "tests/e2e/test_gold_alone", "tests/e2e/test_replay", "tests/e2e/test_counterfactual",
    "tests/e2e/", "tests/expectations/test_mutations",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, prefix in enumerate(LONGEST) if item.nodeid.startswith(prefix)), len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files to a worker; the files of tests/dbt share their builds."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/dbt" if nodeid.startswith("tests/dbt/") else nodeid.split("::", 1)[0]

    return ByFile(config, log)
