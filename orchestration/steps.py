"""What the three steps do, without Dagster's events: used by the assets, the as-of job and tests.

Belongs here: calling ingest, dbt, gate and publish in order, with the session. Does not belong here: any of their work.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import Failure

from ingest import registry
from ingest.model import FetchOutcome
from lowtide.errors import LowtideError
from lowtide.fingerprint import fingerprint
from lowtide.run import Session
from lowtide.theses import load_theses
from orchestration.candidate import Candidate

if TYPE_CHECKING:
    from expectations.model import GateReport
    from orchestration.judging import Judgement
    from publish import PublishReport

log = logging.getLogger("lowtide.run")


@contextmanager
def clear_errors(session: Session) -> Iterator[None]:
    """An error that the user can mend becomes a Failure with that one line, and is kept for the command line."""
    try:
        yield
    except (LowtideError, OSError) as error:
        session.report.error = error
        raise Failure(str(error), allow_retries=False) from error


def ingest(session: Session, asked: Collection[str] = (), *, warm_up: bool = True) -> list[FetchOutcome]:
    """Fetch the datasets that the options name, else those `asked`. With the first new row the imports of gate and dbt begin."""
    from ingest.runner import run_ingest

    chosen = registry.load().select(list(session.options.select))
    datasets = chosen if session.options.select or not asked else [d for d in chosen if d.id in asked]

    def progress(outcome: FetchOutcome) -> None:
        log.debug("%s: %s", outcome.dataset_id, outcome.outcome)
        if warm_up and outcome.rows_added:  # there will be a build: a run that finds nothing pays for no imports
            start_helpers(session)

    with session.stage("ingest"):
        report = run_ingest(
            session.home, session.clock, datasets, base_url=session.base_url, full=session.options.full, env=session.env,
            dropbox=session.dropbox, on_progress=progress,
        )  # fmt: skip
    session.report.run_id, session.report.outcomes = report.run_id, report.outcomes
    counts = {name: sum(o.outcome == name for o in report.outcomes) for name in ("ok", "unchanged", "not_due", "not_configured", "failed")}
    rows = sum(o.rows_added for o in report.outcomes)
    log.info("ingest: %s; %d rows added (%.1f s)", ", ".join(f"{n} {k}" for k, n in counts.items() if n), rows, session.report.seconds["ingest"])
    for outcome in report.outcomes:
        if outcome.outcome in ("failed", "not_configured"):
            log.warning("  %s: %s: %s", outcome.dataset_id, outcome.error_type, outcome.error_message)
        if outcome.rows_quarantined:
            log.warning("  %s: %d rows quarantined, first: %s", outcome.dataset_id, outcome.rows_quarantined, outcome.quarantine_example)
    return report.outcomes


def nothing_answered(outcomes: Sequence[FetchOutcome]) -> bool:
    """Every dataset that was asked for failed for want of an answer."""
    tried = [o for o in outcomes if o.outcome != "not_due"]
    return bool(tried) and all(o.error_type == "Unreachable" for o in tried)


def domain_summary(outcomes: Sequence[FetchOutcome], domain: str) -> dict[str, int]:
    """Counts per outcome and rows added of one domain in this run."""
    known = registry.load().datasets
    mine = [o for o in outcomes if known[o.dataset_id].domain == domain]
    counts = Counter(str(o.outcome) for o in mine)
    return {**counts, "rows_added": sum(o.rows_added for o in mine), "rows_revised": sum(o.rows_revised for o in mine)}


def start_helpers(session: Session) -> None:
    """Import great_expectations (its own process) and dbt (a thread) while other work goes on; once per run."""
    from expectations.worker_process import GateWorker
    from orchestration.dbt_build import Preparation

    if "dbt" in session.helpers:
        return
    session.helpers["gate"] = session.stack.enter_context(GateWorker.start())
    session.helpers["dbt"] = Preparation.start(session.home)


def _unchanged(session: Session, print_now: str) -> bool:
    """Whether the published build was made of the same inputs, whole, and nobody asks for another."""
    from publish.layout import read_manifest, target

    pointer = session.home.serve / "as_of" / session.as_pointer.isoformat() if session.as_pointer else session.home.current
    published = target(pointer)
    if published is None or session.options.full:
        return False
    told = read_manifest(published)
    if told["fingerprint"] != print_now or any(t["state"] in ("stale", "blocked") for t in told["theses"].values()):
        return False
    session.report.unchanged, session.report.build_id = True, published.name
    return True


def in_background(session: Session, name: str, work: Callable[[], Any]) -> None:
    """Begin `work` while Dagster writes down the step before: most of it is DuckDB, which leaves the interpreter to others. Its
    future is the session's helper `name`; one thing at a time, and the run does not end before it has."""
    if "pool" not in session.helpers:
        session.helpers["pool"] = session.stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="ahead"))
    session.helpers[name] = session.helpers["pool"].submit(work)


