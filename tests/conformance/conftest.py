"""The stand as a fixture, and the table at the end of the run, which docs/conformance.md must show after a whole run.

`--provider NAME` (more than once if wanted) tests these providers only; `--conformance-page PATH` writes the page.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.registry import load
from ingest.sources import PROVIDERS

from . import report
from .stand import Stand

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "conformance.md"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--provider", action="append", default=[], help="conformance: test this provider only")
    parser.addoption("--conformance-page", help="conformance: write the table to this Markdown file")


def providers() -> tuple[str, ...]:
    """Every provider that is a module or is declared: one without the other must fail."""
    return tuple(sorted({*PROVIDERS, *(d.provider for d in load().datasets.values())}))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--provider", default=[])
    if not wanted:
        return
    dropped = [item for item in items if _provider(item) not in {*wanted, None}]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def _provider(item: pytest.Item) -> str | None:
    """The provider a row of this folder is about; None for any other test."""
    if item.path.parent != HERE:
        return None
    call = getattr(item, "callspec", None)
    return call.params.get("provider", call.params.get("row", [None])[0]) if call else None


@pytest.fixture(scope="session")
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The stand for the providers that are tested in this session. Nothing is synced to disk: speed, not durability."""
    here = {_provider(item) for item in request.session.items} - {None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        made = Stand(tmp_path_factory.mktemp("conformance"), sorted(filter(None, here)))
        with made.server:
            yield made


def _told(config: pytest.Config) -> report.Table:
    stats = config.pluginmanager.get_plugin("terminalreporter").stats
    return report.collect(one for name in ("passed", "failed", "error") for one in stats.get(name, []))


def _outdated(config: pytest.Config) -> bool:
    """Whether this run tested and passed everything, and the page says something else."""
    table = _told(config)
    whole = set(table) == set(providers()) and all(cell.verdict in ("ok", report.NOT_APPLICABLE) for cells in table.values() for cell in cells.values())
    return whole and PAGE.read_text(encoding="utf-8") != report.page(table)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput") and not session.config.getoption("--conformance-page", default=None) and _outdated(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    table = _told(config)
    if not table:
        return
    terminalreporter.section("conformance of the sources")
    for line in report.lines(table):
        terminalreporter.write_line(line)
    if path := config.getoption("--conformance-page", default=None):
        Path(path).write_text(report.page(table), encoding="utf-8")
        terminalreporter.write_line(f"written: {path}")
    elif _outdated(config):
        terminalreporter.write_line("FAIL docs/conformance.md says something else: run python -m tests.conformance")
