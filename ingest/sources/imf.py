"""IMF SDMX: official gold by country, in fine troy ounces, monthly.

Belongs here: gold volumes of the flows IRFCL and IL. Does not belong here: tonnes, sums over countries or sectors,
other people's estimates (`wgc`). `request:` keys: `flow` (IMF.STA,IRFCL), `key` (the series key, `{areas}` where the
countries go), and `fixed`, dimension -> its value in every row that is read (so that sectors are never mixed).
Values are plain ounces although SCALE says 6: that is how the IMF's own pages show them, not a multiplier (the United
States are 261,499,000). Some countries slip by a thousand for months: the plausible range keeps those apart.
A series' `field` is the area: ISO3, or G001 for the world. 0.0 in a month is a hole in the reporting, not a sale:
missing. A country that is absent from the answer gives no row. CSV is asked for; XML, the host's own choice, is read
as well. The observation date is the month's first day; the figure is of its end.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from datetime import date, datetime

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload
from ingest.sources._xlsx import local, xml_root

HOST = "api.imf.org"
_MONTH = re.compile(r"(\d{4})-M?(\d\d)", re.ASCII)
_MISSING = frozenset({"", "NaN", "NA"})
_PLAIN = frozenset({"", "0"})
_AREA, _PERIOD, _VALUE = "COUNTRY", "TIME_PERIOD", "OBS_VALUE"


class Imf:
    """`ingest.model.Source` for the IMF's SDMX 2.1 interface."""

    name: str = "imf"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """All areas in one request."""
        areas = "+".join(series.field for series in dataset.series)
        key = dataset.request["key"].replace("{areas}", areas)
        yield Request(
            url=f"https://{HOST}/external/sdmx/2.1/data/{dataset.request['flow']}/{key}",
            params={"startPeriod": str(_payload.since(dataset, held).year)},
            headers={"Accept": "text/csv"},
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Ounces by area and month. Raises SchemaDrift, EmptyPayload, NotFound, Blocked, RateLimited."""
        series, rows = _payload.by_field(dataset), []
        fixed: Mapping[str, str] = dataset.request["fixed"]
        odd = ""
        for record in _records(response):
            wrong = [name for name, want in {**fixed, "FREQUENCY": "M", "FREQ": "M"}.items() if record.get(name, want) != want]
            if wrong:
                odd = odd or f"{wrong[0]} is {record[wrong[0]][:40]!r}"
            elif record.get("UNIT_MULT", "0") not in _PLAIN:
                raise SchemaDrift(f"the multiplier is {record['UNIT_MULT'][:20]!r}, wanted plain ounces")
            elif record[_AREA] in series:
                ounces = _payload.number(record[_VALUE], _MISSING) or None
                rows.append(Row(series[record[_AREA]].id, _month(record[_PERIOD]), ounces))
        if odd and not rows:
            raise SchemaDrift(f"no row of the wanted key: {odd}")
        if not any(row.value is not None for row in rows):
            raise EmptyPayload("no holding of the wanted countries in the answer")
        return _payload.unique(rows)


def _records(response: Response) -> Iterator[Mapping[str, str]]:
    """One mapping per observation, from CSV or from SDMX-ML's Series and Obs."""
    text = _payload.page_text(response)
    if not text.lstrip().startswith("<"):
        header, table = _payload.csv_table(response)
        for name in (_AREA, _PERIOD, _VALUE):
            if header.count(name) != 1:
                raise SchemaDrift(f"{header.count(name)} columns called {name}: {','.join(header)[:100]!r}")
        yield from (dict(zip(header, row, strict=True)) for row in table)
        return
    if re.search(r"<(!doctype|html|error)\b", text[:2000], re.IGNORECASE):
        _payload.reject_page(text)
    found = False
    for element in xml_root(response.content, "SDMX").iter():
        if local(element) == "Series":
            found = True
            for child in element:
                if local(child) == "Obs":
                    record = {**element.attrib, **child.attrib}
                    if _AREA not in record or _PERIOD not in record:
                        raise SchemaDrift("an observation without country and period")
                    yield {_VALUE: "", **record}
    if not found:
        _payload.reject_page(text)


def _month(text: str) -> date:
    found = _MONTH.fullmatch(text)
    if found and 1 <= int(found.group(2)) <= 12 and int(found.group(1)) >= 1:
        return date(int(found.group(1)), int(found.group(2)), 1)
    raise SchemaDrift(f"not a month: {text[:40]!r}")


SOURCE = Imf()
