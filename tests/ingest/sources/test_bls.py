"""BLS: windows, the key, refusals inside a success, annual means, missing months."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotConfigured,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.model import Held, Request
from ingest.redaction import Redactor
from ingest.registry import load
from ingest.sources import get

from .conftest import respond

KEY = {"BLS_API_KEY": "0123456789abcdef0123456789abcdef"}
ID = "CUUR0000SA0"


def answer(*data: tuple[str, str, str], series: str = ID, status: str = "REQUEST_SUCCEEDED", said: str = "") -> str:
    found = [{"year": y, "period": p, "value": v, "footnotes": [{}]} for y, p, v in data]
    results: Any = {"series": [{"seriesID": series, "data": found}]} if status == "REQUEST_SUCCEEDED" else {}
    return json.dumps({"status": status, "responseTime": 1, "message": [said] if said else [], "Results": results})


GOOD = answer(("2026", "M04", "333.02"), ("2025", "M13", "321.9"), ("2025", "M10", "-"), ("2025", "M09", "324.8"))


def test_months_without_annual_means(bench: Any) -> None:
    assert bench("bls_cuur0000sa0", KEY).values(GOOD) == {
        "bls.CUUR0000SA0": {date(2026, 4, 1): 333.02, date(2025, 10, 1): None, date(2025, 9, 1): 324.8}
    }


def test_windows_of_twenty_years_with_a_hidden_key(bench: Any) -> None:
    b = bench("bls_cusr0000sah1", KEY)
    asked = b.all(lambda request: respond(request, answer(("1960", "M01", "20.0"), series="CUSR0000SAH1")))
    assert [(r.json["startyear"], r.json["endyear"]) for r in asked] == [
        ("1953", "1972"), ("1973", "1992"), ("1993", "2012"), ("2013", "2026"),
    ]  # fmt: skip
    assert all(r.method == "POST" and r.json["seriesid"] == ["CUSR0000SAH1"] for r in asked)
    for request in asked:
        shown = Redactor.of(request, {}).request(request)
        assert KEY["BLS_API_KEY"] not in f"{shown.json} {shown.url} {shown.params}"
    held = Held(newest={"bls.CUSR0000SAH1": date(2026, 4, 1)})
    assert b.first(held).json["startyear"] == "2020"


@pytest.mark.parametrize("env", [{}, {"BLS_API_KEY": ""}])
def test_without_a_key_it_is_not_configured(bench: Any, env: dict[str, str]) -> None:
    b = bench("bls_cuur0000sa0", env)
    assert b.dataset.requires_key == "BLS_API_KEY"
    with pytest.raises(NotConfigured, match="BLS_API_KEY"):
        b.first()


QUOTA = "Request could not be serviced, as the daily threshold for total number of requests has been reached."


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (answer(status="REQUEST_NOT_PROCESSED", said=QUOTA), 200, RateLimited),
        (answer(status="REQUEST_NOT_PROCESSED", said="The key:x provided by the User is invalid."), 200, Blocked),
        (answer(status="REQUEST_FAILED", said="Something else"), 200, SchemaDrift),
        (answer(said=f"Series does not exist for Series {ID}"), 200, NotFound),
        (answer(said=f"No Data Available for Series {ID} Year: 2026"), 200, EmptyPayload),
        (answer(("2026", "M04", "1"), series="CUUR0000SA1"), 200, SchemaDrift),
        (answer(("2026", "Q01", "1")), 200, SchemaDrift),
        (answer(("26", "M04", "1")), 200, SchemaDrift),
        (answer(("2026", "M04", "n/a")), 200, SchemaDrift),
        (answer(("2026", "M04", "1"), ("2026", "M04", "2")), 200, SchemaDrift),
        ("[]", 200, SchemaDrift),
        ("<html>Access Denied</html>", 403, Blocked),
        (GOOD[:-30], 200, SchemaDrift),
        ("", 200, EmptyPayload),
        ("slow", 429, RateLimited),
    ],
)
def test_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    b = bench("bls_cuur0000sa0", KEY)
    asked = Request("https://api.bls.gov/publicAPI/v2/timeseries/data/", method="POST", json={"endyear": "2026"})
    with pytest.raises(error):
        b.rows(body, asked, status=status)


def test_a_refusal_ends_the_asking(bench: Any) -> None:
    b, asked = bench("bls_cuur0000sa0", KEY), []

    def refuse(request: Request) -> Any:
        asked.append(request)
        return respond(request, answer(status="REQUEST_NOT_PROCESSED", said=QUOTA))

    with pytest.raises(RateLimited):
        b.all(refuse)
    assert len(asked) == 1


def test_an_old_window_may_be_empty(bench: Any) -> None:
    b = bench("bls_cuur0000sa0", KEY)
    assert b.rows(answer(said="No Data Available for Series CUUR0000SA0 Year: 1913")) == []


def test_recorded_answers(upstream: Path) -> None:
    entries = [e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "api.bls.gov"]
    assert entries
    for entry in entries:
        dataset = load().datasets[f"bls_{entry['series'].lower()}"]
        request = Request(
            "https://api.bls.gov/publicAPI/v2/timeseries/data/",
            method="POST",
            json={"seriesid": [entry["series"]], "endyear": "2026"},
        )
        body = (upstream / entry["file"]).read_bytes()
        rows = get("bls").parse(dataset, respond(request, body, fetched_at=datetime(2026, 5, 31, tzinfo=UTC)))
        annual = body.count(b'"M13"')
        assert len(rows) == entry["rows"] - annual
        assert (str(rows[0].observation_date), str(rows[-1].observation_date)) == (
            entry["first_date"],
            entry["last_date"],
        )
        low, high = dataset.series[0].plausible
        assert all(low <= row.value <= high for row in rows if row.value is not None)
