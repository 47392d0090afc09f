"""OKX: pages that cut days, sums over pages, errors inside successes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.changelog import ChangeLog
from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
    Unreachable,
)
from ingest.intake import absorb
from ingest.model import Held, Request, Response
from ingest.sources import get
from ingest.sources.okx import Okx
from lowtide.home import Home

from .conftest import NOW, respond

SWAP = "BTC-USDT-SWAP"


def ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000))


def envelope(data: Any, code: str = "0", msg: str = "") -> str:
    return json.dumps({"code": code, "msg": msg, "data": data})


def rate(moment: datetime, realized: Any = "0.0001", inst: str = SWAP) -> dict[str, Any]:
    return {
        "instType": "SWAP", "instId": inst, "formulaType": "noRate", "fundingRate": "0.9", "realizedRate": realized,
        "fundingTime": ms(moment), "method": "current_period",
    }  # fmt: skip


def rates(newest: datetime, count: int, hours: int = 8) -> list[dict[str, Any]]:
    return [rate(newest - timedelta(hours=hours * n), f"{n + 1}e-6") for n in range(count)]


JUNE_2 = datetime(2026, 6, 2, tzinfo=UTC)
FUNDING = envelope(rates(JUNE_2 + timedelta(hours=16), 9))
INTEREST = envelope([[ms(JUNE_2 - timedelta(days=n)), "100", str(30000 + n), "2500000000"] for n in range(3)])


def test_realized_rates_are_summed_by_finished_day(bench: Any) -> None:
    # newest first: 3 of the running day, then 6 5 4 of June 1st, 9 8 7 of May 31st
    assert bench("okx_btc_funding").values(FUNDING) == {
        f"okx.{SWAP}.funding": {date(2026, 5, 31): 0.0024, date(2026, 6, 1): 0.0015}
    }


def test_a_day_that_the_page_cuts_is_left_to_the_next(bench: Any) -> None:
    b, everything = bench("okx_btc_funding"), rates(JUNE_2 + timedelta(hours=16), 250)
    answers: list[Response] = []

    def answer(request: Request) -> Response:
        after = int(request.params.get("after", "9" * 13))
        page = [item for item in everything if int(item["fundingTime"]) < after][:100]
        answers.append(respond(request, envelope(page)))
        return answers[-1]

    asked = b.all(answer)
    assert len(asked) == 3 and "after" not in asked[0].params
    rows = [row for reply in answers for row in b.rows(reply.content, reply.request)]
    days = [row.observation_date for row in rows]
    assert len(days) == len(set(days)) == 82 and max(days) == date(2026, 6, 1)  # the 250th is at 16:00: its day is cut
    whole = sum(float(item["realizedRate"]) for item in everything[3:-1]) * 100
    assert sum(row.value or 0.0 for row in rows) == pytest.approx(whole)


def test_increments_stop_at_the_overlap(bench: Any) -> None:
    b = bench("okx_btc_funding")
    held = Held(newest={f"okx.{SWAP}.funding": date(2026, 5, 30)})
    page = envelope(rates(JUNE_2, 100))
    assert len(b.all(lambda request: respond(request, page), held)) == 1


def test_open_interest_in_coin_and_usd(bench: Any) -> None:
    assert bench("okx_btc_oi").first().params == {"instId": SWAP, "limit": "100", "period": "1Dutc"}
    days = {date(2026, 5, 31): 30002.0, date(2026, 6, 1): 30001.0}
    assert bench("okx_btc_oi").values(INTEREST) == {
        f"okx.{SWAP}.oi_coin": days,
        f"okx.{SWAP}.oi_usd": dict.fromkeys(days, 2.5e9),
    }


def test_open_interest_pages_go_back(bench: Any) -> None:
    def answer(request: Request) -> Response:
        end = int(request.params.get("end", ms(JUNE_2 + timedelta(days=1))))
        rows = [[str(end - 86_400_000 * n), "1", "2", "3"] for n in range(1, 101 if "end" not in request.params else 51)]
        return respond(request, envelope(rows))

    asked = bench("okx_btc_oi").all(answer)
    assert [r.params.get("end") for r in asked] == [None, ms(JUNE_2 - timedelta(days=99))]


def test_pages_that_do_not_get_older_are_refused(bench: Any) -> None:
    b = bench("okx_btc_oi")
    page = envelope([[ms(JUNE_2 - timedelta(days=n)), "1", "2", "3"] for n in range(100)])
    talk = get("okx").requests(b.dataset, Held(), NOW, {})
    request = talk.send(respond(next(talk), page))
    with pytest.raises(SchemaDrift, match="not older"):
        talk.send(respond(request, page))


# -- liquidations -------------------------------------------------------------------------------------------------------


def order(moment: datetime, side: str = "sell", pos: str = "long", size: str = "200", price: str = "100000") -> Any:
    return {"side": side, "posSide": pos, "bkPx": price, "sz": size, "bkLoss": "0", "ccy": "", "ts": ms(moment)}


def liquidations(*orders: Any, inst: str = SWAP) -> str:
    return envelope([{"instId": inst, "instFamily": "BTC-USDT", "uly": "BTC-USDT", "details": list(orders)}])


def hours(*numbers: float) -> list[datetime]:
    return [JUNE_2 + timedelta(hours=number) for number in numbers]


LIQUIDATIONS = liquidations(
    *(order(moment) for moment in hours(3, -1)),
    order(JUNE_2 - timedelta(hours=2), "buy", "short", "50"),
    order(JUNE_2 - timedelta(hours=3), "buy", "net", "10"),
    order(JUNE_2 - timedelta(hours=50)),
)


def test_whole_days_are_summed_by_side(bench: Any) -> None:
    # 200 contracts of 0.01 coins at 100,000; the newest and the oldest day are not whole
    assert bench("okx_btc_liquidations").values(LIQUIDATIONS) == {
        f"okx.{SWAP}.liquidated_long": {date(2026, 5, 31): 0.0, date(2026, 6, 1): 200000.0},
        f"okx.{SWAP}.liquidated_short": {date(2026, 5, 31): 0.0, date(2026, 6, 1): 60000.0},
    }


@pytest.mark.parametrize(("name", "coins"), [("btc", 0.01), ("eth", 0.1), ("sol", 1.0)])
def test_a_contract_is_so_many_coins(bench: Any, name: str, coins: float) -> None:
    inst = f"{name.upper()}-USDT-SWAP"
    body = liquidations(order(JUNE_2 - timedelta(hours=1), size="1"), order(JUNE_2 - timedelta(days=2)), inst=inst)
    found = bench(f"okx_{name}_liquidations").values(body)[f"okx.{inst}.liquidated_long"]
    assert found[date(2026, 6, 1)] == pytest.approx(coins * 100_000)


def paged(everything: list[Any], size: int, answers: list[Response]) -> Any:
    def answer(request: Request) -> Response:
        after = int(request.params.get("after", "9" * 13))
        page = [item for item in everything if int(item["ts"]) < after][:size]
        answers.append(respond(request, liquidations(*page)))
        return answers[-1]

    return answer


def test_sums_run_over_pages_and_lose_nothing_between_them(bench: Any, tmp_path: Path) -> None:
    b = bench("okx_btc_liquidations")
    moments = [JUNE_2 - timedelta(hours=n // 4) for n in range(200)]  # four in each millisecond, pages of ten
    answers: list[Response] = []
    asked = b.all(paged([order(moment, size="1") for moment in moments], 10, answers))
    assert asked[0].params == {"instType": "SWAP", "state": "filled", "limit": "100", "uly": "BTC-USDT"}
    rows = get("okx").parse_all(b.dataset, answers)  # type: ignore[attr-defined]
    longs = {row.observation_date: row.value for row in rows if row.series_id.endswith("long")}
    # 24 hours of 4 orders of 1,000 USD
    assert longs == {date(2026, 5, 31): 96_000.0, date(2026, 6, 1): 96_000.0}
    home = Home(tmp_path, "live")
    home.prepare()
    changes = ChangeLog(tmp_path / "log.parquet")
    assert absorb(home, b.dataset, Okx(), answers, changes, []).rows_added == 4
    assert absorb(home, b.dataset, Okx(), answers, changes, []).rows_added == 0


def test_collection_goes_on_after_the_newest_day(bench: Any) -> None:
    b, answers = bench("okx_btc_liquidations"), list[Response]()
    everything = [order(JUNE_2 - timedelta(hours=n)) for n in range(200)]
    held = Held(newest={f"okx.{SWAP}.liquidated_long": date(2026, 5, 31)})
    asked = b.all(paged(everything, 10, answers), held)
    assert len(asked) == 3  # back to 23:00 of May 31st
    rows = Okx().parse_all(b.dataset, answers)
    assert {row.observation_date for row in rows or []} == {date(2026, 6, 1)}


def test_the_number_of_pages_is_bounded(bench: Any) -> None:
    b = bench("okx_btc_liquidations")
    few = b.dataset.model_copy(update={"request": {**b.dataset.request, "max_pages": 2}})
    everything = [order(JUNE_2 - timedelta(minutes=n)) for n in range(500)]
    answers: list[Response] = []
    asked = type(b)(few).all(paged(everything, 100, answers))
    assert len(asked) == 2 and Okx().parse_all(few, answers) == []  # no day is whole: no row, rather than a wrong one


BAD = [
    (envelope([], "50011", "Too Many Requests"), 200, RateLimited),
    (envelope([], "50011", "Too Many Requests"), 429, RateLimited),
    (envelope([], "51001", "Instrument ID does not exist"), 200, NotFound),
    (envelope([], "50001", "Service temporarily unavailable"), 200, Unreachable),
    (envelope([], "99999", "?"), 200, SchemaDrift),
    ('{"code":0,"data":[]}', 200, SchemaDrift),
    ('{"code":"0"}', 200, SchemaDrift),
    ("[]", 200, SchemaDrift),
    ("", 200, EmptyPayload),
    ("<html>Just a moment... Cloudflare</html>", 200, Blocked),
    ("<html>forbidden</html>", 403, Blocked),
    (FUNDING[:-5], 200, SchemaDrift),
]


@pytest.mark.parametrize(("body", "status", "error"), BAD)
@pytest.mark.parametrize("name", ["okx_btc_funding", "okx_btc_oi", "okx_btc_liquidations"])
def test_faults_of_the_envelope(bench: Any, name: str, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench(name).rows(body, status=status)


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("okx_btc_funding", envelope([]), EmptyPayload),
        ("okx_btc_funding", envelope([rate(JUNE_2, "")]), SchemaDrift),
        ("okx_btc_funding", envelope([rate(JUNE_2, None)]), SchemaDrift),
        ("okx_btc_funding", envelope([rate(JUNE_2, inst="ETH-USDT-SWAP")]), SchemaDrift),
        ("okx_btc_funding", envelope([rate(JUNE_2, "0.1"), rate(JUNE_2, "0.2")]), SchemaDrift),
        ("okx_btc_oi", envelope([]), EmptyPayload),
        ("okx_btc_oi", envelope([[ms(JUNE_2 - timedelta(hours=8)), "1", "2", "3"]]), SchemaDrift),  # cut at UTC+8
        ("okx_btc_oi", envelope([[ms(JUNE_2), "1", "2"]]), SchemaDrift),
        ("okx_btc_oi", envelope([[ms(JUNE_2), "1", "", "3"]]), SchemaDrift),
        ("okx_btc_oi", envelope([[ms(JUNE_2), "1", "2", "3"], [ms(JUNE_2), "1", "2", "4"]]), SchemaDrift),
        ("okx_btc_liquidations", liquidations(order(JUNE_2, pos="", side="hold")), SchemaDrift),
        ("okx_btc_liquidations", liquidations(order(JUNE_2, price="0")), SchemaDrift),
        ("okx_btc_liquidations", liquidations(order(JUNE_2, size="many")), SchemaDrift),
        ("okx_btc_liquidations", envelope([{"instId": SWAP}]), SchemaDrift),
    ],
)
def test_faults_of_the_rows(bench: Any, name: str, body: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench(name).rows(body)
