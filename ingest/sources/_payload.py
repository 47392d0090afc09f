"""What every parser does first: prove that the payload is data, then read text, numbers and dates strictly.

Belongs here: status codes, block pages, CSV and JSON decoding, strict scalars. Does not belong here: what
only one provider does. Every function raises only `ingest.errors`; none guesses.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    PlanRestricted,
    RateLimited,
    SchemaDrift,
    Unreachable,
)
from ingest.model import Dataset, Held, Request, Response, Row, Series

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_US_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_WALL = re.compile(
    r"access denied|captcha|incapsula|request unsuccessful|forbidden|cloudflare|blocked|pardon our interruption|"
    r"enable javascript",
    re.IGNORECASE,
)
_GONE = re.compile(r"error - st\. louis fed|page not found|404 not found|NoSuchKey", re.IGNORECASE)


def path_of(request: Request) -> str:
    """Path of the request's URL, without host and query."""
    return urlsplit(request.url).path


def query_of(request: Request) -> dict[str, str]:
    """Query parameters, whether they came as `params` or already sit in the URL."""
    return {**dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)), **request.params}


def expect_ok(response: Response) -> None:
    """Raise the typed error of a status other than 200; the first line of the body is quoted."""
    status = response.status
    if status == 200:
        return
    said = " ".join(response.content[:200].decode("utf-8", "replace").split())
    message = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if status in (401, 403, 451):
        raise Blocked(message)
    if status == 402:
        raise PlanRestricted(message)
    if status in (404, 410):
        raise NotFound(message)
    if status in (418, 429):
        raise RateLimited(message)
    if status >= 500:
        raise Unreachable(message)
    raise SchemaDrift(message)


def page_text(response: Response) -> str:
    """Decoded body of a 200. Raises EmptyPayload when there is none, SchemaDrift when it is not UTF-8."""
    expect_ok(response)
    try:
        text = response.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaDrift(f"not UTF-8 text: {error.reason} at byte {error.start}") from None
    if not text.strip():
        raise EmptyPayload("an empty body")
    return text


def reject_page(text: str) -> None:
    """Raise Blocked, NotFound or SchemaDrift when `text` is an HTML or XML page instead of data."""
    if not text.lstrip().startswith("<"):
        return
    if _GONE.search(text):
        raise NotFound("an error page: the upstream does not know this")
    if _WALL.search(text):
        raise Blocked("a block page served as a success")
    raise SchemaDrift("an HTML page where data should be")


