"""The asset graph: derived from registry, manifest and theses, nothing missing, nothing wired by hand."""

from __future__ import annotations

from dagster import AssetCheckKey, AssetKey

from ingest import registry
from lowtide.theses import load_theses
from orchestration import manifest as manifests
from orchestration.definitions import defs
from orchestration.publish_assets import OWN, TABLES, key

GRAPH = defs.resolve_asset_graph()


def test_every_dataset_is_an_optional_asset_with_a_fetch_check_below_its_domain() -> None:
    for dataset in registry.load().datasets.values():
        asset = AssetKey(["raw", dataset.domain, dataset.id])
        node = GRAPH.get(asset)
        assert node.group_name == dataset.domain and node.description and node.freshness_policy is not None
        assert AssetCheckKey(asset, "fetch") in GRAPH.asset_check_keys
        assert asset in GRAPH.get(AssetKey(["raw", dataset.domain])).parent_keys


def test_staging_stands_on_its_domain_and_marts_in_their_thesis_group() -> None:
    for domain in {d.domain for d in registry.load().datasets.values()}:
        assert GRAPH.get(AssetKey(["staging", f"stg_{domain}__observations"])).parent_keys == {AssetKey(["raw", domain])}
    for thesis in load_theses().values():
        for table in thesis.tables:
            assert GRAPH.get(AssetKey(table.split("."))).group_name == thesis.group


def test_every_published_table_has_a_blocking_gate_and_hangs_on_the_candidate() -> None:
    assert {"marts.funding_stress", "scorecard.verdicts", "meta.series", "meta.build"} <= set(TABLES) | set(OWN)
    for table in [*TABLES, *OWN]:
        assert GRAPH.get(AssetCheckKey(key(table), "gate")).blocking
        assert GRAPH.get(key(table)).parent_keys == {AssetKey("candidate")}
    parents = GRAPH.get(AssetKey("candidate")).parent_keys
    assert parents == {AssetKey(table.split(".")) for table in TABLES}


def test_every_data_test_of_dbt_is_a_check_that_does_not_block() -> None:
    for test, home in manifests.tests(manifests.load()).values():
        assert not GRAPH.get(AssetCheckKey(manifests.key(home), test["name"])).blocking


def test_contract_columns_show_in_the_ui() -> None:
    schema = GRAPH.get(AssetKey(["marts", "funding_stress"])).metadata["dagster/column_schema"]
    assert {"as_of_date", "funding_stress_index", "origin"} <= {column.name for column in schema.columns}


def test_daily_has_three_steps() -> None:
    assert {node.name for node in defs.resolve_job_def("daily").nodes} == {"ingest", "dbt", "publish"}


def test_a_node_speaks_for_the_tables_built_from_it() -> None:
    content = manifests.load()
    assert manifests.published_below(content, "model.lowtide.gold_drawdown") == ("marts.gold_drawdown",)
    assert "marts.funding_stress" in manifests.published_below(content, "model.lowtide.int_funding_stress_daily")
    assert "marts.gold_drawdown" not in manifests.published_below(content, "model.lowtide.int_funding_stress_daily")
