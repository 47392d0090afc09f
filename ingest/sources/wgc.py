"""World Gold Council, through the drop folder: its tables need a login and its terms bar robots.

Belongs here: the layouts of its files. Does not belong here: finding and keeping files (`ingest.dropbox`).
`request:` keys: `folder` (below dropbox/wgc), `layouts` (which layouts of that folder feed the dataset), `strays`
(true for the one dataset that answers for files of no known layout). A series' `field` is the row's label, the
sheet and region as `Holdings tonnes/Europe`, or the country's ISO3 code.
A layout is recognised by what is in the file, never by its name; the name gives the date from which its figures
count as known. Every file is a vintage. Missing cells stay missing, a zero is a zero.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ingest.dropbox import Drop, day_of, known_from, name_of
from ingest.errors import EmptyPayload, NotConfigured, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload
from ingest.sources._xlsx import Cell, Workbook, is_xlsx

Sheets = dict[str, list[list[Cell]]]
Found = Iterator[tuple[str, date, float | None]]  # field, observation date, value
_QUARTER = re.compile(r"Q([1-4])['\u2019](\d\d)", re.ASCII)
_ISO3 = re.compile(r"[A-Z]{3}", re.ASCII)
_REGIONS = ("North America", "Europe", "Asia", "Other")
_FLOWS = ("Holdings tonnes", "Flows tonnes")
_SUPPLY = ("Mine production", "Net producer hedging", "Recycled gold", "Total supply")
_CENTRAL_BANKS = "Central banks & other inst."
_DEMAND = ("Jewellery fabrication", "Technology", "Total bar and coin", "ETFs & similar products", _CENTRAL_BANKS)
_ROUNDING_TONNES = 0.6  # three summands and their sum, each rounded to a tenth at worst
_MISSING = frozenset({"", "-", "n/a", "N/A", "NA"})


class Layout(NamedTuple):
    """One version of a file. `is_it` looks at the sheets; `read` proves the rest and gives the figures."""

    is_it: Callable[[Sheets], bool]
    read: Callable[[Sheets], Found] | None  # None: known, and left alone on purpose


def _labels(sheets: Sheets, sheet: str) -> set[str]:
    return {row[0] for row in sheets.get(sheet, []) if isinstance(row[0], str)}


def _quarters(sheets: Sheets, wanted: tuple[str, ...]) -> Found:
    """Rows by label, quarters across. Columns of whole years are left alone."""
    rows = sheets["Gold Balance"]
    at = next((n for n, row in enumerate(rows) if sum(_quarter(cell) is not None for cell in row) >= 2), None)
    if at is None:
        raise SchemaDrift("no row of quarters such as Q1'24")
    columns = [(n, day) for n, cell in enumerate(rows[at]) if (day := _quarter(cell)) is not None]
    days = [day for _, day in columns]
    if days != sorted(set(days)):
        raise SchemaDrift("the quarters are not in order, or one stands twice")
    named = [row for row in rows[at + 1 :] if row[0] in wanted]
    if sorted(str(row[0]) for row in named) != sorted(wanted):
        missing = [label for label in wanted if sum(row[0] == label for row in named) != 1]
        raise SchemaDrift(f"row {missing[0]!r} is not there exactly once")
    for row in named:
        for n, day in columns:
            yield str(row[0]), day, _payload.number(row[n] if n < len(row) else None, _MISSING)


def _quarter(cell: Cell) -> date | None:
    """The first day of a quarter written as Q1'24."""
    found = _QUARTER.fullmatch(cell) if isinstance(cell, str) else None
    return date(2000 + int(found.group(2)), 3 * int(found.group(1)) - 2, 1) if found else None


def _balance(sheets: Sheets) -> Found:
    """Supply and demand; supply must add up."""
    found = list(_quarters(sheets, (*_SUPPLY, *_DEMAND)))
    by_day: dict[date, dict[str, float | None]] = {}
    for label, day, value in found:
        by_day.setdefault(day, {})[label] = value
    for day, values in by_day.items():
        mine, hedging, recycled, total = (values[label] for label in _SUPPLY)
        if mine is None or hedging is None or recycled is None or total is None:
            continue
        if abs(mine + hedging + recycled - total) > _ROUNDING_TONNES:
            raise SchemaDrift(
                f"supply of {day} does not add up: {mine:g} + {hedging:g} + {recycled:g}, total {total:g}"
            )
    yield from found


def _regions(sheets: Sheets, fits: Callable[[date], bool], what: str) -> Found:
    for sheet in _FLOWS:
        rows = sheets[sheet]
        header = rows[0]
        for name in ("Date", *_REGIONS):
            if header.count(name) != 1:
                raise SchemaDrift(f"{sheet}: {header.count(name)} columns called {name!r}")
        for row in rows[1:]:
            day = _payload.iso_day(row[header.index("Date")])
            if not fits(day):
                raise SchemaDrift(f"{sheet}: {day} is not the end of a {what}")
            for name in _REGIONS:
                at = header.index(name)
                yield f"{sheet}/{name}", day, _payload.number(row[at] if at < len(row) else None, _MISSING)


def _has_regions(sheets: Sheets, fits: Callable[[date], bool]) -> bool:
    """A weekly and a monthly file look alike; the step between the last two dates tells."""
    if not set(_FLOWS) <= sheets.keys():
        return False
    try:
        days = [_payload.iso_day(row[0]) for row in sheets[_FLOWS[0]][-2:]]
    except SchemaDrift:
        return False
    return len(days) == 2 and all(fits(day) for day in days) and not (fits is _month_end and _one_week(days))


