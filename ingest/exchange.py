"""The conversation with one source about one dataset: send, land, note, judge, hand back.

Belongs here: that order, for answers and for dropped files alike, and conditional requests. Does not belong here: who
is asked when (`ingest.runner`), HTTP (`ingest.client`), which files there are (`ingest.dropbox`), the meaning of rows
(`ingest.intake`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ingest.client import Client
from ingest.dropbox import REFUSED, Drop
from ingest.errors import SourceError
from ingest.fetches import (
    Event,
    Fetch,
    full_url,
    response_event,
    response_of,
    usable_line,
)
from ingest.landing import Landing, Ledger
from ingest.model import Dataset, Request, Response
from lowtide.errors import LowtideError

VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


@dataclass
class Exchange:
    """One dataset's requests in one run. `requests` and `received` (bytes of bodies) count also when it fails.

    `known`: last good answers by `identity`, for conditional requests; empty on a full refresh. `refused`: the files
    that `take` did not take, and why. `accepted_at`: when a person accepted what comes now; every answer carries it.
    """

    client: Client
    landing: Landing
    ledger: Ledger
    dataset: Dataset
    known: Mapping[str, Event]
    accepted_at: datetime | None = None
    requests: int = 0
    received: int = 0
    refused: list[tuple[Drop, SourceError]] = field(default_factory=list)

    def drive(self, talk: Generator[Request, Response, None]) -> list[Response]:
        """Run the source's generator to its end; returns the successful responses in order.

        A typed error is thrown into the generator, which may know better (a vintage that is not there); by default it
        comes out again. Raises SourceError subclasses, HomeUnusable, and whatever a bug in the source raises.
        """
        responses: list[Response] = []
        try:
            request = next(talk)
            while True:
                try:
                    response = self._ask(request)
                except SourceError as error:
                    request = talk.throw(error)
                else:
                    responses.append(response)
                    request = talk.send(response)
        except StopIteration:
            return responses
        finally:
            talk.close()

    def take(
        self, drops: Sequence[Drop], now: datetime, prove: Callable[[Response], SourceError | None]
    ) -> list[Response]:
        """Land each file; returns those that `prove` has nothing against, in order.

        A refused one is landed under a status that no rebuild reads. Raises HomeUnusable.
        """
        responses: list[Response] = []
        for drop in drops:
            self.requests += 1
            self.received += len(drop.content)
            fetch_id = f"{self.ledger.run_id}.{self.dataset.id}.{self.requests}"
            sha256 = self.landing.store(drop.content)
            response = Response(drop.request, 200, {}, drop.content, now, fetch_id, sha256, self.accepted_at)
            error = prove(response)
            if error is not None:
                self.refused.append((drop, error))
                response = replace(response, status=REFUSED)
            self.ledger.write(response_event(self.dataset, response, len(drop.content)))
            if error is None:
                responses.append(response)
        return responses

    def _ask(self, request: Request) -> Response:
        """Send, land, then judge. "Not modified" is answered with the body landed before."""
        self.requests += 1
        fetch_id = f"{self.ledger.run_id}.{self.dataset.id}.{self.requests}"
        before, stored = self._held(request)
        if before is not None:
            given = {VALIDATORS[name]: value for name, value in before["headers"].items() if name in VALIDATORS}
            request = replace(request, headers={**request.headers, **given})
        response = self.client.fetch(request, fetch_id)
        received = len(response.content)
        self.received += received
        unchanged = before is not None and response.status == 304
        if before is not None and unchanged:
            response = replace(
                response,
                content=stored,
                content_sha256=before["content_sha256"],
                headers={**before["headers"], **response.headers},
            )
        else:
            self.landing.store(response.content)
        event = response_event(self.dataset, replace(response, accepted_at=self.accepted_at), received)
        self.ledger.write(event)
        if not unchanged:
            self.client.check(response)
        return response_of(event, response.content)

    def _held(self, request: Request) -> tuple[Event | None, bytes]:
        """The last good answer to this very request, and its body, when it can be asked for changes only."""
        before = self.known.get(identity(request.method, full_url(self.client.public(request))))
        if before is None or request.json is not None or not VALIDATORS.keys() & before["headers"].keys():
            return None, b""
        try:
            return before, self.landing.body(before["content_sha256"])
        except LowtideError:  # damaged or gone: asking for all of it mends it
            return None, b""


def known_answers(fetches: Sequence[Fetch]) -> dict[str, Event]:
    """The last good answer to each request, as stored: without secrets."""
    lines = [line for fetch in fetches for line in fetch.responses if usable_line(line)]
    return {identity(line["method"], line["url"]): line for line in lines}


def identity(method: str, url: str) -> str:
    return f"{method} {url}"
