"""Faults of one provider each, added to the catalogue on import.

Belongs here: what a named upstream is known to send when it fails. Does not belong here: faults of any host
(`sandbox.catalogue`), when a fault strikes (`sandbox.faults`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sandbox.catalogue import (
    ALFRED,
    CATALOGUE,
    COINBASE,
    DENIED,
    FISCAL,
    FRED,
    FREDAPI,
    LBMA,
    NYFED,
    TREASURY,
    YAHOO,
    Answer,
    fixed,
    kind,
    on_body,
    on_json,
)
from sandbox.values import days_of, rewrite
from sandbox.wire import Ask, Reply, json_reply, nyfed, text_reply
from sandbox.wire.fred import MESSAGES, api_error
from sandbox.wire.unknown import html, unknown

# FRED, ALFRED
fixed("fred_404", "404 page", unknown(Ask(FRED, "/")), FRED, ALFRED)
fixed("fred_403", "403 page of Akamai", DENIED, FRED, ALFRED, FREDAPI)
fixed("fred_hang", "accept, never answer (User-Agent wall)", Reply(200, "text/plain", b"", transport="hang"), FRED, ALFRED)
fixed("fred_504", "504 after 30 s", replace(html("504 Gateway Time-out", "", 504), delay_s=30.0), FRED, ALFRED)
CATALOGUE["fred_short_history"] = replace(CATALOGUE["short_history"], hosts=frozenset({FRED}))


def _legacy(ask: Ask, reply: Reply) -> Reply:
    text = reply.body.decode().replace("observation_date,", "DATE,", 1)
    return replace(reply, body=re.sub(r",(?=\r?$)", ",.", text, flags=re.MULTILINE).encode())


def _no_suffix(ask: Ask, reply: Reply) -> Reply:
    return replace(reply, body=re.sub(rb"\A(observation_date,\w+?)_\d{8}", rb"\1", reply.body))


def _no_options(ask: Ask, reply: Reply) -> Reply:
    return replace(reply, body=re.sub(rb"<option.*?</option>\s*", b"", reply.body)) if ask.path == "/series/downloaddata" else reply


on_body("fred_legacy_header", "DATE,ID and '.' for missing", _legacy, FRED)
on_body("alfred_ignored", "header without the vintage suffix", _no_suffix, ALFRED)
on_body("alfred_shell", "the page of vintage dates without dates", _no_options, ALFRED)

# FRED API
for _case in MESSAGES:
    fixed(f"fredapi_{_case}", f"400 body: {_case.replace('_', ' ')}", api_error(_case, "2026-09-18"), FREDAPI)
_LIMIT = json_reply({"error_code": 429, "error_message": "Too Many Requests.  Exceeded Rate Limit"}, 429)
fixed("fredapi_429", "429 with Retry-After: 1", replace(_LIMIT, headers={"Retry-After": "1"}), FREDAPI)
fixed("fredapi_429_bare", "429 without Retry-After", _LIMIT, FREDAPI)

# New York Fed
fixed("nyfed_400", "400", json_reply({"message": "Bad Request"}, 400, nyfed.CONTENT), NYFED)


@kind("nyfed_empty", "an empty success", NYFED)
def _nyfed_empty(ask: Ask, answer: Answer) -> Reply:
    return nyfed.operations([]) if ask.path.startswith("/api/rp/") else Reply(200, nyfed.CONTENT, b'{"refRates": []}')


def _mixed(content: Any) -> Any:
    """A SOFRAI row and a row without a rate for the newest day."""
    if content.get("refRates"):
        day, kind = (content["refRates"][0][name] for name in ("effectiveDate", "type"))
        averages = {"average30day": 3.63649, "average90day": 3.6337, "average180day": 3.66107, "index": 1.25515131}
        content["refRates"][:0] = [
            {"effectiveDate": day, "type": "SOFRAI", **averages, "revisionIndicator": ""},
            {"effectiveDate": day, "type": kind, "revisionIndicator": "", "footnoteId": 3},
        ]
    return content


def _two_operations(content: Any) -> Any:
    """Two standing-repo windows and a small value exercise (whose note is empty) on the newest day."""
    rows = (content.get("repo") or {}).get("operations")
    if rows:
        day = max(row["operationDate"] for row in rows)
        kept = [row for row in rows if (row["operationDate"], row["operationType"]) != (day, "Repo")]
        day_after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        made = [
            nyfed.operation("Repo", "Full Allotment", day, day_after, number, release, close, amount, 4.0)
            for number, release, close, amount in (
                (25, "13:30", "13:45", 2_000_000_000), (90, "10:30", "10:45", 75_000_000), (24, "08:15", "08:30", 1_000_000_000),
            )
        ]
        content["repo"]["operations"] = made + kept
    return content


on_body("nyfed_mixed", "SOFRAI rows and a row without a rate", on_json(_mixed), NYFED)
on_body("rp_two_ops", "two repo windows and a small value exercise", on_json(_two_operations), NYFED)

# Treasury
fixed("fiscal_400", "400 body", json_reply({"error": "Invalid Query Param", "message": "Invalid query parameter"}, 400), FISCAL)
fixed("ust_html", "200 HTML instead of CSV", html("Daily Treasury Rates", "Please enable JavaScript.", 200), TREASURY)


def _newest_null(ask: Ask, reply: Reply) -> Reply:
    newest = (days_of(ask, reply) or [""])[-1]
    return rewrite(ask, reply, lambda day, value: None if day == newest else value)


@kind("fiscal_pages", "at most 50 rows a page, whatever was asked", FISCAL)
def _pages(ask: Ask, answer: Answer) -> Reply:
    return answer(replace(ask, query={**ask.query, "page[size]": "50"}))


def _without_column(ask: Ask, reply: Reply) -> Reply:
    lines = [line.split(",") for line in reply.body.decode().splitlines()]
    if not lines or '"1.5 Month"' not in lines[0]:
        return reply
    at = lines[0].index('"1.5 Month"')
    return text_reply("\n".join(",".join(line[:at] + line[at + 1 :]) for line in lines) + "\n", reply.content_type)


on_body("fiscal_null", "the newest day's balances are the text null", _newest_null, FISCAL)
on_body("ust_columns", "a year without '1.5 Month'", _without_column, TREASURY)

# markets
fixed("yahoo_429", "429 plain text", Reply(429, "text/plain", b"Edge: Too Many Requests"), YAHOO)
fixed("yahoo_delisted", "404 error object", unknown(Ask(YAHOO, "/")), YAHOO)


def _null_bars(content: Any) -> Any:
    for result in content["chart"]["result"] or []:
        for block in result["indicators"].get("quote", []) + result["indicators"].get("adjclose", []):
            for values in block.values():
                values[1::20] = [None] * len(values[1::20])
    return content


def _live_bar(content: Any) -> Any:
    """An unfinished bar on the next weekday, far from where the day will end."""
    for result in content["chart"]["result"] or []:
        if result.get("timestamp"):
            step = 86_400 * (3 if (result["timestamp"][-1] // 86_400 + 3) % 7 == 4 else 1)
            stamp = result["timestamp"][-1] + step
            result["timestamp"].append(stamp)
            result["meta"]["regularMarketTime"] = stamp + 1800
            for block in result["indicators"].get("quote", []) + result["indicators"].get("adjclose", []):
                for values in block.values():
                    values.append(values[-1] * 0.5 if values[-1] is not None else None)
    return content


on_body("yahoo_null_bars", "every twentieth bar is null", on_json(_null_bars), YAHOO)
on_body("yahoo_live_bar", "an unfinished bar at the end", on_json(_live_bar), YAHOO)
_TOO_MANY = "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
fixed("coinbase_400", "aggregation limit", json_reply({"message": _TOO_MANY}, 400), COINBASE)
fixed("coinbase_404", "unknown product", json_reply({"message": "NotFound"}, 404), COINBASE)
fixed("coinbase_429", "public rate limit", json_reply({"message": "Public rate limit exceeded"}, 429), COINBASE)


def _newest_price(value: Any) -> Callable[[Any], Any]:
    def change(rows: Any) -> Any:
        return [*rows[:-1], {**rows[-1], "v": [value, *rows[-1]["v"][1:]]}] if rows else rows

    return change


def _saturday(rows: Any) -> Any:
    """A row on the Saturday before the newest day."""
    if not rows:
        return rows
    newest = date.fromisoformat(rows[-1]["d"])
    day = (newest - timedelta(days=newest.weekday() + 2)).isoformat()
    at = next((i for i, row in enumerate(rows) if row["d"] > day), len(rows))
    return [*rows[:at], {**rows[at], "d": day}, *rows[at:]]


on_body("lbma_zero", "0 for the newest price", on_json(_newest_price(0)), LBMA)
on_body("lbma_null", "null for the newest price", on_json(_newest_price(None)), LBMA)
on_body("lbma_saturday", "a row on a Saturday", on_json(_saturday), LBMA)

__all__ = ["CATALOGUE"]
