"""Write a bundle that Superset imports: `python -m bi.bundle --database URI --to bundle.zip`.

Belongs here: turning the published catalogue into dataset YAML (every table and column with its description and unit), and
putting the charts and dashboards of bi/superset/ beside it. Does not belong here: what a chart shows (bi/superset/charts).
Charts name their dataset ("scorecard.legs"); ids follow from names and the database, so that importing again replaces, and a
DuckDB and a PostgreSQL bundle can live in one Superset. A chart whose table is not published yet is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import duckdb
import yaml

HERE = Path(__file__).parent / "superset"
TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
ROW = {"children": [], "meta": {"background": "BACKGROUND_TRANSPARENT"}, "type": "ROW"}


def ident(database: str, kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"lowtide/{database}/{kind}/{name}"))


def tables(warehouse: Path) -> dict[str, dict[str, Any]]:
    """Table -> {"comment", "columns": {name: (type, comment)}} of a published DuckDB file."""
    found: dict[str, dict[str, Any]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for schema, name, comment in connection.execute("select schema_name, table_name, comment from duckdb_tables() order by 1, 2").fetchall():
            found[f"{schema}.{name}"] = {"comment": comment, "columns": {}}
        for schema, name, column, kind, comment in connection.execute(
            "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal order by column_index"
        ).fetchall():
            found[f"{schema}.{name}"]["columns"][column] = (kind, comment)
    return found


def dataset(database: str, name: str, described: dict[str, Any], sql: str | None = None) -> dict[str, Any]:
    """A dataset in export form. Its time column is the first of as_of_date and observation_date, else the first date."""
    schema, table = name.split(".")
    columns = described["columns"]
    days = [c for c, (kind, _) in columns.items() if kind in TIMES]
    main = next((c for c in ("as_of_date", "observation_date") if c in columns), days[0] if days else None)
    return {
        "table_name": table, "schema": schema, "sql": sql, "description": described["comment"], "main_dttm_col": main,
        "uuid": ident(database, "dataset", name), "database_uuid": ident(database, "database", ""), "version": "1.0.0", "filter_select_enabled": True,
        "columns": [
            {"column_name": c, "type": kind, "is_dttm": kind in TIMES, "description": comment, "groupby": True, "filterable": True, "is_active": True}
            for c, (kind, comment) in columns.items()
        ],
        "metrics": [{"metric_name": "count", "expression": "COUNT(*)", "verbose_name": "Rows", "metric_type": "count"}],
    }  # fmt: skip


def metrics(names: list[str]) -> list[dict[str, Any]]:
    """Superset metrics for "MAX(column)"; a label after " as " is what a legend shows."""
    made = []
    for name in names:
        expression, _, label = name.partition(" as ")
        made.append({"expressionType": "SQL", "sqlExpression": expression, "label": label or expression, "hasCustomLabel": bool(label)})
    return made


def chart(database: str, name: str, told: dict[str, Any]) -> dict[str, Any]:
    """A chart in export form from its short form in bi/superset/charts."""
    params = {"viz_type": told["viz_type"], **told["params"]}
    if "metrics" in params:
        params["metrics"] = metrics(params["metrics"])
    params["adhoc_filters"] = [
        {"clause": "WHERE", "expressionType": "SQL", "sqlExpression": one, "operator": None, "subject": None, "comparator": None} for one in params.pop("where", [])
    ]
    return {
        "slice_name": told["title"], "description": told.get("description"), "viz_type": told["viz_type"], "params": params, "query_context": None,
        "dataset_uuid": ident(database, "dataset", told["dataset"]), "uuid": ident(database, "chart", name), "version": "1.0.0",
    }  # fmt: skip


def dashboard(database: str, name: str, told: dict[str, Any], charts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A dashboard in export form: rows of [chart, width of 12, height]; missing charts are left out."""
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2", "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": told["title"]}},
    }  # fmt: skip
    for number, row in enumerate(told["rows"]):
        there = [one for one in row if one[0] in charts]
        if not there:
            continue
        row_id = f"ROW-{number}"
        position["GRID_ID"]["children"].append(row_id)
        position[row_id] = {**ROW, "id": row_id, "children": [f"CHART-{c}" for c, *_ in there], "parents": ["ROOT_ID", "GRID_ID"]}
        for key, width, height in there:
            meta = {"chartId": 0, "height": height, "width": width, "sliceName": charts[key]["slice_name"], "uuid": charts[key]["uuid"]}
            position[f"CHART-{key}"] = {"id": f"CHART-{key}", "type": "CHART", "children": [], "meta": meta, "parents": ["ROOT_ID", "GRID_ID", row_id]}
    backend = "" if database == "duckdb" else f" ({database})"
    return {
        "dashboard_title": told["title"] + backend, "description": told["description"], "slug": f"{name}-{database}", "uuid": ident(database, "dashboard", name),
        "position": position, "metadata": {"color_scheme": "supersetColors", "cross_filters_enabled": True}, "version": "1.0.0", "published": True, "css": "",
    }  # fmt: skip


def bundle(uri: str, warehouse: Path) -> dict[str, dict[str, Any]]:
    """Path in the bundle -> its YAML content."""
    backend = urlsplit(uri).scheme.split("+")[0]
    known = tables(warehouse)
    connect = {"connect_args": {"read_only": True}} if backend == "duckdb" else {}
    files: dict[str, dict[str, Any]] = {
        "metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/lowtide.yaml": {
            "database_name": f"Lowtide ({backend})", "sqlalchemy_uri": uri, "uuid": ident(backend, "database", ""), "version": "1.0.0", "expose_in_sqllab": True,
            "allow_ctas": False, "allow_cvas": False, "allow_dml": False, "extra": {"engine_params": connect, "allows_virtual_table_explore": True},
        },
    }  # fmt: skip
    for name, described in known.items():
        files[f"datasets/lowtide/{name}.yaml"] = dataset(backend, name, described)
    for path in sorted((HERE / "datasets").glob("*.yaml")):
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        if told["like"] in known:
            described = {**known[told["like"]], "comment": told["description"]}
            files[f"datasets/lowtide/{path.stem}.yaml"] = dataset(backend, path.stem, described, told["sql"])
            known[path.stem] = described
    charts = {}
    for path in sorted((HERE / "charts").glob("*.yaml")):
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        if told["dataset"] in known:
            charts[path.stem] = files[f"charts/{path.stem}.yaml"] = chart(backend, path.stem, told)
        else:
            print(f"left out: {path.stem}, {told['dataset']} is not published", file=sys.stderr)
    for path in sorted((HERE / "dashboards").glob("*.yaml")):
        files[f"dashboards/{path.stem}.yaml"] = dashboard(backend, path.stem, yaml.safe_load(path.read_text(encoding="utf-8")), charts)
    return files


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bi.bundle", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="the published lowtide.duckdb: its catalogue is described")
    parser.add_argument("--database", help="SQLAlchemy URI that Superset opens, without password (default: the warehouse itself)")
    parser.add_argument("--to", type=Path, required=True, help="bundle.zip")
    asked = parser.parse_args()
    uri = asked.database or f"duckdb:///{asked.warehouse.absolute()}"
    files = bundle(uri, asked.warehouse)
    with zipfile.ZipFile(asked.to, "w", zipfile.ZIP_DEFLATED) as target:
        for path, content in files.items():
            target.writestr(f"lowtide/{path}", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    print(json.dumps({kind: sum(p.startswith(kind) for p in files) for kind in ("datasets", "charts", "dashboards")}))


if __name__ == "__main__":
    main()
