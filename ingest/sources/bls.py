"""Bureau of Labor Statistics, public API v2: one series per request, asked for in windows of twenty years.

Belongs here: monthly series. Does not belong here: annual means (period M13, passed over), the bulk files.
`request:` keys: `id`, the BLS series id, also the series' `field`. Needs BLS_API_KEY (free; 500 requests a day).
Upstream's habits: newest first, `-` = missing (October 2025), a used-up quota or a bad key answered with HTTP 200 and
REQUEST_NOT_PROCESSED.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import date, datetime
from typing import Any

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotConfigured,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

KEY = "BLS_API_KEY"
HOST = "api.bls.gov"
PATH = "/publicAPI/v2/timeseries/data/"
YEARS = 20
_MISSING = frozenset({"", "-", "."})
_YEAR = re.compile(r"[12]\d{3}", re.ASCII)
_MONTH = re.compile(r"M(0[1-9]|1[0-3])", re.ASCII)


class Bls:
    """`ingest.model.Source` for the Bureau of Labor Statistics."""

    name: str = "bls"
    hosts: Mapping[str, float] = {HOST: 0.5}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Windows of at most twenty years, oldest first. Raises NotConfigured without a key."""
        key = env.get(KEY)
        if not key:
            raise NotConfigured(f"{dataset.id}: set {KEY} (free registration) to load it")
        for first in range(_payload.since(dataset, held).year, now.year + 1, YEARS):
            response = yield Request(
                url=f"https://{HOST}{PATH}",
                method="POST",
                json={
                    "seriesid": [dataset.request["id"]],
                    "startyear": str(first),
                    "endyear": str(min(first + YEARS - 1, now.year)),
                    "registrationkey": key,
                },
                secrets=frozenset({"registrationkey"}),
            )
            _series(dataset, response)  # a refusal inside a success: no use in asking on

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Monthly rows. Raises RateLimited and Blocked (also inside HTTP 200), NotFound, SchemaDrift, EmptyPayload."""
        series, rows = dataset.series[0], []
        entries = _series(dataset, response)
        for entry in entries:
            item = _payload.mapping(entry, "data")
            year, period = str(item.get("year")), str(item.get("period"))
            if not _YEAR.fullmatch(year) or not _MONTH.fullmatch(period) or "value" not in item:
                raise SchemaDrift(f"not a monthly observation: year {year[:8]!r}, period {period[:8]!r}")
            value = _payload.number(item["value"], _MISSING)
            if period != "M13":
                rows.append(Row(series.id, date(int(year), int(period[1:]), 1), value))
        if not entries and not _reaches_now(response):
            return []
        return _payload.unique(rows)


def _series(dataset: Dataset, response: Response) -> list[Any]:
    """The `data` of the one series asked for, proven."""
    body = _payload.mapping(_payload.json_body(response), "answer")
    said = " ".join(str(line) for line in _payload.listing(body.get("message", []), "message"))
    if body.get("status") != "REQUEST_SUCCEEDED":
        raise _refusal(str(body.get("status")), said)
    name = dataset.series[0].field
    found = _payload.listing(_payload.mapping(body.get("Results"), "Results").get("series"), "Results.series")
    mine = [item for item in (_payload.mapping(entry, "series") for entry in found) if item.get("seriesID") == name]
    if len(mine) != 1 or len(found) != 1:
        raise SchemaDrift(f"{len(found)} series in the answer, {len(mine)} of them {name}: wanted that one alone")
    data = _payload.listing(mine[0].get("data"), "data")
    if not data and "does not exist" in said.lower():
        raise NotFound(said[:200])
    if not data and _reaches_now(response):
        raise EmptyPayload(f"no observation of {name}: {said[:160]}".rstrip(": "))
    return data


def _refusal(status: str, said: str) -> SourceError:
    text = f"{status[:40]}: {said[:200]}".rstrip(": ")
    low = said.lower()
    if "threshold" in low or "too many" in low or "limit" in low:
        return RateLimited(text)
    if status == "REQUEST_NOT_PROCESSED" or "key" in low:
        return Blocked(f"{text} ({KEY} refused?)")
    return SchemaDrift(f"status {text}")


def _reaches_now(response: Response) -> bool:
    """Whether the window asked for ends in the year of the fetch: then it must hold something."""
    end = str((response.request.json or {}).get("endyear", ""))
    return not _YEAR.fullmatch(end) or int(end) >= response.fetched_at.year


SOURCE = Bls()
