"""What a built table shows in the UI: rows, columns, the first and last rows, and for a mart the report's chart of it.

Belongs here: turning a table into Dagster metadata. Does not belong here: any measure.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagster import MetadataValue, TableColumn, TableSchema

if TYPE_CHECKING:
    import duckdb

PREVIEW_ROWS, PREVIEW_COLUMNS = 5, 12


def of_table(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> dict[str, Any]:
    """Row count and columns of any table; preview of published ones; chart where the report draws the table."""
    name = f'"{node["schema"]}"."{node.get("alias") or node["name"]}"'
    if node["config"]["materialized"] == "view":
        return {}  # counting a view would read the change logs again
    rows = connection.execute(f"select count(*) from {name}").fetchall()[0][0]
    described = connection.execute(f"describe {name}").fetchall()
    facts: dict[str, Any] = {"dagster/row_count": rows}
    if not node["columns"]:
        facts["dagster/column_schema"] = TableSchema([TableColumn(c[0], c[1]) for c in described])
    keys = (node["config"].get("meta") or node.get("meta") or {}).get("key") or []
    if not keys or not rows:
        return facts
    facts["preview"] = MetadataValue.md(preview(connection, name, [c[0] for c in described], keys))
    drawn = chart(connection, f"{node['schema']}.{node.get('alias') or node['name']}")
    if drawn is not None:
        facts["chart"] = MetadataValue.md(drawn)
    return facts


def preview(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    """First and last rows by key as a Markdown table, the first columns only."""
    shown = list(columns[:PREVIEW_COLUMNS])
    picked = ", ".join(f'"{c}"' for c in shown)
    up, down = ", ".join(f'"{k}"' for k in keys), ", ".join(f'"{k}" desc' for k in keys)
    first = connection.execute(f"select {picked} from {name} order by {up} limit {PREVIEW_ROWS}").fetchall()
    last = connection.execute(f"select {picked} from {name} order by {down} limit {PREVIEW_ROWS}").fetchall()[::-1]
    gap = [("...",) * len(shown)]
    lines = [" | ".join(shown), " | ".join("---" for _ in shown)]
    lines += [" | ".join(_cell(v) for v in row) for row in [*first, *gap, *last]]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return "" if value is None else str(value).replace("|", "/").replace("\n", " ")


def chart(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """The report's chart of the table as a PNG inside Markdown; None where it has none."""
    from report import thumbnail  # altair costs a second: only where something is drawn

    made = thumbnail.png(connection, table)
    return f"![{made[0]}](data:image/png;base64,{base64.b64encode(made[1]).decode()})" if made else None
