"""Ask a running Superset for the data of every chart, and for the descriptions of every column: `python -m bi.ask http://127.0.0.1:8088`.

Exits with 1 when a chart fails or a described column came in without its description.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx


def query(chart: dict[str, Any]) -> dict[str, Any]:
    """What the chart asks for, as the browser would put it (columns or metrics over groups, filters, rows)."""
    form = json.loads(chart["params"])
    where = " and ".join(f"({f['sqlExpression']})" for f in form.get("adhoc_filters", []))
    columns = form.get("all_columns") or [*form.get("groupby", []), *([form["x_axis"]] if "x_axis" in form else [])]
    asked = {"columns": columns, "row_limit": form.get("row_limit", 100), "extras": {"where": where}}
    return asked if form.get("query_mode") == "raw" else {**asked, "metrics": form.get("metrics", [])}


def main() -> None:
    problems, rows, described = [], 0, 0
    with httpx.Client(base_url=sys.argv[1], timeout=120) as client:
        charts = client.get("/api/v1/chart/?q=(page_size:100)").json()["result"]
        for chart in charts:
            source = {"id": chart["datasource_id"], "type": "table"}
            answer = client.post("/api/v1/chart/data", json={"datasource": source, "queries": [query(chart)], "result_format": "json", "result_type": "full"})
            found = answer.json().get("result", [{"error": answer.text[:300]}])[0]
            if found.get("error") or answer.status_code != 200:
                problems.append(f"{chart['slice_name']}: {found.get('error')}")
            else:
                rows += found["rowcount"]
        sets = client.get("/api/v1/dataset/?q=(page_size:100)").json()["result"]
        for one in sets:
            columns = client.get(f"/api/v1/dataset/{one['id']}").json()["result"]["columns"]
            described += sum(bool(c["description"]) for c in columns)
            if one["schema"] in ("marts", "scorecard") and not all(c["description"] for c in columns):
                problems.append(f"{one['table_name']}: columns without description")
    print(f"{len(charts)} charts returned {rows} rows; {len(sets)} datasets, {described} columns with a description")
    if problems or not charts:
        raise SystemExit("\n".join(problems) or "no charts")


if __name__ == "__main__":
    main()
