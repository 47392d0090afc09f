"""What a build depends on, as one hash: equal fingerprints give equal tables, so the build may be skipped.

Belongs here: naming the inputs. Does not belong here: comparing with what is published (`orchestration`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from lowtide.home import Home

ROOT = Path(__file__).resolve().parent.parent
CODE = (
    "dbt_project/models", "dbt_project/macros", "dbt_project/seeds", "dbt_project/tests", "dbt_project/dbt_project.yml",
    "dbt_project/profiles.yml", "theses", "ingest/registry", "ingest/calendars", "expectations", "publish",
)  # fmt: skip
SUFFIXES = {".sql", ".yml", ".csv", ".py"}


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (p for p in sorted(path.rglob("*")) if p.is_file() and p.suffix in SUFFIXES)
    elif path.is_file():
        yield path


def rules(root: Path = ROOT) -> str:
    """sha256 over the transforms, the rules and the registry: equal between two builds that only differ in data and time."""
    digest = hashlib.sha256()
    for path in (p for name in CODE for p in _files(root / name)):
        digest.update(f"\0{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def fingerprint(home: Home, mart_day: date, root: Path = ROOT) -> str:
    """sha256 over the raw change logs, the transforms, the rules, the newest mart day and the origin."""
    digest = hashlib.sha256(f"{home.origin} {mart_day.isoformat()}".encode())
    logs = sorted((home.raw / "observations").rglob("*.parquet"))
    for base, path in [(home.raw, p) for p in logs] + [(root, p) for name in CODE for p in _files(root / name)]:
        digest.update(f"\0{path.relative_to(base)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
