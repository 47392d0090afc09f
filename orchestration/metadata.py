"""What a built table shows in the UI: rows, columns, the first and last rows, and for a mart the chart of its thesis.

Belongs here: turning a table into Dagster metadata. Does not belong here: any measure.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from dagster import MetadataValue, TableColumn, TableSchema

from lowtide.theses import Thesis, load_theses

if TYPE_CHECKING:
    import duckdb

PREVIEW_ROWS, PREVIEW_COLUMNS = 5, 12
CHART_ROWS = 750  # three years of sessions


def of_table(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> dict[str, Any]:
    """Row count and columns of any table; preview of published ones; chart where a thesis has a line chart on it."""
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
    thesis = _charts().get(f"{node['schema']}.{node.get('alias') or node['name']}")
    if thesis is not None:
        facts["chart"] = MetadataValue.md(chart(connection, name, thesis))
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


@cache
def _charts() -> dict[str, Thesis]:
    """Table -> the first thesis that draws lines of its columns."""
    found: dict[str, Thesis] = {}
    for thesis in load_theses().values():
        if thesis.status == "built" and thesis.chart.kind == "line" and thesis.chart.columns:
            found.setdefault(thesis.tables[0], thesis)
    return found


def chart(connection: duckdb.DuckDBPyConnection, name: str, thesis: Thesis) -> str:
    """The thesis' columns over the last days as a PNG inside Markdown."""
    import vl_convert

    columns = ", ".join(f'"{c}"' for c in thesis.chart.columns)
    rows = connection.execute(f"select as_of_date, {columns} from {name} order by as_of_date desc limit {CHART_ROWS}").fetchall()
    points = [
        {"day": row[0].isoformat(), "measure": column, "value": value}
        for row in rows for column, value in zip(thesis.chart.columns, row[1:], strict=True) if value is not None
    ]  # fmt: skip
    if not points:
        return "no values to draw"
    # Written as Vega-Lite itself: building it with altair costs 2 s for three charts.
    line = {
        "width": 480, "height": 90, "mark": {"type": "line", "strokeWidth": 1},
        "encoding": {"x": {"field": "day", "type": "temporal", "title": None}, "y": {"field": "value", "type": "quantitative", "title": None}},
    }  # fmt: skip
    spec = {
        "data": {"values": points}, "facet": {"row": {"field": "measure", "title": None}}, "spec": line,
        "resolve": {"scale": {"y": "independent"}},
    }  # fmt: skip
    png = vl_convert.vegalite_to_png(json.dumps(spec), scale=1)
    return f"![{thesis.chart.title.en}](data:image/png;base64,{base64.b64encode(png).decode()})"
