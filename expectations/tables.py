"""From dbt's manifest to TableMeta, and from the candidate database to the Parquet files that are judged and published.

Belongs here: the one writer of published Parquet. Does not belong here: judging (`gate`) and publishing (`publish`).
What the gate reads is what gets published: the export is sorted by key and byte for byte the same for equal data.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.model import TableMeta
from lowtide.errors import HomeUnusable, LowtideError

PUBLISHED_SCHEMAS = ("marts", "scorecard", "meta")
Descriptions = Mapping[str, Mapping[str, str]]  # table -> column -> text


def from_manifest(manifest: Mapping[str, Any]) -> tuple[list[TableMeta], dict[str, dict[str, str]]]:
    """Published tables of a parsed dbt manifest.json, and their column descriptions {table: {column: text}}.

    A model of schema marts, scorecard or meta is published; it must carry `meta.key`. Raises LowtideError where not.
    """
    tables: list[TableMeta] = []
    descriptions: dict[str, dict[str, str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["schema"] not in PUBLISHED_SCHEMAS:
            continue
        meta = {**node.get("meta", {}), **node.get("config", {}).get("meta", {})}
        if not meta.get("key"):
            raise LowtideError(f"dbt model {node['name']}: a published table declares meta.key (its key columns)")
        columns = node.get("columns", {})
        required = [n for n, c in columns.items() if any(k.get("type") == "not_null" for k in c.get("constraints") or [])]
        table = TableMeta(
            schema=node["schema"], name=node.get("alias") or node["name"], key=tuple(meta["key"]),
            date_column=meta.get("date_column"), theses=tuple(meta.get("theses") or ()),
            not_null=tuple(required), description=" ".join((node.get("description") or "").split()),
            may_be_empty=bool(meta.get("may_be_empty")),
        )
        tables.append(table)
        descriptions[table.table] = {n: " ".join((c.get("description") or "").split()) for n, c in columns.items()}
    return sorted(tables, key=lambda t: t.table), descriptions


def parquet_path(folder: Path, table: str) -> Path:
    """`<folder>/<schema>.<table>.parquet`."""
    return folder / f"{table}.parquet"


def write_parquet(data: pa.Table, path: Path) -> None:
    """Write, fsync and rename; zstd, one thread, timestamps in UTC microseconds: equal data gives equal bytes."""
    utc = pa.timestamp("us", tz="UTC")
    fields = [pa.field(f.name, utc if pa.types.is_timestamp(f.type) and f.type.tz else f.type) for f in data.schema]
    scratch = path.with_name(f".{path.name}.tmp")
    with scratch.open("wb") as handle:
        pq.write_table(
            data.cast(pa.schema(fields)).combine_chunks(), handle, compression="zstd", row_group_size=122_880
        )
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(scratch, path)


def export(connection: duckdb.DuckDBPyConnection, tables: Iterable[TableMeta], folder: Path) -> list[str]:
    """Write each published table of the candidate into `folder` (emptied first), sorted by key; returns those that exist.

    `connection` is the build database's owner. A table that is missing is left out: the gate fails it. Raises HomeUnusable
    when the folder cannot be written.
    """
    held = {f"{s}.{n}" for s, n in connection.execute(
        "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
    ).fetchall()}
    done: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.parquet*"):
            old.unlink()
        for table in tables:
            if table.table not in held:
                continue
            relation = connection.sql(f'select * from "{table.schema}"."{table.name}"')
            order = ", ".join(f'"{c}"' for c in table.key if c in relation.columns) or "all"
            write_parquet(relation.order(order).to_arrow_table(), parquet_path(folder, table.table))
            done.append(table.table)
    except OSError as error:
        raise HomeUnusable(f"cannot write {folder}: {error.strerror or error}") from error
    return done
