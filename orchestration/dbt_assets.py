"""The step `dbt`: one optional asset per model and seed, one check per dbt test, and the required asset `candidate`.

Publishing depends on `candidate` alone: Dagster skips a step whose input was not produced, so depending on the marts
themselves would let one failing model hold back every thesis (measured on 1.13.27).
"""

from collections.abc import Iterator
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetSpec,
    MaterializeResult,
    ResourceParam,
    multi_asset,
)

from lowtide.run import Session
from orchestration import manifest as manifests
from orchestration import metadata, steps
from orchestration.candidate import Candidate

Result = MaterializeResult[None] | AssetCheckResult
MANIFEST = manifests.load()
NODES, TESTS = manifests.built(MANIFEST), manifests.tests(MANIFEST)


def results(candidate: Candidate, session: Session) -> Iterator[Result]:
    """Good models with what is in them, tests with what they saw; failed models are left out."""
    from orchestration.dbt_build import connect

    with connect(session.home) as connection:
        for result in candidate.results:
            unique_id, good = result["unique_id"], result["status"] in ("success", "pass")
            if unique_id in NODES and good:
                node = NODES[unique_id]
                facts: dict[str, Any] = {"seconds": result["seconds"], "build_id": candidate.build_id, "as_of": candidate.as_of}
                yield MaterializeResult(manifests.key(node), metadata={**facts, **metadata.of_table(connection, node)})
            elif unique_id in TESTS:
                test, home = TESTS[unique_id]
                yield AssetCheckResult(
                    asset_key=manifests.key(home), check_name=test["name"], passed=good,
                    severity=AssetCheckSeverity.WARN if result["warn_only"] else AssetCheckSeverity.ERROR,
                    metadata={"status": result["status"], "message": result["message"] or "none", "seconds": result["seconds"]},
                )  # fmt: skip


@multi_asset(
    name="dbt",
    specs=[
        *manifests.specs(MANIFEST),
        AssetSpec(
            "candidate", deps=[manifests.key(n) for n in NODES.values() if n["schema"] in manifests.PUBLISHED_SCHEMAS],
            group_name="publish", kinds={"duckdb"}, owners=["team:lowtide"],
            description="The private build file with everything dbt could build, before the gate. Readers never open it.",
        ),
    ],
    check_specs=manifests.check_specs(MANIFEST),
    can_subset=True,
)  # fmt: skip
def dbt(context: AssetExecutionContext, run: ResourceParam[Session]) -> Iterator[Result]:
    """Build everything in a private file. The whole graph, whatever is selected: 30 small tables, and a half is no candidate."""
    with steps.clear_errors(run):
        candidate = steps.build(run)
    if candidate is None:
        yield MaterializeResult("candidate", metadata={"outcome": "unchanged", "published_build": run.report.build_id or "none"})
        return
    selected = context.selected_asset_keys | {key.asset_key for key in context.selected_asset_check_keys}
    for result in results(candidate, run):
        if result.asset_key in selected:
            yield result
    bad = sum(r["status"] not in ("success", "pass") for r in candidate.results)
    yield MaterializeResult("candidate", metadata={"outcome": "built", "build_id": candidate.build_id, "nodes": len(candidate.results), "nodes_not_good": bad})