def csv_table(response: Response) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV body, all cells stripped text, every row as wide as the header.

    Raises SchemaDrift for a ragged row or a body without a final line end (cut short), EmptyPayload without a row.
    """
    text = page_text(response)
    reject_page(text)
    if re.fullmatch(r"(edge: )?too many requests\W*", text.strip(), re.IGNORECASE):
        raise RateLimited("'Too Many Requests' served as a success")
    try:
        table = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row
        ]
    except csv.Error as error:
        raise SchemaDrift(f"not CSV: {error}") from None
    header, rows = table[0], table[1:]
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise SchemaDrift(f"row {line} has {len(row)} cells, the header {len(header)}: {','.join(row)[:80]!r}")
    if text[-1] not in "\r\n":
        raise SchemaDrift("the body ends within a line: cut short")
    return header, rows


def _constant(name: str) -> None:
    if name != "NaN":  # NaN is a missing marker; an infinity is nothing
        raise ValueError(name)


def json_body(response: Response) -> Any:
    """Decoded JSON of a 200; `NaN` becomes None. Raises SchemaDrift when it is not JSON (cut short, HTML, text)."""
    text = page_text(response)
    reject_page(text)
    if re.fullmatch(r"(edge: )?too many requests\W*", text.strip(), re.IGNORECASE):
        raise RateLimited("'Too Many Requests' served as a success")
    try:
        return json.loads(text, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise SchemaDrift(f"not JSON: {' '.join(text[:60].split())!r}") from None


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """`value` when it is a JSON object, else SchemaDrift naming `what`."""
    if not isinstance(value, dict):
        raise SchemaDrift(f"{what}: no object but {type(value).__name__}")
    return value


def listing(value: Any, what: str) -> list[Any]:
    """`value` when it is a JSON array, else SchemaDrift naming `what`."""
    if not isinstance(value, list):
        raise SchemaDrift(f"{what}: no array but {type(value).__name__}")
    return value


def number(value: Any, missing: frozenset[str] = frozenset()) -> float | None:
    """A finite float from a JSON number or strict decimal text; None for None or one of the `missing` texts."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text in missing:
            return None
        if not _NUMBER.fullmatch(text):
            raise SchemaDrift(f"not a number: {value[:40]!r}")
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaDrift(f"not a number: {str(value)[:40]!r}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise SchemaDrift("a number beyond any range")
    return result


def iso_day(value: Any) -> date:
    """A date from `YYYY-MM-DD` text, nothing else."""
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise SchemaDrift(f"not an ISO date: {str(value)[:40]!r}")


def us_day(value: str) -> date:
    """A date from `MM/DD/YYYY` text, nothing else."""
    if found := _US_DAY.fullmatch(value):
        month, day, year = map(int, found.groups())
        try:
            return date(year, month, day)
        except ValueError:
            pass
    raise SchemaDrift(f"not a date as MM/DD/YYYY: {value[:40]!r}")


def epoch(value: Any, zone: tzinfo = UTC) -> datetime:
    """The moment of epoch seconds, in `zone`."""
    seconds = number(value)
    if seconds is None:
        raise SchemaDrift("a time stamp is missing")
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        raise SchemaDrift(f"not epoch seconds: {seconds:g}") from None


def unique(rows: Iterable[Row]) -> list[Row]:
    """Rows sorted by series, date and vintage, exact repeats dropped.

    Raises SchemaDrift when two contradict or a value is not finite, EmptyPayload without any.
    """
    seen: dict[tuple[str, date, datetime | None], Row] = {}
    for row in rows:
        if row.value is not None and not math.isfinite(row.value):
            raise SchemaDrift(f"{row.series_id}: no finite value for {row.observation_date}")
        if seen.setdefault((row.series_id, row.observation_date, row.vintage), row).value != row.value:
            raise SchemaDrift(f"{row.series_id}: two values for {row.observation_date}")
    if not seen:
        raise EmptyPayload("no observation in the answer")
    return sorted(
        seen.values(),
        key=lambda row: (row.series_id, row.observation_date, row.vintage or datetime.min.replace(tzinfo=UTC)),
    )


def by_field(dataset: Dataset) -> dict[str, Series]:
    """The dataset's series keyed by `field`."""
    return {series.field: series for series in dataset.series}


def since(dataset: Dataset, held: Held) -> date:
    """First day to ask for: upstream's first, or the newest held day less the overlap."""
    newest = max((held.newest[s.id] for s in dataset.series if s.id in held.newest), default=None)
    if newest is None:
        return dataset.first_date
    return max(dataset.first_date, newest - timedelta(days=dataset.overlap_days))


def reaches_now(response: Response, parameter: str) -> bool:
    """Whether the window ends within a week of the fetch: then it must hold something, else it need not."""
    try:
        end = iso_day(query_of(response.request).get(parameter, "")[:10])
    except SchemaDrift:
        return True
    return end >= response.fetched_at.date() - timedelta(days=7)


def windows(first: date, last: date, longest: int) -> list[tuple[date, date]]:
    """[first, last] in equal parts of at most `longest` days, oldest first."""
    days = max((last - first).days + 1, 1)
    parts = -(-days // longest)
    edges = [first + timedelta(days=days * part // parts) for part in range(parts + 1)]
    return [(start, end - timedelta(days=1)) for start, end in pairwise(edges)]
