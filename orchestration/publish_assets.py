"""The step `publish`: gate and publish in one, so that no way of running it gets around the gate.

Each published table is an optional asset with the blocking check `gate`. A failing blocking check fails the step after all
its results are recorded (measured on 1.13.27): passing theses are published and the run still ends as failed.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    multi_asset,
)

from lowtide.errors import LowtideError
from lowtide.run import Session
from lowtide.theses import load_theses
from orchestration import manifest as manifests
from orchestration import mirror_assets, steps

if TYPE_CHECKING:
    from expectations.model import GateReport
    from publish import PublishReport

Result = MaterializeResult[None] | AssetCheckResult
TABLES = {manifests.table(n): n for n in manifests.built(manifests.load()).values() if n["schema"] in manifests.PUBLISHED_SCHEMAS}
OWN = {"meta.gate_results": "Every check of the gate and what it saw.", "meta.build": "One row: the published build."}
# The longest closure of the exchange between two sessions is four days.
FRESH = FreshnessPolicy.time_window(fail_window=timedelta(days=5), warn_window=timedelta(days=4))


def key(table: str) -> AssetKey:
    return AssetKey(["published", *table.split(".")])


def spec(table: str) -> AssetSpec:
    node = TABLES.get(table)
    theses = [t.id for t in load_theses().values() if table in t.tables]
    description = OWN.get(table) or " ".join((node or {}).get("description", "").split()) or None
    metadata: dict[str, Any] = {"theses": theses}
    if node is not None:
        metadata |= {"candidate_table": MetadataValue.asset(manifests.key(node)), "dagster/column_schema": manifests.column_schema(node["columns"])}
    return AssetSpec(
        key(table), deps=["candidate"], skippable=True, group_name="publish", kinds={"duckdb", "parquet"}, owners=["team:lowtide"],
        description=description, metadata=metadata, freshness_policy=FRESH, tags=dict.fromkeys(theses, ""),
    )  # fmt: skip


def results(gate: "GateReport", report: "PublishReport") -> Iterator[Result]:
    """Published tables are materialized; each table's blocking check fails with the reason when it or a thesis on it was blocked."""
    for table in [*TABLES, *OWN]:
        reason = _blocked(table, gate, report)
        yield AssetCheckResult(asset_key=key(table), check_name="gate", passed=reason is None, metadata={"reason": reason or "none"})
        if report.path is not None and table in report.published_tables:
            yield MaterializeResult(key(table), metadata={
                "build_id": report.build_id, "path": MetadataValue.path(str(report.path)), "outcome": "published",
                "checks": sum(r.table_name == table for r in gate.results), "stale_theses": sorted(report.stale_theses),
            })  # fmt: skip


def _blocked(table: str, gate: "GateReport", report: "PublishReport") -> str | None:
    if report.path is None:
        return report.reason
    if table in report.carried_tables:
        return "carried over from build {}: {}".format(*report.carried_tables[table])
    if table in report.left_out_tables:
        return report.left_out_tables[table]
    if table.startswith("scorecard.") and gate.failed_theses:
        return "; ".join(f"{thesis}: {reason}" for thesis, reason in gate.failed_theses.items())
    return None


@multi_asset(
    name="publish",
    specs=[spec(t) for t in [*TABLES, *OWN]] + mirror_assets.specs(FRESH),
    check_specs=[AssetCheckSpec("gate", asset=key(t), blocking=True, description="dbt tests and expectations of the theses on this table.") for t in [*TABLES, *OWN]],
)
def publish(context: AssetExecutionContext, run: ResourceParam[Session]) -> Iterator[Result]:
    """Judge the candidate and publish what passed."""
    with steps.clear_errors(run):
        done = steps.publish(run)
    copied, failed = mirror_assets.mirror(run)
    yield from mirror_assets.results(copied)
    if done is not None:
        yield from results(*done)
    else:
        for table in [*TABLES, *OWN]:
            yield AssetCheckResult(asset_key=key(table), check_name="gate", passed=True, metadata={"reason": "unchanged"})
            yield MaterializeResult(key(table), metadata={"outcome": "unchanged", "build_id": run.report.build_id or "none"})
    if failed:
        with steps.clear_errors(run):
            raise LowtideError("; ".join(failed))
