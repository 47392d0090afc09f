"""OECD Data Explorer: consumer prices of one country, SDMX as CSV with labels.

Belongs here: series of `DF_PRICES_ALL`. Does not belong here: HICP of the euro area (`eurostat`), UK prices (`ons`).
`request:` keys: `key`, the eight dimensions of DIMENSIONS joined by dots.
The service answers about sixty downloads an hour and address: one request per dataset, paced a minute apart. Columns
are found by their codes; each code column has a column of labels beside it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "sdmx.oecd.org"
PATH = "/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/"
PACE_S = 60.0
DIMENSIONS = (
    "REF_AREA",
    "FREQ",
    "METHODOLOGY",
    "MEASURE",
    "UNIT_MEASURE",
    "EXPENDITURE",
    "ADJUSTMENT",
    "TRANSFORMATION",
)
_MISSING = frozenset({"", "NaN"})


class Oecd:
    """`ingest.model.Source` for the OECD."""

    name: str = "oecd"
    hosts: Mapping[str, float] = {HOST: PACE_S}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One CSV; increments begin `overlap_days` before the newest held month."""
        yield Request(
            url=f"https://{HOST}{PATH}{dataset.request['key']}",
            params={
                "startPeriod": f"{_payload.since(dataset, held):%Y-%m}",
                "format": "csvfilewithlabels",
            },
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Monthly rows of the one key. Raises SchemaDrift, NotFound (NoRecordsFound), RateLimited, EmptyPayload."""
        header, table = _payload.csv_table(response)
        series, wanted = dataset.series[0], dict(zip(DIMENSIONS, dataset.request["key"].split("."), strict=True))
        if lost := [name for name in (*DIMENSIONS, "TIME_PERIOD", "OBS_VALUE") if header.count(name) != 1]:
            raise SchemaDrift(f"header without one column {lost[0]}: {','.join(header)[:80]!r}")
        rows, odd = [], ""
        for cells in table:
            line = dict(zip(header, cells, strict=True))
            wrong = [name for name, code in wanted.items() if line[name] != code]
            if wrong:  # another series of an answer that holds several
                odd = odd or f"{wrong[0]} is {line[wrong[0]][:20]!r}, asked for {wanted[wrong[0]]!r}"
                continue
            day = _payload.iso_day(f"{line['TIME_PERIOD']}-01")
            rows.append(Row(series.id, day, _payload.number(line["OBS_VALUE"], _MISSING)))
        if odd and not rows:
            raise SchemaDrift(odd)
        return _payload.unique(rows)


SOURCE = Oecd()
