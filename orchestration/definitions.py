"""The code location. Wiring only: no network, no dbt, no great_expectations at load."""

from __future__ import annotations

from dagster import Definitions, in_process_executor

from orchestration.dbt_assets import dbt
from orchestration.ingest_assets import ingest
from orchestration.jobs import asof_backfill, daily
from orchestration.publish_assets import publish
from orchestration.resources import LowtideRun
from orchestration.schedules import catch_up, daily_schedule
from orchestration.sensors import gate_blocked, run_failed

defs = Definitions(
    assets=[ingest, dbt, publish],
    jobs=[daily, asof_backfill],
    schedules=[daily_schedule],
    sensors=[catch_up, run_failed, gate_blocked],
    resources={"run": LowtideRun()},
    # One process per run: a process per step pays its imports (3 to 5 s) again, and the steps share one open session.
    executor=in_process_executor,
)
