"""How fresh each series is, and what went wrong last: read from the raw zone and the ledgers only.

Belongs here: the state of ingest per series. Does not belong here: the state of published tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ingest import calendars
from ingest.fetches import history
from ingest.intake import change_log
from ingest.landing import Landing
from ingest.registry import Registry
from lowtide.clock import Clock
from lowtide.home import Home


@dataclass(frozen=True)
class SeriesStatus:
    """One series. `late_days` = calendar days that the newest value is behind the expected one; 0 when on time, None
    when nothing is expected (events) or nothing was ever held. `last_fetch` = last successful one."""

    series_id: str
    dataset_id: str
    provider: str
    domain: str
    newest: date | None
    expected: date | None
    late_days: int | None
    last_fetch: datetime | None
    last_error: str | None


def statuses(home: Home, clock: Clock, registry: Registry) -> list[SeriesStatus]:
    """Every series of the registry, in its order. Raises LowtideError when a ledger or a log is damaged."""
    now = clock.now()
    fetched = history(Landing(home).read_ledgers())
    found: list[SeriesStatus] = []
    for dataset in registry.datasets.values():
        fetches = fetched.get(dataset.id, [])
        days = change_log(home, dataset).held().newest
        expected = calendars.expected_newest(dataset, now)
        last_fetch = max((f.fetched_at for f in fetches if f.succeeded and f.fetched_at), default=None)
        last_error = None
        if fetches and fetches[-1].interrupted:
            last_error = "Interrupted: the run stopped before the end"
        elif fetches and fetches[-1].outcome and fetches[-1].outcome["error_type"]:
            last_error = f"{fetches[-1].outcome['error_type']}: {fetches[-1].outcome['error_message']}"
        for series in dataset.series:
            due = expected if series.kind != "event" else None
            have = days.get(series.id)
            late = None if due is None or have is None else max(0, (due - have).days)
            found.append(
                SeriesStatus(
                    series.id, dataset.id, dataset.provider, dataset.domain, have, due, late, last_fetch, last_error
                )
            )
    return found
