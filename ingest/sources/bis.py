"""Bank for International Settlements: policy rates and effective exchange rates, SDMX as CSV.

Belongs here: flows whose dimensions are listed in DIMENSIONS. Does not belong here: national sources of the same rates.
`request:` keys: `flow` (WS_CBPOL, WS_EER, WS_LONG_CPI) and `key`, the dimensions joined by dots (areas by plus).
A series' `field` is its own full key, such as D.CH. Columns are found by name, so that both layouts of the service
(v1 begins with FREQ, v2 with STRUCTURE) read alike. Missing: `NaN`, empty. XM = euro area. Updated weekly.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import date, datetime

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "stats.bis.org"
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "WS_CBPOL": ("FREQ", "REF_AREA"),
    "WS_EER": ("FREQ", "EER_TYPE", "EER_BASKET", "REF_AREA"),
    "WS_LONG_CPI": ("FREQ", "REF_AREA", "UNIT_MEASURE"),
}
_MISSING = frozenset({"", "NaN", "NA"})


class Bis:
    """`ingest.model.Source` for the BIS."""

    name: str = "bis"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One CSV; increments begin `overlap_days` before the newest held day."""
        since, ask = _payload.since(dataset, held), dataset.request
        yield Request(
            url=f"https://{HOST}/api/v1/data/{ask['flow']}/{ask['key']}/all",
            params={
                "format": "csv",
                "startPeriod": since.isoformat() if dataset.frequency == "daily" else f"{since:%Y-%m}",
            },
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows per declared key. Raises SchemaDrift (also when all are of other keys), EmptyPayload, NotFound."""
        header, table = _payload.csv_table(response)
        names, series = DIMENSIONS[dataset.request["flow"]], _payload.by_field(dataset)
        if lost := [name for name in (*names, "TIME_PERIOD", "OBS_VALUE") if header.count(name) != 1]:
            raise SchemaDrift(f"header without one column {lost[0]}: {','.join(header)[:80]!r}")
        at = [header.index(name) for name in names]
        period, value = header.index("TIME_PERIOD"), header.index("OBS_VALUE")
        rows, other = [], ""
        for cells in table:
            key = ".".join(cells[n] for n in at)
            if key not in series:  # another series of an answer that holds several
                other = other or key
                continue
            rows.append(Row(series[key].id, _day(dataset, cells[period]), _payload.number(cells[value], _MISSING)))
        if other and not rows:
            raise SchemaDrift(f"a row of {other[:40]!r}, asked for {dataset.request['key']}")
        return _payload.unique(rows)


def _day(dataset: Dataset, text: str) -> date:
    return _payload.iso_day(text) if dataset.frequency == "daily" else _payload.iso_day(f"{text}-01")


SOURCE = Bis()
