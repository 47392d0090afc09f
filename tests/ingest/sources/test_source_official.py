"""New York Fed, Treasury curves, FiscalData."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from ingest.errors import Blocked, EmptyPayload, NotFound, RateLimited, SchemaDrift, SourceError
from ingest.model import Held

from .conftest import respond

# ---- New York Fed: rates

SOFR: dict[str, Any] = {
    "effectiveDate": "2026-05-29",
    "type": "SOFR",
    "percentRate": 3.63,
    "percentPercentile1": "3.55",
    "percentPercentile99": 3.71,
    "volumeInBillions": 3001,
    "revisionIndicator": "",
}


def rates(*entries: Any) -> str:
    return json.dumps({"refRates": entries})


def test_rates_with_mixed_types_and_rows_without_a_rate(bench: Any) -> None:
    index = {"effectiveDate": "2026-05-29", "type": "SOFRAI", "average30day": 3.6, "index": 1.2}
    empty = {"effectiveDate": "2026-05-28", "type": "SOFR", "percentRate": None}
    assert bench("nyfed_sofr").values(rates(SOFR, index, empty)) == {
        "nyfed.sofr": {date(2026, 5, 29): 3.63},
        "nyfed.sofr_p1": {date(2026, 5, 29): 3.55},
        "nyfed.sofr_p99": {date(2026, 5, 29): 3.71},
        "nyfed.sofr_volume": {date(2026, 5, 29): 3001.0},
    }


def test_a_revised_rate_stands(bench: Any) -> None:
    revised = {**SOFR, "percentRate": 3.64, "revisionIndicator": "R"}
    for body in (rates(SOFR, revised), rates(revised, SOFR)):
        assert bench("nyfed_sofr").values(body)["nyfed.sofr"] == {date(2026, 5, 29): 3.64}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (rates(), 200, EmptyPayload),
        (rates({"effectiveDate": "2026-05-29", "type": "SOFRAI"}), 200, EmptyPayload),
        ("bad request", 400, SchemaDrift),
        ("{}", 200, SchemaDrift),
        (rates(SOFR)[:-30], 200, SchemaDrift),
        (rates(SOFR, {**SOFR, "percentRate": 4}), 200, SchemaDrift),
        (rates({**SOFR, "percentRate": "abc"}), 200, SchemaDrift),
        (rates({k: v for k, v in SOFR.items() if k != "type"}), 200, SchemaDrift),
        (rates({**SOFR, "effectiveDate": "29.05.2026"}), 200, SchemaDrift),
        (rates("SOFR"), 200, SchemaDrift),
        ("<html>login</html>", 200, SchemaDrift),
        ("<html>captcha</html>", 200, Blocked),
        ("", 200, EmptyPayload),
        ("no", 429, RateLimited),
    ],
)
def test_rate_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("nyfed_sofr").rows(body, status=status)


def test_rates_are_one_request(bench: Any) -> None:
    asked = bench("nyfed_effr").all(lambda request: respond(request, rates()))
    assert [(r.url, dict(r.params)) for r in asked] == [
        (
            "https://markets.newyorkfed.org/api/rates/unsecured/effr/search.json",
            {"startDate": "2000-07-03", "endDate": "2026-06-02"},
        )
    ]


# ---- New York Fed: operations


def operation(**changes: Any) -> dict[str, Any]:
    return {
        "operationId": "RP 1",
        "auctionStatus": "Results",
        "operationDate": "2026-05-29",
        "operationType": "Repo",
        "operationMethod": "Full Allotment",
        "term": "Overnight",
        "releaseTime": "08:15",
        "note": "",
        "totalAmtAccepted": 2_000_000_000,
        "details": [{"securityType": "Treasury", "percentAwardRate": 3.75}],
        **changes,
    }


RRP = operation(
    operationType="Reverse Repo",
    operationMethod="Fixed Rate",
    releaseTime="12:45",
    totalAmtAccepted=545_000_000,
    details=[{"securityType": "Treasury", "percentOfferingRate": 3.5, "percentAwardRate": 3.5}],
)


def operations(*entries: Any) -> str:
    return json.dumps({"repo": {"operations": entries}})


def test_operations_sum_windows_and_leave_exercises_out(bench: Any) -> None:
    body = operations(
        RRP,
        operation(),
        operation(releaseTime="13:30", totalAmtAccepted="1500000000"),
        operation(note="Small Value Exercise", totalAmtAccepted=9e9),
        operation(releaseTime="10:30", totalAmtAccepted=9e9),
        operation(term="Term", totalAmtAccepted=9e9),
        operation(auctionStatus="Announced", totalAmtAccepted=9e9),
        operation(operationType="Reverse Repo", operationMethod="Multiple Price", totalAmtAccepted=9e9),
        operation(operationDate="2026-05-28", totalAmtAccepted=0),
    )
    assert bench("nyfed_operations").values(body) == {
        "nyfed.onrrp_accepted": {date(2026, 5, 29): 0.545},
        "nyfed.onrrp_award": {date(2026, 5, 29): 3.5},
        "nyfed.srf_accepted": {date(2026, 5, 28): 0.0, date(2026, 5, 29): 3.5},
    }


def test_operations_of_an_unfinished_day_wait(bench: Any) -> None:
    b, body = bench("nyfed_operations"), operations(RRP, operation())
    assert b.rows(body, fetched_at=datetime(2026, 5, 29, 17, 59, tzinfo=UTC)) == []
    assert len(b.rows(body, fetched_at=datetime(2026, 5, 29, 18, 0, tzinfo=UTC))) == 3


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{}", SchemaDrift),
        ('{"repo": {}}', SchemaDrift),
        (operations({"operationDate": "2026-05-29"}), SchemaDrift),
        (operations(operation(totalAmtAccepted=None)), SchemaDrift),
        (operations(operation(operationDate=None)), SchemaDrift),
        (operations(operation(details="none")), SchemaDrift),
    ],
)
def test_operation_faults(bench: Any, body: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("nyfed_operations").rows(body)


def test_only_an_older_window_may_be_empty(bench: Any) -> None:
    b = bench("nyfed_operations")
    first, *_, last = b.all(lambda request: respond(request, operations(RRP)))
    assert b.rows(operations(), first) == []
    with pytest.raises(EmptyPayload):
        b.rows(operations(), last)


def test_operations_in_windows_that_join(bench: Any) -> None:
    asked = bench("nyfed_operations").all(lambda request: respond(request, operations()))
    spans = [(date.fromisoformat(r.params["startDate"]), date.fromisoformat(r.params["endDate"])) for r in asked]
    assert spans[0][0] == date(2013, 9, 23) and spans[-1][1] == date(2026, 6, 2)
    assert all((b - a).days == 1 for (_, a), (b, _) in pairwise(spans))
    assert all(300 < (last - first).days < 366 for first, last in spans)


# ---- Treasury

PAR = 'Date,"1 Mo","1.5 Month","10 Yr","30 Yr"\n05/29/2026,3.72,3.71,4.45,\n05/28/2026,3.72,3.71,4.45,4.98\n'


def year(b: Any, number: int) -> Any:
    return next(r for r in b.all(lambda request: respond(request, PAR)) if f"/{number}/" in r.url)


def only_from(first: int) -> Any:
    """An upstream whose oldest year is `first`."""

    def answer(request: Any) -> Any:
        if int(request.params["field_tdr_date_value"]) < first:
            raise NotFound("no such year")
        return respond(request, PAR)

    return answer


def test_curve_by_name(bench: Any) -> None:
    b = bench("treasury_par")
    found = b.values(PAR, year(b, 2026))
    assert set(found) == {"treasury.par_1m", "treasury.par_10y", "treasury.par_30y"}
    assert found["treasury.par_30y"] == {date(2026, 5, 28): 4.98, date(2026, 5, 29): None}
    assert b.values(PAR.replace(',"1.5 Month"', "").replace(",3.71", ""), year(b, 2026)) == found
    real = bench("treasury_real")
    assert real.values('Date,"5 YR","10 yr"\n05/29/2026,1.6,2.1\n', year(real, 2026))["treasury.real_10y"] == {
        date(2026, 5, 29): 2.1
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<!DOCTYPE html><html>Daily Treasury Rates</html>", SchemaDrift),
        ("<html>Access Denied</html>", Blocked),
        ("<html>Page not found</html>", NotFound),
        ("", EmptyPayload),
        (PAR.splitlines()[0] + "\n", EmptyPayload),
        (PAR.replace("Date", "Datum", 1), SchemaDrift),
        (PAR.replace("2026", "2025"), SchemaDrift),
        (PAR[:-4], SchemaDrift),
        ("Date,A,B\n05/29/2026,1,2\n", SchemaDrift),
        (PAR.replace("05/29", "29/05"), SchemaDrift),
        (PAR.replace("4.45", "4,45"), SchemaDrift),
    ],
)
def test_curve_faults(bench: Any, body: str, error: type[SourceError]) -> None:
    b = bench("treasury_par")
    with pytest.raises(error):
        b.rows(body, year(b, 2026))


@pytest.mark.parametrize(
    ("now", "held", "years"),
    [
        (datetime(2026, 6, 2, tzinfo=UTC), None, ["2026", "2025"]),
        (datetime(2026, 6, 2, tzinfo=UTC), date(2026, 5, 29), ["2026"]),
        (datetime(2026, 1, 20, tzinfo=UTC), date(2026, 1, 16), ["2026", "2025"]),
        (datetime(2026, 1, 2, 4, tzinfo=UTC), date(2025, 12, 31), ["2025"]),  # still New Year's Day in New York
        (datetime(2026, 1, 2, 23, tzinfo=UTC), date(2025, 12, 31), ["2026", "2025"]),
    ],
)
def test_curve_years(bench: Any, now: datetime, held: date | None, years: list[str]) -> None:
    known = Held(newest={"treasury.par_10y": held}) if held else Held()
    asked = bench("treasury_par").all(lambda request: respond(request, PAR), known, now)
    assert [r.params["field_tdr_date_value"] for r in asked] == years


def test_an_older_year_that_is_gone_ends_the_history(bench: Any) -> None:
    b = bench("treasury_par")
    old = type(b)(b.dataset.model_copy(update={"first_date": date(1990, 1, 2)}))
    assert len(old.all(lambda request: respond(request, PAR))) == 37
    assert len(old.all(only_from(2025))) == 3
    with pytest.raises(NotFound):
        b.all(only_from(2027))


def test_an_older_year_that_is_a_page_ends_the_history(bench: Any) -> None:
    page = "<!DOCTYPE html><html>Daily Treasury Rates</html>"

    def answer(request: Any, old: str = page) -> Any:
        return respond(request, PAR if "/2026/" in request.url else old)

    b = bench("treasury_real")
    old = type(b)(b.dataset.model_copy(update={"first_date": date(1990, 1, 2)}))
    assert [request.params["field_tdr_date_value"] for request in old.all(answer)] == ["2026", "2025"]
    assert old.rows(page, old.all(answer)[-1]) == []
    with pytest.raises(Blocked):
        old.all(lambda request: answer(request, "<html>Access Denied</html>"))


def test_a_year_before_its_first_session_is_not_an_error(bench: Any) -> None:
    b = bench("treasury_par")
    assert b.rows(PAR.splitlines()[0] + "\n", year(b, 2026), fetched_at=datetime(2026, 1, 2, 22, tzinfo=UTC)) == []


# ---- FiscalData


def dts(*entries: tuple[str, str, str, str], pages: int = 1) -> str:
    names = ("record_date", "account_type", "open_today_bal", "close_today_bal")
    return json.dumps(
        {"data": [dict(zip(names, entry, strict=True)) for entry in entries], "meta": {"total-pages": pages}}
    )


TGA = "Treasury General Account (TGA)"


def test_closing_balance_on_both_sides_of_2022(bench: Any) -> None:
    body = dts(
        ("2005-10-03", "Federal Reserve Account", "4000", "4500"),
        ("2005-10-03", "Tax and Loan Note Accounts", "1", "2"),
        ("2022-04-15", TGA, "500000", "510000"),
        ("2022-04-18", f"{TGA} Opening Balance", "510000", "null"),
        ("2022-04-18", "Total TGA Deposits (Table II)", "9", "null"),
        ("2022-04-18", f"{TGA} Closing Balance", "520000", "null"),
        ("2022-04-19", f"{TGA} Closing Balance", "null", "null"),
    )
    assert bench("fiscaldata_tga").values(body)["fiscaldata.tga_close"] == {
        date(2005, 10, 3): 4500.0,
        date(2022, 4, 15): 510000.0,
        date(2022, 4, 18): 520000.0,
        date(2022, 4, 19): None,
    }


def test_pages(bench: Any) -> None:
    body = dts(("2025-07-07", f"{TGA} Closing Balance", "332482", "null"), pages=3)
    asked = bench("fiscaldata_tga").all(
        lambda request: respond(request, body), Held(newest={"fiscaldata.tga_close": date(2026, 5, 28)})
    )
    assert [r.params["page[number]"] for r in asked] == ["1", "2", "3"]
    assert asked[0].params["filter"] == "record_date:gte:2026-03-29"
    assert bench("fiscaldata_tga").rows(dts(("2025-07-07", f"{TGA} Opening Balance", "1", "null"))) == []


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (dts(), 200, EmptyPayload),
        ('{"error": "Invalid Query Param", "message": "x"}', 400, SchemaDrift),
        ('{"error": "Invalid Query Param", "message": "x"}', 200, SchemaDrift),
        ('{"data": []}', 200, SchemaDrift),
        (dts(("2025-07-07", f"{TGA} Closing Balance", "1", "2")), 200, SchemaDrift),
        ("not here", 404, NotFound),
        (dts(("2025-07-07", "Cash", "1", "2")), 200, SchemaDrift),
        (dts(("2025-07-07", f"{TGA} Closing Balance", "1,2", "null")), 200, SchemaDrift),
        ('{"data": [{}], "meta": {"total-pages": 1}}', 200, SchemaDrift),
        ("<html>x</html>", 200, SchemaDrift),
        ("", 200, EmptyPayload),
    ],
)
def test_fiscal_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("fiscaldata_tga").rows(body, status=status)
