"""ALFRED: the values of a series as they stood on each vintage day.

Belongs here: native vintages. Does not belong here: today's values (`fred`).
Without a key: the listing page names the vintage days, then one CSV per day that is not held yet. With FRED_API_KEY:
the API's real-time periods, one request.
`request:` keys: `id` (FRED series id), `since` (first vintage day asked for), `max_vintages` (at most so many days in
one run, the newest ones; the next run takes older ones).
A vintage's moment is its day at the publication rule's time of day: ALFRED knows days only.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _fredapi, _payload

HOST = "alfred.stlouisfed.org"
LISTING = "/series/downloaddata"
_MISSING = frozenset({"", "."})
_OPTION = re.compile(
    r"<option\b[^>]*?\bvalue\s*=\s*[\"']?(\d{4}-\d\d-\d\d)\b|<option\b[^>]*>\s*(\d{4}-\d\d-\d\d)\b", re.IGNORECASE
)


class Alfred:
    """`ingest.model.Source` for ALFRED."""

    name: str = "alfred"
    hosts: Mapping[str, float] = {HOST: 0.5, _fredapi.HOST: _fredapi.PACE_S}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """The listing page, then a CSV per missing vintage day, oldest first; or the API's pages."""
        ask, series = dataset.request, dataset.series[0]
        since, known = _day(ask["since"]), held.vintages.get(series.id, frozenset())
        if key := env.get(_fredapi.KEY):
            begin = max(known, default=since).isoformat()
            yield from _fredapi.pages(
                ask["id"],
                key,
                {
                    "observation_start": dataset.first_date.isoformat(),
                    "realtime_start": begin,
                    "realtime_end": "9999-12-31",
                },
            )
            return
        page = yield Request(url=f"https://{HOST}{LISTING}", params={"seid": ask["id"]})
        fresh = [day for day in vintage_days(ask["id"], page) if since <= day <= now.date() and day not in known]
        for day in fresh[-int(ask.get("max_vintages", 100)) :]:
            yield Request(
                url=f"https://{HOST}/graph/alfredgraph.csv",
                params={"id": ask["id"], "cosd": dataset.first_date.isoformat(), "vintage_date": day.isoformat()},
            )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows of one vintage (CSV) or of many (API); none for the listing page, which is proven all the same.

        Raises Blocked, NotFound, RateLimited, SchemaDrift (also when the vintage was ignored), EmptyPayload.
        """
        path, series = _payload.path_of(response.request), dataset.series[0]
        if path == LISTING:
            vintage_days(dataset.request["id"], response)
            return []
        if path == _fredapi.PATH:
            return _payload.unique(
                Row(series.id, _payload.iso_day(day), value, _moment(dataset, _payload.iso_day(seen)))
                for day, seen, value in _fredapi.observations(response)
            )
        vintage = _payload.iso_day(_payload.query_of(response.request).get("vintage_date"))
        header, table = _payload.csv_table(response)
        wanted = f"{series.field}_{vintage:%Y%m%d}"
        if header != ["observation_date", wanted]:
            raise SchemaDrift(f"vintage ignored: header {','.join(header)[:80]!r}, wanted 'observation_date,{wanted}'")
        moment = _moment(dataset, vintage)
        return _payload.unique(
            Row(series.id, _payload.iso_day(day), _payload.number(cell, _MISSING), moment) for day, cell in table
        )


def vintage_days(series_id: str, page: Response) -> list[date]:
    """Vintage days on the listing page, ascending. Raises NotFound, Blocked, SchemaDrift when it offers none."""
    text = _payload.page_text(page)
    found = sorted({_payload.iso_day(one or two) for one, two in _OPTION.findall(text)})
    if not found:
        _payload.reject_page(text)
        raise SchemaDrift("no vintage day in the listing page")
    if series_id not in text:
        raise SchemaDrift(f"the listing page does not speak of {series_id}")
    return found


def _moment(dataset: Dataset, day: date) -> datetime:
    rule = dataset.publication
    return datetime.combine(day, time.fromisoformat(rule.at), ZoneInfo(rule.tz)).astimezone(UTC)


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


SOURCE = Alfred()
