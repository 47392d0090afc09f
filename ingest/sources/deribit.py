"""Deribit: the DVOL implied volatility index, daily.

Belongs here: daily closes of DVOL. Does not belong here: options, futures, funding (`get_funding_rate_history` is
silently cut to a month).
`request:` keys: `currency` (BTC, ETH).
Rows are [ms, open, high, low, close] in annualised percent, at most 1,000; `continuation` is the `end_timestamp` of the
next, older page.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ingest.errors import EmptyPayload, NotFound, RateLimited, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload

HOST = "www.deribit.com"
PATH = "/api/v2/public/get_volatility_index_data"
_TOO_FAST, _UNKNOWN = 10028, 13020
_MOST_PAGES = 50
_RECENT = timedelta(days=7)


class Deribit:
    """`ingest.model.Source` for Deribit."""

    name: str = "deribit"
    hosts: Mapping[str, float] = {HOST: 0.2}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """From now back to the first day wanted, page by page. Raises SchemaDrift when the pages do not get older."""
        end = int(now.timestamp() * 1_000)
        for _ in range(_MOST_PAGES):
            page = yield Request(
                url=f"https://{HOST}{PATH}",
                params={
                    "currency": dataset.request["currency"],
                    "start_timestamp": str(_days.ms(_payload.since(dataset, held))),
                    "end_timestamp": str(end),
                    "resolution": "1D",
                },
            )
            following = _result(page).get("continuation")
            if following is None:
                return
            older = _payload.number(following)
            if older is None or older >= end:
                raise SchemaDrift(f"continuation {str(following)[:40]!r} does not lead to older rows")
            end = int(older)
        raise SchemaDrift(f"more than {_MOST_PAGES} pages")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Closes of finished UTC days. Raises RateLimited, NotFound, SchemaDrift, EmptyPayload, Blocked."""
        candles = _payload.listing(_result(response).get("data"), "data")
        if not candles and _days.moment(_payload.query_of(response.request).get("end_timestamp")) > response.fetched_at - _RECENT:
            raise EmptyPayload("no row in the window")
        series, running, rows = dataset.series[0], _days.running(response), []
        for candle in candles:
            cells = _payload.listing(candle, "row")
            if len(cells) != 5:
                raise SchemaDrift(f"a row of {len(cells)} cells, wanted 5")
            day = _days.midnight(cells[0])
            high, low, close = (_payload.number(cell) for cell in cells[2:])
            if low is None or high is None or close is None or not low <= close <= high:
                raise SchemaDrift("a row whose close lies outside low and high: the order of its cells has changed")
            if day < running:
                rows.append(Row(series.id, day, close))
        return _payload.unique(rows) if rows else []


def _result(response: Response) -> Mapping[str, Any]:
    body = _payload.mapping(_payload.json_body(response), "answer")
    if (error := body.get("error")) is not None:
        said = _payload.mapping(error, "error")
        message = f"{said.get('code')}: {' '.join(str(said.get('message')).split())[:150]}"
        raise {_TOO_FAST: RateLimited, _UNKNOWN: NotFound}.get(_code(said), SchemaDrift)(message)
    return _payload.mapping(body.get("result"), "result")


def _code(said: Mapping[str, Any]) -> int:
    code = said.get("code")
    return code if isinstance(code, int) else 0


SOURCE = Deribit()
