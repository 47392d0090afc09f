"""The Dagster instance below LOWTIDE_HOME/dagster: its dagster.yaml is written on first use, then left alone."""

from __future__ import annotations

import os
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from lowtide.errors import HomeUnusable
from lowtide.home import lowtide_home

PROCESS_TAG = "lowtide/process"  # of a run in the command line's own process

TEMPLATE = """\
# Written by lowtide on first use; yours to edit, it is not written again.
telemetry:
  enabled: false
nux:
  enabled: false
# One run at a time: an origin has one owner anyway (its lock), and two builds at once only slow each other down.
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  max_runtime_seconds: 7200
# The stock SQLite files with connections kept open: 5.0 s -> 1.9 s per run. Delete this block to use Dagster's own class.
event_log_storage:
  module: orchestration.event_log
  class: PooledEventLog
  config:
    base_dir: {home}/history/runs
python_logs:
  managed_python_loggers: [lowtide]
  python_log_level: INFO
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      failure: 30
      success: 90
"""


def dagster_home() -> Path:
    """LOWTIDE_HOME/dagster with its dagster.yaml; sets DAGSTER_HOME for this process and its children."""
    home = lowtide_home() / "dagster"
    try:
        home.mkdir(parents=True, exist_ok=True)
        path = home / "dagster.yaml"
        if not path.exists():
            path.write_text(TEMPLATE.format(home=home), encoding="utf-8")
    except OSError as error:
        raise HomeUnusable(f"cannot use {home}: {error.strerror or error}") from error
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")  # a run's planned assets and checks are one batch: 600 events in half of the time
    return home


def open_instance() -> DagsterInstance:
    """The persistent instance, the same that `lowtide ui` shows; runs whose process died are closed."""
    instance = DagsterInstance.from_config(str(dagster_home()))
    _close_dead_runs(instance)
    return instance


def _close_dead_runs(instance: DagsterInstance) -> None:
    """A killed `lowtide run` cannot say so itself, and as the one run under way it would hold back the queue."""
    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])):
        process = run.tags.get(PROCESS_TAG)
        if process and not _alive(int(process)):
            instance.report_run_failed(run, f"process {process} is gone: it was killed")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
