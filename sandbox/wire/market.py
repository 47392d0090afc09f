"""Market data formats: Yahoo chart v8, Cboe index files, Coinbase candles, LBMA prices. Source: sections 5, 6.3 and 9.1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sandbox.wire import Reply, json_reply, text_reply

YAHOO = "application/json;charset=utf-8"
Candle = tuple[int, float, float, float, float, float]


def chart(meta: dict[str, Any], stamps: list[int], quote: dict[str, list[Any]], adjusted: list[Any], events: dict[str, Any]) -> Reply:
    """Yahoo's chart answer; an empty window has no `timestamp`, a window without events no `events`."""
    result: dict[str, Any] = {"meta": meta}
    if stamps:
        result["timestamp"] = stamps
        if events:
            result["events"] = events
        result["indicators"] = {"quote": [quote], "adjclose": [{"adjclose": adjusted}]}
    else:
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}
    return json_reply({"chart": {"result": [result], "error": None}}, content_type=YAHOO)


def chart_error(code: str, description: str, status: int) -> Reply:
    return json_reply({"chart": {"result": None, "error": {"code": code, "description": description}}}, status, YAHOO)


def cboe_csv(rows: Sequence[tuple[date, float, float, float, float]]) -> Reply:
    """`DATE,OPEN,HIGH,LOW,CLOSE`, US dates, ascending, six decimals."""
    lines = [f"{day:%m/%d/%Y}," + ",".join(f"{value:.6f}" for value in values) for day, *values in rows]
    return text_reply("\n".join(["DATE,OPEN,HIGH,LOW,CLOSE", *lines]) + "\n")


def candles(rows: Sequence[Candle]) -> Reply:
    """Coinbase: [time, low, high, open, close, volume], newest first."""
    return json_reply([list(row) for row in rows], content_type="application/json; charset=utf-8")


def coinbase_error(message: str, status: int) -> Reply:
    return json_reply({"message": message}, status, "application/json; charset=utf-8")


def lbma(rows: Sequence[tuple[date, float, float, float]]) -> Reply:
    """`[{"is_cms_locked":0,"d":...,"v":[usd,gbp,eur]}]`, ascending; EUR is 0 before 1999, the source's missing marker."""
    content = [{"is_cms_locked": 0, "d": day.isoformat(), "v": [usd, gbp, eur]} for day, usd, gbp, eur in rows]
    return Reply(200, "application/json", json.dumps(content, separators=(",", ":")).encode())
