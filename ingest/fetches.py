"""What the ledgers add up to: the fetches of each dataset, and their flat copy for SQL.

Belongs here: reading ledger events. Does not belong here: writing the ledger (`ingest.landing`), fetching.
A fetch is everything one run did for one dataset: its responses, then, when it came to an end, one outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa

from ingest.errors import Interrupted
from ingest.files import write_parquet
from ingest.model import Dataset, FetchOutcome, Request, Response
from ingest.redaction import HIDDEN

Event = dict[str, Any]
_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema([
    ("fetch_id", pa.string()), ("run_id", pa.string()), ("dataset_id", pa.string()), ("provider", pa.string()),
    ("domain", pa.string()), ("method", pa.string()), ("url", pa.string()), ("status", pa.int32()),
    ("content_sha256", pa.string()), ("bytes", pa.int64()), ("fetched_at", _MOMENT), ("outcome", pa.string()),
    ("error_type", pa.string()), ("error_message", pa.string()), ("rows_added", pa.int64()),
    ("rows_revised", pa.int64()), ("rows_quarantined", pa.int64()), ("quarantine_example", pa.string()),
    ("rows_after_clock", pa.int64()),
])  # fmt: skip
COUNTS = ("rows_added", "rows_revised", "rows_quarantined", "rows_after_clock")


@dataclass
class Fetch:
    """One run's work on one dataset. `outcome` is None when the run was killed before it came to an end."""

    run_id: str
    dataset_id: str
    responses: list[Event] = field(default_factory=list)
    outcome: Event | None = None

    @property
    def succeeded(self) -> bool:
        return self.outcome is not None and self.outcome["outcome"] in ("ok", "unchanged")

    @property
    def interrupted(self) -> bool:
        return self.outcome is None and bool(self.responses)

    @property
    def unrepaired(self) -> bool:
        """It only tried to undo an interrupted one, and could not."""
        return self.outcome is not None and self.outcome["error_type"] == Interrupted.__name__

    @property
    def full(self) -> bool:
        return self.outcome is not None and bool(self.outcome["full"])

    @property
    def fetched_at(self) -> datetime | None:
        """Moment of the last response (UTC)."""
        return datetime.fromisoformat(self.responses[-1]["fetched_at"]) if self.responses else None

    def repeated_by(self, responses: Sequence[Response]) -> bool:
        """Whether `responses` are the same bytes for the same questions on the same day: then nothing can be new."""
        moment = self.fetched_at
        if not self.succeeded or moment is None or not responses or moment.date() != responses[-1].fetched_at.date():
            return False
        mine = [(line["url"], line["content_sha256"]) for line in self.responses if usable_line(line)]
        return mine == [(full_url(response.request), response.content_sha256) for response in responses]


def history(events: Iterable[Event]) -> dict[str, list[Fetch]]:
    """dataset id -> its fetches, oldest first. Runs in which it was not due are left out."""
    found: dict[tuple[str, str], Fetch] = {}
    for event in events:
        key = (event["run_id"], event["dataset_id"])
        fetch = found.setdefault(key, Fetch(*key))
        if event["event"] == "response":
            fetch.responses.append(event)
        else:
            fetch.outcome = event
    by_dataset: dict[str, list[Fetch]] = {}
    for fetch in found.values():
        if fetch.outcome is None or fetch.outcome["outcome"] != "not_due":
            by_dataset.setdefault(fetch.dataset_id, []).append(fetch)
    return by_dataset


def left_open(fetches: Sequence[Fetch]) -> bool:
    """Whether rows of a killed run may still be in the raw zone: nothing after it began by undoing them."""
    last = next((fetch for fetch in reversed(fetches) if not fetch.unrepaired), None)
    return last is not None and last.interrupted


