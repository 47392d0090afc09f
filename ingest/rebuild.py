"""The raw zone again, from landing alone: every successful fetch replayed in the order of the ledgers.

Belongs here: the replay. Does not belong here: how rows become facts (`ingest.intake`, shared with the run).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ingest import sources
from ingest.errors import SourceError
from ingest.facts import open_domains
from ingest.fetches import Fetch, history, response_of, usable_line, write_flat
from ingest.files import remove_leftovers, usable
from ingest.intake import absorb, change_log, collector_paused, quarantine_of
from ingest.landing import Landing
from ingest.model import Dataset
from ingest.registry import Registry
from lowtide.errors import LowtideError
from lowtide.home import Home


def rebuild(home: Home, registry: Registry) -> int:
    """Write every dataset's change log and quarantine, and fetches.parquet, anew; returns the number of datasets.

    The logs equal the lost ones byte for byte. Datasets in the ledgers that the registry no longer knows are left as
    they are. The caller holds the home's lock.
    Raises LowtideError when landing is damaged or a landed answer that once was accepted no longer is.
    """
    home.prepare()
    remove_leftovers(home.landing, home.raw)
    open_domains(home)
    landing = Landing(home)
    events = landing.read_ledgers()
    count = 0
    with collector_paused():
        for dataset_id, fetches in history(events).items():
            dataset = registry.datasets.get(dataset_id)
            if dataset is not None:
                rebuild_dataset(home, landing, dataset, fetches)
                count += 1
    write_flat(home.raw / "fetches.parquet", events)
    return count


def rebuild_dataset(home: Home, landing: Landing, dataset: Dataset, fetches: Sequence[Fetch]) -> None:
    """Replay the successful `fetches` (oldest first) of one dataset into fresh files."""
    for path in (change_log(home, dataset).path, quarantine_of(home, dataset).path):
        with usable(path):
            path.unlink(missing_ok=True)
    changes = change_log(home, dataset)
    source = sources.get(dataset.provider)
    done: list[datetime] = []
    for fetch in fetches:
        if not fetch.succeeded or fetch.fetched_at is None:
            continue
        responses = [
            response_of(line, landing.body(line["content_sha256"])) for line in fetch.responses if usable_line(line)
        ]
        if not responses:
            continue
        try:
            absorb(home, dataset, source, responses, changes, done)
        except SourceError as error:
            raise LowtideError(
                f"{dataset.id}: fetch {responses[-1].fetch_id} was accepted and no longer is: {error.kind}: {error}"
            ) from error
        done.append(fetch.fetched_at)
