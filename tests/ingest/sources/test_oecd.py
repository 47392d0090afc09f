"""OECD: code columns beside label columns, the key proven, throttling."""

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
)
from ingest.sources import get

HEADER = (
    "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area,FREQ,Frequency of observation,METHODOLOGY,"
    "MEASURE,Measure,UNIT_MEASURE,EXPENDITURE,ADJUSTMENT,TRANSFORMATION,TIME_PERIOD,Time period,OBS_VALUE,BASE_PER\n"
)
ROW = (
    'DATAFLOW,OECD.SDD.TPS:DSD_PRICES@DF_PRICES_ALL(1.0),"CPI, all",I,JPN,Japan,'
    "M,Monthly,N,CPI,CPI,IX,_T,N,_Z,{},,{},2015\n"
)
CPI = HEADER + ROW.format("2026-03", "112.4") + ROW.format("2026-04", "")


def test_one_key(bench: Any) -> None:
    b = bench("oecd_cpi_jpn")
    assert b.values(CPI) == {"oecd.cpi_jpn": {date(2026, 3, 1): 112.4, date(2026, 4, 1): None}}
    assert b.first().url.endswith("/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/JPN.M.N.CPI.IX._T.N._Z")
    assert b.first().params == {"startPeriod": "1960-01", "format": "csvfilewithlabels"}
    assert get("oecd").hosts["sdmx.oecd.org"] >= 60  # sixty downloads an hour and address


def test_an_answer_about_several_countries(bench: Any) -> None:
    more = ROW.replace("JPN,Japan", "GBR,United Kingdom").format("2026-03", "140.1")
    assert bench("oecd_cpi_jpn").values(CPI + more) == bench("oecd_cpi_jpn").values(CPI)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("NoRecordsFound", 404, NotFound),
        ("blocked", 403, Blocked),
        ("slow", 429, RateLimited),
        ("Too many requests.", 200, RateLimited),
        ("", 200, EmptyPayload),
        (HEADER, 200, EmptyPayload),
        (CPI.replace("JPN", "KOR"), 200, SchemaDrift),
        (CPI.replace(",IX,", ",PA,"), 200, SchemaDrift),
        (CPI.replace("_Z", "GY"), 200, SchemaDrift),
        (CPI.replace("ADJUSTMENT", "ADJ"), 200, SchemaDrift),
        (CPI.replace("2026-03", "2026-Q1"), 200, SchemaDrift),
        (CPI.replace("112.4", "x"), 200, SchemaDrift),
        (CPI[:-4], 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("oecd_cpi_jpn").rows(body, status=status)
