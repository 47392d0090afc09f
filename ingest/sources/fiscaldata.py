"""Treasury FiscalData: the closing balance of the Treasury General Account, from the Daily Treasury Statement.

Belongs here: `operating_cash_balance`. Does not belong here: the Fed's week averages (`fred` WTREGEN).
`request:` keys: none. All values are text in USD millions; missing is the text "null".
The 2022 break: since 2022-04-18 a day has four rows and the closing balance stands in `open_today_bal` of the row
"... Closing Balance"; before, in `close_today_bal` of "Treasury General Account (TGA)" and, earlier, "Federal Reserve
Account".
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "api.fiscaldata.treasury.gov"
_URL = f"https://{HOST}/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance"
_CLOSING = {  # account_type -> (where the closing balance stands, where it must not stand)
    "Treasury General Account (TGA) Closing Balance": ("open_today_bal", "close_today_bal"),
    "Treasury General Account (TGA)": ("close_today_bal", None),
    "Federal Reserve Account": ("close_today_bal", None),
}
_MISSING = frozenset({"null", ""})


class FiscalData:
    """`ingest.model.Source` for FiscalData."""

    name: str = "fiscaldata"
    hosts: Mapping[str, float] = {HOST: 0.5}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Pages of 10000 rows until `meta.total-pages`; `links.next` is only a query fragment."""
        since, page, pages = _payload.since(dataset, held), 1, 1
        while page <= pages:
            response = yield Request(
                url=_URL,
                params={
                    "filter": f"record_date:gte:{since}",
                    "sort": "record_date",
                    "page[number]": str(page),
                    "page[size]": "10000",
                    "format": "json",
                },
            )
            pages, page = _body(response)[1], page + 1

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """One row a day in USD millions. Raises SchemaDrift, EmptyPayload, NotFound, Blocked, RateLimited."""
        entries, _ = _body(response)
        if not entries:
            raise EmptyPayload("data is empty")
        series, rows, totals = dataset.series[0], [], False
        for entry in entries:
            item = _payload.mapping(entry, "data")
            account = item.get("account_type")
            if not isinstance(account, str):
                raise SchemaDrift("a row without account_type")
            totals = totals or account.startswith(("Treasury General Account", "Total TGA"))
            if account not in _CLOSING:
                continue
            column, empty = _CLOSING[account]
            if column not in item:
                raise SchemaDrift(f"{account}: no {column}")
            if empty and _payload.number(item.get(empty), _MISSING) is not None:
                raise SchemaDrift(f"{account}: {empty} is filled, the columns have moved again")
            rows.append(
                Row(series.id, _payload.iso_day(item.get("record_date")), _payload.number(item[column], _MISSING))
            )
        if not rows and totals:
            return []  # a page that ends a day's four rows
        if not rows:
            raise SchemaDrift("no row of the Treasury General Account: account types were renamed")
        return _payload.unique(rows)


def _body(response: Response) -> tuple[list[Any], int]:
    body = _payload.mapping(_payload.json_body(response), "answer")
    if "error" in body:
        raise SchemaDrift(f"refused: {' '.join(str(body.get('message', body['error'])).split())[:120]}")
    pages = _payload.mapping(body.get("meta"), "meta").get("total-pages")
    if isinstance(pages, bool) or not isinstance(pages, int):
        raise SchemaDrift("meta has no total-pages")
    return _payload.listing(body.get("data"), "data"), pages


SOURCE = FiscalData()
