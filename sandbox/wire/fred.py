"""FRED and ALFRED: graph CSV, vintage CSV, the page of vintage dates, and API v1. Source: section 1 of the contracts.

Belongs here: text as FRED sends it. Does not belong here: which series exist and their values (`sandbox.world`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from sandbox.wire import Ask, Reply, json_reply, text_reply

API_JSON = "application/json; charset=UTF-8"
FOREVER = "9999-12-31"
MESSAGES = {
    "no_key": "Variable api_key is not set.",
    "bad_key": "The value for variable api_key is not registered.",
    "no_series": "The series does not exist.",
    "not_in_alfred": "The series does not exist in ALFRED but may exist in FRED.  Try setting realtime_start and realtime_end to "
    "today's date or removing the realtime_start and realtime_end variables.",
    "realtime_end": "Variable realtime_end can not be after today's date ({today}) unless it's equal to the real-time max date "
    "9999-12-31.",
    "vintages": "This exceeds the maximum number of vintage dates allowed (2000).",
}
Row = tuple[str, str]  # ISO date, value text ('' = missing)


def graph_csv(column: str, rows: Sequence[Row], ask: Ask) -> Reply:
    """`observation_date,<column>` with an empty cell for a missing value, limited to cosd..coed."""
    kept = window(rows, ask.text("cosd"), ask.text("coed"))
    text = "".join(f"{day},{value}\n" for day, value in kept)
    return text_reply(f"observation_date,{column}\n{text}")


def window(rows: Sequence[Row], first: str, last: str) -> Sequence[Row]:
    """The rows dated first..last (ISO text; '' = open)."""
    low = bisect_left(rows, first, key=lambda row: row[0]) if first else 0
    high = bisect_right(rows, last, key=lambda row: row[0]) if last else len(rows)
    return rows[low:high]


def vintage_page(series: str, days: Sequence[str]) -> str:
    """ALFRED's download form: the vintage dates are the options of one select, newest first."""
    options = "\n".join(f'<option value="{day}">{day}</option>' for day in sorted(days, reverse=True))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><title>Download Data for {series} | ALFRED | St. Louis Fed</title></head>\n'
        f'<body><form method="post" action="/series/downloaddata?seid={series}">\n'
        '<select id="form_selected_vintage_dates" name="form[selected_vintage_dates][]" multiple="multiple">\n'
        f"{options}\n</select></form></body>\n</html>\n"
    )


def api_error(case: str, today: str = "") -> Reply:
    """One of the recorded 400 bodies (two spaces after 'Bad Request.')."""
    message = "Bad Request.  " + MESSAGES[case].format(today=today)
    return json_reply({"error_code": 400, "error_message": message}, 400, API_JSON)


def api_observations(
    ask: Ask, versions: Sequence[tuple[str, str, str, str]], today: str, vintages: Sequence[str], archived: bool
) -> Reply:
    """fred/series/observations. `versions` = (date, value, realtime_start, realtime_end), ascending by date then start."""
    start, end = ask.text("realtime_start", today), ask.text("realtime_end", today)
    listed = [day for day in ask.text("vintage_dates").split(",") if day]
    if listed:
        start, end = min(listed), max(listed)
    asked = bool(listed) or "realtime_start" in ask.query or "realtime_end" in ask.query
    if end != FOREVER and end > today:
        return api_error("realtime_end", today)
    if asked and (not archived or not vintages or end < vintages[0]):
        return api_error("not_in_alfred")
    if asked and sum(start <= day <= end for day in vintages) > 2000:
        return api_error("vintages")
    first, last = ask.text("observation_start", "1776-07-04"), ask.text("observation_end", FOREVER)
    rows: list[dict[str, str]] = []
    for day, value, since, until in versions:
        if not first <= day <= last or since > end or until < start:
            continue
        shown = (max(since, start), min(until, end)) if asked else (today, today)
        rows.append({"realtime_start": shown[0], "realtime_end": shown[1], "date": day, "value": value or "."})
    if ask.text("sort_order") == "desc":
        rows.reverse()
    limit, offset = int(ask.text("limit", "100000")), int(ask.text("offset", "0"))
    return json_reply(
        {
            "realtime_start": start, "realtime_end": end, "observation_start": first, "observation_end": last, "units": "lin",
            "output_type": 1, "file_type": "json", "order_by": "observation_date", "sort_order": ask.text("sort_order", "asc"),
            "count": len(rows), "offset": offset, "limit": limit, "observations": rows[offset : offset + limit],
        },
        content_type=API_JSON,
    )


def api_vintage_dates(ask: Ask, vintages: Sequence[str]) -> Reply:
    """fred/series/vintagedates."""
    limit, offset = int(ask.text("limit", "10000")), int(ask.text("offset", "0"))
    return json_reply(
        {
            "realtime_start": "1776-07-04", "realtime_end": FOREVER, "order_by": "vintage_date", "sort_order": "asc",
            "count": len(vintages), "offset": offset, "limit": limit, "vintage_dates": list(vintages[offset : offset + limit]),
        },
        content_type=API_JSON,
    )


def api_series(fields: dict[str, Any], today: str) -> Reply:
    """fred/series: the key is 'seriess', as FRED has it."""
    entry = {**fields, "realtime_start": today, "realtime_end": today}
    return json_reply({"realtime_start": today, "realtime_end": today, "seriess": [entry]}, content_type=API_JSON)
