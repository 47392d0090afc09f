"""Writes a raw zone as ingestion would: one Parquet change log per dataset and the flat ledger of fetches.

Belongs here: the shape on disk. Does not belong here: any value (tests bring theirs).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.dbt.dbt_kit import PROJECT

DOMAINS = ("rates", "funding", "market", "crypto", "onchain", "filings", "gold", "inflation")
MOMENT = pa.timestamp("us", tz="UTC")
OBSERVATIONS = pa.schema(
    [
        ("series_id", pa.string()),
        ("observation_date", pa.date32()),
        ("value", pa.float64()),
        ("state", pa.string()),
        ("known_at", MOMENT),
        ("fetched_at", MOMENT),
        ("fetch_id", pa.string()),
    ]
)
TEXT = ("fetch_id", "run_id", "dataset_id", "provider", "domain", "method", "url", "content_sha256", "outcome", "error_type")
TEXT_TOO = ("error_message", "quarantine_example")
COUNTS = ("bytes", "rows_added", "rows_revised", "rows_quarantined", "rows_after_clock")
FETCHES = pa.schema(
    [(name, pa.string()) for name in (*TEXT, *TEXT_TOO)]
    + [(name, pa.int64()) for name in COUNTS]
    + [("status", pa.int32()), ("fetched_at", MOMENT)]
)
COLUMNS = ["series_id", "observation_date", "value", "state", "known_at", "fetched_at"]


def registry() -> dict[str, dict[str, str]]:
    """series_id -> its row of the series seed."""
    with (PROJECT / "seeds" / "series.csv").open(newline="") as file:
        return {row["series_id"]: row for row in csv.DictReader(file)}


def quantities() -> dict[str, list[str]]:
    """quantity -> its series, first by priority first: the mapping that tests/reference asks for."""
    mapping: dict[str, list[tuple[int, str]]] = {}
    for series, row in registry().items():
        mapping.setdefault(row["quantity"], []).append((int(row["priority"]), series))
    return {quantity: [series for _, series in sorted(members)] for quantity, members in mapping.items()}


def write(raw: Path, log: pd.DataFrame) -> Path:
    """The change log (columns COLUMNS, moments in UTC, a missing value NaN) as a raw zone below `raw`; returns `raw`."""
    known = registry()
    for domain in DOMAINS:
        (raw / "observations" / domain).mkdir(parents=True, exist_ok=True)
        pq.write_table(OBSERVATIONS.empty_table(), raw / "observations" / domain / "nothing.parquet")
    ordered = log.sort_values(["series_id", "observation_date", "known_at", "fetched_at"], kind="stable")
    for dataset, part in ordered.groupby(ordered["series_id"].map(lambda series: known[series]["dataset_id"])):
        table = pa.Table.from_pandas(part[COLUMNS].assign(fetch_id=f"test.{dataset}.1"), OBSERVATIONS, preserve_index=False)
        domain = known[part["series_id"].iloc[0]]["domain"]
        pq.write_table(table, raw / "observations" / domain / f"{dataset}.parquet")
    pq.write_table(FETCHES.empty_table(), raw / "fetches.parquet")
    return raw


def rows(series_id: str, values: Iterable[tuple[dt.date, float | None, dt.datetime]], state: str = "value") -> pd.DataFrame:
    """A piece of change log: (observation date, value or None, known at) each; a None is 'missing' unless `state` says else."""
    records = []
    for day, value, moment in values:
        missing = "missing" if state == "value" else state
        records.append((series_id, day, value, missing if value is None else "value", pd.Timestamp(moment), pd.Timestamp(moment)))
    frame = pd.DataFrame(records, columns=COLUMNS)
    return frame.astype({"value": float, "known_at": "datetime64[us, UTC]", "fetched_at": "datetime64[us, UTC]"})
