"""New York Fed Markets API: reference rates and the results of repo and reverse repo operations.

Belongs here: SOFR, TGCR, BGCR, EFFR, OBFR with percentiles and volume; overnight reverse repo and standing repo
take-up.
Does not belong here: averages and the SOFR index (rows of type SOFRAI are passed over), single bids, securities
lending.
`request:` keys: `path`, the API path that takes startDate and endDate.
Amounts of operations come in whole USD and leave here in USD billions. An absent field gives no row (older EFFR rows
have no percentiles). Operations of the fetch's own New York day count from 14:00, when both windows have closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ingest.errors import EmptyPayload, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "markets.newyorkfed.org"
_NEW_YORK = ZoneInfo("America/New_York")
_ABSENT = frozenset({"", "NA", "N/A", "null", "NaN"})
_RESULTS_HOUR = 14


class NewYorkFed:
    """`ingest.model.Source` for the New York Fed."""

    name: str = "nyfed"
    hosts: Mapping[str, float] = {HOST: 0.5}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Rates: one request. Operations, whose rows are large: equal windows of at most a year."""
        path, today = dataset.request["path"], now.astimezone(_NEW_YORK).date()
        since = min(_payload.since(dataset, held), today)
        for first, last in _payload.windows(since, today, 366) if _operations(path) else [(since, today)]:
            yield Request(
                url=f"https://{HOST}{path}", params={"startDate": first.isoformat(), "endDate": last.isoformat()}
            )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows per declared field. Raises SchemaDrift (also HTTP 400), EmptyPayload, Blocked, RateLimited."""
        body = _payload.mapping(_payload.json_body(response), "answer")
        if _operations(_payload.path_of(response.request)):
            return _operation_rows(dataset, body, response)
        entries = _payload.listing(body.get("refRates"), "refRates")
        if not entries:
            raise EmptyPayload("refRates is empty")
        kind = str(dataset.request["path"]).split("/")[-2].upper()
        return _payload.unique(_rate_rows(dataset, kind, entries))


def _operations(path: str) -> bool:
    return path.startswith("/api/rp/")


def _rate_rows(dataset: Dataset, kind: str, entries: list[Any]) -> Iterator[Row]:
    """A revised row of a day replaces the first print in the same answer."""
    chosen: dict[date, Mapping[str, Any]] = {}
    for entry in entries:
        item = _payload.mapping(entry, "refRates")
        if "type" not in item:
            raise SchemaDrift("a reference rate without a type")
        if item["type"] != kind or _payload.number(item.get("percentRate"), _ABSENT) is None:
            continue
        day = _payload.iso_day(item.get("effectiveDate"))
        if day in chosen and (_revised(chosen[day]) == _revised(item)) and chosen[day] != item:
            raise SchemaDrift(f"two rows of {kind} for {day}")
        if day not in chosen or _revised(item):
            chosen[day] = item
    for day, item in chosen.items():
        for series in dataset.series:
            value = _payload.number(item.get(series.field), _ABSENT)
            if value is not None:
                yield Row(series.id, day, value)


def _revised(item: Mapping[str, Any]) -> bool:
    return str(item.get("revisionIndicator") or "").upper() == "R"


def _operation_rows(dataset: Dataset, body: Mapping[str, Any], response: Response) -> list[Row]:
    operations = _payload.listing(_payload.mapping(body.get("repo"), "repo").get("operations"), "operations")
    if not operations and _payload.reaches_now(response, "endDate"):
        raise EmptyPayload("no operation in the answer")
    local = response.fetched_at.astimezone(_NEW_YORK)
    days: dict[tuple[str, date], list[Mapping[str, Any]]] = defaultdict(list)
    for entry in operations:
        item = _payload.mapping(entry, "operation")
        day = _payload.iso_day(item.get("operationDate"))
        unfinished = day == local.date() and local.hour < _RESULTS_HOUR
        if (facility := _facility(item)) and not unfinished:
            days[facility, day].append(item)
    rows = []
    for (facility, day), items in sorted(days.items(), key=lambda entry: entry[0]):
        measures = {
            f"{facility}.accepted": sum(_accepted(item) for item in items) / 1e9,
            f"{facility}.award": _award(max(items, key=_accepted)),
        }
        for series in dataset.series:
            if (value := measures.get(series.field)) is not None:
                rows.append(Row(series.id, day, value))
    return _payload.unique(rows) if rows else []


def _facility(item: Mapping[str, Any]) -> str | None:
    """`onrrp`, `srf` or None. Small value exercises are tests of the pipes and count for neither."""
    try:
        kind, method, term = item["operationType"], item["operationMethod"], item["term"]
    except KeyError as error:
        raise SchemaDrift(f"an operation without {error.args[0]}") from None
    exercise = "small value" in str(item.get("note")).lower() or str(item.get("releaseTime")).strip().startswith(
        "10:30"
    )
    if term != "Overnight" or exercise or item.get("auctionStatus", "Results") != "Results":
        return None
    if kind == "Repo":  # multiple price until 2025-12-10, full allotment in two windows a day since
        return "srf"
    return "onrrp" if kind == "Reverse Repo" and method == "Fixed Rate" else None


def _accepted(item: Mapping[str, Any]) -> float:
    amount = _payload.number(item.get("totalAmtAccepted"), _ABSENT)
    if amount is None:
        raise SchemaDrift("an operation without totalAmtAccepted")
    return amount


def _award(item: Mapping[str, Any]) -> float | None:
    """Award rate in percent; the offering rate where nothing was awarded."""
    for name in ("percentAwardRate", "percentOfferingRate"):
        for entry in _payload.listing(item.get("details") or [], "details"):
            rate = _payload.number(_payload.mapping(entry, "details").get(name), _ABSENT)
            if rate is not None:
                return rate
    return None


SOURCE = NewYorkFed()
