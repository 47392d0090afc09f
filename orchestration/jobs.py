"""Jobs: `daily` is the one everybody runs; `asof_backfill` rebuilds history as it was known. Does not belong here: when they run."""

from datetime import UTC, date, datetime, time, timedelta

from dagster import Config, DailyPartitionsDefinition, OpExecutionContext, ResourceParam, define_asset_job, job, op

from ingest.calendars import is_session
from lowtide.clock import CUT_OFF
from lowtide.errors import LowtideError
from lowtide.run import Session
from orchestration import steps

FIRST_AS_OF = date(2015, 1, 2)
CALENDAR_END = date(2030, 12, 31)

daily = define_asset_job("daily", description="Ingest what is due, build, judge, publish. Same as `lowtide run`.")


def _closed_days() -> list[datetime]:
    days = (FIRST_AS_OF + timedelta(days=n) for n in range((CALENDAR_END - FIRST_AS_OF).days + 1))
    return [datetime.combine(day, time(tzinfo=UTC)) for day in days if not is_session("nyse", day)]


# A partition is an NYSE session, there once its day is over (UTC, two hours after the cut-off); closed days are excluded by
# the calendar. (A weekday cron hides Friday until Monday, and an end_offset would show Monday on Saturday.)
nyse_sessions = DailyPartitionsDefinition(start_date=FIRST_AS_OF.isoformat(), timezone="UTC", exclusions=_closed_days())


class AsOf(Config):
    """Empty: the partition's day."""

    as_of: str | None = None


@op(description="dbt and publish with what was known at the partition's cut-off, into serve/as_of/<date>. Fetches nothing.")
def build_as_of(context: OpExecutionContext, config: AsOf, run: ResourceParam[Session]) -> None:
    day = date.fromisoformat(config.as_of or context.partition_key)
    with steps.clear_errors(run):
        if (moment := datetime.combine(day, CUT_OFF)) > run.clock.now():
            raise LowtideError(f"as of {day}: its cut-off lies after now")
        run.as_of, run.as_pointer = moment, day
        steps.build(run)
        steps.publish(run)
        if run.report.failed_theses or run.report.nothing_published:
            raise LowtideError(run.report.nothing_published or f"blocked: {', '.join(run.report.failed_theses)}")


@job(partitions_def=nyse_sessions, description="One as-of build per NYSE session, from the raw zone alone.")
def asof_backfill() -> None:
    build_as_of()
