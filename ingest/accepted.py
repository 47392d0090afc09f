"""A person's word that an answer is right although a guard objects: `lowtide accept DATASET`.

Belongs here: that word from its being given until a fetch has used it. Does not belong here: what the guards object to
(`ingest.guards`, `ingest.changelog`). The word waits as a file beside the landing; the ledger lines of the fetch that used it
carry its moment, so that a rebuild takes the same answer.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ingest.fetches import history
from ingest.files import usable, write_atomically
from ingest.landing import Landing
from ingest.model import Dataset
from lowtide.clock import Clock
from lowtide.errors import LowtideError
from lowtide.home import Home


def hint(dataset_id: str) -> str:
    """What an error says of the way out of it."""
    return f"; if the new answer is right: lowtide accept {dataset_id}"


def accept(home: Home, dataset: Dataset, clock: Clock) -> str:
    """Let the next fetch of `dataset` be taken; returns the refusal that it overrules. The caller holds home.lock().

    Raises LowtideError when no answer was refused by a guard since the last one that was taken.
    """
    for fetch in reversed(history(Landing(home).read_ledgers()).get(dataset.id, [])):
        told = (fetch.outcome or {}).get("error_message") or ""
        if hint(dataset.id) in told:
            write_atomically(_path(home, dataset), clock.now().astimezone(UTC).isoformat().encode())
            return str(told.replace(hint(dataset.id), ""))
        if fetch.succeeded:
            break
    raise LowtideError(f"{dataset.id}: none of its answers waits to be accepted (lowtide status shows what failed)")


def accepted_at(home: Home, dataset: Dataset) -> datetime | None:
    """When a person accepted the next answer, None when nobody did. Raises LowtideError, HomeUnusable."""
    path = _path(home, dataset)
    with usable(path):
        if not path.exists():
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise LowtideError(f"{path}: not a moment: {text[:40]!r}; delete it and accept again") from None


def used(home: Home, dataset: Dataset) -> None:
    """The answer was taken: the guards are back. Raises HomeUnusable."""
    path = _path(home, dataset)
    with usable(path):
        path.unlink(missing_ok=True)


def _path(home: Home, dataset: Dataset) -> Path:
    return home.root / "accepted" / dataset.id
