"""A new source's skeletons are valid, fail their own rows with a clear message, and pass once they are filled in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.scaffold import FILL_IN, new_source
from lowtide.errors import LowtideError

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("ingest", "lowtide", "sandbox", "theses", "tests/conformance", "tests/ingest/sources", "dbt_project/models/staging")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests" / "conftest.py")
    return tmp_path


def check(tree: Path, name: str) -> tuple[int, str]:
    """`check_source` in the copy, by a process that imports the copy."""
    done = subprocess.run(
        [sys.executable, "-c", f"from ingest.scaffold import check_source; raise SystemExit(check_source({name!r}))"],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree), "PYTEST_ADDOPTS": "-p no:cacheprovider"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def fill_in(tree: Path) -> None:
    for path in [*tree.glob("ingest/registry/*.yml"), tree / "ingest/sources/tidepool.py"]:
        path.write_text(path.read_text().replace(FILL_IN, "Tidepool"))
    source = tree / "ingest/sources/tidepool.py"
    source.write_text("".join(
        line for line in source.read_text().splitlines(keepends=True) if "say what to ask" not in line
    ))  # fmt: skip
    backend = tree / "sandbox/world/backend.py"
    backend.write_text(
        backend.read_text()
        .replace('"fred.stlouisfed.org": fred.graph,', '"tidepool.invalid": tidepool_desk,\n            "fred.stlouisfed.org": fred.graph,')
        + '''

def tidepool_desk(ask: Ask) -> Reply:
    """An index that drifts."""
    from datetime import date, timedelta

    from sandbox.wire import tidepool

    first = date.fromisoformat(ask.text("since"))
    days = [first + timedelta(days=n) for n in range((date(2026, 6, 1) - first).days + 1)]
    return tidepool.table((day.isoformat(), 100 + day.toordinal() % 7) for day in days if day.weekday() < 5)
'''
    )


def test_from_skeleton_to_passing_rows(tree: Path) -> None:
    said = new_source("tidepool", "gold", tree)
    assert "check: make check-source NAME=tidepool" in said
    status, text = check(tree, "tidepool")
    assert status == 1, text
    assert "FAIL tidepool happy: tidepool_example" in text and "say what to ask for in `requests`" in text
    assert "no dataset of the registry, or none that makes a request" in text
    fill_in(tree)
    status, text = check(tree, "tidepool")
    assert status == 0, text
    assert "tidepool ok 1" in text and "FAIL" not in text


def test_a_new_domain_gets_its_staging_model(tree: Path) -> None:
    shutil.rmtree(tree / "dbt_project/models/staging/gold")
    said = new_source("tidepool", "gold", tree)
    assert "stg_gold__observations.sql" in said[0]
    assert "source('raw', 'gold_observations')" in (
        tree / "dbt_project/models/staging/gold/stg_gold__observations.sql"
    ).read_text()


@pytest.mark.parametrize(
    ("name", "domain", "said"),
    [("Kraken", "crypto", "not a source's name"), ("kraken", "crypto", "exists"), ("new", "weather", "unknown domain")],
)
def test_refusals_write_nothing(tree: Path, name: str, domain: str, said: str) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    with pytest.raises(LowtideError, match=said):
        new_source(name, domain, tree)
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before
