"""Gold: IMF SDMX (CSV and XML) and the CFTC's Socrata interface. Source: sections 9.5 and 9.6 of the contracts.

Belongs here: text formats and Socrata's query language as far as it is used. Does not belong here: numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from operator import eq, ge, gt, le, lt
from typing import Any

from sandbox.wire import Ask, Reply, json_reply, text_reply

SODA = "application/json;charset=utf-8"
Observation = tuple[str, str, str]  # country, 2026-M02, ounces
_CONDITION = re.compile(r"\s*(\w+)\s*(=|>=|<=|>|<)\s*'([^']*)'\s*$")
_COMPARE = {"=": eq, ">=": ge, "<=": le, ">": gt, "<": lt}


def imf_csv(flow: str, dimensions: Sequence[tuple[str, str]], rows: Sequence[Observation]) -> Reply:
    """`DATAFLOW,COUNTRY,<dimensions>,TIME_PERIOD,OBS_VALUE`."""
    names = ",".join(name for name, _ in dimensions)
    fixed = ",".join(value for _, value in dimensions)
    lines = [f"{flow},{country},{fixed},{period},{value}" for country, period, value in rows]
    return text_reply("\n".join([f"DATAFLOW,COUNTRY,{names},TIME_PERIOD,OBS_VALUE", *lines]) + "\n")


def imf_xml(dimensions: Sequence[tuple[str, str]], rows: Sequence[Observation]) -> Reply:
    """Structure-specific SDMX-ML, the host's own choice."""
    fixed = " ".join(f'{name}="{value}"' for name, value in dimensions)
    series: dict[str, list[str]] = {}
    for country, period, value in rows:
        series.setdefault(country, []).append(f'<Obs TIME_PERIOD="{period}" OBS_VALUE="{value}"/>')
    body = "".join(f'<Series COUNTRY="{country}" {fixed}>{"".join(cells)}</Series>' for country, cells in series.items())
    message = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
    return text_reply(
        f'<?xml version="1.0" encoding="UTF-8"?><message:StructureSpecificData xmlns:message="{message}"><message:Header>'
        f"<message:ID>SIM</message:ID></message:Header><message:DataSet>{body}</message:DataSet></message:StructureSpecificData>",
        "application/xml",
    )


def cot_page(ask: Ask, rows: Sequence[dict[str, str]]) -> Reply:
    """$where, $order, $limit (1000 unless told), $offset over text fields."""
    try:
        chosen = [row for row in rows if all(_holds(row, part) for part in re.split(r"\s+AND\s+", ask.text("$where")) if part)]
        for term in reversed([part.strip() for part in ask.text("$order").split(",") if part.strip()]):
            name, _, direction = term.partition(" ")
            chosen.sort(key=lambda row: row.get(name, ""), reverse=direction.strip().upper() == "DESC")
        offset, limit = int(ask.text("$offset", "0")), int(ask.text("$limit", "1000"))
    except (ValueError, KeyError) as error:
        return soql_error(str(error))
    page = chosen[offset : offset + limit]
    names = sorted({name for row in page for name in row})
    body = json.dumps(page, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {
        "X-SODA2-Fields": json.dumps(names), "X-SODA2-Types": json.dumps(["text"] * len(names)),
        "Last-Modified": "Fri, 20 Nov 2026 20:30:00 GMT", "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"',
    }
    return Reply(200, SODA, body, headers)


def soql_error(about: str) -> Reply:
    content: dict[str, Any] = {"message": f"Could not parse SoQL query: {about}", "errorCode": "query.soql.parse-error", "data": {}}
    return json_reply(content, 400, SODA)


def _holds(row: dict[str, str], condition: str) -> bool:
    match = _CONDITION.match(condition)
    if match is None:
        raise ValueError(condition)
    name, operator, want = match.groups()
    have = row.get(name, "")
    if name.startswith("report_date"):
        want = want if "T" in want else f"{want}T00:00:00.000"
    return bool(_COMPARE[operator](have, want))
