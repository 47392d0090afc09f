"""Yahoo chart v8 (unofficial): daily closes, dividends and splits of US securities, indices and coins.

Belongs here: raw closes and events. Does not belong here: adjusted prices, which upstream rewrites at every dividend.
`request:` keys: `symbol`; `currency` (default USD), the currency the answer must be in.
Upstream sends split-adjusted prices: a raw close is the close times the ratios of all later splits in the same answer
(which always reaches to now), rounded to 7 significant digits; dividends likewise. The date is the time stamp in the
exchange's zone. The bar of a session that is still open (until 30 minutes after its close), or of the running UTC day
for coins, is dropped. A null close is a missing value on a session day and nothing on any other.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import prod
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ingest.calendars import is_session
from ingest.errors import EmptyPayload, NotFound, RateLimited, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "query1.finance.yahoo.com"
_SETTLES = timedelta(minutes=30)  # closing auction and late prints
_CLOSE = time(16, 0)


@dataclass(frozen=True)
class _Splits:
    """Split ratios (new shares per old one) by effective date."""

    ratios: Mapping[date, float]

    def factor_after(self, day: date) -> float:
        """Product of the ratios of all splits later than `day`."""
        return prod(ratio for effective, ratio in self.ratios.items() if effective > day)


class Yahoo:
    """`ingest.model.Source` for Yahoo's chart endpoint."""

    name: str = "yahoo"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One request up to `now`: an answer that ended earlier could lack a later split."""
        begin = datetime.combine(_payload.since(dataset, held), time(), UTC)
        yield Request(
            url=f"https://{HOST}/v8/finance/chart/{quote(dataset.request['symbol'], safe='')}",
            params={
                "period1": str(int(begin.timestamp())),
                "period2": str(int(now.timestamp())),
                "interval": "1d",
                "events": "div,splits",
                "includeAdjustedClose": "true",
            },
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows of the declared fields close, dividend, split.

        Raises NotFound, RateLimited, SchemaDrift, EmptyPayload, Blocked.
        """
        result = _result(response)
        meta = _payload.mapping(result.get("meta"), "meta")
        _expect(
            meta,
            {
                "symbol": dataset.request["symbol"],
                "currency": dataset.request.get("currency", "USD"),
                "dataGranularity": "1d",
            },
        )
        zone = _zone(meta)
        if not result.get("timestamp"):
            raise EmptyPayload("no bar in the window")
        events = _payload.mapping(result.get("events") or {}, "events")
        splits = _Splits(
            {_payload.epoch(event.get("date"), zone).date(): _ratio(event) for event in _events(events, "splits")}
        )
        fields, rows = _payload.by_field(dataset), []
        if series := fields.get("close"):
            unfinished = _unfinished(dataset, meta, response.fetched_at, zone)
            for day, close in _closes(result, zone).items():
                if day >= unfinished or (close is None and not is_session(dataset.calendar, day)):
                    continue
                rows.append(Row(series.id, day, None if close is None else _round(close * splits.factor_after(day))))
        if series := fields.get("dividend"):
            for event in _events(events, "dividends"):
                day, amount = _payload.epoch(event.get("date"), zone).date(), _payload.number(event.get("amount"))
                if amount is None:
                    raise SchemaDrift(f"a dividend without an amount on {day}")
                rows.append(Row(series.id, day, _round(amount * splits.factor_after(day))))
        if series := fields.get("split"):
            rows.extend(Row(series.id, day, _round(ratio)) for day, ratio in splits.ratios.items())
        return _payload.unique(rows) if rows else []


def _result(response: Response) -> Mapping[str, Any]:
    if response.status == 200 and b"oo many requests" in response.content[:200].lower():
        raise RateLimited("'Too Many Requests' served as a success")
    chart = _payload.mapping(_payload.mapping(_payload.json_body(response), "answer").get("chart"), "chart")
    if error := chart.get("error"):
        said = _payload.mapping(error, "error")
        message = f"{said.get('code')}: {said.get('description')}"
        raise (NotFound if said.get("code") == "Not Found" else SchemaDrift)(message)
    results = _payload.listing(chart.get("result"), "result")
    if len(results) != 1:
        raise SchemaDrift(f"{len(results)} results, wanted 1")
    return _payload.mapping(results[0], "result")


def _expect(meta: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for key, value in wanted.items():
        if meta.get(key) != value:
            raise SchemaDrift(f"{key} is {str(meta.get(key))[:40]!r}, wanted {value!r}")


def _zone(meta: Mapping[str, Any]) -> ZoneInfo:
    try:
        return ZoneInfo(str(meta.get("exchangeTimezoneName")))
    except (OSError, ValueError, KeyError):
        raise SchemaDrift(f"unknown time zone {str(meta.get('exchangeTimezoneName'))[:40]!r}") from None


def _closes(result: Mapping[str, Any], zone: ZoneInfo) -> dict[date, float | None]:
    """Close by date. Upstream may repeat the newest day (session bar, then the last print): the later one stands."""
    stamps = [_payload.epoch(stamp, zone) for stamp in _payload.listing(result["timestamp"], "timestamp")]
    quotes = _payload.listing(_payload.mapping(result.get("indicators"), "indicators").get("quote"), "quote")
    bars = _payload.listing(_payload.mapping(quotes[0] if quotes else None, "quote").get("close"), "close")
    if len(bars) != len(stamps):
        raise SchemaDrift(f"{len(stamps)} time stamps, {len(bars)} closes")
    if stamps != sorted(stamps):
        raise SchemaDrift("time stamps are not in order")
    newest, closes = stamps[-1].date(), dict[date, float | None]()
    for stamp, bar in zip(stamps, bars, strict=True):
        if stamp.date() in closes and stamp.date() != newest:
            raise SchemaDrift(f"two bars for {stamp.date()}: not daily bars")
        closes[stamp.date()] = _payload.number(bar)
    return closes


def _unfinished(dataset: Dataset, meta: Mapping[str, Any], fetched_at: datetime, zone: ZoneInfo) -> date:
    """The first day whose bar is not final at `fetched_at`."""
    local = fetched_at.astimezone(zone)
    if dataset.calendar == "24x7":
        return local.date()
    period = meta.get("currentTradingPeriod")
    if period is None:
        opens, closes = local.date(), datetime.combine(local.date(), _CLOSE, zone)
    else:
        regular = _payload.mapping(_payload.mapping(period, "currentTradingPeriod").get("regular"), "regular")
        opens, closes = _payload.epoch(regular.get("start"), zone).date(), _payload.epoch(regular.get("end"), zone)
    return opens if fetched_at < closes + _SETTLES else opens + timedelta(days=1)


def _events(events: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [_payload.mapping(event, kind) for event in _payload.mapping(events.get(kind) or {}, kind).values()]


def _ratio(event: Mapping[str, Any]) -> float:
    upper, lower = _payload.number(event.get("numerator")), _payload.number(event.get("denominator"))
    if not upper or not lower or upper < 0 or lower < 0:
        raise SchemaDrift("a split without a ratio")
    return upper / lower


def _round(value: float) -> float:
    return float(f"{value:.7g}")


SOURCE = Yahoo()
