"""LBMA precious metal prices: the London auctions, the whole file each time.

Belongs here: gold PM and AM, silver, per troy ounce. Does not belong here: holdings of vaults, futures.
`request:` keys: `file`, the file's name without .json. A series' `field` is its place in `v`: usd, gbp or eur.
Missing is 0 or null. A currency that has not begun yet (EUR before 1999) gives no row. Upstream has weekend rows that
no auction produced (silver 1983-02-05, a Saturday): they are left out here, by the weekday.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "prices.lbma.org.uk"
_PLACE = {"usd": 0, "gbp": 1, "eur": 2}
_SATURDAY = 5


class Lbma:
    """`ingest.model.Source` for the LBMA's price files."""

    name: str = "lbma"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One file, always whole: there is no date window."""
        yield Request(url=f"https://{HOST}/json/{dataset.request['file']}.json")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Prices per troy ounce. Raises SchemaDrift, EmptyPayload, Blocked, NotFound."""
        days = []
        for entry in _payload.listing(_payload.json_body(response), "prices"):
            item = _payload.mapping(entry, "price")
            prices = [_payload.number(price) for price in _payload.listing(item.get("v"), "v")]
            if len(prices) != len(_PLACE):
                raise SchemaDrift(f"{len(prices)} prices in a row, wanted USD, GBP and EUR")
            day = _payload.iso_day(item.get("d"))
            if day.weekday() < _SATURDAY:
                days.append((day, prices))
        rows = []
        for series in dataset.series:
            begun = False
            for day, prices in sorted(days, key=lambda pair: pair[0]):
                price = prices[_PLACE[series.field]] or None
                begun = begun or price is not None
                if begun:
                    rows.append(Row(series.id, day, price))
        if not any(row.value is not None for row in rows):
            raise EmptyPayload("no price in the answer")
        return _payload.unique(rows)


SOURCE = Lbma()
