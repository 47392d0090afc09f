"""What the upstreams do today against what the registry expects of them: one small request per dataset.

Belongs here: asking, reading the answer, saying what differs. Does not belong here: loading anything (nothing is landed
or stored), retrying (a check shows what there is), the parsers.

A dataset's own coroutine makes the request, for a short window; where it goes on after a refusal (a file that is not
published yet), up to TRIES of its requests are sent. Hosts are asked at once, each at its own pace.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from ingest import calendars, sources
from ingest.answers import one_line
from ingest.client import Client, Limits
from ingest.dropbox import DropSource
from ingest.errors import NotConfigured, SourceError
from ingest.intake import as_source_error
from ingest.model import Dataset, Held, Response, Row
from ingest.redaction import redact
from ingest.registry import Registry
from lowtide.clock import Clock

TRIES = 3
WINDOW = timedelta(days=75)  # reaches back over a monthly file and its publication
LIVE = Limits(tries=1, read_s=30.0, transfer_s=60.0)
_KINDS = ((b"PK\x03\x04", "zip"), (b"%PDF", "pdf"), (b"{", "json"), (b"[", "json"), (b"<", "page"))
_TYPES = {"spreadsheet": "zip", "zip": "zip", "pdf": "pdf", "json": "json", "csv": "text", "plain": "text",
          "html": "page", "xml": "page"}  # fmt: skip


@dataclass(frozen=True)
class LiveRow:
    """One dataset. `differs`: what is not as the contract says; empty when all is well."""

    dataset_id: str
    provider: str
    host: str = ""
    status: int | None = None
    content_type: str = ""
    size: int = 0  # bytes of the body
    rows: int = 0
    newest: date | None = None
    expected: date | None = None
    differs: tuple[str, ...] = ()
    skipped: str = ""  # why it was not asked: no key, a file


def live_check(
    registry: Registry,
    base_url: str | None,
    clock: Clock,
    env: Mapping[str, str] | None = None,
    *,
    datasets: Sequence[Dataset] | None = None,
    limits: Limits | None = None,
    deadline_s: float = 900.0,
) -> list[LiveRow]:
    """A row per dataset of `registry` (or of `datasets`), in that order. Raises nothing that an upstream does.

    `base_url`: a stand-in for all hosts.
    """
    wanted = list(registry.datasets.values()) if datasets is None else list(datasets)
    environment = os.environ if env is None else env
    now = clock.now()
    pace = {host: s for provider in {d.provider for d in wanted} for host, s in sources.get(provider).hosts.items()}
    queues: dict[str, list[Dataset]] = {}
    for dataset in wanted:
        queues.setdefault(next(iter(sources.get(dataset.provider).hosts), dataset.provider), []).append(dataset)
    if not queues:
        return []
    with (
        Client(pace, base_url, clock, deadline_s, environment, limits=limits or (None if base_url else LIVE)) as client,
        ThreadPoolExecutor(len(queues), thread_name_prefix="live-check") as pool,
    ):
        futures = [
            pool.submit(lambda queue: [_check(client, dataset, now, environment) for dataset in queue], queue)
            for queue in queues.values()
        ]
        found = {row.dataset_id: row for future in futures for row in future.result()}
    return [found[dataset.id] for dataset in wanted]


def table(rows: Sequence[LiveRow], *, everything: bool = False) -> str:
    """A line per dataset that differs (or of `everything`), then the sums."""
    shown = [row for row in rows if everything or row.differs]
    lines = []
    if shown:
        width, hosts = max(len(row.dataset_id) for row in shown), max(len(row.host) for row in shown)
        for row in shown:
            said = "; ".join(row.differs) or row.skipped or "ok"
            seen = f"{row.status or '-':>3}  {row.rows:>6}  {row.newest!s:>10}"
            lines.append(f"{row.dataset_id:{width}}  {row.host:{hosts}}  {seen}  {said}")
    asked = [row for row in rows if not row.skipped]
    lines.append(
        f"{len(asked)} asked, {sum(bool(row.differs) for row in asked)} differ, {len(rows) - len(asked)} not asked"
    )
    return "\n".join(lines)


def _check(client: Client, dataset: Dataset, now: datetime, env: Mapping[str, str]) -> LiveRow:
    source = sources.get(dataset.provider)
    expected = calendars.expected_newest(dataset, now)
    row = LiveRow(dataset.id, dataset.provider, expected=expected)
    if isinstance(source, DropSource):
        return replace(row, skipped="read from the drop folder")
    begin = (expected or dataset.last_date or now.date()) - max(WINDOW, timedelta(days=dataset.carry_days))
    held = Held({series.id: max(begin, dataset.first_date) for series in dataset.series})
    talk = source.requests(dataset, held, now, env)
    answer: Response | None = None
    error: SourceError | None = None
    complete = False
    try:
        request = next(talk)
        for number in range(1, TRIES + 1):
            row = replace(row, host=urlsplit(request.url).netloc)
            try:
                answer = client.fetch(request, f"live-check.{dataset.id}.{number}")
                client.check(answer)
            except SourceError as refusal:
                error, request = refusal, talk.throw(refusal)  # the source may know better
            else:
                error = None
                talk.send(answer)
                break
    except StopIteration:
        complete = error is None
    except NotConfigured as missing:
        return replace(row, skipped=one_line(str(missing)))
    except Exception as failure:  # noqa: BLE001 - a bug in one source must not hide the others
        error = as_source_error(dataset, failure, env)
    finally:
        talk.close()
    rows: list[Row] = []
    if answer is not None:
        row = replace(
            row, status=answer.status, content_type=answer.headers.get("content-type", ""), size=len(answer.content)
        )
        if error is None:
            try:
                rows = source.parse(dataset, answer)
            except Exception as failure:  # noqa: BLE001
                error = as_source_error(dataset, failure, env)
    newest = max((r.observation_date for r in rows if r.value is not None), default=None)
    row = replace(row, rows=len(rows), newest=newest)
    return replace(row, differs=tuple(_differences(dataset, row, answer, error, complete and bool(rows), env)))


def _differences(
    dataset: Dataset,
    row: LiveRow,
    answer: Response | None,
    error: SourceError | None,
    complete: bool,
    env: Mapping[str, str],
) -> list[str]:
    found = []
    if row.status is not None and not 200 <= row.status < 300:
        found.append(f"status {row.status}")
    if error is not None:
        found.append(f"{error.kind}: {one_line(redact(str(error), env=env))}")
    if answer is not None and answer.content and (said := _said(row.content_type)) is not None:
        seen = next((kind for start, kind in _KINDS if answer.content.lstrip()[:4].startswith(start)), "text")
        if said != seen and (said, seen) != ("text", "json"):
            found.append(f"type: {one_line(row.content_type, 60)} but the body is {seen}")
    host = row.host
    if host and host not in sources.get(dataset.provider).hosts:
        found.append(f"host {host} is not one of the source's")
    if complete and row.expected is not None and (row.newest is None or row.newest < row.expected):
        found.append(f"newest is {row.newest}, expected {row.expected}")
    return found


def _said(content_type: str) -> str | None:
    """The family that a Content-Type names; None where it says nothing."""
    return next((kind for word, kind in _TYPES.items() if word in content_type.lower()), None)
