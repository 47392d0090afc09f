"""Binance Vision: the venue's archive of USD-M futures as zip files, each with its SHA-256 beside it.

Belongs here: funding (monthly files), open interest (daily `metrics` files) and daily klines (monthly files, then daily
ones for the weeks that no month covers yet). Does not belong here: the REST API, which refuses US addresses (451).
`request:` keys: `kind` (fundingRate, klines, metrics), `symbol`; where a full refresh begins: `first_month` (YYYY-MM) or,
for metrics, `days` before today (five-minute files are many: the archive's whole depth is not fetched).
A file that is not there (404, NoSuchKey) is normal before a listing and before publication; three in a row after a hit
end the list (before one: ten days, any number of months); none at all is NotFound. A zip that differs from its CHECKSUM is refused.
Time stamps are milliseconds or microseconds, told apart by their digits. Older files have no header.
Daily values: funding = sum of the day's settled rates in percent (each at its own UTC time, some milliseconds off the
hour; 8-hour settlements mostly, but 1, 2 and 4 hours exist, and a change from one to the other within a day) when none
is missing, else a missing value; open interest = the day's last row, kline = its close.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from ingest.errors import EmptyPayload, NotFound, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload
from ingest.sources._zip import member

HOST = "data.binance.vision"
_CADENCES = {"fundingRate": ("monthly",), "klines": ("monthly", "daily"), "metrics": ("daily",)}
_COLUMNS = {
    "fundingRate": ["calc_time", "funding_interval_hours", "last_funding_rate"],
    "klines": ["open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
               "taker_buy_volume", "taker_buy_quote_volume", "ignore"],
    "metrics": ["create_time", "symbol", "sum_open_interest", "sum_open_interest_value"],
}  # fmt: skip
_SUM = re.compile(r"([0-9a-fA-F]{64}) [ *](\S+)\s*")
_FILE = re.compile(r"/([^/]+-(\d{4}-\d\d(?:-\d\d)?))\.zip$", re.ASCII)
_PATIENCE = 3
_LEADING = {"monthly": 1_000, "daily": 10}  # files that may be missing before the first one
_DAILY_REACH = timedelta(days=70)  # a month's file appears within its next month
_LARGEST = 64 * 2**20
_EMPTY = frozenset({""})
_ONE_DAY = timedelta(days=1)
_LATEST_HOUR = 23  # an open interest older than that is not the day's last


class BinanceVision:
    """`ingest.model.Source` for Binance Vision."""

    name: str = "binance_vision"
    hosts: Mapping[str, float] = {HOST: 0.05}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """Per file its CHECKSUM, then the zip, oldest first. Raises NotFound when no file is there, SchemaDrift."""
        today, hits = now.astimezone(UTC).date(), 0
        start = _start(dataset, held, today)
        for cadence in _CADENCES[dataset.request["kind"]]:
            if cadence == "daily" and dataset.request["kind"] == "klines":
                start = max(start, today - _DAILY_REACH, _overlap(dataset, held) or start)
            misses = 0
            for first, following in _periods(cadence, start, today):
                url = _url(dataset, cadence, first)
                try:
                    checksum = yield Request(url=f"{url}.CHECKSUM")
                    archive = yield Request(url=url)
                except NotFound:
                    misses += 1
                    if misses >= (_PATIENCE if hits else _LEADING[cadence]):
                        break
                    continue
                _verify(checksum, archive)
                hits, misses, start = hits + 1, 0, following
        if not hits:
            raise NotFound(f"{dataset.id}: the archive has no file from {_start(dataset, held, today)} on")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Daily rows of a zip; none of a CHECKSUM, which is proven. Raises SchemaDrift, EmptyPayload, NotFound, Blocked."""
        if _payload.path_of(response.request).endswith(".CHECKSUM"):
            _checksum(response)
            return []
        name, period = _named(response)
        _payload.expect_ok(response)
        kind = str(dataset.request["kind"])
        table = _table(_unzip(response.content, name), kind)
        if kind == "metrics":
            rows = _open_interest(dataset, table, period)
        else:
            read = _funding if kind == "fundingRate" else _closes
            rows = [Row(dataset.series[0].id, day, value) for day, value in read(table)]
            outside = next((row for row in rows if not row.observation_date.isoformat().startswith(period)), None)
            if outside:
                raise SchemaDrift(f"{name}: a row of {outside.observation_date}")
        return _payload.unique(row for row in rows if row.observation_date < _days.running(response))


def _start(dataset: Dataset, held: Held, today: date) -> date:
    newest = max(held.newest.values(), default=None)
    if dataset.request["kind"] == "metrics":
        return _overlap(dataset, held) or max(dataset.first_date, today - timedelta(days=int(dataset.request["days"])))
    return _payload.iso_day(f"{dataset.request['first_month']}-01") if newest is None else newest.replace(day=1)


def _overlap(dataset: Dataset, held: Held) -> date | None:
    """The first day to ask for again; None when nothing is held."""
    return max((day - timedelta(days=dataset.overlap_days) for day in held.newest.values()), default=None)


def _periods(cadence: str, start: date, today: date) -> Iterator[tuple[date, date]]:
    """(first day, day after the last) of every period from `start`'s on that is over."""
    first = start.replace(day=1) if cadence == "monthly" else start
    while True:
        following = (first + timedelta(days=32)).replace(day=1) if cadence == "monthly" else first + _ONE_DAY
        if following > today:
            return
        yield first, following
        first = following


def _url(dataset: Dataset, cadence: str, first: date) -> str:
    kind, symbol = dataset.request["kind"], dataset.request["symbol"]
    folder, tag = (f"{symbol}/1d", "1d") if kind == "klines" else (symbol, kind)
    stamp = f"{first:%Y-%m}" if cadence == "monthly" else first.isoformat()
    return f"https://{HOST}/data/futures/um/{cadence}/{kind}/{folder}/{symbol}-{tag}-{stamp}.zip"


