"""What a published table is in PostgreSQL: types, structure, comments, privileges. One function per statement or question.

Belongs here: SQL about one table. Does not belong here: connecting, the transaction and its locks (`postgres`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowtide.errors import LowtideError

if TYPE_CHECKING:
    import duckdb
    import psycopg

SCHEMAS = ("marts", "scorecard", "meta")
NULL = r"\N"
_TYPES = {
    "VARCHAR": "text", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time without time zone", "UUID": "uuid",
    "TINYINT": "smallint", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint", "UTINYINT": "smallint",
    "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "numeric(20,0)", "HUGEINT": "numeric(39,0)", "FLOAT": "real",
    "DOUBLE": "double precision", "\"NULL\"": "text", "TIMESTAMP": "timestamp without time zone", "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of a published table; `type` is PostgreSQL's name for it, as format_type writes it."""

    name: str
    type: str
    comment: str | None


@dataclass(frozen=True)
class Table:
    """A published table, as the DuckDB catalogue of the build describes it."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]

    @property
    def full(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return f"{quote(self.schema)}.{quote(self.name)}"


def quote(name: str) -> str:
    """An identifier for DuckDB and PostgreSQL alike."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str | None) -> str:
    """A string literal: COMMENT takes no parameters."""
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def postgres_type(duckdb_type: str) -> str:
    """PostgreSQL's type for a DuckDB type; lists, structs and maps become jsonb. Raises LowtideError for others."""
    if duckdb_type in _TYPES:
        return _TYPES[duckdb_type]
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duckdb_type):
        return f"numeric({found[1]},{found[2]})"
    if duckdb_type.endswith("]") or duckdb_type.startswith(("STRUCT(", "MAP(")) or duckdb_type == "JSON":
        return "jsonb"
    raise LowtideError(f"no PostgreSQL type for DuckDB's {duckdb_type}")


def catalogue(build: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table of a published DuckDB file, with types and comments."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, kind, comment in build.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal order by column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append(Column(name, postgres_type(kind), comment))
    told = build.execute("select schema_name, table_name, comment from duckdb_tables() where not internal order by 1, 2").fetchall()
    return [Table(schema, name, comment, tuple(columns[schema, name])) for schema, name, comment in told]


def write_csv(build: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """The table's rows as CSV that COPY understands: strings always quoted, so that an empty one is not a null."""
    wanted = ", ".join(f"to_json({quote(c.name)})::varchar as {quote(c.name)}" if c.type == "jsonb" else quote(c.name) for c in table.columns)
    strings = ", ".join(quote(c.name) for c in table.columns if c.type in ("text", "jsonb"))
    forced = f", force_quote ({strings})" if strings else ""
    build.execute(f"copy (select {wanted} from {table.quoted}) to {text(str(path))} (format csv, header false, nullstr {text(NULL)}{forced})")


def copy_in(cursor: psycopg.Cursor[Any], table: Table, path: Path) -> None:
    """Fill `table` from a file of `write_csv`."""
    columns = ", ".join(quote(c.name) for c in table.columns)
    with path.open("rb") as source, cursor.copy(f"copy {table.quoted} ({columns}) from stdin (format csv, null {text(NULL)})") as target:
        while block := source.read(1 << 20):
            target.write(block)


def held(cursor: psycopg.Cursor[Any]) -> dict[str, dict[str, str]]:
    """Tables of the published schemas in the database: "<schema>.<name>" -> column -> type."""
    found: dict[str, dict[str, str]] = {}
    cursor.execute(
        "select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2, a.attnum",
        [list(SCHEMAS)],
    )
    for schema, name, column, kind in cursor.fetchall():
        found.setdefault(f"{schema}.{name}", {}).update({column: kind} if column else {})
    return found


def create(table: Table) -> str:
    return f"create table {table.quoted} ({', '.join(f'{quote(c.name)} {c.type}' for c in table.columns)})"


def restructure(table: Table, before: Mapping[str, str]) -> Iterator[str]:
    """Statements that turn the columns `before` into the table's: what differs is dropped, what is missing added (last).

    Never `alter column type`: it rewrites the table, which then looks empty to a transaction with an older snapshot.
    """
    wanted = {c.name: c.type for c in table.columns}
    yield from (f"alter table {table.quoted} drop column {quote(n)}" for n, kind in before.items() if wanted.get(n) != kind)
    yield from (f"alter table {table.quoted} add column {quote(n)} {kind}" for n, kind in wanted.items() if before.get(n) != kind)


def comments(table: Table) -> Iterator[str]:
    """Descriptions, and in them the units."""
    yield f"comment on table {table.quoted} is {text(table.comment)}"
    for column in table.columns:
        yield f"comment on column {table.quoted}.{quote(column.name)} is {text(column.comment)}"


def current_comments(cursor: psycopg.Cursor[Any], table: Table) -> dict[str | None, str]:
    """Comments in the database: column name (None: the table's own) -> text."""
    cursor.execute(
        "select a.attname, d.description from pg_description d left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0 "
        "where d.classoid = 'pg_class'::regclass and d.objoid = to_regclass(%s)", [table.quoted],
    )  # fmt: skip
    return dict(cursor.fetchall())


def comments_differ(cursor: psycopg.Cursor[Any], table: Table) -> bool:
    wanted = {None: table.comment} | {c.name: c.comment for c in table.columns}
    return current_comments(cursor, table) != {k: v for k, v in wanted.items() if v}


def shared_readers(cursor: psycopg.Cursor[Any], schema: str, tables: Sequence[str]) -> list[str]:
    """Roles (quoted, or public) that may select from every one of the schema's `tables`: a new table is theirs to read too."""
    if not tables:
        return []
    cursor.execute(
        "select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, count(distinct c.oid) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a "
        "where n.nspname = %s and c.relname = any(%s) and a.privilege_type = 'SELECT' and a.grantee <> c.relowner group by 1",
        [schema, list(tables)],
    )
    return [role for role, count in cursor.fetchall() if count == len(tables)]
