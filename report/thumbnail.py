"""A table's chart as a PNG: the same drawing as on its page, for Dagster's metadata.

Belongs here: rendering without a browser. Does not belong here: which chart stands for a table (`charts`).
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from report import figures, theme
from report.charts import chart_of_table
from report.licences import Policy
from report.source import Source
from report.words import Words

WIDTH, MOST_ROWS = 520, 300


def has_chart(table: str) -> bool:
    """A chart draws this table."""
    return chart_of_table(table) is not None


def _few(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every n-th row and the last: drawing takes time by rows, and an image of 520 pixels shows no more."""
    step = max(1, len(rows) // MOST_ROWS)
    return [*rows[:-1:step], *rows[-1:]]


def png(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, bytes] | None:
    """Title and image of the table's chart from any connection that holds it; None where it has none or nothing to draw."""
    chart = chart_of_table(table)
    if chart is None:
        return None
    import vl_convert

    theme.register()
    source = Source(connection, {"tables": {}, "theses": {}, "left_out": {}})
    figure = figures.make(chart, source, Policy(source), source.theses.get(chart.theses[0]))
    if figure.spec is None or figure.drawn is None:
        return None
    words = Words("en")
    spec = {**words.spec(figure.spec), "width": WIDTH}
    spec["datasets"] = {**spec.get("datasets", {}), "rows": _few(figures.rows(figure.drawn))}
    return figure.title(words), vl_convert.vegalite_to_png(json.dumps(spec, default=str), scale=1)
