"""US Treasury daily yield curves: par and real, one CSV per calendar year.

Belongs here: constant-maturity yields in percent as the Treasury publishes them, on the day. Does not belong here:
the Fed's copy (`fred` DGS*, DFII*).
`request:` keys: `curve`, upstream's `type` (daily_treasury_yield_curve or daily_treasury_real_yield_curve).
Columns differ by year and are found by name, whatever case and spacing; a column that a year lacks gives no row, an
empty cell is a missing value. An invalid year or the site's wall is an HTML page with status 200.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.errors import EmptyPayload, NotFound, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "home.treasury.gov"
_PATH = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv"
_NEW_YORK = ZoneInfo("America/New_York")
_MISSING = frozenset({"", "N/A"})


class Treasury:
    """`ingest.model.Source` for the Treasury's yield curves."""

    name: str = "treasury"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One request per year, newest first: all years, or those the overlap touches (in January also the last).

        An older year that upstream no longer has ends the history; what is held of it stays. It says so with a page.
        """
        today, curve = now.astimezone(_NEW_YORK).date(), dataset.request["curve"]
        newest = _newest_year(today)
        for year in range(newest, _payload.since(dataset, held).year - 1, -1):
            try:
                page = yield Request(
                    url=f"https://{HOST}{_PATH}/{year}/all",
                    params={"type": curve, "field_tdr_date_value": str(year), "page": "", "_format": "csv"},
                )
            except NotFound:
                if year == newest:
                    raise
                return
            if year < newest and _no_such_year(page):
                return

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows per declared maturity. Raises Blocked, SchemaDrift (HTML, header, another year), EmptyPayload."""
        year = _payload.path_of(response.request).split("/")[-2]
        local = response.fetched_at.astimezone(_NEW_YORK).date()
        if year < str(_newest_year(local)) and _no_such_year(response):
            return []
        header, table = _payload.csv_table(response)
        if header[0] != "Date":
            raise SchemaDrift(f"first header cell {header[0][:40]!r}, wanted 'Date'")
        columns = {_plain(name): index for index, name in enumerate(header)}
        wanted = [
            (series.id, columns[_plain(series.field)]) for series in dataset.series if _plain(series.field) in columns
        ]
        if not wanted or len(columns) != len(header):
            raise SchemaDrift(f"none or twice of the known maturities in header {','.join(header)[:80]!r}")
        if not table and year == str(local.year) and local < date(local.year, 1, 8):
            return []  # the year's file before its first session
        rows: list[Row] = []
        for cells in table:
            day = _payload.us_day(cells[0])
            if str(day.year) != year:
                raise SchemaDrift(f"asked for {year}, got {day}")
            rows.extend(Row(series_id, day, _payload.number(cells[index], _MISSING)) for series_id, index in wanted)
        if not rows:
            raise EmptyPayload(f"no row for {year}")
        return _payload.unique(rows)


def _no_such_year(page: Response) -> bool:
    """Whether the answer is the site's page for a year without data. Raises Blocked when it is the site's wall."""
    try:
        _payload.reject_page(_payload.page_text(page))
    except (NotFound, SchemaDrift):
        return True
    return False


def _plain(name: str) -> str:
    return "".join(name.lower().split())


def _newest_year(today: date) -> int:
    """The year whose file can exist: this one from its first weekday after New Year's Day on."""
    days = ((today - timedelta(days=back)) for back in range(7))
    return (
        today.year
        if any(d.year == today.year and d > date(today.year, 1, 1) and d.weekday() < 5 for d in days)
        else today.year - 1
    )


SOURCE = Treasury()