def response_event(dataset: Dataset, response: Response, received: int) -> Event:
    """The ledger line of a landed response. `received`: bytes that came over the wire (0 for "not modified")."""
    request = response.request
    return {
        "event": "response", "fetch_id": response.fetch_id, "dataset_id": dataset.id, "provider": dataset.provider,
        "domain": dataset.domain, "method": request.method, "url": full_url(request),
        "request": {
            "url": request.url, "params": dict(request.params), "headers": dict(request.headers),
            "json": None if request.json is None else dict(request.json),
        },
        "status": response.status, "headers": dict(response.headers), "content_sha256": response.content_sha256,
        "bytes": received, "fetched_at": _text(response.fetched_at),
        **({"accepted_at": _text(response.accepted_at)} if response.accepted_at else {}),
    }  # fmt: skip


def outcome_event(dataset: Dataset, outcome: FetchOutcome, *, full: bool, at: datetime) -> Event:
    """The ledger line that ends a fetch; written after its rows are in the raw zone."""
    return {
        "event": "outcome", "dataset_id": dataset.id, "provider": dataset.provider, "domain": dataset.domain,
        "at": _text(at), "full": full, "outcome": outcome.outcome, "error_type": outcome.error_type,
        "error_message": outcome.error_message, **{name: getattr(outcome, name) for name in COUNTS},
        "quarantine_example": outcome.quarantine_example, "requests": outcome.requests, "bytes": outcome.bytes,
        "seconds": round(outcome.seconds, 3), "newest": outcome.newest.isoformat() if outcome.newest else None,
    }  # fmt: skip


def response_of(event: Event, content: bytes) -> Response:
    """The response a ledger line tells of, as the parser saw it: "not modified" stands for the stored success."""
    request = event["request"]
    return Response(
        request=Request(
            url=request["url"], params=request["params"], headers=request["headers"], method=event["method"],
            json=request["json"],
        ),
        status=200 if event["status"] == 304 else event["status"],
        headers=event["headers"],
        content=content,
        fetched_at=datetime.fromisoformat(event["fetched_at"]),
        fetch_id=event["fetch_id"],
        content_sha256=event["content_sha256"],
        accepted_at=datetime.fromisoformat(event["accepted_at"]) if event.get("accepted_at") else None,
    )  # fmt: skip


def usable_line(line: Event) -> bool:
    """Whether a landed response was a success: failures are landed too, and a source may go on after one."""
    status = int(line["status"])
    return 200 <= status < 300 or status == 304


def full_url(request: Request) -> str:
    """URL with its parameters, as in the ledger's and the flat copy's `url`."""
    if not request.params:
        return request.url
    url = str(httpx.URL(request.url).copy_merge_params(dict(request.params)))
    return url.replace(quote(HIDDEN, safe=""), HIDDEN)


def write_flat(path: Path, events: Iterable[Event]) -> None:
    """Rewrite `fetches.parquet`: one row per response, or per outcome without one. Raises HomeUnusable.

    Outcome and error stand on every row of a fetch, its counts on the last one only, so that they can be summed.
    """
    rows: list[Event] = []
    fetches: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        fetches.setdefault((event["run_id"], event["dataset_id"]), []).append(event)
    for group in fetches.values():
        outcome = next((event for event in group if event["event"] == "outcome"), None) or {
            "outcome": "failed", "error_type": Interrupted.__name__, "error_message": "the run stopped before the end",
        }  # fmt: skip
        responses = [event for event in group if event["event"] == "response"] or [
            {**outcome, "fetch_id": f"{outcome['run_id']}.{outcome['dataset_id']}.0", "fetched_at": outcome["at"],
             "bytes": None}
        ]  # fmt: skip
        for number, event in enumerate(responses, start=1):
            row = {name: event.get(name) for name in SCHEMA.names}
            row |= {name: outcome.get(name) for name in ("outcome", "error_type", "error_message")}
            last = number == len(responses)
            row |= {name: outcome.get(name, 0) if last else 0 for name in COUNTS}
            row["quarantine_example"] = outcome.get("quarantine_example") if last else None
            row["fetched_at"] = datetime.fromisoformat(event["fetched_at"])
            rows.append(row)
    write_parquet(path, pa.Table.from_pylist(rows, schema=SCHEMA))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
