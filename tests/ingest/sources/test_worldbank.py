"""World Bank: pages, refusals inside a success, and what annual means to the calendars."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingest.calendars import (
    expected_newest,
    period_of,
    previous_observation,
    released_at,
)
from ingest.errors import EmptyPayload, NotFound, SchemaDrift, SourceError, Unreachable
from ingest.registry import load

from .conftest import respond


def page(*rows: tuple[str, str, Any], pages: int = 1, indicator: str = "FP.CPI.TOTL") -> str:
    found = [
        {"indicator": {"id": indicator, "value": "CPI"}, "country": {"id": "XX", "value": "x"}, "countryiso3code": c,
         "date": y, "value": v, "unit": "", "obs_status": "", "decimal": 1}
        for c, y, v in rows
    ]  # fmt: skip
    return json.dumps([{"page": 1, "pages": pages, "per_page": 1000, "total": len(found)}, found])


GOOD = page(("JPN", "2025", None), ("JPN", "2024", 113.1), ("CHE", "2024", 105.9))


def test_years_of_several_countries(bench: Any) -> None:
    b = bench("worldbank_cpi")
    assert b.values(GOOD) == {
        "worldbank.cpi_jpn": {date(2024, 1, 1): 113.1, date(2025, 1, 1): None},
        "worldbank.cpi_che": {date(2024, 1, 1): 105.9},
    }
    assert b.first().url == "https://api.worldbank.org/v2/country/USA;JPN;GBR;CHE;CHN/indicator/FP.CPI.TOTL"
    assert b.first().params == {"format": "json", "date": "1960:2026", "per_page": "1000", "page": "1"}


def test_an_answer_about_all_countries(bench: Any) -> None:
    b = bench("worldbank_cpi")
    assert b.values(page(("AFG", "2024", 3.0), ("JPN", "2024", 113.1))) == {"worldbank.cpi_jpn": {date(2024, 1, 1): 113.1}}


def test_all_pages(bench: Any) -> None:
    asked = bench("worldbank_cpi").all(lambda request: respond(request, page(("JPN", "2024", 1.0), pages=3)))
    assert [request.params["page"] for request in asked] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (
            '[{"message":[{"id":"120","key":"Invalid value","value":"The provided parameter value is not valid"}]}]',
            200,
            NotFound,
        ),
        ('[{"page":0,"pages":0,"per_page":1000,"total":0},null]', 200, EmptyPayload),
        (page(), 200, EmptyPayload),
        (page(("JPN", "2024", 1.0), indicator="FP.CPI.TOTL.ZG"), 200, SchemaDrift),
        (page(("TWN", "2024", 1.0)), 200, SchemaDrift),
        (page(("JPN", "2024M01", 1.0)), 200, SchemaDrift),
        (page(("JPN", "2024", "x")), 200, SchemaDrift),
        (page(("JPN", "2024", 1.0), ("JPN", "2024", 2.0)), 200, SchemaDrift),
        ("{}", 200, SchemaDrift),
        ("[]", 200, SchemaDrift),
        ('<?xml version="1.0"?><wb:error/>', 200, SchemaDrift),
        (GOOD[:-9], 200, SchemaDrift),
        ("busy", 502, Unreachable),
    ],
)
def test_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("worldbank_cpi").rows(body, status=status)


def test_annual_observations_in_the_calendars() -> None:
    dataset = load().datasets["worldbank_cpi"]
    assert (dataset.frequency, dataset.carry_days, period_of("annual", date(2024, 1, 1))) == ("annual", 400, "2024")
    assert previous_observation(dataset, date(2026, 1, 1)) == date(2025, 1, 1)
    assert previous_observation(dataset, date(2026, 6, 2)) == date(2026, 1, 1)
    assert released_at(dataset, date(2024, 1, 1)) == datetime(2025, 7, 14, 22, tzinfo=UTC)
    assert expected_newest(dataset, datetime(2026, 6, 2, tzinfo=UTC)) == date(2024, 1, 1)
    assert expected_newest(dataset, datetime(2026, 8, 2, tzinfo=UTC)) == date(2025, 1, 1)
