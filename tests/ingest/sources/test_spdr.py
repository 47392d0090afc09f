"""SPDR GLD's archive: a workbook, holidays, a PDF in its place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import Blocked, EmptyPayload, NotFound, SchemaDrift, SourceError
from ingest.guards import inspect

from .xlsx_kit import workbook

SHEET = "US GLD Historical Archive"
HEADER = [
    "Date",
    "Closing Price",
    "Total Ounces of Gold in the Trust",
    "Tonnes of Gold",
    "Total Net Asset Value in the Trust",
]
DAY = ["09-Jun-2025", 390.78, 32681327.11, 1016.49, 141419044539.5]
HOLIDAY = ["19-Jun-2025", *["US Holiday"] * 4]


def book(*rows: list[Any], header: list[Any] | None = None, name: str = SHEET) -> bytes:
    return workbook({"Disclaimer": [["words"]], name: [header or HEADER, *rows]})


def test_holdings_by_name_of_column(bench: Any) -> None:
    b = bench("spdr_gld")
    assert b.values(book(DAY, HOLIDAY)) == {
        "spdr.gld_tonnes": {date(2025, 6, 9): 1016.49, date(2025, 6, 19): None},
        "spdr.gld_ounces": {date(2025, 6, 9): 32681327.11, date(2025, 6, 19): None},
        "spdr.gld_nav": {date(2025, 6, 9): 141419044539.5, date(2025, 6, 19): None},
    }
    mixed = book(
        [1, "09-Jun-2025", "AWAITED", 5.0, None], header=["new", "Date", HEADER[4], "Tonnes of Gold", HEADER[2]]
    )
    assert {r.series_id: r.value for r in b.rows(mixed)} == {
        "spdr.gld_tonnes": 5.0, "spdr.gld_ounces": None, "spdr.gld_nav": None,
    }  # fmt: skip


def test_the_request(bench: Any) -> None:
    request = bench("spdr_gld").first()
    assert request.url == "https://api.spdrgoldshares.com/api/v1/historical-archive"
    assert request.params == {"product": "gld", "exchange": "NYSE", "lang": "en"}
    assert request.headers["Origin"] == "https://www.spdrgoldshares.com"


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        (b"%PDF-1.7 bar list", 200, SchemaDrift),
        (b"", 200, EmptyPayload),
        (b"<html>Access Denied</html>", 200, Blocked),
        (b"<html>Access Denied</html>", 403, Blocked),
        (b"", 404, NotFound),
        (book(DAY)[:-40], 200, SchemaDrift),
        (book(DAY, name="Sheet1"), 200, SchemaDrift),
        (book(DAY, header=["Date", "Tonnes"]), 200, SchemaDrift),
        (book(DAY, header=[*HEADER[:3], "Tonnes of Gold", "Tonnes of Gold"]), 200, SchemaDrift),
        (book(), 200, EmptyPayload),
        (book(HOLIDAY), 200, EmptyPayload),
        (book(["9-6-2025", *DAY[1:]]), 200, SchemaDrift),
        (book(["31-Feb-2025", *DAY[1:]]), 200, SchemaDrift),
        (book([*DAY[:3], "lots", DAY[4]]), 200, SchemaDrift),
        (book(DAY, [*DAY[:3], 1.0, DAY[4]]), 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, content: bytes, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("spdr_gld").rows(content, status=status)


def test_the_recorded_workbook(upstream: Path, bench: Any) -> None:
    entry = next(e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "api.spdrgoldshares.com")
    b = bench("spdr_gld")
    rows = b.rows((upstream / entry["file"]).read_bytes())
    tonnes = [row for row in rows if row.series_id == "spdr.gld_tonnes"]
    days = [row.observation_date for row in tonnes if row.value is not None]
    assert (len(tonnes), str(days[0]), str(days[-1])) == (entry["rows"], entry["first_date"], entry["last_date"])
    assert not inspect(b.dataset, [], rows)


@given(at=st.integers(0, 10_000), length=st.integers(0, 20), noise=st.binary(max_size=20))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes(bench: Any, at: int, length: int, noise: bytes) -> None:
    raw = book(DAY, HOLIDAY)
    at %= len(raw)
    for content in (noise, raw[:at], raw[:at] + noise + raw[at + length :]):
        try:
            bench("spdr_gld").rows(content)
        except SourceError as error:
            assert "\n" not in str(error)
