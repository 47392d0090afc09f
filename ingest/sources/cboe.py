"""Cboe: daily closes of volatility indices, the whole file each time.

Belongs here: VIX and GVZ closes. Does not belong here: open, high, low (no measure needs them).
`request:` keys: `symbol`, the index in the file's name. Columns are found by name; early GVZ files call CLOSE by the
symbol.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "cdn.cboe.com"
_MISSING = frozenset({""})


class Cboe:
    """`ingest.model.Source` for Cboe's index files."""

    name: str = "cboe"
    hosts: Mapping[str, float] = {HOST: 0.5}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One file, always whole: there is no date window."""
        yield Request(url=f"https://{HOST}/api/global/us_indices/daily_prices/{dataset.request['symbol']}_History.csv")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Closes in index points. Raises SchemaDrift, EmptyPayload, Blocked, NotFound."""
        series = dataset.series[0]
        header, table = _payload.csv_table(response)
        names = [name.upper() for name in header]
        wanted = [name for name in (series.field.upper(), str(dataset.request["symbol"]).upper()) if name in names][:1]
        if names[0] != "DATE" or [names.count(name) for name in wanted] != [1]:
            raise SchemaDrift(f"header {','.join(header)[:80]!r}, wanted DATE and one {series.field}")
        close = names.index(wanted[0])
        return _payload.unique(
            Row(series.id, _payload.us_day(cells[0]), _payload.number(cells[close], _MISSING)) for cells in table
        )


SOURCE = Cboe()
