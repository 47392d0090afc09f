"""CFTC Commitments of Traders: who holds gold futures, weekly, from the Socrata interface.

Belongs here: the disaggregated report, futures only. Does not belong here: legacy and combined reports.
`request:` keys: `resource` (Socrata id), `code` (contract market code). A series' `field` is a column, or
`managed_money_net` = long less short of the same report. All values are text; an empty field is an absent key.
The report is dated by the day of the positions, a Tuesday (a Monday when that is a holiday).
Socrata gives 1000 rows unless told otherwise, so a page of exactly 1000 rows is never taken for the last one.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import date, datetime

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "publicreporting.cftc.gov"
PAGE = 5000
_DEFAULT_PAGE = 1000
_MOST_PAGES = 20
_ENOUGH = 4  # a field may be absent from a report or two, not from all
_MIDNIGHT = "T00:00:00.000"
_LONG, _SHORT = "m_money_positions_long_all", "m_money_positions_short_all"
_NET = "managed_money_net"


class Cftc:
    """`ingest.model.Source` for the CFTC's public reporting site."""

    name: str = "cftc"
    hosts: Mapping[str, float] = {HOST: 0.5}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Pages of 5000 reports, oldest first, until one is short. Raises SchemaDrift when a page comes twice."""
        where, last = f"cftc_contract_market_code='{dataset.request['code']}'", dataset.first_date
        if held.newest:
            where += f" AND report_date_as_yyyy_mm_dd >= '{_payload.since(dataset, held)}{_MIDNIGHT}'"
        offset = 0
        for _ in range(_MOST_PAGES):
            response = yield Request(
                url=f"https://{HOST}/resource/{dataset.request['resource']}.json",
                params={
                    "$where": where,
                    "$order": "report_date_as_yyyy_mm_dd ASC",
                    "$limit": str(PAGE),
                    "$offset": str(offset),
                },
            )
            reports = _reports(response)
            if not reports or (len(reports) < PAGE and len(reports) != _DEFAULT_PAGE):
                return
            first = _day(reports[0])
            if offset and first <= last:
                raise SchemaDrift(f"page at {offset} begins on {first} again: the offset was ignored")
            last, offset = _day(reports[-1]), offset + len(reports)
        raise SchemaDrift(f"more than {_MOST_PAGES} pages of one contract")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Contracts by report date. Raises SchemaDrift, EmptyPayload, NotFound, RateLimited, Blocked."""
        rows, code = [], dataset.request["code"]
        for report in _reports(response):
            if str(report.get("cftc_contract_market_code", "")).strip() != code:
                raise SchemaDrift(
                    f"a report of contract {str(report.get('cftc_contract_market_code'))[:20]!r}, not {code}"
                )
            if str(report.get("futonly_or_combined", "FutOnly")).strip() != "FutOnly":
                raise SchemaDrift("a combined report where futures only was asked for")
            rows += [Row(series.id, _day(report), _value(report, series.field)) for series in dataset.series]
        if not rows and _payload.query_of(response.request).get("$offset", "0") != "0":
            return []
        if not rows:
            raise EmptyPayload("no report in the answer")
        for series in dataset.series:
            mine = [row.value for row in rows if row.series_id == series.id]
            if len(mine) >= _ENOUGH and not any(value is not None for value in mine):
                raise SchemaDrift(f"none of {len(mine)} reports has {series.field}: the field was renamed")
        return _payload.unique(rows)


def _reports(response: Response) -> list[Mapping[str, object]]:
    return [_payload.mapping(item, "report") for item in _payload.listing(_payload.json_body(response), "reports")]


def _day(report: Mapping[str, object]) -> date:
    text = report.get("report_date_as_yyyy_mm_dd")
    if not isinstance(text, str) or not text.endswith(_MIDNIGHT):
        raise SchemaDrift(f"not a report date: {str(text)[:40]!r}")
    return _payload.iso_day(text.removesuffix(_MIDNIGHT))


def _value(report: Mapping[str, object], field: str) -> float | None:
    if field != _NET:
        return _payload.number(report.get(field))
    long, short = _payload.number(report.get(_LONG)), _payload.number(report.get(_SHORT))
    return None if long is None or short is None else long - short


SOURCE = Cftc()
