"""The raw zone again, from landing alone: every successful fetch replayed in the order of the ledgers.

Belongs here: the replay, and that it ends in whole files or in the old ones. Does not belong here: how rows become facts
(`ingest.intake`, shared with the run).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime

from ingest import sources
from ingest.errors import Interrupted, SourceError
from ingest.facts import open_domains
from ingest.fetches import Fetch, history, response_of, usable_line, write_flat
from ingest.files import TEMPORARY, move_over, remove_leftovers, usable
from ingest.intake import absorb, change_log, collector_paused, quarantine_of
from ingest.landing import Landing
from ingest.model import Dataset
from ingest.registry import Registry
from lowtide.errors import HomeUnusable, LowtideError
from lowtide.home import Home

MOST_TOLD = 5  # datasets whose reason is told; the others are only counted


def rebuild(home: Home, registry: Registry) -> int:
    """Write every dataset's change log and quarantine, and fetches.parquet, anew; returns the number of datasets.

    The logs equal the lost ones byte for byte. Datasets in the ledgers that the registry no longer knows are left as
    they are. The caller holds the home's lock.
    Raises LowtideError when a ledger is damaged and, once all others are rebuilt, for the datasets that could not be (a
    body is damaged, an answer that once was accepted no longer is): their files stay as they were.
    """
    home.prepare()
    remove_leftovers(home.landing, home.raw)
    open_domains(home)
    landing = Landing(home)
    events = landing.read_ledgers()
    count, failed = 0, list[str]()
    with collector_paused():
        for dataset_id, fetches in history(events).items():
            dataset = registry.datasets.get(dataset_id)
            if dataset is None:
                continue
            count += 1
            try:
                rebuild_dataset(home, landing, dataset, fetches)
            except HomeUnusable:
                raise
            except LowtideError as error:
                failed.append(str(error))
    write_flat(home.raw / "fetches.parquet", events)
    if failed:
        more = f"; and {len(failed) - MOST_TOLD} more" if len(failed) > MOST_TOLD else ""
        told = "; ".join(failed[:MOST_TOLD]) + more
        raise LowtideError(f"{len(failed)} of {count} change logs could not be rebuilt and stay as they were: {told}")
    return count


def rebuild_dataset(home: Home, landing: Landing, dataset: Dataset, fetches: Sequence[Fetch]) -> None:
    """Replay the successful `fetches` (oldest first) of one dataset into fresh files, which then take the place of the old.

    On any error the old files stay. Raises LowtideError, naming the dataset; HomeUnusable.
    """
    folder = home.raw / f"{dataset.id}{TEMPORARY}"
    scratch = Home(folder, home.origin)
    with usable(folder):
        shutil.rmtree(folder, ignore_errors=True)
        scratch.raw.mkdir(parents=True)
    try:
        _replay(scratch, landing, dataset, fetches)
        for file_of in (quarantine_of, change_log):
            move_over(file_of(scratch, dataset).path, file_of(home, dataset).path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def repair(home: Home, landing: Landing, dataset: Dataset, fetches: Sequence[Fetch]) -> Interrupted | None:
    """Back to what the ledgers vouch for, after a run that was killed; the error when that cannot be. Raises HomeUnusable."""
    try:
        rebuild_dataset(home, landing, dataset, fetches)
    except HomeUnusable:
        raise
    except LowtideError as error:
        return Interrupted(f"a run stopped before the end and what it left cannot be undone: {error}")
    return None


def _replay(scratch: Home, landing: Landing, dataset: Dataset, fetches: Sequence[Fetch]) -> None:
    changes = change_log(scratch, dataset)
    source = sources.get(dataset.provider)
    done: list[datetime] = []
    for fetch in fetches:
        if not fetch.succeeded or fetch.fetched_at is None:
            continue
        try:
            responses = [
                response_of(line, landing.body(line["content_sha256"])) for line in fetch.responses if usable_line(line)
            ]
        except HomeUnusable:
            raise
        except LowtideError as error:
            raise LowtideError(f"{dataset.id}: {error}") from error
        if not responses:
            continue
        try:
            judged = bool(fetch.outcome and fetch.outcome["rows_quarantined"])  # else the ledger says that every row was taken
            absorb(scratch, dataset, source, responses, changes, done, judged=judged)
        except SourceError as error:
            raise LowtideError(
                f"{dataset.id}: fetch {responses[-1].fetch_id} was accepted and no longer is: {error.kind}: {error}"
            ) from error
        done.append(fetch.fetched_at)
