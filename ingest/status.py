"""How fresh each series is, and what went wrong last: read from the raw zone and the ledgers only.

Belongs here: the state of ingest per series. Does not belong here: the state of published tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ingest import calendars
from ingest.errors import Interrupted
from ingest.fetches import Fetch, history
from ingest.guards import Quarantined
from ingest.intake import change_log, quarantine_of
from ingest.landing import Landing
from ingest.model import Dataset
from ingest.registry import Registry
from lowtide.clock import Clock
from lowtide.home import Home

NO_VALUE = "never had a value"


@dataclass(frozen=True)
class SeriesStatus:
    """One series. `late_days` = calendar days that the newest value is behind the expected one; 0 when on time, None
    when nothing is expected (events) or it was never asked for. Asked for and without any value, it is late since its
    first day, and `note` says so. `last_fetch` = last successful one. `quarantined` = days whose value is still kept
    apart, `quarantine_example` the newest of them."""

    series_id: str
    dataset_id: str
    provider: str
    domain: str
    newest: date | None
    expected: date | None
    late_days: int | None
    last_fetch: datetime | None
    last_error: str | None
    note: str | None = None
    quarantined: int = 0
    quarantine_example: str | None = None


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
        asked = any(fetch.outcome is None or fetch.outcome["outcome"] != "not_configured" for fetch in fetches)
        last_error = None
        if fetches and fetches[-1].interrupted:
            last_error = f"{Interrupted.__name__}: the run stopped before the end"
        elif fetches and fetches[-1].outcome and fetches[-1].outcome["error_type"]:
            last_error = f"{fetches[-1].outcome['error_type']}: {fetches[-1].outcome['error_message']}"
        apart = _kept_apart(home, dataset, fetches)
        for series in dataset.series:
            due = expected if series.kind != "event" else None
            have = days.get(series.id)
            late = max(0, (due - have).days) if due and have else None
            empty = have is None and asked and due is not None and due >= dataset.first_date
            if due and empty:
                late = max(1, (due - dataset.first_date).days)
            mine = apart.get(series.id, [])
            found.append(
                SeriesStatus(
                    series.id, dataset.id, dataset.provider, dataset.domain, have, due, late, last_fetch, last_error,
                    NO_VALUE if empty else None, len({row.observation_date for row in mine}),
                    f"{mine[-1].observation_date} {mine[-1].value:g}: {mine[-1].reason}" if mine else None,
                )
            )  # fmt: skip
    return found


def _kept_apart(home: Home, dataset: Dataset, fetches: Sequence[Fetch]) -> dict[str, list[Quarantined]]:
    """Quarantined rows by series, by date: those whose observation got no value since. All are settled once a full refresh
    refuses nothing."""
    last = next((fetch for fetch in reversed(fetches) if fetch.succeeded), None)
    if last is None or (last.full and last.outcome and not last.outcome["rows_quarantined"]):
        return {}
    rows = quarantine_of(home, dataset).rows()
    if not rows:
        return {}
    seen: dict[tuple[str, date], tuple[datetime, str]] = {}
    for fact in change_log(home, dataset).facts(min(row.observation_date for row in rows)):
        key, stamp = (fact.series_id, fact.observation_date), (fact.fetched_at, fact.fetch_id)
        seen[key] = max(stamp, seen.get(key, stamp))
    still: dict[str, list[Quarantined]] = {}
    for row in sorted(rows):
        held = seen.get((row.series_id, row.observation_date))
        if held is None or held <= (row.quarantined_at, row.fetch_id):
            still.setdefault(row.series_id, []).append(row)
    return still
