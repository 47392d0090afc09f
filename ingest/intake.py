"""From the responses of one fetch to facts in the raw zone: the same steps in a run and in a rebuild.

Belongs here: parse, cut at the clock, guard, compare, append. Does not belong here: the network, the ledger.
"""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from ingest.answers import one_line
from ingest.changelog import ChangeLog, Fact, Stamp, diff
from ingest.dropbox import name_of
from ingest.errors import EmptyPayload, SchemaDrift, SourceError
from ingest.facts import observations_folder
from ingest.fetches import Fetch
from ingest.guards import Quarantine, Quarantined, inspect
from ingest.model import Dataset, JointSource, Response, Row, Source
from ingest.redaction import redact
from lowtide.errors import LowtideError
from lowtide.home import Home

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Absorbed:
    """What one fetch did to the raw zone."""

    rows_added: int = 0
    rows_revised: int = 0
    rows_quarantined: int = 0
    quarantine_example: str | None = None
    rows_after_clock: int = 0


def repeated(fetch: Fetch) -> Absorbed:
    """What absorbing the same answers once more comes to: no rows, and the same refusals as before."""
    told = fetch.outcome or {}
    return Absorbed(
        rows_quarantined=told.get("rows_quarantined", 0), quarantine_example=told.get("quarantine_example"),
        rows_after_clock=told.get("rows_after_clock", 0),
    )  # fmt: skip


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: facts are plain tuples, and tracing 400,000 of them over and over took a
    third of a replay (14 s with, 9 s without, 2 cores)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def change_log(home: Home, dataset: Dataset) -> ChangeLog:
    return ChangeLog(observations_folder(home, dataset.domain) / f"{dataset.id}.parquet")


def quarantine_of(home: Home, dataset: Dataset) -> Quarantine:
    return Quarantine(home.raw / "quarantine" / f"{dataset.id}.parquet")


def as_source_error(dataset: Dataset, error: Exception, env: Mapping[str, str] | None = None) -> SourceError:
    """A bug met in a connector becomes SchemaDrift: it fails its dataset, not the run. Its traceback goes to debug."""
    if isinstance(error, SourceError):
        return type(error)(one_line(redact(str(error), env=env), 500))
    log.debug("%s", redact("".join(traceback.format_exception(error)), env=env))
    return SchemaDrift(one_line(redact(f"{dataset.id}: {type(error).__name__}: {error}", env=env), 300))


def absorb(
    home: Home,
    dataset: Dataset,
    source: Source,
    responses: Sequence[Response],
    changes: ChangeLog,
    previous_fetches: Collection[datetime],
    *,
    judged: bool = True,
) -> Absorbed:
    """Append what `responses` (successes, in order) add; all of it or, on any SourceError, nothing.

    Rows dated after the day of their fetch are not read. An answer that a person accepted is not judged by what is held;
    one that was taken whole before, in a rebuild, not at all (`judged` false: the guards may be newer than the fetch).
    Raises SourceError subclasses, HomeUnusable.
    """
    if not responses:
        raise EmptyPayload(f"{dataset.id}: no answer was a success")
    pairs: list[tuple[Row, Stamp]] = []
    after_clock = 0
    for rows, response in _parsed(dataset, source, responses):
        stamp, today = Stamp(response.fetched_at, response.fetch_id), response.fetched_at.date()
        kept = [(row, stamp) for row in rows if row.observation_date <= today]
        after_clock += len(rows) - len(kept)
        pairs += kept
    empty = changes.empty if not pairs else judged and all(row.value is None for row, _ in pairs)  # an increment may well bring nothing
    if empty:  # (no new vintage), but not rows without any value
        raise EmptyPayload(f"{dataset.id}: no observation up to {responses[-1].fetched_at.date()} in the answer has a value")
    accepted = not judged or any(response.accepted_at for response in responses)
    quarantine = quarantine_of(home, dataset)
    held = changes.facts(min(row.observation_date for row, _ in pairs)) if pairs else []
    bad = inspect(dataset, held, [row for row, _ in pairs], quarantine.keys(), accepted=accepted) if judged else {}
    good = [(row, stamp) for row, stamp in pairs if row not in bad]
    last = responses[-1]
    change = diff(
        dataset, held, [row for row, _ in good], last.fetched_at, last.fetch_id, previous_fetches,
        withheld={(row.series_id, row.observation_date) for row in bad}, stamps=[stamp for _, stamp in good],
        accepted=accepted,
    )  # fmt: skip
    if bad:
        quarantine.append(_quarantined(bad, pairs))
    if change.facts:
        changes.append(change.facts)
    first = next(iter(bad), None)
    return Absorbed(
        change.added, change.revised, len(bad),
        None if first is None else f"{first.series_id} {first.observation_date} {first.value:g}: {bad[first]}",
        after_clock,
    )  # fmt: skip


def _parsed(
    dataset: Dataset, source: Source, responses: Sequence[Response]
) -> Iterator[tuple[list[Row], Response]]:
    """Rows with the response they stand for: of each response, or of all together where the source reads them so."""
    try:
        together = source.parse_all(dataset, responses) if isinstance(source, JointSource) else None
        if together is not None:
            yield together, responses[-1]
            return
        for response in responses:
            yield source.parse(dataset, response), response
    except LowtideError:
        raise
    except Exception as error:  # whatever a parser trips over fails its dataset only
        raise as_source_error(dataset, error) from error


def refusal(dataset: Dataset, source: Source, response: Response, facts: Sequence[Fact]) -> SourceError | None:
    """Why a dropped file cannot be used beside the `facts` held, its name first; None when it can."""
    try:
        rows = source.parse(dataset, response)
        read = [row for row in rows if row.observation_date <= response.fetched_at.date()]
        inspect(dataset, facts, read, accepted=response.accepted_at is not None)
    except LowtideError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser trips over refuses this file only
        found = as_source_error(dataset, error)
        return type(found)(one_line(f"{name_of(response.request.url)}: {found}", 500))
    return None


def _quarantined(bad: dict[Row, str], pairs: Sequence[tuple[Row, Stamp]]) -> list[Quarantined]:
    return [
        Quarantined(row.series_id, row.observation_date, row.value, bad[row], stamp.fetch_id, stamp.fetched_at)
        for row, stamp in pairs
        if row in bad and row.value is not None
    ]


def newest_value(changes: ChangeLog) -> date | None:
    """The dataset's newest observation date with a value, over all series."""
    return max(changes.held().newest.values(), default=None)
