"""The index of an archive of recorded responses: its entries, and the day up to which it was recorded.

Belongs here: reading `index.json`, believing it or not. Does not belong here: answering requests (`sandbox.recorded`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median_high
from typing import Any
from urllib.parse import unquote

from lowtide.errors import LowtideError, WrongUsage

log = logging.getLogger(__name__)
NEAR = timedelta(days=92)  # two owners that end this close to each other vouch for each other: a daily and a monthly source do
NONSENSE = timedelta(days=3653)  # where nobody vouches: a last date this far after the median is a mistake, not data
MOST_TOLD = 3


@dataclass(frozen=True)
class Entry:
    """One line of the index."""

    host: str
    method: str
    path: str
    query: Mapping[str, str]
    file: str
    status: int
    content_type: str
    last_date: date | None
    slice: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The last two labels of the host: query1 and query2 of one provider are one witness."""
        return ".".join(self.host.split(".")[-2:])


def read_index(path: Path) -> list[Entry]:
    """The entries; a malformed one is left out, with a warning that names it.

    Raises WrongUsage when there is no index, LowtideError (one line) when it cannot be read or holds no entry of use.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise WrongUsage(f"no recorded responses here: {path} does not exist") from error
    except (OSError, ValueError, RecursionError) as error:
        raise LowtideError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(content, list):
        raise LowtideError(f"{path}: expected a list of entries")
    entries, broken = [], []
    for number, raw in enumerate(content):
        try:
            entries.append(_entry(raw))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            what = f" ({raw['host']}{raw['path']})" if isinstance(raw, dict) and {"host", "path"} <= raw.keys() else ""
            broken.append(f"{path}: entry {number}{what} is broken: {error!r}")
    if broken and not entries:
        raise LowtideError(broken[0])
    for line in broken:
        log.warning("%s; left out", line)
    return entries


def read_sums(path: Path) -> dict[str, str]:
    """SHA-256 by file of an archive's SHA256SUMS; empty where there is none, or none that can be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = (line.split(maxsplit=1) for line in lines)
    return {pair[1].removeprefix("*").removeprefix("./"): pair[0].lower() for pair in pairs if len(pair) == 2}


def newest_day(entries: Sequence[Entry], path: Path) -> date:
    """The newest day of any recorded success that another owner's data reach as well, give or take a quarter.

    One entry far ahead of all others, by a slip or by forecasts, must not move the clock of the whole archive: it is told
    and passed over. Raises LowtideError when no entry has a date.
    """
    dated = [(e.last_date, e) for e in entries if e.status == 200 and e.method != "FILE" and e.last_date]
    if not dated:
        raise LowtideError(f"{path}: no entry has a last_date")
    ends = {(day, entry.owner) for day, entry in dated}
    for day, owner in sorted(ends, reverse=True):
        if any(other != owner and abs(day - end) <= NEAR for end, other in ends):
            newest = day
            break
    else:
        limit = median_high(day for day, _ in dated)
        newest = max(day for day, _ in dated if day - limit <= NONSENSE)
    ahead = [f"{entry.host}{entry.path} ({day})" for day, entry in dated if day > newest]
    if ahead:
        more = f" and {len(ahead) - MOST_TOLD} more" if len(ahead) > MOST_TOLD else ""
        log.warning("%s: far ahead of the others, the clock stays at %s: %s%s", path, newest, ", ".join(ahead[:MOST_TOLD]), more)
    return newest


def _entry(raw: Any) -> Entry:
    """What an index leaves out is what most requests are: a GET without parameters that was answered."""
    query = {unquote(str(k)): unquote(str(v)) for k, v in raw.get("query", {}).items()}
    status, rule = int(raw.get("status", 200)), raw.get("slice") or {}
    names = (raw["host"], raw.get("method", "GET"), raw["path"], raw["file"], raw.get("content_type") or "application/octet-stream")
    if not all(isinstance(name, str) for name in names) or not isinstance(rule, dict):
        raise TypeError("not text")
    host, method, route, file, content_type = names
    if not 200 <= status <= 599 or not content_type.isascii() or not content_type.isprintable():
        raise ValueError(f"no answer has status {status} and content type {content_type!r}")
    day = _day(raw.get("last_date"))
    return Entry(host.lower(), method.upper(), unquote(route), query, file, status, content_type, day, rule)


def _day(text: Any) -> date | None:
    try:
        return datetime.strptime(str(text)[:10], "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
