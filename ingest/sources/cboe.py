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
_BAD_ROWS, _BAD_SHARE = 3, 0.02


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
        if {"HIGH", "LOW"} <= set(names):
            _prove_order(table, names.index("LOW"), close, names.index("HIGH"))
        return _payload.unique(
            Row(series.id, _payload.us_day(cells[0]), _payload.number(cells[close], _MISSING)) for cells in table
        )


def _prove_order(table: list[list[str]], *places: int) -> None:
    """Low, close and high ascend, but for single bad rows: else the columns are not what the header calls them."""
    odd = []
    for cells in table:
        found = [value for at in places if (value := _payload.number(cells[at], _MISSING)) is not None]
        if found != sorted(found):
            odd.append(cells)
    if len(odd) > max(_BAD_ROWS, _BAD_SHARE * len(table)):
        raise SchemaDrift(f"{len(odd)} of {len(table)} closes lie outside low and high, e.g. {','.join(odd[0])[:80]!r}: the columns have changed")


SOURCE = Cboe()
