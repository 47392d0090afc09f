"""What goes over the wire: one request, one answer. A module per provider renders that provider's format.

Belongs here: bytes and status codes as the providers send them. Does not belong here: where numbers come from
(`sandbox.world`, `sandbox.recorded`) and faults (`sandbox.faults`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JSON = "application/json"
MIRROR = "currency-api.pages.dev"


@dataclass(frozen=True)
class Ask:
    """One request as the upstream would see it: host, decoded path, decoded parameters (a POST's JSON fields included)."""

    host: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case

    def text(self, name: str, default: str = "") -> str:
        """The parameter as text; `default` where it is absent."""
        return str(self.query.get(name, default))


@dataclass(frozen=True)
class Reply:
    """One answer. `transport` other than 'plain' tells the server to misbehave after `delay_s` seconds."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    transport: Literal["plain", "hang", "truncate", "drip", "wrong_gzip"] = "plain"
    delay_s: float = 0.0


class Backend(Protocol):
    """Anything the server can put in front of a client."""

    def answer(self, ask: Ask) -> Reply: ...


def json_reply(content: Any, status: int = 200, content_type: str = JSON) -> Reply:
    """Compact JSON, UTF-8."""
    return Reply(status, content_type, json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())


def text_reply(text: str, content_type: str = "text/csv", status: int = 200) -> Reply:
    return Reply(status, content_type, text.encode())


def family(host: str) -> str:
    """The host that answers for `host`: currency-api's mirror has the date as its first label."""
    return MIRROR if host.endswith(f".{MIRROR}") else host


def html_404() -> Reply:
    """A plain page for a key that is not there."""
    return text_reply("<html><head><title>404</title></head><body>No results found</body></html>\n", "text/html; charset=UTF-8", 404)
