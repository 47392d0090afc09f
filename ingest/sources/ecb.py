"""European Central Bank: daily euro reference rates, the whole history in one zip.

Belongs here: `eurofxref-hist.zip`, currency units per euro. Does not belong here: cross rates, interest rates.
No `request:` keys; a series' `field` is the currency's column. Newest day first, `N/A` = not quoted, and a trailing
comma that makes an empty last column. TARGET days only.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import datetime

from ingest.errors import Blocked, EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload
from ingest.sources._zip import member

HOST = "www.ecb.europa.eu"
MEMBER = "eurofxref-hist.csv"
MAX_BYTES = 64 * 2**20
_MISSING = frozenset({"N/A", ""})


class Ecb:
    """`ingest.model.Source` for the ECB."""

    name: str = "ecb"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """The whole file (0.6 MB), also for an increment."""
        yield Request(url=f"https://{HOST}/stats/eurofxref/eurofxref-hist.zip")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows per declared currency. Raises SchemaDrift (no zip, no such column), EmptyPayload, Blocked."""
        header, table = _payload.csv_table(replace(response, content=_member(response)))
        series = _payload.by_field(dataset)
        if lost := [name for name in ("Date", *series) if header.count(name) != 1]:
            raise SchemaDrift(f"header without one column {lost[0]}: {','.join(header)[:80]!r}")
        places = [(header.index(name), item.id) for name, item in series.items()]
        date_at, rows = header.index("Date"), []
        for cells in table:
            day = _payload.iso_day(cells[date_at])
            rows += [Row(name, day, _payload.number(cells[at], _MISSING)) for at, name in places]
        return _payload.unique(rows)


def _member(response: Response) -> bytes:
    """The CSV inside the zip. A page instead of a zip raises what the page means."""
    _payload.expect_ok(response)
    if not response.content:
        raise EmptyPayload("an empty body")
    if response.content.lstrip()[:1] == b"<":
        _payload.reject_page(response.content.decode("utf-8", "replace"))
        raise Blocked("a page where a zip should be")
    return member(response.content, MEMBER, MAX_BYTES)


SOURCE = Ecb()
