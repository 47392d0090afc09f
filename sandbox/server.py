"""The HTTP server in front of a backend: loopback only, HTTP/1.1 keep-alive, exact bytes, faults on the way out.

Belongs here: sockets, routing on the Host header, transport misbehaviour. Does not belong here: what is answered
(`sandbox.recorded`, `sandbox.world`) and which answers are spoiled (`sandbox.faults`).
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.faults import Fault, spoil
from sandbox.wire import Ask, Backend, Reply

PACKED = ("application/zip", "application/gzip")  # not compressed a second time


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lowtide-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body leave in one segment
    server: _Server

    def do_GET(self) -> None:
        self._serve(self._ask({}))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            fields = json.loads(content or b"{}")
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            self._send(Reply(400, "text/plain", b"the body is not a JSON object\n"))
            return
        self._serve(self._ask(fields))

    def _ask(self, fields: dict[str, Any]) -> Ask:
        url = urlsplit(self.path)
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0].lower()
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Ask(host, unquote(url.path), {**query, **fields}, self.command, headers)

    def _serve(self, ask: Ask) -> None:
        owner = self.server.owner
        owner.note(ask)
        try:
            reply = spoil(ask, owner.backend, owner.faults)
        except Exception as error:  # noqa: BLE001  a defect of the stand-in must reach the client, not only a thread's stderr
            reply = Reply(500, "text/plain", f"sandbox error: {type(error).__name__}: {error}\n".encode())
        pause = owner.latency_s + reply.delay_s
        if pause and owner.stopping.wait(pause):
            self.close_connection = True
            return
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        body, stopping = reply.body, self.server.owner.stopping
        if reply.transport == "hang":
            stopping.wait()
            self.close_connection = True
            return
        packed = False
        if reply.transport == "wrong_gzip":
            packed = True
        elif body and "gzip" in self.headers.get("Accept-Encoding", "") and reply.content_type not in PACKED:
            body, packed = gzip.compress(body, compresslevel=1, mtime=0), True
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.transport == "truncate":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif reply.transport == "drip":
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                if stopping.wait(0.25):
                    self.close_connection = True
                    return
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.owner.log:
            self.server.owner.log(format % args)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: SandboxServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is normal; nothing is printed."""

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.owner.guard:
            self.owner.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.owner.guard:
            self.owner.open_sockets.discard(request)
        super().shutdown_request(request)


class SandboxServer:
    """Serve `backend` on http://127.0.0.1:<free port> while the context is open.

    The original host name travels in the Host header. `requests` lists (host, path, query) in order of arrival, `hits`
    counts per host. `latency_s` delays every answer. Leaving the context drops open connections and returns at once.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        latency_s: float = 0.0,
        faults: Sequence[Fault] = (),
        port: int = 0,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.backend, self.latency_s, self.faults, self.log = backend, latency_s, tuple(faults), log
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.hits: Counter[str] = Counter()
        self.guard = threading.Lock()
        self.stopping = threading.Event()
        self.open_sockets: set[socket.socket] = set()
        self._port = port
        self._server: _Server | None = None

    @property
    def base_url(self) -> str:
        """Where clients connect; raises RuntimeError outside the context."""
        if self._server is None:
            raise RuntimeError("the sandbox server is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def note(self, ask: Ask) -> None:
        with self.guard:
            self.requests.append((ask.host, ask.path, dict(ask.query)))
            self.hits[ask.host] += 1

    def __enter__(self) -> Self:
        self.stopping.clear()
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.owner = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True, name="sandbox").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        self.stopping.set()
        server.shutdown()
        server.server_close()
        with self.guard:
            sockets, self.open_sockets = self.open_sockets, set()
        for connection in sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was first


def serve_forever(
    backend: Backend,
    *,
    port: int = 0,
    latency_s: float = 0.0,
    faults: Sequence[Fault] = (),
    on_start: Callable[[str], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted (Ctrl-C). `on_start` gets the base URL once the port is open."""
    with SandboxServer(backend, latency_s=latency_s, faults=faults, port=port, log=log) as server:
        if on_start:
            on_start(server.base_url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
