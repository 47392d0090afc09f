"""Reading one HTTP answer: its body, its status, how long it asks us to wait, where it points.

Belongs here: pure readings of an answer. Does not belong here: sending, pacing, retrying (`ingest.client`).
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from ingest.errors import (
    Blocked,
    NotFound,
    PlanRestricted,
    RateLimited,
    SchemaDrift,
    Unreachable,
)
from ingest.model import Response

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Broken(Exception):
    """A transfer that cannot be used: cut short, wrongly encoded, too slow. Tried again like a transport error."""


def check(response: Response) -> None:
    """Raise the typed error of a response that is not a success; 2xx passes.

    401, 403, 451 and redirects that were not followed -> Blocked, 402 -> PlanRestricted, 404 -> NotFound,
    418 (a venue's ban for asking on) and 429 -> RateLimited, 5xx -> Unreachable, anything else -> SchemaDrift with the beginning of the body.
    """
    status, request = response.status, response.request
    if 200 <= status < 300:
        return
    parts = urlsplit(request.url)
    what = f"{parts.netloc} answered {status} to {request.method} {parts.path}"
    if status in REDIRECTS:
        target = one_line(response.headers.get("location", "nowhere"))
        raise Blocked(f"{what}: redirect to {target} not followed")
    if status in (401, 403, 451):
        raise Blocked(what)
    if status == 402:
        raise PlanRestricted(what)
    if status == 404:
        raise NotFound(what)
    if status in (418, 429):
        raise RateLimited(what)
    if status >= 500:
        plain = response.headers.get("content-type", "").startswith("text/plain")
        said = one_line(response.content[:2000].decode("utf-8", "replace")) if plain else ""
        raise Unreachable(f"{what}: {said}" if said else what)
    raise SchemaDrift(f"{what}: {one_line(response.content[:2000].decode('utf-8', 'replace'))}")


def read_body(answer: httpx.Response, *, max_bytes: int, ends: float) -> bytes:
    """The body of a streamed answer after gzip decoding. `ends` is a `time.monotonic` moment.

    Raises Broken (wrong or unfinished gzip, other encoding, too slow) and SchemaDrift (larger than `max_bytes`).
    Decoded here because httpx takes a gzip stream that is cut short for a whole one.
    """
    encoding = answer.headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise Broken(f"content-encoding {one_line(encoding)} was not asked for")
    unpack = None if encoding == "identity" else _Gzip()
    pieces: list[bytes] = []
    size = received = 0
    for chunk in answer.iter_raw():
        received += len(chunk)
        piece = unpack(chunk) if unpack else chunk
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            raise SchemaDrift(f"{answer.url.host}: body larger than {max_bytes} bytes")
        if time.monotonic() > ends:
            raise Broken(f"transfer too slow: {received} bytes in the time allowed")
    if unpack and received and not unpack.whole:
        raise Broken("gzip body cut short")
    return b"".join(pieces)


class _Gzip:
    """Decodes a gzip body piece by piece. It may be several streams one after the other: the first one is not all of it."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(31)

    def __call__(self, packed: bytes) -> bytes:
        """What `packed` adds. Raises Broken for what is no gzip."""
        pieces = []
        try:
            while packed:
                if self._stream.eof:
                    if not (packed := packed.lstrip(b"\0")):
                        break  # padding
                    self._stream = zlib.decompressobj(31)
                pieces.append(self._stream.decompress(packed))
                packed = self._stream.unused_data
        except zlib.error as error:
            raise Broken(f"wrong gzip ({error})") from None
        return b"".join(pieces)

    @property
    def whole(self) -> bool:
        return self._stream.eof


def redirect_target(
    url: httpx.URL, status: int, headers: Mapping[str, str], base: str | None = None
) -> httpx.URL | None:
    """Where a redirect leads when it stays on the host and scheme of `url`, else None.

    A location on `base` (the stand-in that answers for the host) counts as the host itself.
    """
    if status not in REDIRECTS or "location" not in headers:
        return None
    try:
        target = url.join(headers["location"])
    except httpx.InvalidURL:
        return None
    if base and f"{target.scheme}://{target.netloc.decode('ascii')}" == base:
        target = target.copy_with(scheme=url.scheme, netloc=url.netloc)
    same = target.netloc == url.netloc and target.scheme == url.scheme
    return target if same and not target.userinfo else None


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds the server asks us to wait: a number, or a moment counted from its own `Date` (else `now`); 0 without."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
        return seconds if 0.0 < seconds < float("inf") else 0.0
    except ValueError:
        pass
    try:
        said = parsedate_to_datetime(headers["date"]) if "date" in headers else now
        return max(0.0, (parsedate_to_datetime(text) - said).total_seconds())
    except (ValueError, TypeError):  # absent, not a date, or without a zone: our own backoff holds
        return 0.0


def one_line(text: str, limit: int = 200) -> str:
    """The first `limit` characters on one line, what cannot be printed escaped."""
    flat = " ".join(text[: 4 * limit].split())[:limit]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in flat)
