"""FRED and ALFRED: header, missing markers, walls, vintages, the keyed API."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingest.errors import Blocked, EmptyPayload, NotFound, RateLimited, SchemaDrift, SourceError, Unreachable
from ingest.model import Held, Request, Response

from .conftest import NOW, respond

KEY = {"FRED_API_KEY": "0123456789abcdef0123456789abcdef"}
CSV = "observation_date,DGS10\n2026-05-22,4.50\n2026-05-25,\n2026-05-26,4.48\n"
PAGE_404 = "<!DOCTYPE html><html><head><title>Error - St. Louis Fed</title></head></html>"
PAGE_403 = "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY>You don't have permission</BODY></HTML>"


def listing(*days: str, series: str = "CPIAUCSL") -> str:
    options = "".join(f'<option value="{day}">{day}</option>\n' for day in days)
    return f'<html><title>{series}</title><input name="obs_start" value="1947-01-01"><select>{options}</select></html>'


def page(rows: list[tuple[str, str, str]], count: int | None = None) -> str:
    found = [{"realtime_start": r, "realtime_end": "9999-12-31", "date": d, "value": v} for d, r, v in rows]
    return json.dumps(
        {"count": len(rows) if count is None else count, "offset": 0, "limit": 100000, "observations": found}
    )


@pytest.mark.parametrize(
    "body",
    [CSV, CSV.replace("\n", "\r\n"), CSV.replace("observation_date", "DATE").replace(",\n", ",.\n"), "\ufeff" + CSV],
)
def test_missing_markers_and_headers(bench: Any, body: str) -> None:
    assert bench("fred_dgs10").values(body) == {
        "fred.DGS10": {date(2026, 5, 22): 4.5, date(2026, 5, 25): None, date(2026, 5, 26): 4.48}
    }


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (PAGE_404, 404, NotFound),
        (PAGE_404, 200, NotFound),
        (PAGE_403, 403, Blocked),
        (PAGE_403, 200, Blocked),
        ("<html>please sign in</html>", 200, SchemaDrift),
        ("gateway", 504, Unreachable),
        ("slow down", 429, RateLimited),
        ("", 200, EmptyPayload),
        ("\n \n", 200, EmptyPayload),
        ("observation_date,DGS10\n", 200, EmptyPayload),
        (CSV.replace("DGS10", "DGS2"), 200, SchemaDrift),
        (CSV.replace("DGS10", "DGS10,DGS2"), 200, SchemaDrift),
        (CSV[:-3], 200, SchemaDrift),  # cut within the last line: "4." would be a number
        (CSV.replace("4.48", "4,48"), 200, SchemaDrift),
        (CSV.replace("4.48", "n/a"), 200, SchemaDrift),
        (CSV.replace("2026-05-26", "05/26/2026"), 200, SchemaDrift),
        (CSV + "2026-05-26,4.49\n", 200, SchemaDrift),
        ("\xff\xfe".encode("latin-1") + CSV.encode(), 200, SchemaDrift),
    ],
)
def test_every_fault_is_typed(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error) as raised:
        bench("fred_dgs10").rows(body, status=status)
    assert "\n" not in str(raised.value)


def test_requests_begin_at_first_date_or_before_the_newest_held(bench: Any) -> None:
    b = bench("fred_dgs10")
    assert b.first().params == {"id": "DGS10", "cosd": "1962-01-02"}
    assert b.first(Held(newest={"fred.DGS10": date(2026, 5, 29)})).params["cosd"] == "2026-03-30"


def test_a_short_history_parses(bench: Any) -> None:
    body = "observation_date,BAMLH0A0HYM2\n2023-05-30,4.61\n"
    assert bench("fred_bamlh0a0hym2").values(body) == {"fred.BAMLH0A0HYM2": {date(2023, 5, 30): 4.61}}


def test_alfred_asks_for_new_vintages_only(bench: Any) -> None:
    b = bench("alfred_cpiaucsl")
    held = Held(vintages={"alfred.CPIAUCSL": frozenset({date(2026, 4, 10)})})
    days = ("2024-01-11", "2026-05-12", "2026-04-10", "2026-03-11", "2026-07-14")
    asked = b.all(lambda request: respond(request, listing(*days)), held)
    assert [r.params.get("vintage_date") for r in asked] == [None, "2026-03-11", "2026-05-12"]
    assert asked[0].url.endswith("/series/downloaddata") and asked[0].params == {"seid": "CPIAUCSL"}


def test_alfred_takes_the_newest_vintages_first_when_bounded(bench: Any) -> None:
    b = bench("alfred_cpiaucsl")
    small = type(b)(b.dataset.model_copy(update={"request": {**b.dataset.request, "max_vintages": 1}}))
    asked = small.all(lambda request: respond(request, listing("2026-04-10", "2026-05-12")))
    assert [r.params["vintage_date"] for r in asked[1:]] == ["2026-05-12"]


def test_alfred_vintage_moment(bench: Any) -> None:
    b = bench("alfred_cpiaucsl")
    request = b.all(lambda request: respond(request, listing("2026-05-12")))[1]
    [row] = b.rows("observation_date,CPIAUCSL_20260512\n2026-04-01,332.407\n", request)
    assert row == ("alfred.CPIAUCSL", date(2026, 4, 1), 332.407, datetime(2026, 5, 12, 12, 30, tzinfo=UTC))
    with pytest.raises(SchemaDrift, match="vintage ignored"):
        b.rows("observation_date,CPIAUCSL\n2026-04-01,332.407\n", request)
    with pytest.raises(SchemaDrift, match="vintage ignored"):
        b.rows("observation_date,CPIAUCSL_20260410\n2026-04-01,332.407\n", request)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (PAGE_404, NotFound),
        (PAGE_403, Blocked),
        ("<html>CPIAUCSL</html>", SchemaDrift),
        ("", EmptyPayload),
        (listing("2026-05-12", series="PPIACO"), SchemaDrift),
    ],
)
def test_alfred_listing_is_proven(bench: Any, body: str, error: type[SourceError]) -> None:
    b = bench("alfred_cpiaucsl")
    assert b.rows(listing("2026-05-12")) == []
    with pytest.raises(error):
        b.rows(body)
    with pytest.raises(error):
        b.all(lambda request: respond(request, body))


def test_api_pages_and_hides_the_key(bench: Any) -> None:
    b = bench("fred_dgs10", KEY)
    pages = [page([("2026-05-22", "2026-06-02", "4.50")], count=2), page([("2026-05-25", "2026-06-02", ".")], count=2)]
    asked = b.all(lambda request: respond(request, pages[request.params["offset"] == "1"]))
    assert [r.params["offset"] for r in asked] == ["0", "1"]
    assert all(r.secrets == {"api_key"} and KEY["FRED_API_KEY"] not in r.url for r in asked)
    assert b.values(pages[1], asked[1]) == {"fred.DGS10": {date(2026, 5, 25): None}}


def test_api_vintages(bench: Any) -> None:
    b = bench("alfred_cpiaucsl", KEY)
    body = page([("2026-03-01", "2026-04-10", "331.0"), ("2026-03-01", "2026-05-12", "331.1")])
    request = b.first(Held(vintages={"alfred.CPIAUCSL": frozenset({date(2026, 4, 10)})}))
    assert (request.params["realtime_start"], request.params["realtime_end"]) == ("2026-04-10", "9999-12-31")
    assert [(r.value, r.vintage.date()) for r in b.rows(body, request)] == [
        (331.0, date(2026, 4, 10)),
        (331.1, date(2026, 5, 12)),
    ]


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (400, "Bad Request.  Variable api_key is not set.", Blocked),
        (400, "Bad Request.  The value for variable api_key is not registered.", Blocked),
        (400, "Bad Request.  The series does not exist.", NotFound),
        (400, "Bad Request.  The series does not exist in ALFRED but may exist in FRED.  Try setting ...", NotFound),
        (400, "Bad Request.  Variable realtime_end can not be after today's date (2026-09-18) unless ...", SchemaDrift),
        (400, "Bad Request.  This exceeds the maximum number of vintage dates allowed.", SchemaDrift),
        (429, "Too Many Requests.  Exceeded Rate Limit", RateLimited),
        (200, "Bad Request.  The series does not exist.", NotFound),
    ],
)
def test_api_error_bodies(bench: Any, status: int, said: str, error: type[SourceError]) -> None:
    b = bench("fred_dgs10", KEY)
    body = json.dumps({"error_code": status, "error_message": said})
    with pytest.raises(error):
        b.rows(body, status=status)
    with pytest.raises(error):
        b.all(lambda request: respond(request, body, status))


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("<html>Access Denied</html>", 403, Blocked),
        ("{", 200, SchemaDrift),
        ('{"count": 1}', 200, SchemaDrift),
        ("[]", 200, SchemaDrift),
        ("not json", 400, SchemaDrift),
        (page([]), 200, EmptyPayload),
        (page([("2026-05-22", "2026-06-02", "x")]), 200, SchemaDrift),
    ],
)
def test_api_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("fred_dgs10", KEY).rows(body, status=status)


def test_now_is_not_read_from_the_system(bench: Any) -> None:
    b = bench("alfred_cpiaucsl")
    asked = b.all(lambda request: respond(request, listing("2026-05-12", "2026-06-10")), now=NOW)
    assert [r.params.get("vintage_date") for r in asked[1:]] == ["2026-05-12"]


@pytest.mark.parametrize("error", [RateLimited, Blocked, Unreachable])
def test_api_errors_of_the_client_pass(bench: Any, error: type[SourceError]) -> None:
    def refuse(request: Request) -> Response:
        raise error("api.stlouisfed.org answered 4xx to GET /x")

    with pytest.raises(error):
        bench("fred_dgs10", KEY).all(refuse)


def test_api_refusal_as_the_client_words_it(bench: Any) -> None:
    def refuse(request: Request) -> Response:
        raise SchemaDrift("api.stlouisfed.org answered 400 to GET /x: Bad Request. The series does not exist.")

    with pytest.raises(NotFound, match="does not exist"):
        bench("fred_dgs10", KEY).all(refuse)
