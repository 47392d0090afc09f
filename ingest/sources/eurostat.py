"""Eurostat: harmonised consumer prices (HICP) as JSON-stat 2.0.

Belongs here: monthly indices of `prc_hicp_minr`. Does not belong here: `prc_hicp_midx` and `prc_hicp_manr`, frozen at
December 2025 (an answer that ends too long before its fetch is StaleData, one without `coicop18` is SchemaDrift).
`request:` keys: `geo`, `coicop18`, `unit`. One series per request.
`value` is sparse: the flat index of an observation without a value is absent. Flags in `status` are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ingest.errors import SchemaDrift, StaleData
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "ec.europa.eu"
PATH = "/eurostat/api/dissemination/statistics/1.0/data/prc_hicp_minr"
OLDEST_NEWEST = timedelta(days=150)  # the newest month begins at most 80 days before a look in normal times
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_ASKED = ("geo", "coicop18", "unit")


class Eurostat:
    """`ingest.model.Source` for Eurostat."""

    name: str = "eurostat"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One answer; increments begin `overlap_days` before the newest held month."""
        since = _payload.since(dataset, held)
        yield Request(
            url=f"https://{HOST}{PATH}",
            params={
                "format": "JSON",
                "lang": "EN",
                **{name: dataset.request[name] for name in _ASKED},
                "sinceTimePeriod": f"{since:%Y-%m}",
            },
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Monthly rows. Raises SchemaDrift (also HTTP 400: an unknown dimension), StaleData, EmptyPayload."""
        body = _payload.mapping(_payload.json_body(response), "answer")
        if "error" in body:
            raise SchemaDrift(f"an error inside a success: {str(body['error'])[:160]}")
        if body.get("class") != "dataset" or not str(body.get("version", "")).startswith("2."):
            raise SchemaDrift("not a JSON-stat 2 dataset")
        months = _months(dataset, body)
        series, rows = dataset.series[0], []
        for index, raw in _values(body.get("value")).items():
            if index not in months:
                raise SchemaDrift(f"a value at index {index[:20]!r}, beyond the {len(months)} months")
            rows.append(Row(series.id, _payload.iso_day(f"{months[index]}-01"), _payload.number(raw)))
        found = _payload.unique(rows)
        newest = max((row.observation_date for row in found if row.value is not None), default=None)
        if newest is not None and newest < response.fetched_at.date() - OLDEST_NEWEST:
            raise StaleData(f"{series.id}: the answer ends in {newest:%Y-%m}: a frozen dataset")
        return found


def _months(dataset: Dataset, body: Mapping[str, Any]) -> dict[str, str]:
    """Flat index -> month. Proves that every other dimension has the one category that was asked for."""
    names, sizes = _payload.listing(body.get("id"), "id"), _payload.listing(body.get("size"), "size")
    if not {*_ASKED, "time"} <= set(map(str, names)) or len(names) != len(sizes):
        raise SchemaDrift(f"dimensions {', '.join(map(str, names))[:80]}: wanted {', '.join(_ASKED)} and time")
    dimensions = _payload.mapping(body.get("dimension"), "dimension")
    months: dict[str, str] = {}
    for name, size in zip(names, sizes, strict=True):
        category = _payload.mapping(_payload.mapping(dimensions.get(str(name)), str(name)).get("category"), "category")
        index = _payload.mapping(category.get("index"), "index")
        if len(index) != size:
            raise SchemaDrift(f"dimension {name}: {len(index)} categories, its size says {size}")
        if name == "time":
            months = {str(position): month for month, position in index.items()}
            if len(months) != size or not all(map(_MONTH.fullmatch, months.values())):
                raise SchemaDrift("time is not months")
        elif size != 1 or (name in _ASKED and dataset.request[str(name)] not in index):
            raise SchemaDrift(f"dimension {name} is {', '.join(index)[:40]!r}, asked for one")
    return months


def _values(value: Any) -> Mapping[str, Any]:
    """The sparse object; the dense array that JSON-stat allows as well is turned into one."""
    if isinstance(value, list):
        return {str(position): cell for position, cell in enumerate(value)}
    return _payload.mapping(value, "value")


SOURCE = Eurostat()
