"""FRED: one series per request, as `fredgraph.csv` without a key, through the API when FRED_API_KEY is set.

Belongs here: the current vintage. Does not belong here: vintages (`alfred`); `fredgraph.csv` silently ignores
`vintage_date`.
`request:` keys: `id`, the FRED series id (upper case).
Upstream's habits: header `observation_date,<ID>` (until December 2024 `DATE,<ID>`), empty cell or "." = missing, an
HTML 404 page for an unknown id, a wall by User-Agent and address (HTTP/1.1 and the User-Agent are the client's
business).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _fredapi, _payload

HOST = "fred.stlouisfed.org"
_MISSING = frozenset({"", "."})


class Fred:
    """`ingest.model.Source` for FRED."""

    name: str = "fred"
    hosts: Mapping[str, float] = {HOST: 0.5, _fredapi.HOST: _fredapi.PACE_S}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One CSV, or the API's pages; increments begin `overlap_days` before the newest held day."""
        series_id, since = dataset.request["id"], _payload.since(dataset, held).isoformat()
        if key := env.get(_fredapi.KEY):
            yield from _fredapi.pages(series_id, key, {"observation_start": since})
        else:
            yield Request(url=f"https://{HOST}/graph/fredgraph.csv", params={"id": series_id, "cosd": since})

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows of the one series. Raises Blocked, NotFound, RateLimited, SchemaDrift, EmptyPayload."""
        series = dataset.series[0]
        if _payload.path_of(response.request) == _fredapi.PATH:
            found = [(day, value) for day, _, value in _fredapi.observations(response)]
        else:
            header, table = _payload.csv_table(response)
            if header not in (["observation_date", series.field], ["DATE", series.field]):
                raise SchemaDrift(f"header {','.join(header)[:80]!r}, wanted 'observation_date,{series.field}'")
            found = [(day, _payload.number(cell, _MISSING)) for day, cell in table]
        return _payload.unique(Row(series.id, _payload.iso_day(day), value) for day, value in found)


SOURCE = Fred()
