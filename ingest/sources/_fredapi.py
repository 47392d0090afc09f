"""The keyed FRED API (v1, `fred/series/observations`), shared by `fred` and `alfred`.

Belongs here: pages, error bodies, JSON observations. Does not belong here: the keyless CSV forms.
Source: sources of the St. Louis Fed, "FRED API v1"; values are text, missing is ".", messages carry two spaces.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.model import Request, Response
from ingest.sources import _payload

KEY = "FRED_API_KEY"
HOST = "api.stlouisfed.org"
PATH = "/fred/series/observations"
PACE_S = 0.5  # 120 requests a minute and key
_LIMIT = 100_000
_MISSING = frozenset({".", ""})


def pages(series_id: str, key: str, params: Mapping[str, str]) -> Generator[Request, Response, None]:
    """Every page of one series' observations; the key travels as a secret parameter."""
    offset = 0
    while True:
        request = Request(
            url=f"https://{HOST}{PATH}",
            params={
                "series_id": series_id,
                "api_key": key,
                "file_type": "json",
                "limit": str(_LIMIT),
                "offset": str(offset),
                **params,
            },
            secrets=frozenset({"api_key"}),
        )
        try:
            response = yield request
        except SchemaDrift as error:  # the client's reading of a 400, which quotes the error body
            raise _refusal(str(error)) from None
        body = _body(response)
        offset += len(body["observations"])
        if not body["observations"] or offset >= body["count"]:
            return


def observations(response: Response) -> list[tuple[str, str, float | None]]:
    """`(date, realtime_start, value)` of one page. Raises an error body's typed error, EmptyPayload without a row."""
    found = []
    for entry in _body(response)["observations"]:
        item = _payload.mapping(entry, "observation")
        if "value" not in item or not isinstance(item["value"], str):
            raise SchemaDrift("an observation without a value text")
        found.append((str(item.get("date")), str(item.get("realtime_start")), _payload.number(item["value"], _MISSING)))
    if not found:
        raise EmptyPayload("no observation in the answer")
    return found


def _body(response: Response) -> Mapping[str, Any]:
    if response.status == 400:
        raise _refusal(response.content[:500].decode("utf-8", "replace"))
    body = _payload.mapping(_payload.json_body(response), "answer")
    if "error_message" in body:
        raise _refusal(str(body["error_message"]))
    _payload.listing(body.get("observations"), "observations")
    if isinstance(body.get("count"), bool) or not isinstance(body.get("count"), int):
        raise SchemaDrift("no count of observations")
    return body


def _refusal(text: str) -> SourceError:
    """The typed error that an error body, or a message that quotes it, means."""
    said = " ".join(text.split())[:300]
    low = said.lower()
    if "too many requests" in low:  # an error body inside a success
        return RateLimited(said)
    if "api_key" in low:
        return Blocked(f"{KEY} is not accepted (set a registered key, or unset it to go without): {said}")
    if "does not exist" in low:
        return NotFound(said)
    return SchemaDrift(said)
