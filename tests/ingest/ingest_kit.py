"""What the ingest tests share: small datasets, a fake source, a host that answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingest.changelog import ChangeLog
from ingest.client import Limits
from ingest.errors import EmptyPayload, NotConfigured, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.runner import run_ingest
from lowtide.clock import Clock
from lowtide.home import Home

HOST = "data.example.org"
FAST = Limits(read_s=0.5, first_wait_s=0.01, pace=False)


def dataset(name: str = "demo.one", series: list[dict[str, Any]] | None = None, **changes: Any) -> Dataset:
    """A daily dataset without holidays whose observation of day d is public on d + 1 at 00:00 UTC."""
    return Dataset.model_validate({
        "id": name, "domain": "rates", "provider": "demo", "title": name, "frequency": "daily", "calendar": "24x7",
        "publication": {"lag_days": 1, "lag_unit": "calendar", "at": "00:00", "tz": "UTC", "reason": "test"},
        "revises": True, "first_date": "2020-01-01", "licence": {"tier": "open", "citation": "test"},
        "series": series or [one_series(f"{name}_value")], **changes,
    })  # fmt: skip


def one_series(name: str = "demo.one_value", **changes: Any) -> dict[str, Any]:
    return {
        "id": name, "field": name.removeprefix("demo."), "title": name, "unit": "index", "kind": "price",
        "quantity": name.replace(".", "_"), "plausible": (0.001, 100_000.0), **changes,
    }  # fmt: skip


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(first: str, count: int) -> list[date]:
    start = date.fromisoformat(first)
    return [start + timedelta(days=n) for n in range(count)]


class FakeSource:
    """CSV over HTTP: `date,value` lines (`.` = missing) for the dataset's only series; the path is the dataset id."""

    name = "demo"
    hosts: Mapping[str, float] = {HOST: 0.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        if dataset.requires_key and not env.get(dataset.requires_key):
            raise NotConfigured(f"set {dataset.requires_key}")
        params = {"key": env.get("DEMO_API_KEY", "none"), "since": str(max(held.newest.values(), default="start"))}
        for part in dataset.request.get("parts", [""]):
            yield Request(f"https://{HOST}/{dataset.id}{part}", params, secrets=frozenset({"key"}))

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        text = response.content.decode()
        if text.startswith("<"):
            raise SchemaDrift("HTML")
        if not text:
            raise EmptyPayload("nothing")
        if text.startswith("bug"):
            raise KeyError("a bug in the parser")
        rows = (line.split(",") for line in text.splitlines())
        return [
            Row(dataset.series[0].id, date.fromisoformat(day), None if value == "." else float(value))
            for day, value in rows
        ]


Reply = tuple[int, dict[str, str], bytes]


class Host:
    """A local HTTP server; `answer(handler)` decides each reply. Keeps what it was asked."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], Reply | None]) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                self.body = self.rfile.read(length)
                host.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                reply = answer(self)
                if reply is None:
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def serve(answer: Callable[[BaseHTTPRequestHandler], Reply | None]) -> Iterator[Host]:
    host = Host(answer)
    thread = threading.Thread(target=host.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.server.shutdown()
        host.server.server_close()


@contextmanager
def serve_bodies(bodies: Mapping[str, bytes | int]) -> Iterator[Host]:
    """Answers each path with its body, an int with that status; 404 otherwise. `bodies` may change in between."""

    def answer(handler: BaseHTTPRequestHandler) -> Reply:
        found = bodies.get(handler.path.partition("?")[0].lstrip("/"), 404)
        return (found, {}, b"no") if isinstance(found, int) else (200, {}, found)

    with serve(answer) as host:
        yield host


def csv(first: str, *values: object) -> bytes:
    return "".join(f"{day},{value}\n" for day, value in zip(days(first, len(values)), values, strict=True)).encode()


def run(home: Home, host, at: str, *datasets, **options):
    options = {"env": {}, "limits": FAST, **options}
    with home.lock():
        report = run_ingest(home, Clock(moment(at)), datasets or (dataset("demo.a"),), base_url=host.base_url, **options)
    return report.outcomes if len(report.outcomes) > 1 else report.outcomes[0]


def log(home: Home, name: str = "demo.a") -> ChangeLog:
    return ChangeLog(home.raw / "observations" / "rates" / f"{name}.parquet")


def files(home: Home) -> dict[str, bytes]:
    return {str(path.relative_to(home.raw)): path.read_bytes() for path in sorted(home.raw.rglob("*.parquet"))}
