"""Yahoo, Cboe, Coinbase, LBMA."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.errors import Blocked, EmptyPayload, NotFound, RateLimited, SchemaDrift, SourceError
from ingest.model import Held

from .conftest import respond

NEW_YORK = ZoneInfo("America/New_York")
REFUSED = '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'


def stamp(day: str, clock: str = "09:30", zone: ZoneInfo = NEW_YORK) -> int:
    return int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone).timestamp())


def chart(
    bars: dict[str, float | None] | list[tuple[int, float | None]],
    symbol: str = "NVDA",
    zone: str = "America/New_York",
    events: Any = None,
    period: tuple[int, int] | None = None,
    **meta: Any,
) -> str:
    pairs = [(stamp(day), close) for day, close in bars.items()] if isinstance(bars, dict) else bars
    about = {"currency": "USD", "symbol": symbol, "exchangeTimezoneName": zone, "dataGranularity": "1d", **meta}
    if period:
        about["currentTradingPeriod"] = {"regular": {"start": period[0], "end": period[1]}}
    result: dict[str, Any] = {"meta": about, "indicators": {"quote": [{"close": [close for _, close in pairs]}]}}
    if pairs:
        result["timestamp"] = [moment for moment, _ in pairs]
    if events is not None:
        result["events"] = events
    return json.dumps({"chart": {"result": [result], "error": None}})


def test_raw_closes_and_dividends_undo_later_splits(bench: Any) -> None:
    events = {
        "splits": {
            "1": {"date": stamp("2026-05-27"), "numerator": 10, "denominator": 1, "splitRatio": "10:1"},
            "2": {"date": stamp("2026-05-29"), "numerator": 2, "denominator": 1},
        },
        "dividends": {
            "3": {"date": stamp("2026-05-26"), "amount": 0.002},
            "4": {"date": stamp("2026-05-28"), "amount": 0.02},
        },
    }
    body = chart({"2026-05-26": 60.5000012, "2026-05-27": 61.0, "2026-05-28": 62.0, "2026-05-29": 63.0}, events=events)
    assert bench("yahoo_nvda").values(body) == {
        "yahoo.NVDA.close": {
            date(2026, 5, 26): 1210.0,
            date(2026, 5, 27): 122.0,
            date(2026, 5, 28): 124.0,
            date(2026, 5, 29): 63.0,
        },
        "yahoo.NVDA.dividend": {date(2026, 5, 26): 0.04, date(2026, 5, 28): 0.04},
        "yahoo.NVDA.split": {date(2026, 5, 27): 10.0, date(2026, 5, 29): 2.0},
    }


def test_null_bars_are_missing_on_sessions_only(bench: Any) -> None:
    body = chart(
        {"2026-05-22": 1.0, "2026-05-25": None, "2026-05-26": None, "2026-05-27": 2.0}
    )  # the 25th is Memorial Day
    assert bench("yahoo_nvda").values(body)["yahoo.NVDA.close"] == {
        date(2026, 5, 22): 1.0,
        date(2026, 5, 26): None,
        date(2026, 5, 27): 2.0,
    }


@pytest.mark.parametrize(
    ("clock", "period", "kept"),
    [
        ("15:00", True, False),
        ("16:29", True, False),
        ("16:31", True, True),
        ("16:29", False, False),
        ("16:31", False, True),
        ("13:31", "early", True),
        ("13:29", "early", False),
    ],
)
def test_the_live_bar_is_dropped(bench: Any, clock: str, period: Any, kept: bool) -> None:
    day = "2026-05-29"
    hours = (stamp(day), stamp(day, "13:00" if period == "early" else "16:00")) if period else None
    fetched = datetime.fromtimestamp(stamp(day, clock), UTC)
    body = chart([(stamp("2026-05-28"), 1.0), (stamp(day), 2.0), (stamp(day, "10:00"), 3.0)], period=hours)
    closes = bench("yahoo_nvda").values(body, fetched_at=fetched)["yahoo.NVDA.close"]
    assert closes == ({date(2026, 5, 28): 1.0, date(2026, 5, 29): 3.0} if kept else {date(2026, 5, 28): 1.0})


def test_before_the_open_yesterday_stays(bench: Any) -> None:
    day = "2026-05-29"
    body = chart({"2026-05-28": 1.0}, period=(stamp(day), stamp(day, "16:00")))
    fetched = datetime.fromtimestamp(stamp(day, "07:00"), UTC)
    assert bench("yahoo_nvda").values(body, fetched_at=fetched)["yahoo.NVDA.close"] == {date(2026, 5, 28): 1.0}


def test_coins_drop_the_running_utc_day(bench: Any) -> None:
    utc = ZoneInfo("UTC")
    bars: list[tuple[int, float | None]] = [
        (stamp("2026-05-30", "00:00", utc), 1.5),
        (stamp("2026-05-31", "00:00", utc), 2.5),
    ]
    b, body = bench("yahoo_btc_usd"), chart(bars, "BTC-USD", "UTC")
    assert b.values(body, fetched_at=datetime(2026, 5, 31, 23, 59, tzinfo=UTC)) == {
        "yahoo.BTC-USD.close": {date(2026, 5, 30): 1.5}
    }
    assert len(b.rows(body, fetched_at=datetime(2026, 6, 1, 0, 0, tzinfo=UTC))) == 2


GOOD = {"2026-05-28": 1.0, "2026-05-29": 2.0}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (REFUSED, 404, NotFound),
        (REFUSED, 200, NotFound),
        ("Too Many Requests\r\n", 429, RateLimited),
        ("Too Many Requests\r\n", 200, RateLimited),
        ("Edge: Too Many Requests", 200, RateLimited),
        ("", 200, EmptyPayload),
        (chart({}), 200, EmptyPayload),
        (chart(GOOD, symbol="AMD"), 200, SchemaDrift),
        (chart(GOOD, currency="EUR"), 200, SchemaDrift),
        (chart(GOOD, dataGranularity="1wk"), 200, SchemaDrift),
        (chart(GOOD, zone="Moon/Base"), 200, SchemaDrift),
        (chart(GOOD).replace("[1.0, 2.0]", "[1.0]"), 200, SchemaDrift),
        (chart(GOOD)[:-9], 200, SchemaDrift),
        (chart([(stamp("2026-05-29"), 1.0), (stamp("2026-05-28"), 2.0)]), 200, SchemaDrift),
        (
            chart([(stamp("2026-05-28"), 1.0), (stamp("2026-05-28", "10:30"), 2.0), (stamp("2026-05-29"), 2.0)]),
            200,
            SchemaDrift,
        ),
        (
            chart(GOOD, events={"splits": {"1": {"date": stamp("2026-05-29"), "numerator": 0, "denominator": 1}}}),
            200,
            SchemaDrift,
        ),
        (chart(GOOD, events={"dividends": {"1": {"date": stamp("2026-05-29")}}}), 200, SchemaDrift),
        ('{"chart":{"result":[],"error":null}}', 200, SchemaDrift),
        ("<html>guce consent</html>", 200, SchemaDrift),
        ("Forbidden", 403, Blocked),
        ("9" * 5000, 200, SchemaDrift),
    ],
)
def test_yahoo_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("yahoo_nvda").rows(body, status=status)


def test_yahoo_request(bench: Any) -> None:
    request = bench("yahoo_gspc").first(Held(newest={"yahoo.^GSPC.close": date(2026, 5, 29)}))
    assert request.url == "https://query1.finance.yahoo.com/v8/finance/chart/%5EGSPC"
    assert request.params["period1"] == str(int(datetime(2026, 5, 14, tzinfo=UTC).timestamp()))
    assert (request.params["interval"], request.params["events"]) == ("1d", "div,splits")
    assert int(bench("yahoo_gspc").first().params["period1"]) < 0


# ---- Cboe

VIX = "DATE,OPEN,HIGH,LOW,CLOSE\n05/28/2026,16.76,16.85,15.61,15.74\n05/29/2026,15.81,15.88,15.22,15.32\n"


def test_cboe_columns_are_what_they_are_called(bench: Any) -> None:
    lines = [f"01/{day:02}/2026,20.1,{21 + day / 10},{18 - day / 10},19.5" for day in range(1, 29)]
    assert len(bench("cboe_vix").values("\n".join(["DATE,OPEN,HIGH,LOW,CLOSE", *lines, ""]))["cboe.vix"]) == 28
    assert len(bench("cboe_vix").values("\n".join(["DATE,OPEN,HIGH,LOW,CLOSE", *lines, "01/30/2026,20,21,18,1950", ""]))["cboe.vix"]) == 29
    with pytest.raises(SchemaDrift, match="28 of 28 closes lie outside low and high"):
        bench("cboe_vix").rows("\n".join(["DATE,OPEN,CLOSE,LOW,HIGH", *lines, ""]))


def test_cboe_by_column_name(bench: Any) -> None:
    want = {date(2026, 5, 28): 15.74, date(2026, 5, 29): 15.32}
    assert bench("cboe_vix").values(VIX) == {"cboe.vix": want}
    assert bench("cboe_gvz").values("DATE,GVZ\n06/03/2008,\n06/04/2008,22.1\n") == {
        "cboe.gvz": {date(2008, 6, 3): None, date(2008, 6, 4): 22.1}
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", EmptyPayload),
        ("DATE,CLOSE\n", EmptyPayload),
        (VIX.replace("CLOSE", "LAST"), SchemaDrift),
        (VIX.replace("DATE", "DAY"), SchemaDrift),
        ("DATE,CLOSE,CLOSE\n05/29/2026,1,2\n", SchemaDrift),
        ("DATE,Close,VIX,CLOSE\n05/29/2026,1,2,3\n", SchemaDrift),
        (VIX[:-4], SchemaDrift),
        (VIX.replace("05/29/2026", "2026-05-29"), SchemaDrift),
        ("<Error><Code>NoSuchKey</Code></Error>", NotFound),
        ("<html>x", SchemaDrift),
    ],
)
def test_cboe_faults(bench: Any, body: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("cboe_vix").rows(body)


# ---- Coinbase


def candles(*rows: list[Any]) -> str:
    return json.dumps(rows)


def midnight(day: str) -> int:
    return stamp(day, "00:00", ZoneInfo("UTC"))


CANDLE = [midnight("2026-05-30"), 100, 110, 101, 105.5, 12.3]


def test_candles_close_is_the_fifth_cell(bench: Any) -> None:
    running = [midnight("2026-05-31"), 100, 110, 101, 109, 1]
    found = bench("coinbase_btc_usd").values(candles(running, CANDLE), fetched_at=datetime(2026, 5, 31, 12, tzinfo=UTC))
    assert found == {"coinbase.BTC-USD": {date(2026, 5, 30): 105.5}}
    assert bench("coinbase_btc_usd").rows(candles(running), fetched_at=datetime(2026, 5, 31, 12, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"message":"NotFound"}', 404, NotFound),
        ('{"message":"Public rate limit exceeded"}', 429, RateLimited),
        (
            '{"message":"granularity too small for the requested time range. Count ... exceeds 300"}',
            400,
            SchemaDrift,
        ),
        ('{"message":"x"}', 200, SchemaDrift),
        (candles(CANDLE[:5]), 200, SchemaDrift),
        (candles([CANDLE[0], 101, 100, 110, 130, 1]), 200, SchemaDrift),
        (candles([CANDLE[0] + 60, *CANDLE[1:]]), 200, SchemaDrift),
        (candles(CANDLE, [*CANDLE[:4], 106, 1]), 200, SchemaDrift),
        ("[[1,", 200, SchemaDrift),
        (candles([86400 * 10**12, *CANDLE[1:]]), 200, SchemaDrift),
    ],
)
def test_coinbase_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("coinbase_btc_usd").rows(body, status=status)


def test_only_an_older_window_of_candles_may_be_empty(bench: Any) -> None:
    b = bench("coinbase_btc_usd")
    first, *_, last = b.all(lambda request: respond(request, candles(CANDLE)))
    assert b.rows("[]", first) == []
    with pytest.raises(EmptyPayload):
        b.rows("[]", last)


def test_coinbase_windows(bench: Any) -> None:
    asked = bench("coinbase_btc_usd").all(lambda request: respond(request, candles(CANDLE)))
    spans = [(date.fromisoformat(r.params["start"][:10]), date.fromisoformat(r.params["end"][:10])) for r in asked]
    assert spans[0][0] == date(2015, 7, 20) and spans[-1][1] == date(2026, 6, 2)
    assert all((b - a).days == 1 for (_, a), (b, _) in pairwise(spans))
    assert all((last - first).days < 300 for first, last in spans)


# ---- LBMA


def fixes(*rows: tuple[str, list[Any]]) -> str:
    return json.dumps([{"is_cms_locked": 0, "d": day, "v": prices} for day, prices in rows])


def test_lbma_missing_and_weekend(bench: Any) -> None:
    body = fixes(
        ("1998-12-30", [287.8, 172.0, 0]),
        ("1998-12-31", [0, None, None]),
        ("1999-01-02", [9, 9, 9]),
        ("1999-01-04", [287.15, 172.9, 243.0]),
        ("1999-01-05", [287.1, 173, 0]),
    )
    assert bench("lbma_gold_pm").values(body) == {
        "lbma.gold_pm": {
            date(1998, 12, 30): 287.8,
            date(1998, 12, 31): None,
            date(1999, 1, 4): 287.15,
            date(1999, 1, 5): 287.1,
        },
        "lbma.gold_pm_gbp": {
            date(1998, 12, 30): 172.0,
            date(1998, 12, 31): None,
            date(1999, 1, 4): 172.9,
            date(1999, 1, 5): 173.0,
        },
        "lbma.gold_pm_eur": {date(1999, 1, 4): 243.0, date(1999, 1, 5): None},
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("[]", EmptyPayload),
        ("", EmptyPayload),
        (fixes(("1999-01-04", [0, 0, None])), EmptyPayload),
        (fixes(("1999-01-04", [1, 2])), SchemaDrift),
        ("{}", SchemaDrift),
        (fixes(("04/01/1999", [1, 2, 3])), SchemaDrift),
        (fixes(("1999-01-04", ["x", 2, 3])), SchemaDrift),
        ('[{"d":"1999-01-04"}]', SchemaDrift),
        ("<html>cookie", SchemaDrift),
    ],
)
def test_lbma_faults(bench: Any, body: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("lbma_gold_pm").rows(body)
