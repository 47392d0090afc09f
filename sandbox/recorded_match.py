"""Which recordings answer a request: the same key first, then one that says the same in other letters.

Belongs here: what parameters, windows and SDMX keys mean. Does not belong here: bodies, reading the index
(`sandbox.recorded`, `sandbox.recorded_index`). Nothing here knows a dataset; a reader still proves what it gets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.recorded_index import Entry
from sandbox.wire import Ask

NARROWS: Mapping[str, frozenset[str]] = {"stablecoins.llama.fi": frozenset({"stablecoin"})}
WINDOWS = (
    ("startDate", "endDate"), ("start_date", "end_date"), ("startPeriod", "endPeriod"), ("sinceTimePeriod", "untilTimePeriod"),
    ("cosd", "coed"), ("startTime", "endTime"), ("start_timestamp", "end_timestamp"), ("period1", "period2"),
    ("startyear", "endyear"), ("start", "end"),
)  # fmt: skip
_ISO = re.compile(r"(\d{4})(?:-M?(\d\d)(?:-(\d\d))?)?(?:[T ].*)?", re.ASCII)
_BANK = re.compile(r"/v2/country/([^/]+)/indicator/([^/]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def best(entries: Sequence[Entry], ask: Ask) -> Entry | None:
    """The entry that answers `ask`, of those of its host and method.

    Same path and all recorded parameters first; else a recording whose literal window overlaps the asked one; else one of
    the same SDMX flow whose key has codes in common with the asked key in every dimension, or names none there.
    """
    here = [entry for entry in entries if entry.path == ask.path and not _broader(entry, ask)]
    exact = [entry for entry in here if all(_fits(ask, name, want) for name, want in entry.query.items())]
    if exact:
        return max(exact, key=_closeness)
    akin = [entry for entry in here if _window_fits(entry, ask)]
    if not akin and (asked := _sdmx(ask.path)):
        akin = [entry for entry in entries if _same_series(_sdmx(entry.path), asked) and _window_fits(entry, ask)]
    return max(akin, key=lambda entry: (_common_days(entry, ask), *_closeness(entry)), default=None)


def _closeness(entry: Entry) -> tuple[int, int]:
    return len(entry.query), sum(want != "*" for want in entry.query.values())


def _fits(ask: Ask, name: str, want: str) -> bool:
    if name not in ask.query:
        return False
    have = ask.query[name]
    return want == "*" or (want in map(str, have) if isinstance(have, list) else str(have) == want)


def _broader(entry: Entry, ask: Ask) -> bool:
    """Recorded without a parameter that picks one of many: the sum of all coins is no answer to a question about one."""
    return any(name in ask.query and name not in entry.query for name in NARROWS.get(ask.host, ()))


def _window_fits(entry: Entry, ask: Ask) -> bool:
    """All parameters fit, but that a literal window only has to overlap the asked one."""
    window = _window(entry.query)
    if window is None:
        return all(_fits(ask, name, want) for name, want in entry.query.items())
    rest = (pair for pair in entry.query.items() if pair[0] not in window[2])
    return all(_fits(ask, name, want) for name, want in rest) and _common_days(entry, ask) > 0


def _common_days(entry: Entry, ask: Ask) -> int:
    recorded, asked = _window(entry.query), _window(ask.query)
    if recorded is None or asked is None:
        return 0
    return (min(recorded[1], asked[1]) - max(recorded[0], asked[0])).days + 1


def _window(query: Mapping[str, Any]) -> tuple[date, date, frozenset[str]] | None:
    """First and last day of a literal window, and its parameters; None where there is none, or what is no day."""
    for names in WINDOWS:
        if found := frozenset(name for name in names if name in query):
            first, last = (_day(query[name], end) if name in query else (date.min, date.max)[end] for end, name in enumerate(names))
            return None if first is None or last is None else (first, last, found)
    return None


def _day(value: Any, last: int) -> date | None:
    """The first (or, with `last`, the last) day that ISO text, a year, a month or an epoch stamp stands for."""
    text = str(value)
    if text.isdecimal() and len(text) in (10, 13):
        return (_EPOCH + timedelta(seconds=int(text[:10]))).date()
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        if day:
            return date(year or 0, month or 0, day)
        if not last:
            return date(year or 0, month or 1, 1)
        return date((year or 0) + (month or 12) // 12, (month or 12) % 12 + 1, 1) - timedelta(days=1)
    except ValueError:
        return None


Key = tuple[str, list[set[str]]]


def _same_series(recorded: Key | None, asked: Key) -> bool:
    if recorded is None or recorded[0] != asked[0] or len(recorded[1]) != len(asked[1]):
        return False
    return all(not ours or not theirs or ours & theirs for ours, theirs in zip(recorded[1], asked[1], strict=True))


def _sdmx(path: str) -> Key | None:
    """Flow and key (a set of codes per dimension, empty = all) of an SDMX data path, 2.1 or 3.0, or of the World Bank's; else None."""
    if bank := _BANK.fullmatch(path):
        return bank[2], [set(bank[1].split(";")) - {"all"}]
    _, found, after = path.partition("/data/")
    parts = after.split("/")
    if not found or len(parts) < 2:
        return None
    if parts[0] == "dataflow":  # 3.0: agency, flow, version, key
        flow, key = (parts[2], parts[4]) if len(parts) > 4 else ("", "")
    else:  # 2.1: [agency,]flow[,version], key[, provider]
        names = parts[0].split(",")
        flow, key = names[1] if len(names) > 1 else names[0], parts[1]
    return (flow, [set(codes.split("+")) - {"", "*"} for codes in key.split(".")]) if flow and "." in key else None
