"""When runs start: every NYSE session at 18:30 New York, and once after downtime. Does not belong here: what a run does."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dagster import (
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
    SkipReason,
    schedule,
    sensor,
)

from ingest.calendars import is_session
from lowtide.clock import Clock
from lowtide.errors import LowtideError
from lowtide.home import Home
from lowtide.run import last_origin, mart_day
from orchestration.jobs import daily
from orchestration.resources import scheduled_origin

NEW_YORK = ZoneInfo("America/New_York")
# After the curves (18:00) and the mart day's cut-off (22:00 UTC = 17:00 or 18:00 New York); DTS is a day late anyway.
CRON = "30 18 * * *"
LATE = timedelta(hours=1)
ACTIVE = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]


@schedule(job=daily, cron_schedule=CRON, execution_timezone=str(NEW_YORK), default_status=DefaultScheduleStatus.RUNNING)
def daily_schedule(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    """One run per NYSE session. A tick missed in downtime is left to `catch_up`, which makes one run of them all."""
    tick = context.scheduled_execution_time.astimezone(NEW_YORK)
    if not is_session("nyse", tick.date()):
        return SkipReason(f"{tick.date()} is not an NYSE session")
    if Clock().now() - tick > LATE:
        return SkipReason(f"the tick of {tick:%Y-%m-%d %H:%M} was missed; catch_up runs once for all missed days")
    return RunRequest(run_key=tick.date().isoformat())


def published_day(home: Home) -> date | None:
    """The mart day of the published build, None where nothing is published."""
    path = home.current / "manifest.json"
    if not path.is_file():
        return None
    return mart_day(datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["as_of"]))


def due_day(now: datetime) -> date:
    """The newest session whose scheduled run should have finished by `now`."""
    day = now.astimezone(NEW_YORK).date()
    while not is_session("nyse", day) or datetime(day.year, day.month, day.day, 18, 30, tzinfo=NEW_YORK) + LATE > now:
        day -= timedelta(days=1)
    return day


@sensor(job=daily, minimum_interval_seconds=300, default_status=DefaultSensorStatus.RUNNING)
def catch_up(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """After downtime: one run when the published build is behind the last session that was due."""
    try:
        origin = scheduled_origin() or last_origin()
    except LowtideError:
        return SkipReason("nothing published yet: `lowtide run` or the next scheduled run makes the first build")
    if origin == "replay":
        return SkipReason("a replay stands still: there is nothing to catch up with")
    held, due = published_day(Home.of(origin)), due_day(Clock().now())
    if held is None:
        return SkipReason("nothing published yet: `lowtide run` or the next scheduled run makes the first build")
    if held >= due:
        return SkipReason(f"the published build knows {held}, {due} was due")
    if context.instance.get_runs(RunsFilter(job_name="daily", statuses=ACTIVE), limit=1):
        return SkipReason("a run is under way")
    # The key makes it one try per due session: a failing upstream must not start a run every five minutes.
    return RunRequest(run_key=f"catch-up-{due}", run_config={"resources": {"run": {"config": {"origin": origin}}}})
