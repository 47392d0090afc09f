"""ONS: months only out of years, quarters and months in one column."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ingest.errors import Blocked, EmptyPayload, RateLimited, SchemaDrift, SourceError

HEAD = (
    '"Title","CPI INDEX 00: ALL ITEMS 2015=100"\n"CDID","D7BT"\n"Source dataset ID","MM23"\n"PreUnit",""\n'
    '"Unit","Index, base year = 100"\n"Release date","20-05-2026"\n"Next release","17 June 2026"\n"Important notes",\n'
)
CPI = HEAD + '"2024","133.9"\n"2025","138.4"\n"2026 Q1","140.1"\n"2026 MAR","140.6"\n"2026 APR","142.2"\n'


def test_months_only(bench: Any) -> None:
    b = bench("ons_cpi")
    assert b.values(CPI) == {"ons.D7BT": {date(2026, 3, 1): 140.6, date(2026, 4, 1): 142.2}}
    assert b.values(CPI.replace("\n", "\r\n")) == b.values(CPI)
    assert b.first().params == {"format": "csv", "uri": "/economy/inflationandpriceindices/timeseries/d7bt/mm23"}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("<html>Access Denied</html>", 403, Blocked),
        ("<!DOCTYPE html><html>", 200, SchemaDrift),
        ("slow", 429, RateLimited),
        ("Too Many Requests", 200, RateLimited),
        ("", 200, EmptyPayload),
        (HEAD + '"2024","133.9"\n"2026 Q1","140.1"\n', 200, EmptyPayload),
        (CPI.replace("D7BT", "D7G7"), 200, SchemaDrift),
        (CPI.replace('"CDID","D7BT"\n', ""), 200, SchemaDrift),
        (CPI.replace('"Title"', '"Name"'), 200, SchemaDrift),
        (CPI.replace("2026 APR", "2026 APX"), 200, SchemaDrift),
        (CPI.replace("2026 APR", "April 2026"), 200, SchemaDrift),
        (CPI.replace("142.2", "high"), 200, SchemaDrift),
        (CPI.replace('"140.6"', '"140.6","x"'), 200, SchemaDrift),
        (CPI[:-3], 200, SchemaDrift),
        (CPI + '"2026 APR","1.0"\n', 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("ons_cpi").rows(body, status=status)
