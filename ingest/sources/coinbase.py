"""Coinbase Exchange: daily candles of spot pairs, UTC days.

Belongs here: daily closes. Does not belong here: intraday candles, order books.
`request:` keys: `product`, such as BTC-USD. A request covers at most 300 days; the server wants a User-Agent (the
client sends one). Candles are `[time, low, high, open, close, volume]`, newest first; a day without a trade is
absent.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "api.exchange.coinbase.com"
_DAY_S = 86_400
_LONGEST = 300


class Coinbase:
    """`ingest.model.Source` for Coinbase Exchange."""

    name: str = "coinbase"
    hosts: Mapping[str, float] = {HOST: 0.1}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Windows of at most 300 days, oldest first."""
        today = now.astimezone(UTC).date()
        for first, last in _payload.windows(min(_payload.since(dataset, held), today), today, _LONGEST):
            yield Request(
                url=f"https://{HOST}/products/{dataset.request['product']}/candles",
                params={"granularity": str(_DAY_S), "start": f"{first}T00:00:00Z", "end": f"{last}T00:00:00Z"},
            )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Closes in USD of finished UTC days. Raises SchemaDrift, EmptyPayload, NotFound, RateLimited, Blocked."""
        candles = _payload.listing(_payload.json_body(response), "candles")
        if not candles and _payload.reaches_now(response, "end"):
            raise EmptyPayload("no candle in the window")
        series, running, rows = dataset.series[0], response.fetched_at.astimezone(UTC).date(), []
        for candle in candles:
            cells = [_payload.number(cell) for cell in _payload.listing(candle, "candle")]
            if len(cells) != 6:
                raise SchemaDrift(f"a candle of {len(cells)} cells, wanted 6")
            stamp, low, high, _, close, _ = cells
            if stamp is None or low is None or high is None or close is None or not low <= close <= high:
                raise SchemaDrift("a candle whose close lies outside low and high: the order of its cells has changed")
            if stamp % _DAY_S:
                raise SchemaDrift(f"a candle that does not begin at midnight UTC: {stamp:.0f}")
            day = _payload.epoch(stamp).date()
            if day < running:
                rows.append(Row(series.id, day, close))
        return _payload.unique(rows) if rows else []


SOURCE = Coinbase()
