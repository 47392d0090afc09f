"""Opening what is published: always the resolved build, so that a pointer moved meanwhile cannot mix two builds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import layout

_TRIES = 3  # the resolved build can only vanish when `keep` newer ones were published in between


def current_build(home: Home, as_of: str | None = None) -> Path:
    """The folder `current` (or `as_of/<date>`) leads to. Raises LowtideError when nothing is published there."""
    build = layout.target(home.serve / "as_of" / as_of if as_of else home.current)
    if build is None:
        what = f"nothing is published as of {as_of}" if as_of else "nothing is published yet"
        raise LowtideError(f"{what} in {home.serve}: run `lowtide run --origin {home.origin}` first")
    return build


def open_current(home: Home, as_of: str | None = None) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published DuckDB file. Raises LowtideError when nothing is published or it is unreadable."""
    for attempt in range(_TRIES):
        build = current_build(home, as_of)
        try:
            return duckdb.connect(str(build / "lowtide.duckdb"), read_only=True)
        except duckdb.Error as error:
            if attempt + 1 == _TRIES or build.exists():
                raise LowtideError(" ".join(f"cannot open {build / 'lowtide.duckdb'}: {error}".split())) from error
    raise AssertionError("unreachable")


def read_tables(home: Home, tables: Sequence[str], as_of: str | None = None) -> dict[str, pa.Table]:
    """Published tables ("marts.funding_stress") from Parquet, all of one build. Raises LowtideError when one is not in it."""
    for attempt in range(_TRIES):
        build = current_build(home, as_of)
        try:
            return {table: pq.read_table(build / "parquet" / f"{table}.parquet", partitioning=None) for table in tables}
        except FileNotFoundError as error:
            if attempt + 1 == _TRIES or build.exists():
                raise LowtideError(f"not in build {build.name}: {Path(error.filename or str(error)).name}") from error
    raise AssertionError("unreachable")


def manifest(home: Home, as_of: str | None = None) -> dict[str, Any]:
    """manifest.json of the published build. Raises LowtideError when nothing is published."""
    return layout.read_manifest(current_build(home, as_of))
