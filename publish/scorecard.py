"""Scorecard tables hold rows of every thesis: passing theses bring new rows, failed ones keep their last good ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.model import TableMeta


def merge(
    now: pa.Table, before: pa.Table | None, table: TableMeta, failed: Mapping[str, str], unpublished: Collection[str]
) -> pa.Table:
    """Rows of passing theses from `now`, of failed ones from `before`, sorted by the table's key.

    failed: thesis id -> reason. unpublished: failed theses without a good version; in scorecard.verdicts each becomes one
    no_data row on the newest day that says why, elsewhere it has no rows. Columns and types are those of `now`.
    """
    passing = now.filter(pc.invert(pc.is_in(now["thesis_id"], pa.array(list(failed), pa.string()))))
    parts = [passing]
    if before is not None:
        kept = before.filter(pc.is_in(before["thesis_id"], pa.array([i for i in failed if i not in unpublished], pa.string())))
        columns = {f.name: kept[f.name].cast(f.type) if f.name in kept.column_names else pa.nulls(len(kept), f.type) for f in now.schema}
        if "is_stale" in columns:  # the one thing that changes in a carried row
            columns["is_stale"] = pa.repeat(True, len(kept))
        parts.append(pa.table(columns, schema=now.schema))
    if table.name == "verdicts" and unpublished:
        parts.append(pa.Table.from_pylist([_blocked(now, passing, i, failed[i]) for i in sorted(unpublished)], schema=now.schema))
    return pa.concat_tables(parts).sort_by([(c, "ascending") for c in table.key])


def _blocked(now: pa.Table, passing: pa.Table, thesis: str, reason: str) -> dict[str, Any]:
    """Day and origin come from passing rows: those of a failed thesis may be what is wrong with it."""
    row: dict[str, Any] = dict.fromkeys(now.column_names)
    row |= {"thesis_id": thesis, "as_of_date": pc.max(passing["as_of_date"]).as_py(), "verdict": "no_data",
            "settled_verdict": "no_data", "reason": f"blocked by the gate: {reason}", "is_stale": True,
            "origin": pc.max(passing["origin"]).as_py()}
    return {name: row[name] for name in now.column_names}