def _by_country(sheets: Sheets) -> Found:
    for row in sheets[""][1:]:
        day, country, tonnes = (str(cell or "") for cell in row)
        if not _ISO3.fullmatch(country):
            raise SchemaDrift(f"not an ISO3 country: {country[:20]!r}")
        if _payload.iso_day(day).month % 3 or not _month_end(_payload.iso_day(day)):
            raise SchemaDrift(f"{day} is not the end of a quarter")
        yield country, _payload.iso_day(day), _payload.number(tonnes, _MISSING)


def _is_csv(*header: str) -> Callable[[Sheets], bool]:
    return lambda sheets: bool(sheets.get("")) and sheets[""][0] == list(header)


def _month_end(day: date) -> bool:
    return day < date.max and (day + timedelta(days=1)).day == 1


def _friday(day: date) -> bool:
    return day.weekday() == 4


def _one_week(days: list[date]) -> bool:
    return (days[1] - days[0]).days == 7


LAYOUTS: Mapping[str, Mapping[str, Layout]] = {
    "gdt_tables": {
        "balance": Layout(
            lambda sheets: bool({"Mine production", "Total supply"} & _labels(sheets, "Gold Balance")), _balance
        ),
        "central_banks": Layout(  # an extract of the one row, older vintages
            lambda sheets: _labels(sheets, "Gold Balance") & {*_SUPPLY, *_DEMAND} == {_CENTRAL_BANKS},
            lambda sheets: _quarters(sheets, (_CENTRAL_BANKS,)),
        ),
        "consumer_by_country": Layout(lambda sheets: "Consumer" in sheets, None),  # its zeros can mean "not collected"
    },
    "etf_holdings": {
        "monthly": Layout(
            lambda sheets: _has_regions(sheets, _month_end), lambda sheets: _regions(sheets, _month_end, "month")
        ),
        "weekly": Layout(
            lambda sheets: _has_regions(sheets, _friday), lambda sheets: _regions(sheets, _friday, "week")
        ),
    },
    "official_reserves": {
        "by_country": Layout(_is_csv("Date", "Country", "Tonnes"), _by_country),
        "snapshot": Layout(_is_csv("Country", "Tonnes"), None),  # its rows are of different, unnamed dates
        "annual": Layout(_is_csv("year", "net_purchases_tonnes", "vintage_or_citation"), None),  # mixes vintages
    },
}


class Wgc:
    """`ingest.model.Source` and `ingest.dropbox.DropSource` for files of the World Gold Council."""

    name: str = "wgc"
    hosts: Mapping[str, float] = {}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Nothing is ever asked of a host: the runner reads the drop folder."""
        raise NotConfigured(f"{dataset.id} is read from the drop folder only")
        yield

    def mine(self, dataset: Dataset, drop: Drop) -> bool:
        """Whether the file feeds this dataset; one of no known layout, or misnamed, goes to who asks for strays."""
        strays = bool(dataset.request.get("strays"))
        if not drop.dated:
            return strays
        try:
            return _recognise(dataset.request["folder"], drop.content) in dataset.request["layouts"]
        except SchemaDrift:
            return strays

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Figures of one file, all of one vintage. Raises SchemaDrift for any mismatch, EmptyPayload."""
        name = name_of(response.request.url)
        vintage = known_from(name)
        layout = _recognise(dataset.request["folder"], response.content)
        read = LAYOUTS[dataset.request["folder"]][layout].read
        if layout not in dataset.request["layouts"] or read is None:
            raise SchemaDrift(f"a file of layout {layout!r}, which does not feed {dataset.id}")
        series, rows = _payload.by_field(dataset), []
        for field, day, value in read(_sheets(response.content)):
            if day > day_of(name):
                raise SchemaDrift(f"{field}: a figure for {day} in a file dated {day_of(name)}")
            if field in series:
                rows.append(Row(series[field].id, day, value, vintage))
        if not any(row.value is not None for row in rows):
            raise EmptyPayload("no figure in the file")
        return _payload.unique(rows)


def _recognise(folder: str, content: bytes) -> str:
    """The layout of a file. Raises SchemaDrift when it is none that is known, or not to be told apart."""
    sheets = _sheets(content)
    fitting = [name for name, layout in LAYOUTS[folder].items() if layout.is_it(sheets)]
    if len(fitting) != 1:
        raise SchemaDrift(f"of no known layout: sheets {', '.join(map(repr, sheets))[:120]}")
    return fitting[0]


@lru_cache(maxsize=2)  # a file is recognised first and read right after
def _sheets(content: bytes) -> Sheets:
    """Sheet name -> rows with anything in them, each at least one cell wide; a CSV is one sheet without a name."""
    if is_xlsx(content):
        book = Workbook(content)
        return {name: [row or [None] for row in book.rows(name)] for name in book.names}
    try:
        text = content.decode("utf-8-sig")
        table = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row
        ]
    except (UnicodeDecodeError, csv.Error):
        raise SchemaDrift("neither a workbook nor CSV in UTF-8") from None
    if not table or any(len(row) != len(table[0]) for row in table):
        raise SchemaDrift("a CSV without rows of one width")
    if text[-1] not in "\r\n":
        raise SchemaDrift("the file ends within a line: cut short")
    return {"": [list[Cell](row) for row in table]}


SOURCE = Wgc()
