"""What of a published build may be given to the public: tables without anything that its sources do not let out.

Belongs here: the tier of each column and row, and the folder that is written. Does not belong here: what a tier means for a source (the
registry says), nor which quantities a table stands on (the build's manifest says). The rules, in words, are docs/public-export.md.

A value is as free as the strictest series it may come from: only `open` leaves. Scale, sign, difference from a threshold and text that
quotes a value are the value. What is ours leaves whatever its inputs are: keys, dates, origins, warnings, the answers of the rules
(verdicts, passed legs, flips) and the registry. A table whose inputs nobody knows is as strict as can be.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.model import ThesisLike
from expectations.tables import parquet_path, write_parquet
from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import layout, reader

TIERS = ("open", "internal", "restricted")  # the further right, the stricter
OURS = ("origin", "usage_warnings", "oldest_input_date", "is_stale")
# Answers of the rules, and what describes a rule: ours in these tables whatever the inputs.
ANSWERS = {
    "scorecard.verdicts": ("verdict", "settled_verdict", "flags"),
    "scorecard.legs": ("operator", "threshold", "unit", "passed", "inputs"),
    "scorecard.changes": ("from_verdict", "to_verdict", "legs_flipped", "flags_flipped"),
    "scorecard.verdict_shares": ("verdict", "days", "share_pct", "first_date", "last_date"),
}
LEDGER = ("content_sha256", "error_message", "quarantine_example")  # of a response: they may quote or prove a value
WHOLE = ("meta.series",)  # the registry and what is held of it: no value of a source
LEFT_OUT = ("meta.gate_results",)  # its findings quote values
MANIFEST = "lowtide-public.json"


@dataclass
class Exported:
    """What was written: rows, columns that left, and those that stayed with the tier that kept them."""

    rows: int
    columns: list[str]
    withheld: dict[str, str] = field(default_factory=dict)
    rows_withheld: int = 0


class Tiers:
    """Tier of a quantity, a thesis' leg, a table. series: rows of meta.series."""

    def __init__(self, series: Iterable[Mapping[str, Any]], tables: Mapping[str, Any], theses: Mapping[str, ThesisLike]) -> None:
        self.by_quantity: dict[str, str] = {}
        for row in series:
            held = self.by_quantity.get(row["quantity"], "open")
            self.by_quantity[row["quantity"]] = max(held, row["licence_tier"], key=TIERS.index)
        self.tables, self.theses = tables, theses

    def of(self, quantities: Iterable[str]) -> str:
        """The strictest of them; restricted where there is none, or one that no series gives."""
        found = [self.by_quantity.get(q, "restricted") for q in quantities]
        return max(found, key=TIERS.index) if found else "restricted"

    def table(self, name: str) -> str:
        return self.of(self.tables[name].get("inputs", ()))

    def legs(self, thesis: str) -> dict[str, Any]:
        """Leg id -> leg of a built thesis."""
        return {leg.id: leg for leg in getattr(self.theses.get(thesis), "legs", ())}

    def thesis(self, name: str, leg: str | None = None) -> str:
        """All that a thesis stands on (its tables' inputs too), or one of its legs. A planned thesis stands on nothing."""
        legs = self.legs(name)
        if leg is not None:
            return self.of(legs[leg].inputs) if leg in legs else "restricted"
        if name not in self.theses:
            return "restricted"
        inputs = {q for one in legs.values() for q in one.inputs}
        if not legs and self.theses[name].status == "planned":
            return "open"
        return self.of(inputs | {q for t in self.theses[name].tables if t in self.tables for q in self.tables[t].get("inputs", ())})

    def column(self, table: str, column: str) -> str:
        """A column that is a leg's or bears a quantity's name has a tier of its own; else it is as strict as its table."""
        legs = [leg for name in self.tables[table]["theses"] for leg in self.legs(name).values() if leg.column == column]
        if legs and table.startswith("marts."):
            return max((self.of(leg.inputs) for leg in legs), key=TIERS.index)
        return self.by_quantity.get(column) or self.table(table)


