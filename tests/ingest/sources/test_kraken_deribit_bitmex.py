"""Kraken, Deribit, BitMEX."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
    Unreachable,
)
from ingest.model import Held, Request, Response
from ingest.sources import get

from .conftest import respond

DAY_S = 86_400
MAY_30 = int(datetime(2026, 5, 30, tzinfo=UTC).timestamp())
LONG_AGO = datetime(2026, 6, 2, tzinfo=UTC)


def bar(second: int, close: str = "29913.9") -> list[Any]:
    return [second, "30505.0", "31500.0", "29900.0", close, "30626.1", "5123.1", 44222]


def ohlc(*bars: list[Any], last: Any = MAY_30 + 2 * DAY_S, pair: str = "XXBTZUSD", error: Any = ()) -> str:
    return json.dumps({"error": list(error), "result": {pair: list(bars), "last": last}})


KRAKEN = ohlc(bar(MAY_30), bar(MAY_30 + DAY_S, "30000"), bar(MAY_30 + 3 * DAY_S))


def test_kraken_drops_the_last_unfinished_bar(bench: Any) -> None:
    found = bench("kraken_btc_usd").values(KRAKEN)
    assert found == {"kraken.BTC-USD": {date(2026, 5, 30): 29913.9, date(2026, 5, 31): 30000.0}}


def test_kraken_believes_its_own_last_over_the_clock(bench: Any) -> None:
    body = ohlc(bar(MAY_30), bar(MAY_30 + DAY_S), last=MAY_30)
    assert list(bench("kraken_btc_usd").values(body)["kraken.BTC-USD"]) == [date(2026, 5, 30)]


def test_kraken_asks_for_an_overlap(bench: Any) -> None:
    b = bench("kraken_btc_usd")
    assert b.first().params == {"pair": "XBTUSD", "interval": "1440"}
    held = Held(newest={"kraken.BTC-USD": date(2026, 5, 30)})
    assert b.first(held).params["since"] == str(MAY_30 - 15 * DAY_S)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"error":["EQuery:Unknown asset pair"]}', 200, NotFound),
        ('{"error":["EGeneral:Too many requests"]}', 200, RateLimited),
        ('{"error":["EAPI:Rate limit exceeded"]}', 200, RateLimited),
        ('{"error":["EService:Unavailable"]}', 200, Unreachable),
        ('{"error":["EGeneral:Permission denied"]}', 200, Blocked),
        ('{"error":["EGeneral:Invalid arguments"]}', 200, SchemaDrift),
        ('{"error":"no"}', 200, SchemaDrift),
        ('{"error":[]}', 200, SchemaDrift),
        (ohlc(), 200, EmptyPayload),
        (ohlc(bar(MAY_30 + 3 * DAY_S)), 200, EmptyPayload),
        (ohlc(bar(MAY_30), last="soon"), 200, SchemaDrift),
        (ohlc(bar(MAY_30)[:7]), 200, SchemaDrift),
        (ohlc(bar(MAY_30 + 1)), 200, SchemaDrift),
        (ohlc(bar(MAY_30, "40000")), 200, SchemaDrift),
        (ohlc(bar(MAY_30, "")), 200, SchemaDrift),
        (KRAKEN.replace('"last"', '"XETHZUSD": [], "last"'), 200, SchemaDrift),
        (KRAKEN[:-9], 200, SchemaDrift),
        ("<html>Access Denied</html>", 403, Blocked),
        ("", 200, EmptyPayload),
    ],
)
def test_kraken_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("kraken_btc_usd").rows(body, status=status)


def test_kraken_passes_over_warnings(bench: Any) -> None:
    assert bench("kraken_btc_usd").rows(ohlc(bar(MAY_30), error=["WGeneral:Deprecated"]))


# -- Deribit ------------------------------------------------------------------------------------------------------------


def dvol(*rows: list[Any], continuation: Any = None) -> str:
    return json.dumps({"jsonrpc": "2.0", "result": {"data": list(rows), "continuation": continuation}, "testnet": False})


def row(second: int, close: float = 80.4) -> list[Any]:
    return [second * 1_000, 81.1, 83.0, 79.9, close]


DERIBIT = dvol(row(MAY_30), row(MAY_30 + DAY_S, 80.0), row(MAY_30 + 3 * DAY_S))


def test_dvol_closes_of_finished_days(bench: Any) -> None:
    found = bench("deribit_btc_dvol").values(DERIBIT)
    assert found == {"deribit.BTC.dvol": {date(2026, 5, 30): 80.4, date(2026, 5, 31): 80.0}}
    assert bench("deribit_btc_dvol").rows(dvol(row(MAY_30 + 3 * DAY_S))) == []


def test_dvol_follows_the_continuation(bench: Any) -> None:
    b = bench("deribit_btc_dvol")
    pages = iter([MAY_30 * 1_000, (MAY_30 - DAY_S) * 1_000, None])
    asked = b.all(lambda request: respond(request, dvol(row(MAY_30), continuation=next(pages))))
    assert [r.params["end_timestamp"] for r in asked[1:]] == [str(MAY_30 * 1_000), str((MAY_30 - DAY_S) * 1_000)]
    assert {r.params["start_timestamp"] for r in asked} == {"1616544000000"}


def test_dvol_pages_must_get_older(bench: Any) -> None:
    b = bench("deribit_btc_dvol")
    talk = get("deribit").requests(b.dataset, Held(), LONG_AGO, {})
    request = next(talk)
    with pytest.raises(SchemaDrift, match="older"):
        talk.send(respond(request, dvol(row(MAY_30), continuation=9_999_999_999_999)))


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"error":{"message":"Invalid params","code":-32602}}', 400, SchemaDrift),
        ('{"error":{"message":"Invalid params","code":-32602}}', 200, SchemaDrift),
        ('{"error":{"message":"too_many_requests","code":10028}}', 200, RateLimited),
        ('{"error":{"message":"not_found","code":13020}}', 200, NotFound),
        ('{"error":{"message":"too_many_requests","code":10028}}', 429, RateLimited),
        (dvol(), 200, EmptyPayload),
        (dvol(row(MAY_30)[:4]), 200, SchemaDrift),
        (dvol(row(MAY_30, 90.0)), 200, SchemaDrift),
        (dvol(row(MAY_30 + 60)), 200, SchemaDrift),
        (dvol(row(MAY_30), row(MAY_30, 80.0)), 200, SchemaDrift),
        ("{}", 200, SchemaDrift),
        (DERIBIT[:-30], 200, SchemaDrift),
        ("", 200, EmptyPayload),
        ("<html>blocked</html>", 200, Blocked),
    ],
)
def test_dvol_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("deribit_btc_dvol").rows(body, status=status)


# -- BitMEX -------------------------------------------------------------------------------------------------------------


def settlement(moment: datetime, rate: Any = 0.0001) -> dict[str, Any]:
    return {
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "symbol": "XBTUSD",
        "fundingInterval": "2000-01-01T08:00:00.000Z",
        "fundingRate": rate,
        "fundingRateDaily": 0.0003,
    }


def record(first: datetime, count: int) -> list[dict[str, Any]]:
    return [settlement(first + timedelta(hours=8 * n), round(1e-6 * n, 6)) for n in range(count)]


FIRST = datetime(2025, 12, 1, 4, tzinfo=UTC)
BITMEX = json.dumps(record(datetime(2026, 5, 30, 4, tzinfo=UTC), 7))


def test_bitmex_sums_finished_days_in_percent(bench: Any) -> None:
    found = bench("bitmex_xbtusd_funding").values(BITMEX, fetched_at=datetime(2026, 6, 1, 5, tzinfo=UTC))
    assert found == {"bitmex.XBTUSD.funding": {date(2026, 5, 30): 0.0003, date(2026, 5, 31): 0.0012}}


def test_bitmex_pages_meet_at_midnight(bench: Any) -> None:
    b, everything = bench("bitmex_xbtusd_funding"), record(FIRST, 545)  # to 2026-05-31 12:00
    answers: list[Response] = []

    def answer(request: Request) -> Response:
        start, count = int(request.params["start"]), int(request.params["count"])
        answers.append(respond(request, json.dumps(everything[start : start + count])))
        return answers[-1]

    asked = b.all(answer)
    assert [r.params["start"] for r in asked] == ["0", "498"]  # 166 whole days
    assert asked[0].params["startTime"] == "2016-05-15T00:00:00.000Z"
    days = [row for reply in answers for row in b.rows(reply.content, reply.request)]
    assert len(days) == len({row.observation_date for row in days}) == 182
    assert sum(row.value or 0.0 for row in days) == pytest.approx(sum(item["fundingRate"] for item in everything) * 100)


def test_bitmex_may_end_on_an_empty_page(bench: Any) -> None:
    b = bench("bitmex_xbtusd_funding")
    assert b.rows("[]", Request(b.first().url, {**b.first().params, "start": "498"})) == []


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("[]", 200, EmptyPayload),
        ("", 200, EmptyPayload),
        ("{}", 200, SchemaDrift),
        ('{"error":{"message":"Rate limit exceeded","name":"RateLimitError"}}', 429, RateLimited),
        ('{"error":{"message":"Rate limit exceeded","name":"RateLimitError"}}', 200, RateLimited),
        ('{"error":{"message":"This symbol is unknown","name":"HTTPError"}}', 400, NotFound),
        ('{"error":{"message":"Bad count","name":"HTTPError"}}', 400, SchemaDrift),
        ("<html>Access Denied</html>", 403, Blocked),
        (BITMEX.replace("XBTUSD", "ETHUSD"), 200, SchemaDrift),
        (BITMEX.replace("T04:00:00.000Z", "", 1), 200, SchemaDrift),
        (BITMEX.replace("1e-06", "null"), 200, SchemaDrift),
        (json.dumps(record(FIRST, 3)[::-1]), 200, SchemaDrift),
        (json.dumps(record(FIRST, 3) + record(FIRST, 3)[2:]), 200, SchemaDrift),
        (json.dumps([settlement(FIRST + timedelta(minutes=n)) for n in range(500)]), 200, SchemaDrift),
        (BITMEX[:-2], 200, SchemaDrift),
    ],
)
def test_bitmex_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("bitmex_xbtusd_funding").rows(body, status=status)


def test_urls_are_whole(bench: Any) -> None:
    for name in ("kraken_sol_usd", "deribit_eth_dvol", "bitmex_xbtusd_funding"):
        parts = urlsplit(bench(name).first().url)
        assert parts.scheme == "https" and not parse_qsl(parts.query)
