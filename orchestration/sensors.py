"""Telling people: failed runs and blocked theses go to LOWTIDE_WEBHOOK (any apprise URL) when it is set.

The URL holds a secret: it is never logged, nor is apprise's own output. Does not belong here: deciding what failed.
"""

import logging
import os

from dagster import DagsterEventType, DefaultSensorStatus, RunFailureSensorContext, SkipReason, run_failure_sensor

from orchestration.jobs import asof_backfill, daily


def notify(title: str, body: str) -> bool | None:
    """Send to LOWTIDE_WEBHOOK; None when it is not set, False when it could not be delivered. Never raises, never shows the URL."""
    url = os.environ.get("LOWTIDE_WEBHOOK")
    if not url:
        return None
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs URLs
    target = apprise.Apprise()
    return bool(target.add(url)) and bool(target.notify(title=title, body=body))


def blocked_tables(context: RunFailureSensorContext) -> dict[str, str]:
    """Published table -> reason, for the gate checks that failed in the run."""
    found: dict[str, str] = {}
    for record in context.instance.get_records_for_run(context.dagster_run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION).records:
        event = record.event_log_entry.get_dagster_event()
        evaluation = event.asset_check_evaluation_data
        if evaluation.check_name == "gate" and not evaluation.passed:
            found[".".join(evaluation.asset_key.path[1:])] = str(evaluation.metadata["reason"].value)
    return found


def _send(title: str, body: str) -> SkipReason | None:
    sent = notify(title, body)
    if sent is None:
        return SkipReason("LOWTIDE_WEBHOOK is not set")
    if not sent:
        raise RuntimeError("the message could not be delivered to LOWTIDE_WEBHOOK")
    return None


@run_failure_sensor(monitored_jobs=[daily, asof_backfill], default_status=DefaultSensorStatus.RUNNING, minimum_interval_seconds=60)
def run_failed(context: RunFailureSensorContext) -> SkipReason | None:
    """A run that broke (the gate's refusals have their own message)."""
    if blocked_tables(context):
        return SkipReason("the gate's doing: see gate_blocked")
    return _send("Lowtide: run failed", f"{context.dagster_run.job_name} {context.dagster_run.run_id}: {context.failure_event.message}")


@run_failure_sensor(monitored_jobs=[daily], default_status=DefaultSensorStatus.RUNNING, minimum_interval_seconds=60)
def gate_blocked(context: RunFailureSensorContext) -> SkipReason | None:
    """Theses that the gate held back, with the first reason of each table."""
    blocked = blocked_tables(context)
    if not blocked:
        return SkipReason("nothing was blocked by the gate")
    return _send("Lowtide: blocked by the gate", "\n".join(f"{table}: {reason}" for table, reason in blocked.items()))
