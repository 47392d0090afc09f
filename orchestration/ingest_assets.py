"""The step `ingest`: one optional asset per dataset, one required asset per domain. Does not belong here: fetching (`ingest`)."""

from collections.abc import Iterator
from datetime import timedelta

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    ResourceParam,
    RetryPolicy,
    multi_asset,
)

from ingest import registry
from ingest.model import Dataset, FetchOutcome
from lowtide.run import Session
from orchestration import steps

Result = MaterializeResult[None] | AssetCheckResult
DATASETS = registry.load().datasets
DOMAINS = list(dict.fromkeys(d.domain for d in DATASETS.values()))


def dataset_key(dataset: Dataset) -> AssetKey:
    return AssetKey(["raw", dataset.domain, dataset.id])


def dataset_spec(dataset: Dataset) -> AssetSpec:
    """Late when not checked for as long as its newest observation may stand in for a newer one."""
    fail = timedelta(days=dataset.carry_days)
    return AssetSpec(
        dataset_key(dataset), skippable=True, group_name=dataset.domain, kinds={"python", "parquet"}, owners=["team:lowtide"],
        description=f"{dataset.title}. Change log of {len(dataset.series)} series ({dataset.frequency}): {', '.join(s.title for s in dataset.series)}.",
        tags={"provider": dataset.provider, "frequency": dataset.frequency, "licence": dataset.licence.tier},
        metadata={
            "series": [s.id for s in dataset.series], "calendar": dataset.calendar, "revises": dataset.revises,
            "publication": f"{dataset.publication.reason}", "citation": dataset.licence.citation, "unofficial": dataset.unofficial,
        },
        freshness_policy=FreshnessPolicy.time_window(fail_window=fail, warn_window=fail * 0.8),
    )  # fmt: skip


def domain_spec(domain: str) -> AssetSpec:
    return AssetSpec(
        ["raw", domain], deps=[dataset_key(d) for d in DATASETS.values() if d.domain == domain], group_name=domain,
        kinds={"python", "parquet"}, owners=["team:lowtide"],
        description=f"All change logs of domain {domain}. Present after every ingest: a failed source adds nothing and stops nothing.",
    )  # fmt: skip


def results(dataset: Dataset, outcome: FetchOutcome) -> Iterator[Result]:
    """A dataset that was checked is materialized, a failed one is not; both have an answer to the check `fetch`."""
    if outcome.outcome == "not_due":
        return
    told = {
        "outcome": outcome.outcome, "rows_added": outcome.rows_added, "rows_revised": outcome.rows_revised,
        "rows_quarantined": outcome.rows_quarantined, "rows_after_clock": outcome.rows_after_clock, "bytes": outcome.bytes,
        "requests": outcome.requests, "seconds": round(outcome.seconds, 3), "newest_observation": str(outcome.newest or "none"),
        "quarantine_example": outcome.quarantine_example or "none",
    }  # fmt: skip
    passed = outcome.outcome in ("ok", "unchanged")
    if passed:
        yield MaterializeResult(dataset_key(dataset), metadata=told)
    yield AssetCheckResult(
        asset_key=dataset_key(dataset), check_name="fetch", passed=passed,
        severity=AssetCheckSeverity.WARN if outcome.outcome == "not_configured" else AssetCheckSeverity.ERROR,
        metadata={"error_type": outcome.error_type or "none", "error_message": outcome.error_message or "none"},
    )  # fmt: skip


@multi_asset(
    name="ingest",
    specs=[*(dataset_spec(d) for d in DATASETS.values()), *(domain_spec(d) for d in DOMAINS)],
    check_specs=[AssetCheckSpec("fetch", asset=dataset_key(d), description="The source answered with usable data.") for d in DATASETS.values()],
    can_subset=True,
    # A scheduled run waits out an outage of the whole network; a run by hand says so at once (see `steps.ingest`).
    retry_policy=RetryPolicy(max_retries=2, delay=600),
)
def ingest(context: AssetExecutionContext, run: ResourceParam[Session]) -> Iterator[Result]:
    """Fetch what is due, land it, append what is new."""
    asked = {key.path[2] for key in context.selected_asset_keys if len(key.path) == 3}
    warm = "candidate" in {key.path[-1] for key in context.job_def.asset_layer.executable_asset_keys}
    with steps.clear_errors(run):
        outcomes = steps.ingest(run, asked, warm_up=warm)
    again = steps.nothing_answered(outcomes) and "dagster/schedule_name" in context.run_tags
    if warm and not again:
        steps.begin_build(run)
    for outcome in outcomes:
        yield from results(DATASETS[outcome.dataset_id], outcome)
    if again:
        raise Failure("no upstream answered; trying again", allow_retries=True)
    for domain in DOMAINS:
        if AssetKey(["raw", domain]) in context.selected_asset_keys:
            yield MaterializeResult(["raw", domain], metadata=steps.domain_summary(outcomes, domain))
