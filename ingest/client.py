"""The one HTTP client: polite, bounded in time and size, and silent about secrets.

Belongs here: sending, retries, pacing, the run's deadline. Does not belong here: what an answer says
(`ingest.answers`), what a payload means (a block page served as a success is found by the provider's parser),
storing anything (`ingest.landing`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx
import tenacity

from ingest import answers
from ingest.answers import Broken
from ingest.errors import SchemaDrift, SourceError, Unreachable
from ingest.model import Request, Response
from ingest.redaction import Redactor
from lowtide.clock import Clock

USER_AGENT = "lowtide/0.1 (research; python-httpx)"
MAX_REDIRECTS = 5
UNSTORED_HEADERS = frozenset({"set-cookie"})


@dataclass(frozen=True)
class Limits:
    """How long, how often, how much: seconds and bytes. `scale` multiplies each wait between tries, Retry-After too."""

    tries: int = 4
    connect_s: float = 10.0
    read_s: float = 60.0
    transfer_s: float = 180.0  # the whole body of one try: a slow drip never trips the read timeout
    first_wait_s: float = 1.0  # doubles with each try, plus up to as much jitter
    longest_wait_s: float = 30.0
    max_bytes: int = 256 * 2**20
    scale: float = 1.0
    pace: bool = True


LOCAL = Limits(read_s=15.0, transfer_s=60.0, scale=0.02, pace=False)  # a stand-in on this machine: no need to be polite; a busy one is slow


class Client:
    """Sends Requests for many threads at once.

    `hosts_pace` maps a host to its minimum seconds between two requests. With `base_url` every request goes to
    base_url + path under the header `Host: <original>`, unpaced and with short waits (LOCAL) unless `limits` says
    otherwise. `deadline_s` counts from construction and holds for all requests together. The User-Agent is
    LOWTIDE_USER_AGENT_<HOST> (data.sec.gov -> DATA_SEC_GOV), else the request's own, else LOWTIDE_USER_AGENT, else
    USER_AGENT.
    """

    def __init__(
        self,
        hosts_pace: Mapping[str, float],
        base_url: str | None = None,
        clock: Clock | None = None,
        deadline_s: float | None = None,
        env: Mapping[str, str] | None = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        for name in ("httpx", "httpcore"):  # they log every URL, with its keys, at INFO
            logging.getLogger(name).setLevel(logging.WARNING)
        self.limits = limits or (LOCAL if base_url else Limits())
        self._pace = dict(hosts_pace) if self.limits.pace else {}
        self._base = base_url.rstrip("/") if base_url else None
        self._clock = clock or Clock()
        self._env = os.environ if env is None else env
        self._ends = None if deadline_s is None else time.monotonic() + deadline_s
        self._slots: dict[str, float] = {}
        self._lock = threading.Lock()
        plain = self._base is not None and self._base.startswith("http://")
        self._http = httpx.Client(
            http1=True,
            http2=False,
            follow_redirects=False,
            trust_env=self._base is None,  # a stand-in is never behind a proxy
            verify=not plain,  # loading the certificates takes 0.1 s, and plain http has no use for them
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=50),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, request: Request, fetch_id: str) -> Response:
        """The answer to `request`, a success. Raises the errors of `fetch` and of `check`."""
        response = self.fetch(request, fetch_id)
        self.check(response)
        return response

    def fetch(self, request: Request, fetch_id: str) -> Response:
        """The final answer whatever its status; body after transfer decoding, `.request` without secrets.

        Raises Unreachable (transport, deadline) and SchemaDrift (body larger than allowed, a URL that is none).
        """
        hide = Redactor.of(request, self._env)
        host = urlsplit(request.url).netloc
        retrying = tenacity.Retrying(
            stop=lambda state: state.attempt_number >= self.limits.tries or self._no_time_to_wait(state),
            wait=self._wait,
            retry=tenacity.retry_any(
                tenacity.retry_if_exception_type((httpx.TransportError, Broken)),
                tenacity.retry_if_result(lambda answer: answer.status == 429 or answer.status >= 500),
            ),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        try:
            return retrying(self._once, request, fetch_id, hide)
        except (httpx.TransportError, Broken) as error:
            tries = retrying.statistics.get("attempt_number", 1)
            detail = answers.one_line(f"{type(error).__name__}: {error}".rstrip(": "))
            raise Unreachable(hide(f"{host}: {detail} (tries: {tries})")) from None
        except httpx.InvalidURL as error:
            raise SchemaDrift(hide(f"{host}: {answers.one_line(str(error))}")) from None

    def public(self, request: Request) -> Request:
        """`request` as it may be stored and shown."""
        return Redactor.of(request, self._env).request(request)

    def check(self, response: Response) -> None:
        """Raise the typed error of a response that is not a success (`answers.check`), its message without secrets."""
        try:
            answers.check(response)
        except SourceError as error:
            raise type(error)(Redactor.of(response.request, self._env)(str(error))) from None

    # -- one try ------------------------------------------------------------------------------------------------

    def _once(self, request: Request, fetch_id: str, hide: Redactor) -> Response:
        url = httpx.URL(request.url)
        if request.params:
            url = url.copy_merge_params(dict(request.params))
        for _ in range(MAX_REDIRECTS + 1):
            status, headers, content = self._exchange(request, url)
            target = answers.redirect_target(url, status, headers, self._base) if request.method == "GET" else None
            if target is None:
                break
            url = target
        return Response(
            request=hide.request(request),
            status=status,
            headers={name: hide(value) for name, value in headers.items() if name not in UNSTORED_HEADERS},
            content=content,
            fetched_at=self._clock.now(),
            fetch_id=fetch_id,
            content_sha256=hashlib.sha256(content).hexdigest(),
        )

    def _exchange(self, request: Request, url: httpx.URL) -> tuple[int, dict[str, str], bytes]:
        host = url.netloc.decode("ascii")
        self._take_turn(host)
        limits, left = self.limits, self._left(host)
        agent = self._env.get("LOWTIDE_USER_AGENT") or USER_AGENT
        headers = {"Accept": "*/*", "User-Agent": agent, **request.headers, "Host": host, "Accept-Encoding": "gzip"}
        variable = "LOWTIDE_USER_AGENT_" + "".join(c if c.isalnum() else "_" for c in url.host.upper())
        if forced := self._env.get(variable):
            headers["User-Agent"] = forced
        body = None
        if request.json is not None:
            body = json.dumps(dict(request.json)).encode()
            headers.setdefault("Content-Type", "application/json")
        address = url if self._base is None else httpx.URL(self._base + url.raw_path.decode("ascii"))
        timeout = httpx.Timeout(min(limits.read_s, left), connect=min(limits.connect_s, left))
        ends = time.monotonic() + min(limits.transfer_s, left)
        with self._http.stream(request.method, address, headers=headers, content=body, timeout=timeout) as answer:
            content = answers.read_body(answer, max_bytes=limits.max_bytes, ends=ends)
            return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, content

    # -- time ---------------------------------------------------------------------------------------------------

    def _left(self, host: str) -> float:
        """Seconds left in the run (at most a day). Raises Unreachable when there are none."""
        left = 86_400.0 if self._ends is None else self._ends - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{host}: not asked, the run's deadline is over")
        return min(left, 86_400.0)

    def _take_turn(self, host: str) -> None:
        """Wait until `host` may be asked again; turns are handed out in order, whichever thread asks."""
        interval = self._pace.get(host, 0.0)
        if interval <= 0:
            return
        with self._lock:
            now = time.monotonic()
            slot = max(now, self._slots.get(host, now))
            self._slots[host] = slot + interval
        if slot - now > self._left(host):
            raise Unreachable(f"{host}: not asked, its turn comes after the run's deadline")
        time.sleep(slot - now)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        limits = self.limits
        backoff = tenacity.wait_exponential(multiplier=limits.first_wait_s, max=limits.longest_wait_s)(state)
        backoff += tenacity.wait_random(0, limits.first_wait_s)(state)
        asked = 0.0
        if state.outcome is not None and not state.outcome.failed:
            asked = answers.retry_after_s(state.outcome.result().headers, self._clock.now())
        return max(backoff, asked) * limits.scale

    def _no_time_to_wait(self, state: tenacity.RetryCallState) -> bool:
        """A wait past the deadline is not begun: the answer at hand is the final one."""
        return self._ends is not None and time.monotonic() + state.upcoming_sleep >= self._ends
