"""Where refused rows are kept: one Parquet file per dataset.

Belongs here: its shape, reading and adding. Does not belong here: why a row is refused (the other modules of this folder).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ingest.files import read_parquet, write_parquet

Key = tuple[str, date, float]


class Quarantined(NamedTuple):
    """A row that is kept apart, and why."""

    series_id: str
    observation_date: date
    value: float
    reason: str
    fetch_id: str
    quarantined_at: datetime


_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("series_id", pa.string(), nullable=False),
        pa.field("observation_date", pa.date32(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("fetch_id", pa.string(), nullable=False),
        pa.field("quarantined_at", _MOMENT, nullable=False),
    ]
)


class Quarantine:
    """The Parquet file of one dataset's refused rows: one row per (series, date, value, reason), the first one seen."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[Quarantined]:
        """Everything quarantined so far; empty when there is no file. Raises LowtideError when it is damaged."""
        if not self.path.exists():
            return []
        columns = [column.to_pylist() for column in read_parquet(self.path, SCHEMA.names).columns]
        return [Quarantined(*values) for values in zip(*columns, strict=True)]

    def keys(self) -> set[Key]:
        """(series, date, value) of what is in quarantine."""
        return {(row.series_id, row.observation_date, row.value) for row in self.rows()}

    def append(self, new: Iterable[Quarantined]) -> None:
        """Add rows that are not there yet. Raises HomeUnusable."""
        held = self.rows()
        merged = {row[:4]: row for row in [*reversed([*held, *new])]}  # the first one seen wins
        if len(merged) == len(held):
            return
        ordered = sorted(merged.values())
        columns = list(zip(*ordered, strict=True))
        write_parquet(
            self.path,
            pa.Table.from_arrays(
                [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
            ),
        )
