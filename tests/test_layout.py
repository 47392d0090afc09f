"""The shape of the project: who may import whom, who may read the clock, sizes, and the same words in every folder."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import registry
from lowtide.theses import GROUPS, load_theses

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ingest", "sandbox", "expectations", "publish", "report", "orchestration", "lowtide")
ENGINES = {"dagster", "dagster_dbt", "dagster_duckdb", "dbt", "great_expectations"}
OWN = set(PACKAGES)
MAY_IMPORT = {  # own packages and engines, at any depth of a module
    "ingest": {"lowtide"},
    "sandbox": {"lowtide", "ingest"},
    "expectations": {"lowtide", "great_expectations"},
    "publish": {"lowtide", "expectations", "ingest"},
    "report": {"lowtide", "publish", "ingest"},
    "orchestration": OWN | {"dagster", "dagster_duckdb", "dbt"},
    "lowtide": OWN,
}
WALL_CLOCK = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime"}


def modules(package: str) -> Iterator[Path]:
    return (p for p in sorted((ROOT / package).rglob("*.py")) if "__pycache__" not in p.parts)


def imports(path: Path) -> Iterator[str]:
    """Dotted names of everything a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package) for name in imports(path)
        if (top := name.split(".")[0]) in OWN | ENGINES and top not in allowed
    ]  # fmt: skip
    assert wrong == []


def test_the_heavy_engines_have_one_door_each() -> None:
    doors = {"dbt": {"orchestration/dbt_build.py"}, "great_expectations": {"expectations/worker.py"}}
    for engine, expected in doors.items():
        found = {str(p.relative_to(ROOT)) for k in PACKAGES for p in modules(k) if any(n.split(".")[0] == engine for n in imports(p))}
        assert found == expected


def test_the_sandbox_is_an_independent_witness() -> None:
    wrong = [f"{p.name}: {n}" for p in modules("sandbox") for n in imports(p) if n.startswith("ingest.sources")]
    assert wrong == []


def test_the_kernel_stays_below_the_others() -> None:
    for name in ("clock", "home", "errors"):
        assert all(n.split(".")[0] not in OWN - {"lowtide"} for n in imports(ROOT / "lowtide" / f"{name}.py"))


def clock_reads(path: Path) -> Iterator[str]:
    """`datetime.now()`, `date.today()`, `time.time()` and the like: calls on the modules or classes of datetime and time."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in WALL_CLOCK:
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if owner in ("datetime", "date", "time") and not (owner == "datetime" and node.attr == "time"):
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {owner}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "time" and any(a.name in WALL_CLOCK for a in node.names):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: from time import"


def test_only_the_clock_reads_system_time() -> None:
    found = [hit for package in PACKAGES for path in modules(package) for hit in clock_reads(path) if path.name != "clock.py"]
    assert found == []
    assert list(clock_reads(ROOT / "lowtide" / "clock.py")), "the search must find the one place that does"


def test_sql_takes_now_from_its_variables() -> None:
    words = ("current_date", "current_timestamp", "now()", "today()")
    found = [f"{p.name}: {w}" for p in (ROOT / "dbt_project").rglob("*.sql") if "target" not in p.parts for w in words if w in p.read_text().lower()]
    assert found == []


def test_sizes() -> None:
    limits = {ROOT / "README.md": 100, ROOT / "orchestration" / "definitions.py": 60}
    limits |= {path: 250 for package in PACKAGES for path in modules(package) if path not in limits}
    too_long = {str(p.relative_to(ROOT)): n for p, limit in limits.items() if (n := len(p.read_text(encoding="utf-8").splitlines())) > limit}
    assert too_long == {}


def test_modules_say_what_belongs_in_them() -> None:
    silent = [str(p.relative_to(ROOT)) for k in PACKAGES for p in modules(k) if p.read_text().strip() and not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent == []


def test_folders_speak_the_registrys_words() -> None:
    domains = {d.domain for d in registry.load().datasets.values()}
    staging = {p.name for p in (ROOT / "dbt_project/models/staging").iterdir() if p.is_dir()}
    assert staging == domains
    assert {p.stem for p in (ROOT / "ingest/registry").glob("*.yml")} - {"retired"} == domains


def test_mart_folders_speak_the_theses_words() -> None:
    folders = {p.name for p in (ROOT / "dbt_project/models/marts").iterdir() if p.is_dir()}
    assert folders <= set(GROUPS)
    for thesis in load_theses().values():
        for table in thesis.tables:
            found = list((ROOT / "dbt_project/models/marts").rglob(f"{table.split('.')[1]}.sql"))
            assert [p.parent.name for p in found] == [thesis.group], table


def test_loading_the_code_location_imports_neither_dbt_nor_great_expectations() -> None:
    script = (
        "import sys; from orchestration.definitions import defs; defs.resolve_job_def('daily');"
        "print(*[m for m in ('dbt', 'great_expectations', 'dagster_dbt', 'duckdb', 'pandas', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert done.stdout.strip() == ""


def test_no_path_of_this_machine_in_the_project() -> None:
    needles = (str(ROOT.parent) + "/", str(Path.home()) + "/")
    files = [p for k in (*PACKAGES, "theses", "dbt_project/models", "dbt_project/macros", "docs", "tests") for p in (ROOT / k).rglob("*") if p.is_file() and p.suffix in (".py", ".sql", ".yml", ".md")]
    assert [f"{p.relative_to(ROOT)}" for p in files if any(n in p.read_text(encoding="utf-8") for n in needles)] == []


def test_lines_of_sql_fit_the_page() -> None:
    """160 characters as Python's, no tab, nothing after the end; the linter's own rules for that cost half of its time."""
    models = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))
    lines = [(f"{p.name}:{n}", line) for p in models for n, line in enumerate(p.read_text(encoding="utf-8").split("\n"), 1)]
    assert models and [place for place, line in lines if len(line) > 160 or "\t" in line or line != line.rstrip()] == []
