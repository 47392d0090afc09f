"""`lowtide run`: the Dagster job `daily` in this process, on the instance that `lowtide ui` shows."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from typing import Annotated, Any

import typer

from lowtide.cli import app, options
from lowtide.errors import LowtideError
from lowtide.run import RunOptions, Session, label, open_run, resolve


@app.command()
def run(
    origin: options.Origin = None,
    upstream: options.Upstream = None,
    as_of: options.AsOf = None,
    now: Annotated[str | None, typer.Option(metavar="DATE", help="The clock stands still at this date or date-time.")] = None,
    select: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Domain, provider, dataset or series to fetch; repeatable.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Ask for everything again and build again.")] = False,
    world: Annotated[str | None, typer.Option(metavar="recede|counterfactual", help="Simulated world (origin sandbox).")] = None,
    latency_ms: Annotated[int, typer.Option(min=0, help="Delay of every answer of the stand-in.")] = 0,
    fault: Annotated[list[str] | None, typer.Option(metavar="SPEC", help="Fault of the stand-in, host=kind[@path]; repeatable.")] = None,
    as_json: options.Json = False,
) -> None:
    """Fetch what is due, build, judge, publish."""
    asked = RunOptions(
        options.origin(origin), upstream, options.day(as_of, "--as-of"), now, tuple(select or ()), full, world, latency_ms, tuple(fault or ())
    )
    chosen, reason = resolve(asked)
    out = sys.stderr if as_json else sys.stdout
    print(f"origin: {label(chosen.origin or '')}, {reason}", file=out, flush=True)
    with open_run(chosen, reason) as session:
        print(f"now: {session.clock.now():%Y-%m-%d %H:%M} UTC{' (fixed)' if session.clock.fixed else ''}; newest session: {session.mart_day}", file=out, flush=True)
        with _Progress(out):
            success = _execute(session, chosen)
        _finish(session, success, as_json)


def _execute(session: Session, chosen: RunOptions) -> bool:
    """Run the job; True when Dagster calls it a success. Raises the run's own error where it has one."""
    warnings.filterwarnings("ignore", module=r"dagster.*")
    with session.stage("dagster"):
        from orchestration.definitions import defs
        from orchestration.instance import PROCESS_TAG, open_instance
        from orchestration.resources import config_of

        instance = open_instance()
        job = defs.resolve_job_def("daily")
    with instance, session.stage("job"):
        config = {**config_of(chosen), "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        tags = {"lowtide/origin": session.origin, PROCESS_TAG: str(os.getpid())}
        try:
            result = job.execute_in_process(run_config=config, instance=instance, raise_on_error=False, tags=tags)
        except Exception:
            if session.report.error is not None:  # what ended the run; Dagster could not even write that down (a full disk)
                raise session.report.error from None
            raise
    if session.report.error is not None:
        raise session.report.error
    if not result.success and not (session.report.failed_theses or session.report.nothing_published):
        failures = [e.step_failure_data.error for e in result.all_events if e.is_step_failure and e.step_failure_data.error]
        error = failures[0] if failures else None
        while error is not None and error.cause is not None:
            error = error.cause
        logging.getLogger("lowtide.run").debug("%s", error)
        raise LowtideError(f"run {result.run_id} failed: {' '.join(error.message.split()) if error else 'see `lowtide ui`'}")
    return result.success


def _finish(session: Session, success: bool, as_json: bool) -> None:
    report = session.report
    failed = [o for o in report.outcomes if o.outcome == "failed"]
    if as_json:
        print(json.dumps(summary(session, success), default=str, indent=1))
    elif report.nothing_published:
        print(f"error: nothing published: {report.nothing_published}", file=sys.stderr)
    else:
        path = session.home.serve / "as_of" / str(session.as_pointer) if session.as_pointer else session.home.current
        print(f"{'unchanged' if report.unchanged else 'published'}: build {report.build_id} at {path}")
        if failed:
            print(f"{len(failed)} of {len(report.outcomes)} sources failed; their last good values stay: lowtide status")
        print("seconds: " + ", ".join(f"{name} {seconds}" for name, seconds in report.seconds.items()))
    if report.failed_theses or report.nothing_published or not success:
        if report.failed_theses and not report.nothing_published:
            print(f"error: blocked by the gate, kept as they were: {', '.join(report.failed_theses)}", file=sys.stderr)
        raise typer.Exit(1)


def summary(session: Session, success: bool) -> dict[str, Any]:
    """The run as one JSON object."""
    report = session.report
    return {
        "origin": session.origin, "simulated": session.origin == "sandbox", "origin_reason": session.origin_reason,
        "now": session.clock.now().isoformat(), "as_of": session.as_of.isoformat(), "mart_day": session.mart_day.isoformat(),
        "run_id": report.run_id, "build_id": report.build_id, "unchanged": report.unchanged, "success": success,
        "published_tables": report.published, "failed_theses": report.failed_theses, "nothing_published": report.nothing_published,
        "outcomes": [vars(o) for o in report.outcomes], "seconds": report.seconds, "home": str(session.home.root),
    }  # fmt: skip


class _Progress(logging.Handler):
    """Lines of the logger `lowtide`: every stage and warning; details only as a live line on a terminal."""

    def __init__(self, out: Any) -> None:
        super().__init__(logging.DEBUG if out.isatty() else logging.INFO)
        self.out = out
        self.status: Any = None

    def __enter__(self) -> _Progress:
        logger = logging.getLogger("lowtide")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(self)
        if self.out.isatty():
            from rich.console import Console

            self.status = Console(file=self.out).status("starting")
            self.status.start()
        return self

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if record.levelno < logging.INFO:
            if self.status is not None:
                self.status.update(line[:100])
        elif self.status is not None:
            self.status.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=self.out, flush=True)

    def __exit__(self, *_: object) -> None:
        logging.getLogger("lowtide").removeHandler(self)
        if self.status is not None:
            self.status.stop()