def begin_build(session: Session) -> None:
    """Begin what `build` does."""
    in_background(session, "build", partial(_build, session))


def build(session: Session) -> Candidate | None:
    """Build the candidate with dbt; None when the published build has the same inputs (then nothing is done)."""
    begun: Future[Candidate | None] | None = session.helpers.pop("build", None)
    return begun.result() if begun else _build(session)


def _build(session: Session) -> Candidate | None:
    from orchestration.dbt_build import run_build
    from orchestration.judging import judge

    with session.stage("dbt"):
        now = fingerprint(session.home, session.mart_day)
        if _unchanged(session, now):
            log.info("dbt: nothing new since build %s, not built again", session.report.build_id)
            return None
        start_helpers(session)
        preparation = session.helpers.pop("dbt")
        Candidate.forget(session.home)
        build_id = _build_id(session)
        run_id = session.report.run_id or build_id
        results = run_build(session, preparation, build_id=build_id, run_id=run_id)
        candidate = Candidate(build_id, run_id, session.as_of.isoformat(), now, results)
        candidate.write(session.home)
        in_background(session, "judgement", partial(judge, session, candidate))
    bad = [r for r in results if r["status"] in ("error", "fail", "skipped", "runtime error")]
    log.info("dbt: %d of %d nodes good (%.1f s)", len(results) - len(bad), len(results), session.report.seconds["dbt"])
    for result in bad:
        log.warning("  %s: %s: %s", result["unique_id"], result["status"], " ".join(str(result["message"]).split())[:300])
    return candidate


def _build_id(session: Session) -> str:
    """`<now>-<nnn>`: sorts by time; the number keeps ids apart when the clock stands still."""
    taken = [p.name.rsplit("-", 1)[-1] for p in session.home.serve.glob("[0-9]*-[0-9]*")]
    number = max((int(t) for t in taken if t.isdigit()), default=0) + 1
    return f"{session.clock.now():%Y%m%dT%H%M%SZ}-{number:03d}"


def publish(session: Session) -> tuple[GateReport, PublishReport] | None:
    """Judge the candidate and publish what passed; None when the published build has the same inputs.

    Raises LowtideError when there is no finished candidate.
    """
    from orchestration.dbt_build import export_folder
    from orchestration.judging import docs_folder
    from publish import publish as write

    with session.stage("publish"):
        if session.report.unchanged or _unchanged(session, fingerprint(session.home, session.mart_day)):
            log.info("publish: build %s stays", session.report.build_id)
            return None
        candidate = Candidate.read(session.home)
        told = _judgement(session, candidate)
        gate = told.gate
        report = write(
            session.home, build_id=candidate.build_id, run_id=candidate.run_id, as_of=candidate.knows_until, clock=session.clock,
            candidate=export_folder(session.home), tables=told.tables, descriptions=told.descriptions, gate=gate, theses=load_theses(),
            fingerprint=candidate.fingerprint, rules=told.rules, as_pointer=session.as_pointer, docs_dir=docs_folder(session),
            report=partial(_write_report, session),
        )  # fmt: skip
    _tell(session, gate, report)
    return gate, report


def _judgement(session: Session, candidate: Candidate) -> Judgement:
    """The one begun with the build if it is still about this candidate, else a new one: nothing gets around the gate."""
    from orchestration.judging import judge, subject

    begun: Future[Judgement] | None = session.helpers.pop("judgement", None)
    told = begun.result() if begun else None
    return told if told and told.subject == subject(session, candidate) else judge(session, candidate)


def _write_report(session: Session, build: Path) -> None:
    """The build's pages. A fault in them must not hold back data that passed the gate: it is logged, the build has no report."""
    import report

    with session.stage("report"):
        try:
            done = report.write(build)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a page, the data are good
            shutil.rmtree(build / report.FOLDER, ignore_errors=True)
            log.error("no report in this build: %s", " ".join(f"{type(error).__name__}: {error}".split())[:300])
            return
    log.info("report: %d pages, %d charts (%.1f s)", done.pages, done.charts, done.seconds)


def _tell(session: Session, gate: GateReport, report: PublishReport) -> None:
    mine = session.report
    mine.failed_theses, mine.nothing_published, mine.published = dict(gate.failed_theses), report.reason, report.published_tables
    checks = f"gate: {len(gate.results)} checks, {sum(r.blocks for r in gate.results)} block, {len(gate.warnings)} warn"
    if report.path is None:
        log.error("%s; nothing published: %s", checks, report.reason)
    else:
        mine.build_id = report.build_id
        log.info("%s; published build %s: %d tables (%.1f s)", checks, report.build_id, len(report.published_tables), mine.seconds["publish"])
    for line in gate.warned():
        log.warning("  %s", line)
    for thesis, reason in gate.failed_theses.items() if report.path else ():
        log.error("  %s blocked: %s", thesis, reason)