def _named(response: Response) -> tuple[str, str]:
    """(file name without .zip, its month or day) from the request's path."""
    found = _FILE.search(_payload.path_of(response.request))
    if not found:
        raise SchemaDrift("not the path of an archive file")
    return found[1], found[2]


def _checksum(response: Response) -> str:
    text = _payload.page_text(response)
    _payload.reject_page(text)
    found, name = _SUM.fullmatch(text), _payload.path_of(response.request).split("/")[-1]
    if not found or f"{found[2]}.CHECKSUM" != name:
        raise SchemaDrift(f"not the checksum of {name[:60]!r}: {' '.join(text[:100].split())!r}")
    return found[1].lower()


def _verify(checksum: Response, archive: Response) -> None:
    if _checksum(checksum) != archive.content_sha256:
        raise SchemaDrift(f"{_named(archive)[0]}.zip is not what its CHECKSUM says")


def _unzip(content: bytes, name: str) -> str:
    """Text of the one CSV inside."""
    if not content:
        raise EmptyPayload("an empty body")
    try:
        body = member(content, f"{name}.csv", _LARGEST, alone=True)
    except SchemaDrift:
        _payload.reject_page(content[:2000].decode("utf-8", "replace"))
        raise
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaDrift(f"{name}.csv is not UTF-8 text at byte {error.start}") from None


def _table(text: str, kind: str) -> list[dict[str, str]]:
    """Rows by column name; without a header the documented order holds."""
    try:
        lines = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise SchemaDrift(f"not CSV: {error}") from None
    wanted = _COLUMNS[kind]
    header = lines.pop(0) if lines and lines[0][0] == wanted[0] else wanted
    if missing := [name for name in wanted[:4] if name not in header]:
        raise SchemaDrift(f"no column {missing[0]} in {','.join(header)[:80]!r}")
    if not lines:
        raise EmptyPayload("no row in the file")
    for line in lines:
        if len(line) < len(wanted[:4]) or (header is not wanted and len(line) != len(header)):
            raise SchemaDrift(f"a row of {len(line)} cells, the header has {len(header)}: {','.join(line)[:80]!r}")
    return [dict(zip(header, line, strict=False)) for line in lines]


def _value(row: Mapping[str, str], name: str) -> float:
    if (value := _payload.number(row.get(name), _EMPTY)) is None:
        raise SchemaDrift(f"a row without {name}")
    return value


def _funding(table: list[dict[str, str]]) -> Iterator[tuple[date, float | None]]:
    """Sums of whole days; part of a day's settlements is no value (the day of a listing, rows that got lost)."""
    settled = _days.by_day((_days.moment(row["calc_time"]), _value(row, "last_funding_rate")) for row in table)
    spans = _days.by_day((_days.moment(row["calc_time"]), _hours(row)) for row in table)
    following = {day: spans[after][0] for day, after in pairwise(sorted(spans)) if after - day == _ONE_DAY}
    for day, rates in settled.items():
        yield day, _days.percent(rate for _, rate in rates) if _whole(day, spans[day], following.get(day)) else None


def _hours(row: Mapping[str, str]) -> float:
    if not 0 < (hours := _value(row, "funding_interval_hours")) <= 24:
        raise SchemaDrift(f"a funding interval of {hours:g} hours")
    return hours


def _whole(day: date, spans: Sequence[tuple[datetime, float]], following: tuple[datetime, float] | None) -> bool:
    """Whether `spans` (moment, hours of its interval) are all settlements of the day: no two of them, nor the last and the
    next midnight, are further apart than an interval; where it changes, the longer of two neighbours' holds."""
    begin = datetime.combine(day, time(), UTC)
    line = [*spans, (begin + _ONE_DAY, (following or spans[-1])[1])]
    near = all(later - earlier <= timedelta(hours=max(one, other)) for (earlier, one), (later, other) in pairwise(line))
    return near and spans[0][0] - begin < timedelta(hours=spans[0][1])


def _closes(table: list[dict[str, str]]) -> Iterator[tuple[date, float | None]]:
    for row in table:
        close = _value(row, "close")
        if not _value(row, "low") <= close <= _value(row, "high"):
            raise SchemaDrift("a kline whose close lies outside low and high")
        yield _days.midnight(row["open_time"]), close


def _open_interest(dataset: Dataset, table: list[dict[str, str]], period: str) -> list[Row]:
    """The last row of the day that has a value, from 23:00 on (the file may end at 24:00); else a missing value."""
    day, symbol = _payload.iso_day(period), dataset.request["symbol"]
    begin = datetime.combine(day, time(), UTC)
    rows: list[tuple[datetime, Mapping[str, Any]]] = []
    for row in table:
        if row["symbol"] != symbol:
            raise SchemaDrift(f"a row of {row['symbol'][:40]!r}, wanted {symbol!r}")
        try:
            stamp = datetime.strptime(row["create_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            raise SchemaDrift(f"not a time: {row['create_time'][:40]!r}") from None
        if not begin <= stamp <= begin + _ONE_DAY:
            raise SchemaDrift(f"a row of {stamp} in the file of {day}")
        rows.append((stamp, row))
    rows.sort(key=lambda entry: entry[0])
    found = []
    for series in dataset.series:
        values = [
            value for stamp, row in rows
            if (value := _payload.number(row.get(series.field), _EMPTY)) is not None
            and stamp >= begin + timedelta(hours=_LATEST_HOUR)
        ]  # fmt: skip
        found.append(Row(series.id, day, values[-1] if values else None))
    return found


SOURCE = BinanceVision()
