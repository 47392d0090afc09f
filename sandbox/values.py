"""Change or drop observations inside an answer, whatever the provider's format: what data faults are made of.

Belongs here: walking the rows of a body. Does not belong here: which fault does what (`sandbox.faults`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sandbox.forms import FORMS
from sandbox.wire import Ask, Reply, family

Change = Callable[[str, float], float | None]  # (ISO date, value) -> new value, None = the provider's missing marker
Keep = Callable[[str], bool]  # ISO date -> whether the row stays
_FIELDS = ("percent", "average", "volume", "totalAmt", "amt")


def rewrite(ask: Ask, reply: Reply, change: Change | None = None, keep: Keep | None = None) -> Reply:
    """`reply` with every observation passed through `change` and only the rows that `keep` wants.

    Bodies that are not observations (error pages, listings) come back untouched.
    """
    change, keep = change or (lambda _, value: value), keep or (lambda _: True)
    if reply.status != 200:
        return reply
    form = FORMS.get(family(ask.host))
    if form is not None:
        return replace(reply, body=form(ask, reply.body, change, keep))
    if reply.content_type.startswith("text/csv"):
        return replace(reply, body=_csv(reply.body.decode(), change, keep).encode())
    if "json" not in reply.content_type:
        return reply
    content = json.loads(reply.body)
    return replace(reply, body=json.dumps(_json(ask, content, change, keep), separators=(",", ":")).encode())


def days_of(ask: Ask, reply: Reply) -> list[str]:
    """ISO dates of the observations in `reply`, ascending."""
    seen: set[str] = set()

    def note(day: str) -> bool:
        seen.add(day)
        return True

    rewrite(ask, reply, keep=note)
    return sorted(seen)


def _iso(text: str) -> str:
    """ISO date of an ISO or US date."""
    return f"{text[6:10]}-{text[:2]}-{text[3:5]}" if text[2:3] == "/" else text[:10]


def _csv(text: str, change: Change, keep: Keep) -> str:
    lines = text.splitlines(keepends=True)
    out = lines[:1]
    for line in lines[1:]:
        body = line.rstrip("\r\n")
        cells = next(csv.reader(io.StringIO(body)), [])
        if not cells or not keep(_iso(cells[0])):
            continue
        out.append(",".join([cells[0], *(_cell(_iso(cells[0]), cell, change) for cell in cells[1:])]) + line[len(body) :])
    return "".join(out)


def _cell(day: str, cell: str, change: Change) -> str:
    try:
        value = change(day, float(cell))
    except ValueError:
        return cell
    return cell if value == float(cell) else "" if value is None else f"{value:.10g}"


def _number(day: str, value: Any, change: Change) -> Any:
    return change(day, value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _json(ask: Ask, content: Any, change: Change, keep: Keep) -> Any:
    if isinstance(content, dict) and "chart" in content:
        _chart(content, change, keep)
    elif isinstance(content, dict):
        for rows, day_name in ((content.get("refRates"), "effectiveDate"), (content.get("data"), "record_date"),
                               (content.get("observations"), "date"), ((content.get("repo") or {}).get("operations"), "operationDate")):
            if isinstance(rows, list):
                rows[:] = [_record(row, row[day_name], change) for row in rows if keep(row[day_name])]
    elif content and isinstance(content[0], list):
        content = [_candle(row, change) for row in content if keep(_epoch_day(row[0]))]
    elif content and "d" in content[0]:
        content = [
            {**row, "v": [_number(row["d"], value, change) for value in row["v"]]} for row in content if keep(row["d"])
        ]
    return content


def _record(row: dict[str, Any], day: str, change: Change) -> dict[str, Any]:
    for name, value in row.items():
        if name.startswith(_FIELDS):
            row[name] = _number(day, value, change)
        elif name.endswith("_bal") or name == "value":  # numbers as text; "null" and "." are the missing markers
            try:
                new = change(day, float(value))
            except ValueError:
                continue
            row[name] = value if new == float(value) else ("." if name == "value" else "null") if new is None else f"{new:.10g}"
    return row


def _candle(row: list[Any], change: Change) -> list[Any]:
    day = _epoch_day(row[0])
    return [row[0], *(_number(day, value, change) for value in row[1:5]), *row[5:]]


def _epoch_day(stamp: int) -> str:
    return datetime.fromtimestamp(stamp, UTC).date().isoformat()


def _chart(content: dict[str, Any], change: Change, keep: Keep) -> None:
    for result in content["chart"]["result"] or []:
        stamps = result.get("timestamp", [])
        days = [_epoch_day(stamp) for stamp in stamps]
        stay = [at for at, day in enumerate(days) if keep(day)]
        for block in result["indicators"].get("quote", []) + result["indicators"].get("adjclose", []):
            for name, values in block.items():
                scaled = values if name == "volume" else [_number(day, v, change) for day, v in zip(days, values, strict=True)]
                block[name] = [scaled[at] for at in stay]
        if stamps:
            result["timestamp"] = [stamps[at] for at in stay]
        for kind, events in (result.get("events") or {}).items():
            result["events"][kind] = {key: event for key, event in events.items() if keep(_epoch_day(event["date"]))}
