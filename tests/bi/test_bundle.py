"""The Superset bundle, against a published build and without Superset."""

from __future__ import annotations

from pathlib import Path

import yaml

from bi.bundle import bundle
from lowtide.home import Home
from tests.expectations.synthetic import ORIGIN
from tests.publish.test_publish import run


def test_everything_published_is_described_and_every_reference_leads_somewhere(tmp_path: Path) -> None:
    home = Home.of(ORIGIN, tmp_path).prepare()
    run(home, "b1")
    files = bundle("duckdb:////x/lowtide.duckdb", home.current / "lowtide.duckdb")
    kinds = {kind: {p: c for p, c in files.items() if p.startswith(kind)} for kind in ("databases", "datasets", "charts", "dashboards")}
    database = kinds["databases"]["databases/lowtide.yaml"]
    assert database["extra"]["engine_params"]["connect_args"] == {"read_only": True}
    sets = {c["uuid"]: c for c in kinds["datasets"].values()}
    assert {c["database_uuid"] for c in sets.values()} == {database["uuid"]} and len(sets) == len(kinds["datasets"])
    assert {"funding_stress", "verdicts", "newest_verdicts", "gate_results"} <= {c["table_name"] for c in sets.values()}
    for chart in kinds["charts"].values():
        columns = {c["column_name"] for c in sets[chart["dataset_uuid"]]["columns"]}
        params = chart["params"]
        assert not [c for c in (*params.get("all_columns", []), *params.get("groupby", [])) if c not in columns] or chart["slice_name"] == "Series that did not arrive"
    board = kinds["dashboards"]["dashboards/lowtide.yaml"]
    shown = {p["meta"]["uuid"] for p in board["position"].values() if isinstance(p, dict) and p.get("type") == "CHART"}
    assert shown == {c["uuid"] for c in kinds["charts"].values()}
    assert all(sum(board["position"][c]["meta"]["width"] for c in row["children"]) <= 12 for row in board["position"].values() if isinstance(row, dict) and row.get("type") == "ROW")


def test_two_databases_do_not_share_ids_and_a_second_bundle_is_the_same(tmp_path: Path) -> None:
    home = Home.of(ORIGIN, tmp_path).prepare()
    run(home, "b1")
    warehouse = home.current / "lowtide.duckdb"
    one, same, other = bundle("duckdb:////x", warehouse), bundle("duckdb:////x", warehouse), bundle("postgresql+psycopg2://h/d", warehouse)
    assert yaml.safe_dump(one) == yaml.safe_dump(same)
    ids = [{c["uuid"] for c in files.values() if "uuid" in c} for files in (one, other)]
    assert not ids[0] & ids[1]
