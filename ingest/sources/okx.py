"""OKX: funding, open interest and liquidations of perpetual swaps.

Belongs here: settled funding (three months), open interest by UTC day, liquidations since collection began. Does not
belong here: prices, and history that OKX does not give.
`request:` keys: `kind` (funding, open_interest, liquidations), `inst` (BTC-USDT-SWAP); for liquidations `max_pages`.
Pages run from new to old (`after`, `end` = older than). A page may begin or end within a day:
* funding: the oldest day of a page counts when it holds the 00:00 settlement, which every interval (1, 2, 4, 8 h) has;
  else it is left to the next page, which begins with it.
* open interest: one row a day. Asked for as `1Dutc`; plain `1D` is cut at UTC+8, which is refused.
* liquidations: sums in USD over all pages of a fetch (`parse_all`), long and short apart, of days that the pages hold
  whole. A contract is CONTRACTS coins. OKX says that the list "does not represent all" liquidations.
Every value is text; errors are `code` other than "0", also inside HTTP 200.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import fsum
from typing import Any

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
    Unreachable,
)
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload

HOST = "www.okx.com"
_PATHS = {
    "funding": "/api/v5/public/funding-rate-history",
    "open_interest": "/api/v5/rubik/stat/contracts/open-interest-history",
    "liquidations": "/api/v5/public/liquidation-orders",
}
CONTRACTS = {"BTC-USDT-SWAP": 0.01, "ETH-USDT-SWAP": 0.1, "SOL-USDT-SWAP": 1.0}  # coins: `ctVal` of public/instruments
_PAGE = 100
_MOST_PAGES = 60
_ERRORS: Mapping[str, type[SourceError]] = {
    "50001": Unreachable, "50011": RateLimited, "50013": Unreachable, "50026": Unreachable, "50061": RateLimited,
    "51000": NotFound, "51001": NotFound, "50110": Blocked,
}  # fmt: skip
Pages = Generator[Request, Response, None]


class Okx:
    """`ingest.model.Source` for OKX."""

    name: str = "okx"
    hosts: Mapping[str, float] = {HOST: 0.25}

    def requests(self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]) -> Pages:
        """Pages from now back to the first day wanted, or to the end of what OKX keeps."""
        kind = dataset.request["kind"]
        if kind == "liquidations":
            return _liquidation_pages(dataset, held, now)
        return _pages(dataset, kind, _payload.since(dataset, held))

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows of one page. Raises NotFound, RateLimited, Unreachable, SchemaDrift, EmptyPayload, Blocked."""
        kind = dataset.request["kind"]
        if kind == "liquidations":
            return self.parse_all(dataset, [response]) or []
        running = _days.running(response)
        if kind == "funding":
            days = _whole(_settlements(dataset, response))
            rows = [
                Row(dataset.series[0].id, day, _days.percent(rate for _, rate in settled))
                for day, settled in days.items()
                if day < running
            ]
        else:
            rows = [
                Row(series.id, day, values[series.field])
                for day, values in _interest(response).items()
                if day < running
                for series in dataset.series
            ]
        if not rows and "after" not in response.request.params and "end" not in response.request.params:
            raise EmptyPayload("no finished day in the newest page")
        return _payload.unique(rows) if rows else []

    def parse_all(self, dataset: Dataset, responses: Sequence[Response]) -> list[Row] | None:
        """Liquidations of all pages of one fetch, by day and side in USD; None for datasets that are read by page."""
        if dataset.request["kind"] != "liquidations":
            return None
        found: list[tuple[datetime, str, float]] = []
        for response, older in pairwise([*responses, None]):
            assert response is not None
            cut = _days.moment(older.request.params["after"]) if older else None
            found += [order for order in _orders(dataset, response) if cut is None or order[0] >= cut]
        if not found:
            return []  # a list without an order proves nothing about any day
        first, last = min(found)[0].date() + timedelta(days=1), min(map(_days.running, responses))
        rows = []
        for number in range(max((last - first).days, 0)):
            day = first + timedelta(days=number)
            for series in dataset.series:
                amount = fsum(usd for stamp, side, usd in found if stamp.date() == day and side == series.field)
                rows.append(Row(series.id, day, round(amount, 2)))
        return rows


def _pages(dataset: Dataset, kind: str, since: date) -> Pages:
    params = {"instId": dataset.request["inst"], "limit": str(_PAGE)}
    if kind == "open_interest":
        params["period"] = "1Dutc"
    for _ in range(_MOST_PAGES):
        page = yield Request(url=f"https://{HOST}{_PATHS[kind]}", params=params)
        before = params.get("after") or params.get("end")
        if kind == "funding":
            settled = _settlements(dataset, page)
            oldest = min(settled, default=since)
            follows = _days.ms(oldest if oldest in _whole(settled) else oldest + timedelta(days=1))
            params = {**params, "after": str(follows)}
            full = sum(map(len, settled.values())) >= _PAGE
        else:
            days = _interest(page)
            oldest = min(days, default=since)
            follows = _days.ms(oldest)
            params = {**params, "end": str(follows)}
            full = len(days) >= _PAGE
        if not full or oldest <= since:
            return
        if before is not None and follows >= int(before):
            raise SchemaDrift("the next page is not older")
    raise SchemaDrift(f"more than {_MOST_PAGES} pages")


