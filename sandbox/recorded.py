"""Answers from a folder of recorded upstream responses (`index.json` + body files), byte for byte.

Belongs here: matching a request to a recorded entry and cutting its body to the asked window.
Does not belong here: simulated answers (`sandbox.world`), faults, HTTP.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import logging
import os
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from sandbox.recorded_index import Entry, newest_day, read_index, read_sums
from sandbox.recorded_match import best
from sandbox.recorded_pages import past_the_recording
from sandbox.wire import Ask, Reply, text_reply
from sandbox.wire.fred import vintage_page
from sandbox.wire.unknown import unknown

log = logging.getLogger(__name__)
ALFRED = "alfred.stlouisfed.org"
GZIP = b"\x1f\x8b"


class RecordedBackend:
    """Replays `folder`. Raises LowtideError (one line) when index.json is missing or corrupt.

    Which entry answers is `recorded_match`'s part. Of two recordings of one request the one whose data reach further
    answers, of equal ones the later. A request that matches nothing is answered the way the real host answers an unknown
    key. A body file that is missing gives a 500 with one line that names it; one that is not what SHA256SUMS says is served
    and told of.
    One help that no entry holds: ALFRED's page of vintage dates, /series/downloaddata?seid=ID, is made from the vintage
    dates of the index.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))  # also of links in a circle, which cannot be read
        self.entries = read_index(self.folder / "index.json")
        recordings: dict[tuple[str, str, str, frozenset[tuple[str, str]]], Entry] = {}
        for entry in self.entries:
            request = (entry.host, entry.method, entry.path, frozenset(entry.query.items()))
            held = recordings.get(request, entry)
            recordings[request] = entry if (entry.last_date or date.min) >= (held.last_date or date.min) else held
        self._sums = read_sums(self.folder / "SHA256SUMS")
        self._hosts: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._routes: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
        for entry in recordings.values():
            self._hosts[entry.host, entry.method].append(entry)
            self._routes[entry.host, entry.method, entry.path].append(entry)

    @property
    def newest_date(self) -> date:
        """The day up to which the archive was recorded (`recorded_index.newest_day`)."""
        return newest_day(self.entries, self.folder / "index.json")

    def answer(self, ask: Ask) -> Reply:
        entry = self._match(ask)
        if entry is not None:
            return self._body(entry, ask)
        if ask.host == ALFRED and ask.path == "/series/downloaddata":
            days = self._vintages(ask.text("seid"))
            if days:
                return text_reply(vintage_page(ask.text("seid"), days), "text/html; charset=UTF-8")
        return unknown(ask)

    def _match(self, ask: Ask) -> Entry | None:
        routes = self._routes.get((ask.host, ask.method, ask.path), [])
        return best(routes, ask) or best(self._hosts.get((ask.host, ask.method), []), ask)

    def _vintages(self, series: str) -> list[str]:
        routes = self._routes.get((ALFRED, "GET", "/graph/alfredgraph.csv"), [])
        return sorted(e.query["vintage_date"] for e in routes if e.query.get("id") == series and "vintage_date" in e.query)

    def _body(self, entry: Entry, ask: Ask) -> Reply:
        # by its name: an archive may well be made of links to another one
        path = self.folder / os.path.normpath(entry.file)
        try:
            if not path.is_relative_to(self.folder) or ".." in path.relative_to(self.folder).parts:
                raise OSError("outside the archive")
            body = path.read_bytes()
        except OSError as error:
            return text_reply(f"recorded body {entry.file}: {error.strerror or error}\n", "text/plain", 500)
        expected = self._sums.pop(os.path.normpath(entry.file), None)  # told once
        if expected and hashlib.sha256(body).hexdigest() != expected:
            log.warning("recorded body %s is not what SHA256SUMS says; served as it is", entry.file)
        if body.startswith(GZIP) and not entry.path.endswith(".gz"):  # stored as it was transferred
            with suppress(OSError, EOFError, zlib.error):
                body = gzip.decompress(body)
        if (end := past_the_recording(entry, ask, body)) is not None:
            return end
        if entry.slice:
            # a damaged body is served as it is: proving the payload is the reader's part
            with suppress(ValueError, LookupError, TypeError, AttributeError):
                body = cut(body, entry.slice, ask.query)
        return Reply(entry.status, entry.content_type, body)


