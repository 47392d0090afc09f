"""dbt's manifest.json as asset specs: keys, lineage, descriptions, columns, tests.

Read directly (30 ms): importing dagster_dbt pulls in dbt and costs 1.9 s at every load. Built ahead by `make setup`.
Does not belong here: running dbt (`dbt_build`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from dagster import AssetCheckSpec, AssetKey, AssetSpec, TableColumn, TableColumnConstraints, TableSchema

from ingest import registry
from lowtide.errors import LowtideError

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
PUBLISHED_SCHEMAS = ("marts", "scorecard", "meta")
Node = dict[str, Any]


@cache
def load(path: Path = PROJECT / "target" / "manifest.json") -> Node:
    """The parsed manifest. Raises LowtideError, saying how to build it, when it is missing or damaged."""
    try:
        content: Node = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LowtideError(f"{path} is missing: run `make setup` (it runs dbt parse)") from None
    except ValueError as error:
        raise LowtideError(f"{path} is damaged ({error}): run `make setup`") from error
    return content


def key(node: Node) -> AssetKey:
    """`<schema>/<table>` of a model or seed."""
    return AssetKey([node["schema"], node.get("alias") or node["name"]])


def table(node: Node) -> str:
    return f"{node['schema']}.{node.get('alias') or node['name']}"


def built(manifest: Node) -> dict[str, Node]:
    """Models and seeds by unique id."""
    return {i: n for i, n in manifest["nodes"].items() if n["resource_type"] in ("model", "seed")}


def tests(manifest: Node) -> dict[str, tuple[Node, Node]]:
    """Data tests by unique id, each with the node it is shown on: the one it is attached to, else its first parent."""
    nodes, found = built(manifest), {}
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "test":
            continue
        parents = [node.get("attached_node"), *node["depends_on"]["nodes"]]
        home = next((nodes[p] for p in parents if p in nodes), None)
        if home is not None:
            found[unique_id] = (node, home)
    return found


def published_below(manifest: Node, unique_id: str) -> tuple[str, ...]:
    """The published tables that a node speaks for: itself, or all that are built from it."""
    node = manifest["nodes"].get(unique_id)
    if node is not None and node["resource_type"] == "model" and node["schema"] in PUBLISHED_SCHEMAS:
        return (table(node),)
    if node is not None and node["resource_type"] == "test":
        parents = [node["attached_node"]] if node.get("attached_node") else node["depends_on"]["nodes"]
        return tuple(sorted({t for p in parents for t in published_below(manifest, p)}))
    children = manifest["child_map"].get(unique_id, [])
    return tuple(sorted({t for c in children if not c.startswith(("test.", "unit_test.")) for t in published_below(manifest, c)}))


def _deps(manifest: Node, node: Node) -> list[AssetKey]:
    """Parents as asset keys; a raw source is the change logs of its domain, or of all."""
    domains = sorted({d.domain for d in registry.load().datasets.values()})
    keys: list[AssetKey] = []
    for parent in node.get("depends_on", {}).get("nodes", []):
        if parent in manifest["sources"]:
            name = manifest["sources"][parent]["name"].removesuffix("_observations")
            keys += [AssetKey(["raw", d]) for d in ([name] if name in domains else domains)]
        else:
            keys.append(key(manifest["nodes"][parent]))
    return list(dict.fromkeys(keys))


def _group(node: Node) -> str:
    """Domain of a staging model, thesis group of a mart, else the schema."""
    return str(node["fqn"][2] if node["schema"] in ("staging", "marts") and len(node["fqn"]) > 3 else node["schema"])


def column_schema(columns: dict[str, Any]) -> TableSchema:
    """Columns as the dbt contract declares them."""
    def nullable(column: Node) -> bool:
        return not any(c.get("type") == "not_null" for c in column.get("constraints") or [])

    return TableSchema([
        TableColumn(c["name"], str(c.get("data_type") or "unknown"), " ".join((c.get("description") or "").split()) or None,
                    constraints=TableColumnConstraints(nullable=nullable(c)))
        for c in columns.values()
    ])  # fmt: skip


def specs(manifest: Node) -> list[AssetSpec]:
    """One optional asset per model and seed: a model that failed is not materialized."""
    return [
        AssetSpec(
            key(node), deps=_deps(manifest, node), skippable=True, group_name=_group(node), kinds={"dbt", "duckdb"},
            owners=["team:lowtide"], description=" ".join((node.get("description") or "").split()) or None,
            tags={"dbt_resource": node["resource_type"], "materialized": str(node["config"]["materialized"])},
            metadata={"dagster/column_schema": column_schema(node["columns"]), "dbt_file": node["original_file_path"]},
        )
        for node in built(manifest).values()
    ]  # fmt: skip


def check_specs(manifest: Node) -> list[AssetCheckSpec]:
    """One check per data test; not blocking: the gate decides."""
    return [
        AssetCheckSpec(test["name"], asset=key(home), description=" ".join((test.get("description") or "").split()) or None)
        for test, home in tests(manifest).values()
    ]
