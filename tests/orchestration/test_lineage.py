"""Inputs of published tables from the SQL that dbt ran: nothing that is read is missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations.model import TableMeta
from orchestration import manifest
from orchestration.lineage import Graph, complete, named
from tests.expectations.synthetic import THESES

QUANTITIES = ("sofr_pct", "iorb_pct", "btc_close_usd", "eth_close_usd", "gold_pm_usd_oz")


@pytest.mark.parametrize(("sql", "found"), [
    ("where quantity in ('sofr_pct', 'iorb_pct') -- and not 'gold_pm_usd_oz'", {"sofr_pct", "iorb_pct"}),
    ("/* it's 'gold_pm_usd_oz' */ where quantity = 'sofr_pct'", {"sofr_pct"}),
    (r"where quantity like '%\_close\_usd' escape '\'", {"btc_close_usd", "eth_close_usd"}),
    ("where quantity not like '%usd%'", set()), ("select 'sofr_pct, iorb_pct'", set()), ("where quantity like '%_oz'", {"gold_pm_usd_oz"}),
])  # fmt: skip
def test_names_and_patterns_in_sql(sql: str, found: set[str]) -> None:
    assert named(sql, QUANTITIES) == found


def _model(name: str, sql: str, *parents: str, schema: str = "intermediate") -> dict[str, Any]:
    return {f"model.{name}": {"resource_type": "model", "schema": schema, "name": name, "raw_code": sql, "original_file_path": f"models/{name}.sql",
                              "depends_on": {"nodes": [p if "." in p else f"model.{p}" for p in parents]}}}  # fmt: skip


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    nodes = (
        _model("stg", "select *", "source.raw", schema="staging") | _model("log", "select *", "stg", "seed.series")
        | _model("until", "select quantity", "log") | _model("days", "select 'gold_pm_usd_oz'", "seed.holidays")
        | _model("stress", "quantity in ({{ asked }})", "log", "days") | _model("mart", "where label = 'btc_close_usd'", "stress", "days", schema="marts")
        | _model("all", "select * from log", "log", schema="marts") | _model("relayed", "quantity = 'eth_close_usd'", "until", schema="marts")
    )  # fmt: skip
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "stress.sql").write_text("quantity in ('sofr_pct')")
    return Graph({"nodes": nodes}, tmp_path, QUANTITIES)


def test_what_a_model_reads_is_in_the_compiled_sql_of_the_readers_of_the_log(graph: Graph) -> None:
    assert graph.inputs("model.mart") == {"sofr_pct"}  # words elsewhere are no inputs
    assert graph.inputs("model.all") == set(QUANTITIES)  # it names none: it may read any
    assert graph.inputs("model.relayed") == {"eth_close_usd"}
    assert graph.above("model.mart") == ["model.mart", "model.stress", "model.days", "model.log", "model.stg"]


def test_the_project_itself_is_read(tmp_path: Path) -> None:
    pd.DataFrame({"quantity": ["sofr_pct", "gold_pm_usd_oz", "tga_usd_mn"], "theses": ["t1_2", "t4_5", None]}).to_parquet(tmp_path / "meta.series.parquet")
    tables = [TableMeta("marts", "gold_drawdown", ("as_of_date",)), TableMeta("meta", "series", ("series_id",))]
    gold, series = complete(tables, manifest.load(), compiled=None, series=tmp_path, theses=THESES)
    assert gold.inputs == ("gold_pm_usd_oz",) and gold.lineage[0] == "marts.gold_drawdown" and series.inputs == ()
    assert {"intermediate.int_quantity_versions", "staging.stg_gold__observations"} <= set(gold.lineage)
    assert complete(tables, manifest.load(), compiled=None, series=tmp_path / "nowhere", theses=THESES) == tables