def export_public(home: Home, target: Path, *, theses: Mapping[str, ThesisLike], as_of: str | None = None) -> dict[str, Exported]:
    """Write the public part of the published build into `target`: Parquet per table and a manifest with citations.

    target: a folder that does not exist, is empty, or holds an earlier public export (then it is replaced). Raises LowtideError for any
    other folder and when nothing is published.
    """
    build = reader.current_build(home, as_of)
    told = layout.read_manifest(build)
    if target.exists() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise LowtideError(f"{target} holds something else: name an empty or a new folder")
    series = pq.read_table(parquet_path(build / "parquet", "meta.series")).to_pylist()
    tiers = Tiers(series, told["tables"], theses)
    scratch = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "parquet").mkdir(parents=True)
    done: dict[str, Exported] = {}
    entries: dict[str, Any] = {}
    for name in sorted(set(told["tables"]) - set(LEFT_OUT)):
        data, entry = public(name, pq.read_table(parquet_path(build / "parquet", name)), tiers, series)
        if set(data.column_names) <= {*told["tables"][name].get("key", ()), *OURS}:
            entry.columns = []  # nothing but the skeleton is left: the table stays
        else:
            path = parquet_path(scratch / "parquet", name)
            write_parquet(data, path)
            entries[name] = {"rows": entry.rows, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "columns": entry.columns}
        done[name] = entry
    (scratch / MANIFEST).write_text(json.dumps({
        **{k: told[k] for k in ("build_id", "origin", "simulated", "as_of", "built_at", "lowtide_version")}, "tables": entries,
        "withheld": {n: e.withheld | ({"(rows)": f"{e.rows_withheld} not open"} if e.rows_withheld else {}) for n, e in done.items() if e.withheld or e.rows_withheld},
        "left_out": [*LEFT_OUT, *sorted(n for n, e in done.items() if not e.columns)], "citations": _citations(series, done, tiers),
    }, indent=1, sort_keys=True) + "\n", encoding="utf-8")  # fmt: skip
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    return done


def public(name: str, data: pa.Table, tiers: Tiers, series: Sequence[Mapping[str, Any]]) -> tuple[pa.Table, Exported]:
    """The part of one table that may leave, and what was kept back."""
    entry = Exported(len(data), list(data.column_names))
    if name in WHOLE:
        return data, entry
    if name == "meta.build":
        return _without(data, ["stale_theses"], "quotes values", entry)
    if name == "meta.fetches":
        strict = {row["dataset_id"] for row in series if row["licence_tier"] != "open"}
        closed = pa.array([d in strict for d in data["dataset_id"].to_pylist()])
        data, entry = _blank(data, [c for c in LEDGER if c in data.column_names], closed, entry)
        return _without(data, ["quarantine_example", "error_message"], "quotes values", entry)
    keys = tiers.tables[name].get("key", ())
    free = {*keys, *OURS, *ANSWERS.get(name, ())}
    if name in ANSWERS:
        legs = data["leg_id"].to_pylist() if "leg_id" in data.column_names else [None] * len(data)
        found = {pair: tiers.thesis(*pair) for pair in set(zip(data["thesis_id"].to_pylist(), legs, strict=True))}
        closed = pa.array([found[pair] != "open" for pair in zip(data["thesis_id"].to_pylist(), legs, strict=True)], pa.bool_())
        return _blank(data, [c for c in data.column_names if c not in free], closed, entry)
    if "quantity" in data.column_names:
        open_rows = pa.array([tiers.of([q]) == "open" for q in data["quantity"].to_pylist()], pa.bool_())
        kept = data.filter(open_rows)
        entry.rows, entry.rows_withheld = len(kept), len(data) - len(kept)
        return kept, entry
    for column in [c for c in data.column_names if c not in free]:
        if (tier := tiers.column(name, column)) != "open":
            data, entry = _without(data, [column], tier, entry)
    return data, entry


def _without(data: pa.Table, columns: Sequence[str], why: str, entry: Exported) -> tuple[pa.Table, Exported]:
    gone = [c for c in columns if c in data.column_names]
    entry.withheld |= dict.fromkeys(gone, why)
    entry.columns = [c for c in entry.columns if c not in gone]
    return data.drop_columns(gone), entry


def _blank(data: pa.Table, columns: Sequence[str], closed: pa.Array, entry: Exported) -> tuple[pa.Table, Exported]:
    """Null in the rows that may not leave."""
    for column in columns if pc.any(closed).as_py() else ():
        at = data.schema.get_field_index(column)
        blanked = pc.if_else(closed, pa.scalar(None, data.schema.field(at).type), data[column])
        data = data.set_column(at, data.schema.field(at), blanked)
        entry.withheld[column] = "in rows whose inputs are not open"
    return data, entry


def _citations(series: Iterable[Mapping[str, Any]], done: Mapping[str, Exported], tiers: Tiers) -> dict[str, list[str]]:
    """Credit -> series, for every open series that an exported table may stand on."""
    used = {q for name, entry in done.items() if entry.columns for q in tiers.tables[name].get("inputs", ())}
    credits: dict[str, list[str]] = {}
    for row in series:
        if row["licence_tier"] == "open" and row["quantity"] in used:
            credits.setdefault(row["citation"], []).append(row["series_id"])
    return {citation: sorted(names) for citation, names in sorted(credits.items())}
