"""SPDR Gold Shares: what the largest gold ETF holds, from its historical archive (XLSX, whole each time).

Belongs here: tonnes, ounces and net asset value of GLD. Does not belong here: prices of the share (`yahoo`).
`request:` keys: `product`, such as gld. A series' `field` is a column's header. The old CSV's address leads to a PDF
today: a body that is no workbook is refused. Holidays stand in the sheet with `US Holiday` in every column: missing.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import date, datetime

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload
from ingest.sources._xlsx import Cell, Workbook, is_xlsx

HOST = "api.spdrgoldshares.com"
SITE = "https://www.spdrgoldshares.com"
SHEET = "US GLD Historical Archive"
_MISSING = frozenset({"us holiday", "holiday", "nyse closed", "awaited"})
_DAY = re.compile(r"(\d\d)-([A-Z][a-z]{2})-(\d{4})", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Spdr:
    """`ingest.model.Source` for SPDR Gold Shares."""

    name: str = "spdr"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One workbook; there is no window."""
        yield Request(
            url=f"https://{HOST}/api/v1/historical-archive",
            params={"product": dataset.request["product"], "exchange": "NYSE", "lang": "en"},
            headers={"Accept": "application/json, text/plain, */*", "Origin": SITE, "Referer": f"{SITE}/"},
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Daily holdings. Raises SchemaDrift (also for a PDF), EmptyPayload, Blocked, NotFound."""
        _payload.expect_ok(response)
        if not response.content.strip():
            raise EmptyPayload("an empty body")
        if not is_xlsx(response.content):
            _payload.reject_page(response.content[:4000].decode("utf-8", "replace"))
            raise SchemaDrift(f"no workbook: the body begins with {response.content[:8]!r}")
        rows = Workbook(response.content).rows(SHEET)
        header = [cell if isinstance(cell, str) else "" for cell in next(rows, [])]
        for name in ("Date", *(series.field for series in dataset.series)):
            if header.count(name) != 1:
                raise SchemaDrift(f"{SHEET}: {header.count(name)} columns called {name!r}")
        when, places = header.index("Date"), [(series.id, header.index(series.field)) for series in dataset.series]
        found: list[Row] = []
        for row in rows:
            day = _day(row[when] if when < len(row) else None)
            found += [Row(name, day, _value(row[at] if at < len(row) else None)) for name, at in places]
        if not any(row.value is not None for row in found):
            raise EmptyPayload("no holding in the workbook")
        return _payload.unique(found)


def _day(cell: Cell) -> date:
    if isinstance(cell, str) and (parts := _DAY.fullmatch(cell)) and parts.group(2) in _MONTHS:
        try:
            return date(int(parts.group(3)), _MONTHS.index(parts.group(2)) + 1, int(parts.group(1)))
        except ValueError:
            pass
    raise SchemaDrift(f"not a date as DD-Mon-YYYY: {str(cell)[:40]!r}")


def _value(cell: Cell) -> float | None:
    if isinstance(cell, str) and cell.lower() in _MISSING:
        return None
    return _payload.number(cell)


SOURCE = Spdr()
