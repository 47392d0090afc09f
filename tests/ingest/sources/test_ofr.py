"""Office of Financial Research: the index with its parts, the monitor's series."""

from __future__ import annotations

from datetime import date
from typing import Any

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

HEADER = (
    "Date,OFR FSI,Credit,Equity valuation,Safe assets,Funding,Volatility,"
    "United States,Other advanced economies,Emerging markets\n"
)
FSI = (
    HEADER + "2026-05-27,2.0,0.5,-0.05,0.65,0.4,0.5,1.7,0.45,-0.15\n"
    "2026-05-28,-9.0e-05,1,-1,0.5,-0.5,-9.07e-05,0.2,0.1,-0.3\n2026-05-29,,,,,,,,,\n"
)
REPO = '[["2026-05-27",2123654000000.5],["2026-05-28",null],["2026-05-29",2.2e12]]'
BLOCK = "<html><title>Access Denied</title></html>"


def test_the_index_and_its_parts(bench: Any) -> None:
    found = bench("ofr_fsi").values(FSI)
    assert len(found) == 9
    assert found["ofr.fsi"] == {date(2026, 5, 27): 2.0, date(2026, 5, 28): -9.0e-05, date(2026, 5, 29): None}
    assert found["ofr.fsi_emerging"][date(2026, 5, 27)] == -0.15


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (BLOCK, 403, Blocked),
        (BLOCK, 200, Blocked),
        ("<html>moved</html>", 200, SchemaDrift),
        ("slow down", 429, RateLimited),
        ("oops", 502, Unreachable),
        ("", 200, EmptyPayload),
        (HEADER, 200, EmptyPayload),
        (FSI[:-1], 200, SchemaDrift),
        (FSI.replace("Safe assets", "Safety"), 200, SchemaDrift),
        (FSI.replace("Volatility", "Credit"), 200, SchemaDrift),
        (FSI.replace("0.65", "6.5"), 200, SchemaDrift),  # categories no longer add up
        (FSI.replace("1.7,0.45", "1.7,4.5"), 200, SchemaDrift),  # regions no longer add up
        (FSI.replace("2026-05-27", "05/27/2026"), 200, SchemaDrift),
        (FSI.replace("0.65", "n/a"), 200, SchemaDrift),
        (FSI + "2026-05-28,1,1,0,0,0,0,1,0,0\n", 200, SchemaDrift),
    ],
)
def test_faults_of_the_index(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("ofr_fsi").rows(body, status=status)


def test_one_odd_day_in_a_long_file_is_not_drift(bench: Any) -> None:
    days = [
        f"{1990 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02},2.0,0.5,-0.05,0.65,0.4,0.5,1.7,0.45,-0.15"
        for n in range(300)
    ]
    days[7] = days[7].replace("0.65", "0.75")
    assert len(bench("ofr_fsi").rows(HEADER + "\n".join(days) + "\n")) == 2700


def test_the_monitor_in_declared_units(bench: Any) -> None:
    b = bench("ofr_repo_tri_volume")
    assert b.first().params == {"mnemonic": "REPO-TRI_TV_TOT-P", "start_date": "2014-08-22"}
    held = Held(newest={"ofr.repo_tri_volume": date(2026, 5, 29)})
    assert b.first(held).params["start_date"] == "2025-04-24"
    assert b.values(REPO)["ofr.repo_tri_volume"] == {
        date(2026, 5, 27): pytest.approx(2123.6540000005),
        date(2026, 5, 28): None,
        date(2026, 5, 29): pytest.approx(2200),
    }  # fmt: skip
    assert bench("ofr_repo_dvp_rate").values('[["2026-05-28",3.67]]') == {
        "ofr.repo_dvp_rate": {date(2026, 5, 28): 3.67}
    }
    monthly = bench("ofr_mmf_repo").values('[["2026-04-30",3004242276349.22]]')
    assert monthly == {"ofr.mmf_repo": {date(2026, 4, 1): pytest.approx(3004.242276)}}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("[]", 200, EmptyPayload),
        ("{}", 200, SchemaDrift),
        ('{"message": "Invalid mnemonic"}', 400, NotFound),
        ("bad request", 400, SchemaDrift),
        ('[["2026-05-27"]]', 200, SchemaDrift),
        ('[["2026-05-27","n/a"]]', 200, SchemaDrift),
        ("[[1748304000000,1.0]]", 200, SchemaDrift),
        (REPO[:-4], 200, SchemaDrift),
        (BLOCK, 403, Blocked),
    ],
)
def test_faults_of_the_monitor(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("ofr_repo_tri_volume").rows(body, status=status)


def test_an_unknown_mnemonic_as_the_client_words_it(bench: Any) -> None:
    def refuse(said: str) -> Any:
        def answer(request: Request) -> Response:
            raise SchemaDrift(f"data.financialresearch.gov answered 400 to GET /x: {said}")

        return answer

    with pytest.raises(NotFound):
        bench("ofr_repo_tri_volume").all(refuse("Invalid mnemonic"))
    with pytest.raises(SchemaDrift):
        bench("ofr_repo_tri_volume").all(refuse("no"))
