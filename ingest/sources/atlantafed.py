"""Atlanta Fed Market Probability Tracker: what options on three-month SOFR futures say about the federal funds range.

Belongs here: per day and for the next quarterly windows, the probability of a cut and of a hike against the range of
that day, and the mean rate. Does not belong here: the percentiles and the bins of 25 bp (300,000 rows upstream).
No `request:` keys; a series' `field` is `<measure>.<n>`: cut and hike in percent, mean in percent a year; n = 1 is the
window that begins first on or after the day, 2 the one after it, and so on. The windows are quarters of SOFR futures,
not meetings, and n moves on to the next window as one begins.
The workbook carries a drawing that is not there, so only sheet and strings are read. DATA is in long form: date,
reference_start (Excel serial), target_range, field, value (percent for `Prob:`, basis points for `Rate:`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload
from ingest.sources._xlsx import Cell, Workbook, is_xlsx, serial_day

HOST = "www.atlantafed.org"
PATH = "/-/media/Project/Atlanta/FRBA/Documents/cenfis/market-probability-tracker/mpt_histdata.xlsx"
SHEET = "DATA"
COLUMNS = ("date", "reference_start", "target_range", "field", "value")
MEASURES = {"Prob: cut": "cut", "Prob: hike": "hike", "Rate: mean": "mean"}
SCALE = {"cut": 1.0, "hike": 1.0, "mean": 0.01}  # basis points to percent
_MISSING = frozenset({"", "NA", "NaN"})
_TELLING = 100  # probabilities enough to tell percent from fractions


class Quote(NamedTuple):
    """One kept line of the sheet, in the units of this module's series."""

    day: date
    window: date
    measure: str
    value: float | None


class AtlantaFed:
    """`ingest.model.Source` for the Atlanta Fed."""

    name: str = "atlantafed"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """The whole workbook (7 MB), also for an increment."""
        yield Request(url=f"https://{HOST}{PATH}")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows per declared measure and window. Raises SchemaDrift, Blocked, NotFound, EmptyPayload."""
        _payload.expect_ok(response)
        if not is_xlsx(response.content):
            _payload.reject_page(_payload.page_text(response))
        quotes = list(_quotes(Workbook(response.content).rows(SHEET)))
        if lost := set(MEASURES.values()) - {quote.measure for quote in quotes}:
            raise SchemaDrift(f"no line of {', '.join(sorted(lost))} in {SHEET}")
        odds = [quote.value for quote in quotes if quote.measure != "mean" and quote.value is not None]
        if any(not -0.5 <= value <= 100.5 for value in odds) or (len(odds) >= _TELLING and max(odds) <= 1):
            raise SchemaDrift("probabilities are not percent")
        windows: dict[date, list[date]] = defaultdict(list)
        for day, window in sorted({(quote.day, quote.window) for quote in quotes if quote.window >= quote.day}):
            windows[day].append(window)
        series, rows = _payload.by_field(dataset), []
        for quote in quotes:
            if quote.window >= quote.day:
                rank = windows[quote.day].index(quote.window) + 1
                if found := series.get(f"{quote.measure}.{rank}"):
                    rows.append(Row(found.id, quote.day, quote.value))
        return _payload.unique(rows)


def _quotes(lines: Iterator[list[Cell]]) -> Iterator[Quote]:
    header = [str(cell).strip().lower() for cell in next(lines, [])]
    if lost := [name for name in COLUMNS if header.count(name) != 1]:
        raise SchemaDrift(f"header without one column {lost[0]}: {','.join(header)[:80]!r}")
    at = {name: header.index(name) for name in COLUMNS}
    for line in lines:
        cells = {name: line[place] if place < len(line) else None for name, place in at.items()}
        measure = MEASURES.get(str(cells["field"]))
        if measure is None:
            continue
        value = _payload.number(cells["value"], _MISSING)
        yield Quote(
            _day(cells["date"]),
            _day(cells["reference_start"]),
            measure,
            None if value is None else value * SCALE[measure],
        )


def _day(cell: Cell) -> date:
    """A date that is ISO text in one column of the sheet and a serial in the other."""
    return _payload.iso_day(cell) if isinstance(cell, str) else serial_day(cell)


SOURCE = AtlantaFed()
