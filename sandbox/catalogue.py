"""The catalogue of faults: block pages, limits, wrong data inside a success, broken transport.

Belongs here: what each kind of fault answers. Does not belong here: when it strikes (`sandbox.faults`), walking bodies
(`sandbox.values`), sockets. Source: section 15 of the upstream contracts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sandbox.values import days_of, rewrite
from sandbox.wire import Ask, Reply, vision
from sandbox.wire.unknown import html

FRED, ALFRED, FREDAPI = "fred.stlouisfed.org", "alfred.stlouisfed.org", "api.stlouisfed.org"
NYFED, FISCAL, TREASURY = "markets.newyorkfed.org", "api.fiscaldata.treasury.gov", "home.treasury.gov"
YAHOO, CBOE, COINBASE, LBMA = "query1.finance.yahoo.com", "cdn.cboe.com", "api.exchange.coinbase.com", "prices.lbma.org.uk"
VISION, BUCKET, SUM = "data.binance.vision", "s3-ap-northeast-1.amazonaws.com", ".CHECKSUM"
Answer = Callable[[Ask], Reply]
Apply = Callable[[Ask, Answer], Reply]


@dataclass(frozen=True)
class Kind:
    """One way to fail: what it is, the hosts it belongs to (empty = any), and how the answer is made."""

    about: str
    hosts: frozenset[str]
    apply: Apply
    times: int | None = None  # how often by default; None = always


CATALOGUE: dict[str, Kind] = {}


def kind(name: str, about: str, *hosts: str, times: int | None = None) -> Callable[[Apply], Apply]:
    def register(apply: Apply) -> Apply:
        CATALOGUE[name] = Kind(about, frozenset(hosts), apply, times)
        return apply

    return register


def fixed(name: str, about: str, reply: Reply, *hosts: str, times: int | None = None) -> None:
    kind(name, about, *hosts, times=times)(lambda ask, answer: reply)


def on_body(name: str, about: str, change: Callable[[Ask, Reply], Reply], *hosts: str) -> None:
    """A change of the answer. Where a file's CHECKSUM is asked for, it is the sum of what the file has become."""

    def apply(ask: Ask, answer: Answer) -> Reply:
        if ask.host == VISION and ask.path.endswith(SUM):
            file = replace(ask, path=ask.path.removesuffix(SUM))
            before = answer(file)
            after = change(file, before)
            if after.status == 200 and after.body != before.body:
                return vision.checksum(after.body, file.path.rpartition("/")[2])
        return change(ask, answer(ask))

    kind(name, about, *hosts)(apply)


def on_json(change: Callable[[Any], Any]) -> Callable[[Ask, Reply], Reply]:
    """A change of the decoded JSON of a success; other answers pass."""

    def apply(ask: Ask, reply: Reply) -> Reply:
        if reply.status != 200 or "json" not in reply.content_type:
            return reply
        return replace(reply, body=json.dumps(change(json.loads(reply.body)), separators=(",", ":")).encode())

    return apply


# any host
DENIED = html("Access Denied", "You don't have permission to access this resource on this server. Reference #18.2d3f1502", 403)
fixed("http_403", "403 page of a wall", DENIED)
fixed("http_429", "429 with Retry-After: 1", Reply(429, "text/plain", b"Too Many Requests\n", {"Retry-After": "1"}))
fixed("http_451", "blocked for legal reasons", Reply(451, "text/plain", b"Unavailable For Legal Reasons\n"))
fixed("http_500", "500", Reply(500, "text/plain", b"Internal Server Error\n"))
fixed("503_then_ok", "503 twice (or *times), then fine", Reply(503, "text/plain", b"Service Unavailable\n"), times=2)
fixed("html_200", "a block page served as a success", replace(DENIED, status=200))
fixed("empty_200", "200 without a byte", Reply(200, "text/plain", b""))
fixed("hang", "accept, never answer", Reply(200, "text/plain", b"", transport="hang"))
on_body("truncated", "the connection ends in the middle of the body", lambda ask, reply: replace(reply, transport="truncate"))
on_body("wrong_gzip", "says gzip, is not", lambda ask, reply: replace(reply, transport="wrong_gzip"))
on_body("slow_drip", "four bytes a second", lambda ask, reply: replace(reply, transport="drip"))
on_body("unit_x100", "all values times 100", lambda ask, reply: rewrite(ask, reply, lambda _, value: value * 100))
on_body("unit_x1000", "all values times 1000", lambda ask, reply: rewrite(ask, reply, lambda _, value: value * 1000))
on_body("revised_3pct", "the whole history changed by 3%", lambda ask, reply: rewrite(ask, reply, lambda _, value: value * 1.03))


@kind("redirect_login", "302 to a login page")
def _login(ask: Ask, answer: Answer) -> Reply:
    if ask.path == "/login":
        return html("Sign in", "Please sign in to continue.", 200)
    return replace(html("Found", "", 302), headers={"Location": f"https://{ask.host}/login"})


def rows(pick: Callable[[list[str]], set[str]]) -> Callable[[Ask, Reply], Reply]:
    """Keep only the observation dates that `pick` chooses from the answer's dates (ascending)."""

    def apply(ask: Ask, reply: Reply) -> Reply:
        kept = pick(days_of(ask, reply))
        return rewrite(ask, reply, keep=lambda day: day in kept)

    return apply


def _since(days: list[str], years: int) -> set[str]:
    start = (date.fromisoformat(days[-1]) - timedelta(days=365 * years)).isoformat() if days else ""
    return {day for day in days if day >= start}


def _until(days: list[str], back: int) -> set[str]:
    end = (date.fromisoformat(days[-1]) - timedelta(days=back)).isoformat() if days else ""
    return {day for day in days if day <= end}


on_body("short_history", "only the last three years", rows(lambda days: _since(days, 3)))
on_body("stale", "the newest 120 days are not there", rows(lambda days: _until(days, 120)))
on_body("vanished", "every third observation is gone", rows(lambda days: set(days) - set(days[1:-1:3])))
