"""A response around bytes, and one call from bytes to rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingest.errors import SourceError
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.registry import load
from ingest.sources import get

NOW = datetime(2026, 6, 2, 21, 0, tzinfo=UTC)


def respond(request: Request, content: bytes | str, status: int = 200, fetched_at: datetime = NOW) -> Response:
    body = content.encode() if isinstance(content, str) else content
    return Response(request, status, {}, body, fetched_at, "run.dataset.1", hashlib.sha256(body).hexdigest())


@dataclass(frozen=True)
class Bench:
    """One dataset of the registry and its source."""

    dataset: Dataset
    env: dict[str, str] = field(default_factory=dict)

    def first(self, held: Held | None = None, now: datetime = NOW) -> Request:
        """The first request the source makes."""
        return next(get(self.dataset.provider).requests(self.dataset, held or Held(), now, self.env))

    def all(
        self, answer: Callable[[Request], Response], held: Held | None = None, now: datetime = NOW
    ) -> list[Request]:
        """All requests the source makes when each is answered by `answer`."""
        talk, asked = get(self.dataset.provider).requests(self.dataset, held or Held(), now, self.env), []
        request = next(talk, None)
        while request is not None:
            asked.append(request)
            try:
                request = talk.send(answer(request))
            except SourceError as error:  # as the runner does: the source may know better
                try:
                    request = talk.throw(error)
                except StopIteration:
                    request = None
            except StopIteration:
                request = None
        return asked

    def rows(self, content: bytes | str, request: Request | None = None, **kwargs: Any) -> list[Row]:
        return get(self.dataset.provider).parse(self.dataset, respond(request or self.first(), content, **kwargs))

    def values(
        self, content: bytes | str, request: Request | None = None, **kwargs: Any
    ) -> dict[str, dict[date, float | None]]:
        """Values by series and date."""
        found: dict[str, dict[date, float | None]] = {}
        for row in self.rows(content, request, **kwargs):
            found.setdefault(row.series_id, {})[row.observation_date] = row.value
        return found


@pytest.fixture(scope="session")
def bench() -> Callable[..., Bench]:
    """`bench("fred_dgs10")`; with `env=` for a key."""
    return lambda dataset_id, env=None: Bench(load().datasets[dataset_id], env or {})