def cut(body: bytes, rule: Mapping[str, str], query: Mapping[str, Any]) -> bytes:
    """`body` limited to the window that `query` asks for by the index's `slice` rule; the same bytes when it fits.

    Rows whose date cannot be read stay: whether that is a fault is for the reader to say, and never for us to hide.
    Raises ValueError/LookupError/TypeError when the body is not what the rule says.
    """
    first, last = query.get(rule.get("from", "")), query.get(rule.get("to", ""))
    unit = rule.get("unit", "date")
    low, high = _bound(first, unit), _bound(last, unit)

    def wanted(value: Any) -> bool:
        mark = _bound(value, unit)
        return mark is None or ((low is None or mark >= low) and (high is None or mark <= high))

    if rule["kind"] == "csv":
        return _cut_csv(body, rule["field"], wanted)
    content = json.loads(body, parse_float=lambda text: f"\ue000{text}\ue001")
    if rule["kind"] == "yahoo_chart":
        changed = _cut_chart(content, wanted)
    else:
        changed = _cut_list(content, rule, query, wanted)
    if not changed:
        return body
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return re.sub("\"\ue000(.*?)\ue001\"", r"\1", text).encode()  # numbers keep their recorded text


def _bound(value: Any, unit: str) -> Any:
    """What can be compared: the ISO day or the number; None where there is no date."""
    if value is None or value == "":
        return None
    if unit != "date":
        return int(value)
    text = str(value)
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return None
    return text[:10] if text[4] == "-" == text[7] and text[10:11] in ("", "T", " ") else None


def _cut_csv(body: bytes, column: str, wanted: Callable[[Any], bool]) -> bytes:
    lines = body.decode().splitlines(keepends=True)
    header = next(csv.reader(io.StringIO(lines[0].lstrip("\ufeff"))))
    at = header.index(column)
    rows = csv.reader(line.rstrip("\r\n") for line in lines[1:])
    kept = [line for line, row in zip(lines[1:], rows, strict=True) if len(row) <= at or wanted(row[at])]
    return (lines[0] + "".join(kept)).encode()


def _cut_chart(content: Any, wanted: Callable[[Any], bool]) -> bool:
    result = content["chart"]["result"][0]
    stamps = result.get("timestamp", [])
    keep = [at for at, stamp in enumerate(stamps) if wanted(stamp)]
    if len(keep) == len(stamps):
        return False
    for block in (result["indicators"].get("quote", []) + result["indicators"].get("adjclose", [])):
        for name, values in block.items():
            block[name] = [values[at] for at in keep]
    result["timestamp"] = [stamps[at] for at in keep]
    for kind, events in (result.get("events") or {}).items():
        result["events"][kind] = {key: event for key, event in events.items() if wanted(event["date"])}
    if not keep:
        del result["timestamp"]
    return True


def _cut_list(content: Any, rule: Mapping[str, str], query: Mapping[str, Any], wanted: Callable[[Any], bool]) -> bool:
    parent, key, rows = None, None, content
    for step in filter(None, rule.get("at", "").split(".")):
        key = int(step) if step.isdigit() else step
        parent, rows = rows, rows[key]
    kept = [row for row in rows if wanted(row[rule["field"]])]
    offset = int(query.get(rule.get("offset", ""), 0))
    limit = query.get(rule.get("limit", ""))
    kept = kept[offset:] if limit is None else kept[offset : offset + int(limit)]
    if len(kept) == len(rows):
        return False
    if parent is None:
        rows[:] = kept
    else:
        parent[key] = kept
    return True
