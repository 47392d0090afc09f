"""currency-api (npm package on a CDN): one small file per base currency and day. A fallback, never first.

Belongs here: the newest days, for what the ECB does not quote (TWD, gold). Does not belong here: long history.
`request:` keys: `base` (the file's currency code) and `max_days` (so many days back at most).
A series' `field` is a code of the file (`twd` = TWD per unit of base), or `1/` and a code for the inverse
(`1/xau` in the USD file = USD per ounce). A file dated D holds about the close of D-1.
Days are missing for good, and `@latest` may be days old: dated files are asked for one by one (CDN, then its
mirror), `@latest` only when neither today nor yesterday came. The date in the body must be the date in the path.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import UTC, date, datetime, timedelta

from ingest.errors import (
    Blocked,
    NotFound,
    RateLimited,
    SchemaDrift,
    StaleData,
    Unreachable,
)
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "cdn.jsdelivr.net"
MIRROR = "currency-api.pages.dev"  # with the date as its first label
LATEST = "latest"
OLDEST_LATEST = timedelta(days=2)
_VERSION = re.compile(r"currency-api@(latest|\d{4}-\d\d-\d\d)/|//(\d{4}-\d\d-\d\d)\." + re.escape(MIRROR))


class CurrencyApi:
    """`ingest.model.Source` for currency-api."""

    name: str = "currencyapi"
    hosts: Mapping[str, float] = {HOST: 0.2}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Dated files, oldest first; a day that neither host has is passed over. Raises NotFound without any."""
        base, today = dataset.request["base"], now.astimezone(UTC).date()
        first = max(_payload.since(dataset, held), today - timedelta(days=int(dataset.request["max_days"]) - 1))
        newest: date | None = None
        for back in range((today - first).days, -1, -1):
            day = today - timedelta(days=back)
            try:
                yield Request(url=_cdn(day.isoformat(), base))
            except (NotFound, Blocked, RateLimited, Unreachable):
                try:
                    yield Request(url=f"https://{day}.{MIRROR}/v1/currencies/{base}.min.json")
                except NotFound:
                    continue
            newest = day
        if newest is None or newest < today - timedelta(days=1):
            try:
                yield Request(url=_cdn(LATEST, base))
            except NotFound:
                if newest is None:
                    raise

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """One row per series. Raises SchemaDrift (also another date than asked for), StaleData, NotFound."""
        base = dataset.request["base"]
        body = _payload.mapping(_payload.json_body(response), "answer")
        day, rates = _payload.iso_day(body.get("date")), _payload.mapping(body.get(base), base)
        _prove_date(response, day)
        rows = []
        for series in dataset.series:
            inverse, code = series.field.startswith("1/"), series.field.removeprefix("1/")
            value = _payload.number(rates.get(code))
            if value is None:
                continue
            if value <= 0 or isinstance(rates[code], str):
                raise SchemaDrift(f"{code} per {base} is {rates[code]!r}: no rate"[:120])
            rows.append(Row(series.id, day, 1 / value if inverse else value))
        return _payload.unique(rows)


def _cdn(version: str, base: str) -> str:
    return f"https://{HOST}/npm/@fawazahmed0/currency-api@{version}/v1/currencies/{base}.min.json"


def _prove_date(response: Response, day: date) -> None:
    found = _VERSION.search(response.request.url)
    asked = (found[1] or found[2]) if found else None
    if asked == LATEST:
        if day < response.fetched_at.astimezone(UTC).date() - OLDEST_LATEST:
            raise StaleData(f"@latest is of {day}")
    elif asked != day.isoformat():
        raise SchemaDrift(f"a file of {day} where {asked} was asked for")


SOURCE = CurrencyApi()
