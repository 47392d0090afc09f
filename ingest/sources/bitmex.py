"""BitMEX: funding of the inverse perpetual, the longest free record of it (since 2016).

Belongs here: funding, summed by UTC day. Does not belong here: trades, quotes, the insurance fund.
`request:` keys: `symbol`, such as XBTUSD.
Rows come oldest first, 500 a page. A page that is full may end within a day: that day is left to the next page, which
begins with it. Rates are fractions per interval of (mostly) eight hours; the day's sum leaves here in percent.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from ingest.errors import EmptyPayload, NotFound, RateLimited, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload

HOST = "www.bitmex.com"
PATH = "/api/v1/funding"
_PAGE = 500
_MOST_PAGES = 200


class BitMex:
    """`ingest.model.Source` for BitMEX."""

    name: str = "bitmex"
    hosts: Mapping[str, float] = {HOST: 2.0}  # 30 unauthenticated requests a minute

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Pages from the first day wanted, until one is not full."""
        start = 0
        for _ in range(_MOST_PAGES):
            page = yield Request(
                url=f"https://{HOST}{PATH}",
                params={
                    "symbol": dataset.request["symbol"],
                    "count": str(_PAGE),
                    "start": str(start),
                    "reverse": "false",
                    "startTime": f"{_payload.since(dataset, held)}T00:00:00.000Z",
                },
            )
            days = _settlements(dataset, page)
            if _count(days) < _PAGE:
                return
            start += _count(_whole(days, page))
        raise SchemaDrift(f"more than {_MOST_PAGES} pages")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Sums of whole, finished UTC days in percent. Raises NotFound, RateLimited, SchemaDrift, EmptyPayload, Blocked."""
        days, series, running = _settlements(dataset, response), dataset.series[0], _days.running(response)
        if not days:
            if _payload.query_of(response.request).get("start", "0") == "0":
                raise EmptyPayload("no funding in the window")
            return []  # the page before was full by chance
        rows = [
            Row(series.id, day, _days.percent(rate for _, rate in settled))
            for day, settled in _whole(days, response).items()
            if day < running
        ]
        return _payload.unique(rows) if rows else []


Days = dict[date, list[tuple[datetime, float]]]


def _settlements(dataset: Dataset, response: Response) -> Days:
    found = []
    for entry in _payload.listing(_body(response), "funding"):
        item = _payload.mapping(entry, "funding")
        rate, symbol = _payload.number(item.get("fundingRate")), item.get("symbol")
        if symbol != dataset.request["symbol"]:
            raise SchemaDrift(f"funding of {str(symbol)[:40]!r}, wanted {dataset.request['symbol']!r}")
        if rate is None:
            raise SchemaDrift("funding without a rate")
        found.append((_moment(item.get("timestamp")), rate))
    if [stamp for stamp, _ in found] != sorted(stamp for stamp, _ in found):
        raise SchemaDrift("funding is not in ascending order")
    days = _days.by_day(found)
    if _count(days) != len(found):
        raise SchemaDrift("funding stands twice for one moment")
    return days


def _body(response: Response) -> Any:
    if response.status in (400, 404) and b"symbol" in response.content[:300].lower():
        raise NotFound("the symbol is not known")
    body = _payload.json_body(response)
    if isinstance(body, dict) and "error" in body:
        said = " ".join(str(body["error"]).split())[:150]
        raise (RateLimited if "rate limit" in said.lower() else SchemaDrift)(said)
    return body


def _whole(days: Days, response: Response) -> Days:
    """`days` without the last one of a full page. Raises SchemaDrift when a page holds one day only."""
    if _count(days) < _PAGE:
        return days
    if len(days) == 1:
        raise SchemaDrift(f"{_PAGE} settlements in one day")
    return {day: settled for day, settled in days.items() if day != max(days)}


def _count(days: Days) -> int:
    return sum(map(len, days.values()))


def _moment(value: Any) -> datetime:
    try:
        stamp = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SchemaDrift(f"not a time stamp: {str(value)[:40]!r}") from None
    if stamp.tzinfo is None:
        raise SchemaDrift(f"a time stamp without a zone: {value!r}")
    try:
        return stamp.astimezone(UTC)
    except OverflowError:
        raise SchemaDrift(f"not a time stamp: {value!r}") from None


SOURCE = BitMex()
