"""Office of Financial Research: the Financial Stress Index and the Short-term Funding Monitor.

Belongs here: the index file with its categories and regions; single series of the monitor in native periods.
Does not belong here: the monitor's copies of New York Fed rates (`nyfed`), whole datasets of the monitor.
`request:` keys: `mnemonic` (monitor) with `scale`, the factor from upstream's unit to the declared one; neither for
the index file.
Five categories add up to the index, three regions as well: a file in which they do not has changed its columns.
Monthly series carry month ends upstream and the month's first day here. Mnemonics ending in -P are preliminary.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.errors import NotFound, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

INDEX_HOST, MONITOR_HOST = "www.financialresearch.gov", "data.financialresearch.gov"
INDEX = "OFR FSI"
CATEGORIES = ("Credit", "Equity valuation", "Safe assets", "Funding", "Volatility")
REGIONS = ("United States", "Other advanced economies", "Emerging markets")
SUM_TOLERANCE = 0.01  # six numbers rounded to three decimals
SUM_EXCEPTIONS = 0.01  # share of days that may miss it
_MISSING = frozenset({"", "NA", "NaN"})


class Ofr:
    """`ingest.model.Source` for the Office of Financial Research."""

    name: str = "ofr"
    hosts: Mapping[str, float] = {INDEX_HOST: 1.0, MONITOR_HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """The whole index file, or one series of the monitor from `overlap_days` before the newest held day."""
        if mnemonic := dataset.request.get("mnemonic"):
            try:
                yield Request(
                    url=f"https://{MONITOR_HOST}/v1/series/timeseries",
                    params={"mnemonic": mnemonic, "start_date": _payload.since(dataset, held).isoformat()},
                )
            except SchemaDrift as error:  # the client's reading of a 400, which quotes the error body
                raise (NotFound(f"unknown: {error}") if "mnemonic" in str(error).lower() else error) from None
        else:
            yield Request(url=f"https://{INDEX_HOST}/financial-stress-index/data/fsi.csv")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows per declared column, or of the one mnemonic. Raises SchemaDrift, EmptyPayload, NotFound, Blocked."""
        return _monitor(dataset, response) if "mnemonic" in dataset.request else _index(dataset, response)


def _index(dataset: Dataset, response: Response) -> list[Row]:
    header, table = _payload.csv_table(response)
    wanted = ("Date", INDEX, *CATEGORIES, *REGIONS)
    if lost := [name for name in wanted if header.count(name) != 1]:
        raise SchemaDrift(f"header without one column {lost[0]!r}: {','.join(header)[:80]!r}")
    rows, odd = [], []
    for cells in table:
        line = dict(zip(header, cells, strict=True))
        day = _payload.iso_day(line["Date"])
        values = {name: _payload.number(line[name], _MISSING) for name in wanted[1:]}
        if not all(_adds_up(values, parts) for parts in (CATEGORIES, REGIONS)):
            odd.append(day)
        rows += [Row(series.id, day, values[name]) for name, series in _payload.by_field(dataset).items()]
    if len(odd) > SUM_EXCEPTIONS * len(table):
        raise SchemaDrift(f"the parts do not add up to the index on {len(odd)} of {len(table)} days, e.g. {odd[0]}")
    return _payload.unique(rows)


def _adds_up(values: Mapping[str, float | None], parts: tuple[str, ...]) -> bool:
    whole, found = values[INDEX], [value for name in parts if (value := values[name]) is not None]
    return whole is None or len(found) < len(parts) or abs(sum(found) - whole) <= SUM_TOLERANCE


def _monitor(dataset: Dataset, response: Response) -> list[Row]:
    if response.status == 400 and b"mnemonic" in response.content.lower():
        raise NotFound(f"unknown mnemonic {dataset.request['mnemonic']}")
    series, scale, rows = dataset.series[0], float(dataset.request.get("scale", 1)), []
    for pair in _payload.listing(_payload.json_body(response), "answer"):
        cells = _payload.listing(pair, "observation")
        if len(cells) != 2:
            raise SchemaDrift(f"an observation of {len(cells)} cells, wanted 2")
        day, value = _payload.iso_day(cells[0]), _payload.number(cells[1])
        if dataset.frequency == "monthly":
            day = day.replace(day=1)
        rows.append(Row(series.id, day, None if value is None else value * scale))
    return _payload.unique(rows)


SOURCE = Ofr()
