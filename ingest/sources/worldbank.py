"""World Bank indicators API v2: annual figures of several countries in one request.

Belongs here: annual series, the long fallback where no monthly source reaches. Does not belong here: Taiwan, which the
World Bank does not list.
`request:` keys: `indicator`. A series' `field` is the country's ISO code of three letters.
The answer is `[page information, observations]`, newest first, null = missing; a wrong name is answered with HTTP 200
and `[{"message": [...]}]`. A year's figure is dated on its first day.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import date, datetime
from typing import Any

from ingest.errors import EmptyPayload, NotFound, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "api.worldbank.org"
PAGE = 1000
_YEAR = re.compile(r"(1[89]|20)\d\d", re.ASCII)


class WorldBank:
    """`ingest.model.Source` for the World Bank."""

    name: str = "worldbank"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """All pages; one page holds a dozen countries since 1960."""
        countries = ";".join(series.field for series in dataset.series)
        years = f"{_payload.since(dataset, held).year}:{now.year}"
        page = pages = 1
        while page <= pages:
            response = yield Request(
                url=f"https://{HOST}/v2/country/{countries}/indicator/{dataset.request['indicator']}",
                params={"format": "json", "date": years, "per_page": str(PAGE), "page": str(page)},
            )
            pages, page = _answer(response)[0], page + 1

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Annual rows per country. Raises NotFound (an unknown name), SchemaDrift, EmptyPayload."""
        series, rows, other = _payload.by_field(dataset), [], ""
        for entry in _answer(response)[1]:
            item = _payload.mapping(entry, "observation")
            indicator = _payload.mapping(item.get("indicator"), "indicator").get("id")
            country, year = str(item.get("countryiso3code")), str(item.get("date"))
            if indicator != dataset.request["indicator"] or "value" not in item:
                raise SchemaDrift(f"a row of {str(indicator)[:30]!r} that was not asked for")
            if country not in series:  # a recording of all countries
                other = other or country
                continue
            if not _YEAR.fullmatch(year):
                raise SchemaDrift(f"not a year: {year[:20]!r}")
            rows.append(Row(series[country].id, date(int(year), 1, 1), _payload.number(item["value"])))
        if other and not rows:
            raise SchemaDrift(f"only rows of countries such as {other[:10]!r} that were not asked for")
        return _payload.unique(rows)


def _answer(response: Response) -> tuple[int, list[Any]]:
    """Number of pages, and the observations of this one."""
    body = _payload.listing(_payload.json_body(response), "answer")
    head = _payload.mapping(body[0], "page information") if body else {}
    if "message" in head:
        raise NotFound(f"refused: {str(head['message'])[:160]}")
    pages = head.get("pages")
    if isinstance(pages, bool) or not isinstance(pages, int) or len(body) != 2:
        raise SchemaDrift("not page information and observations")
    if body[1] is None or pages == 0:
        raise EmptyPayload("no observation in the answer")
    return pages, _payload.listing(body[1], "observations")


SOURCE = WorldBank()
