"""The published DuckDB file. Readers are older than we are: it is written in storage version v1.0.0, which 1.x clients open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from expectations.tables import parquet_path

STORAGE_VERSION = "v1.0.0"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def write(path: Path, tables: Mapping[str, str], parquet: Path, descriptions: Mapping[str, Mapping[str, str]]) -> None:
    """Create `path` with each table of `tables` ("<schema>.<name>" -> description) loaded from its Parquet file.

    Table and column descriptions become comments. Raises duckdb.Error (a full disk among its causes).
    """
    with duckdb.connect() as connection:
        run = connection.execute
        run(f"attach {_text(str(path))} as published (storage_version {_text(STORAGE_VERSION)})")
        for schema in sorted({t.split(".")[0] for t in tables}):
            run(f'create schema published."{schema}"')
        for table, description in sorted(tables.items()):
            schema, name = table.split(".")
            target = f'published."{schema}"."{name}"'
            run(f"create table {target} as select * from read_parquet({_text(str(parquet_path(parquet, table)))})")
            held = {c[0] for c in run(f"select * from {target} limit 0").description}
            if description:
                run(f"comment on table {target} is {_text(description)}")
            for column, told in descriptions.get(table, {}).items():
                if told and column in held:
                    run(f'comment on column {target}."{column}" is {_text(told)}')
        run("checkpoint published")
        run("detach published")