def _liquidation_pages(dataset: Dataset, held: Held, now: datetime) -> Pages:
    """Until a page reaches the day before the first one wanted, OKX has no more, or `max_pages`."""
    newest = max(held.newest.values(), default=None)
    since = datetime.min.replace(tzinfo=UTC) if newest is None else _days.moment(_days.ms(newest + timedelta(days=1)))
    params = {"instType": "SWAP", "state": "filled", "limit": str(_PAGE)}
    params["uly"] = str(dataset.request["inst"]).removesuffix("-SWAP")
    for _ in range(int(dataset.request["max_pages"])):
        page = yield Request(url=f"https://{HOST}{_PATHS['liquidations']}", params=params)
        stamps = [stamp for stamp, _, _ in _orders(dataset, page)]
        if not stamps or min(stamps) < since:
            return
        oldest = int(min(stamps).timestamp() * 1_000 + 0.5)
        # orders of the oldest millisecond may be cut: asked for again, unless they fill a page
        follows = oldest if min(stamps) == max(stamps) else oldest + 1
        if "after" in params and follows >= int(params["after"]):
            return
        params = {**params, "after": str(follows)}


def _data(response: Response) -> list[Any]:
    """The envelope's `data`. Raises the typed error of its code."""
    body = _payload.mapping(_payload.json_body(response), "answer")
    code = body.get("code")
    if code != "0":
        said = f"code {str(code)[:10]}: {' '.join(str(body.get('msg')).split())[:150]}"
        raise _ERRORS.get(str(code), SchemaDrift)(said)
    return _payload.listing(body.get("data"), "data")


def _settlements(dataset: Dataset, response: Response) -> dict[date, list[tuple[datetime, float]]]:
    found = []
    for entry in _data(response):
        item = _payload.mapping(entry, "funding")
        if item.get("instId") != dataset.request["inst"]:
            raise SchemaDrift(f"funding of {str(item.get('instId'))[:40]!r}, wanted {dataset.request['inst']!r}")
        rate = _payload.number(item.get("realizedRate"))
        if rate is None:
            raise SchemaDrift("funding without realizedRate")
        found.append((_days.moment(item.get("fundingTime")), rate))
    return _days.by_day(found)


def _whole(days: dict[date, list[tuple[datetime, float]]]) -> dict[date, list[tuple[datetime, float]]]:
    oldest = min(days, default=None)
    return {day: rates for day, rates in days.items() if day != oldest or rates[0][0].hour == rates[0][0].minute == 0}


def _interest(response: Response) -> dict[date, dict[str, float]]:
    days: dict[date, dict[str, float]] = {}
    for entry in _data(response):
        cells = _payload.listing(entry, "open interest")
        if len(cells) != 4:
            raise SchemaDrift(f"a row of {len(cells)} cells, wanted 4")
        coin, usd = _payload.number(cells[2]), _payload.number(cells[3])
        if coin is None or usd is None:
            raise SchemaDrift("a row without an open interest")
        if days.setdefault(_days.midnight(cells[0]), values := {"oiCcy": coin, "oiUsd": usd}) != values:
            raise SchemaDrift(f"two open interests for {_days.midnight(cells[0])}")
    return days


def _orders(dataset: Dataset, response: Response) -> list[tuple[datetime, str, float]]:
    """(moment, "long" or "short", USD) of every liquidation. A sold position was long."""
    inst, found = dataset.request["inst"], []
    for entry in _data(response):
        item = _payload.mapping(entry, "liquidation")
        if item.get("instId") != inst:
            continue  # other contracts of the same underlying
        for detail in _payload.listing(item.get("details"), "details"):
            order = _payload.mapping(detail, "details")
            size, price = _payload.number(order.get("sz")), _payload.number(order.get("bkPx"))
            if size is None or price is None or size < 0 or price <= 0:
                raise SchemaDrift("a liquidation without size or price")
            side = order.get("posSide")
            if side not in ("long", "short"):  # net mode
                side = {"sell": "long", "buy": "short"}.get(str(order.get("side")))
            if side is None:
                raise SchemaDrift("a liquidation without a side")
            found.append((_days.moment(order.get("ts")), str(side), size * CONTRACTS[inst] * price))
    return found


SOURCE = Okx()
