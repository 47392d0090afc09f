"""New York Fed Markets API: reference rates and repo operation results. Source: section 2 of the contracts.

Belongs here: the JSON as the Desk sends it (newest first, its own spacing). Does not belong here: the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.wire import Reply, json_reply

CONTENT = "application/json; charset=utf-8"
HEADERS = {"Cache-Control": "no-store"}


def rates(rows: Iterable[Mapping[str, Any]]) -> Reply:
    """`refRates`, rows as given (newest first); rates keep two decimals, the separators keep their odd spaces."""
    parts = []
    for row in rows:
        cells = [f'"{name}": {_cell(name, value)}' for name, value in row.items()]
        parts.append("{ " + ", ".join(cells[:2]) + "".join(f" ,{cell}" for cell in cells[2:]) + " }")
    body = '{ "refRates": [ ' + ", ".join(parts) + " ] }" if parts else '{"refRates": []}'
    return Reply(200, CONTENT, body.encode(), HEADERS)


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if name.startswith(("percent", "target")) else f"{value:.5f}"
    return json.dumps(value)


def operations(rows: list[dict[str, Any]]) -> Reply:
    """`repo.operations`, newest first."""
    reply = json_reply({"repo": {"operations": rows}}, content_type=CONTENT)
    return Reply(reply.status, reply.content_type, reply.body, HEADERS)


def operation(
    kind: str, method: str, day: str, matures: str, number: int, release: str, close: str, accepted: int, rate: float, *,
    note: str = "", term_days: int = 1, counterparties: int = 1,
) -> dict[str, Any]:
    """One operation result; amounts in whole dollars, times naive US Eastern, `termCalenderDays` as upstream spells it."""
    prefix = "RP" if kind == "Repo" else "RRP"
    return {
        "operationId": f"{prefix} {day[5:7]}{day[8:10]}{day[2:4]} {number}", "auctionStatus": "Results", "operationDate": day,
        "settlementDate": day, "maturityDate": matures, "operationType": kind, "operationMethod": method,
        "settlementType": "Same Day", "termCalenderDays": term_days, "term": "Overnight", "releaseTime": release,
        "closeTime": close, "note": note, "totalAmtSubmitted": accepted, "totalAmtAccepted": accepted,
        "participatingCpty": counterparties, "acceptedCpty": counterparties, "lastUpdated": f"{day} {close}:30",
        "details": [
            {"securityType": "Treasury", "amtSubmitted": accepted, "amtAccepted": accepted, "percentOfferingRate": rate,
             "percentAwardRate": rate}
        ],
        "propositions": [],
    }
