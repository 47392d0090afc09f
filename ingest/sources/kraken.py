"""Kraken: daily bars of spot pairs, UTC days; the last 720 of them, whatever is asked for.

Belongs here: daily closes. Does not belong here: intraday bars, order books, Kraken Futures.
`request:` keys: `pair`, such as XBTUSD; the answer names it otherwise (XXBTZUSD), so its only key is taken.
Upstream's habits: errors inside HTTP 200; bars are [time, open, high, low, close, vwap, volume, count] with prices as
text; the last bar is the running one, `last` is the time of the newest finished one.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
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

HOST = "api.kraken.com"
_MINUTES = "1440"
_ERRORS: tuple[tuple[str, type[SourceError]], ...] = (
    ("Unknown asset pair", NotFound),
    ("Too many requests", RateLimited),
    ("Rate limit", RateLimited),
    ("Permission denied", Blocked),
    ("EService:", Unreachable),
)


class Kraken:
    """`ingest.model.Source` for Kraken."""

    name: str = "kraken"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One request; `since` only saves bytes."""
        params = {"pair": dataset.request["pair"], "interval": _MINUTES}
        if held.newest:
            params["since"] = str(_days.ms(_payload.since(dataset, held)) // 1_000)
        yield Request(url=f"https://{HOST}/0/public/OHLC", params=params)

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Closes of finished UTC days. Raises NotFound, RateLimited, Unreachable, SchemaDrift, EmptyPayload, Blocked."""
        result = _result(response)
        bars = [value for key, value in result.items() if key != "last"]
        if len(bars) != 1:
            raise SchemaDrift(f"{len(bars)} pairs in the answer, wanted 1")
        newest = _days.moment(result.get("last"))
        series, running, rows = dataset.series[0], _days.running(response), []
        for bar in _payload.listing(bars[0], "bars"):
            cells = _payload.listing(bar, "bar")
            if len(cells) != 8:
                raise SchemaDrift(f"a bar of {len(cells)} cells, wanted 8")
            day = _days.midnight(cells[0])
            high, low, close = (_payload.number(cell) for cell in cells[2:5])
            if low is None or high is None or close is None or not low <= close <= high:
                raise SchemaDrift("a bar whose close lies outside low and high: the order of its cells has changed")
            if day < running and _days.moment(cells[0]) <= newest:
                rows.append(Row(series.id, day, close))
        if not rows:
            raise EmptyPayload("no finished bar in the answer")
        return _payload.unique(rows)


def _result(response: Response) -> Mapping[str, Any]:
    body = _payload.mapping(_payload.json_body(response), "answer")
    said = [str(error) for error in _payload.listing(body.get("error"), "error")]
    for error in said:
        if not error.startswith("W"):  # warnings come beside data
            kind = next((kind for text, kind in _ERRORS if text.lower() in error.lower()), SchemaDrift)
            raise kind(" ".join(error.split())[:200])
    return _payload.mapping(body.get("result"), "result")


SOURCE = Kraken()
