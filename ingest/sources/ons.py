"""Office for National Statistics (UK): one time series as CSV from the site's generator.

Belongs here: monthly series. Does not belong here: the annual and quarterly means that stand in the same column.
`request:` keys: `uri`, the series' page on the site; a series' `field` is its CDID, which the file names.
Two columns: rows of names and notes first, then years, quarters and months (`2026 AUG`).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import date, datetime

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "www.ons.gov.uk"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH = re.compile(r"(\d{4}) ([A-Z]{3})", re.ASCII)
_OTHER = re.compile(r"\d{4}( Q[1-4])?", re.ASCII)
_MISSING = frozenset({"", ".."})


class Ons:
    """`ingest.model.Source` for the Office for National Statistics."""

    name: str = "ons"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """The whole series: the generator knows no window."""
        yield Request(url=f"https://{HOST}/generator", params={"format": "csv", "uri": dataset.request["uri"]})

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Monthly rows. Raises SchemaDrift (also when the file is of another series), EmptyPayload, RateLimited."""
        series = dataset.series[0]
        header, table = _payload.csv_table(response)
        if len(header) != 2 or header[0].lower() != "title":
            raise SchemaDrift(f"header {','.join(header)[:80]!r}, wanted 'Title' and a name")
        names = {left.upper(): right for left, right in table[:12] if not _OTHER.fullmatch(left)}
        if names.get("CDID", "").upper() != series.field:
            raise SchemaDrift(f"the file is of series {names.get('CDID', 'nameless')[:20]!r}, wanted {series.field}")
        rows, seen_period = [], False
        for left, right in table:
            if found := _MONTH.fullmatch(left):
                if found[2] not in MONTHS:
                    raise SchemaDrift(f"not a month: {left!r}")
                day = date(_year(found[1]), MONTHS.index(found[2]) + 1, 1)
                rows.append(Row(series.id, day, _payload.number(right, _MISSING)))
            elif _OTHER.fullmatch(left):
                _payload.number(right, _MISSING)
            elif seen_period:
                raise SchemaDrift(f"not a period: {left[:40]!r}")
            seen_period = seen_period or bool(found) or bool(_OTHER.fullmatch(left))
        if not rows:
            raise EmptyPayload(f"no monthly row of {series.field}")
        return _payload.unique(rows)


def _year(text: str) -> int:
    year = int(text)
    if year < 1800:
        raise SchemaDrift(f"not a year: {text!r}")
    return year


SOURCE = Ons()
