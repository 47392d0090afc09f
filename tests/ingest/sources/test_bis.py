"""BIS: keys, columns by name in both layouts, missing values, the recorded answers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
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
from ingest.model import Held, Request
from ingest.registry import load
from ingest.sources import get

from .conftest import respond

HEADER = "FREQ,REF_AREA,UNIT_MEASURE,COMPILATION,TITLE,TIME_PERIOD,OBS_VALUE,OBS_STATUS\n"
POLICY = (
    HEADER + 'D,CH,368,"target, since 2019",Policy rate,2026-05-27,-0.25,A\n'
    "D,CH,368,,Policy rate,2026-05-28,NaN,M\nD,CH,368,,Policy rate,2026-05-29,0,A\n"
)
EER = "FREQ,EER_TYPE,EER_BASKET,REF_AREA,TIME_PERIOD,OBS_VALUE\nM,N,B,US,2026-03,104.51\nM,N,B,US,2026-04,104.26\n"
V2 = (
    "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE\n"
    "dataflow,BIS:WS_CBPOL(1.0),I,D,CH,2026-05-29,0\n"
)


def test_policy_rates(bench: Any) -> None:
    b = bench("bis_policy_ch")
    assert b.values(POLICY) == {
        "bis.policy_ch": {date(2026, 5, 27): -0.25, date(2026, 5, 28): None, date(2026, 5, 29): 0.0}
    }
    assert b.values(V2) == {"bis.policy_ch": {date(2026, 5, 29): 0.0}}
    assert b.first().url == "https://stats.bis.org/api/v1/data/WS_CBPOL/D.CH/all"
    assert b.first().params == {"format": "csv", "startPeriod": "1946-01-01"}
    assert b.first(Held(newest={"bis.policy_ch": date(2026, 5, 29)})).params["startPeriod"] == "2026-01-29"


def test_an_answer_about_several_countries(bench: Any) -> None:
    assert bench("bis_policy_ch").values(POLICY + "D,JP,368,,Policy rate,2026-05-29,0.5,A\n") == bench("bis_policy_ch").values(POLICY)


def test_effective_exchange_rates(bench: Any) -> None:
    b = bench("bis_eer_nominal_us")
    assert b.values(EER) == {"bis.eer_nominal_us": {date(2026, 3, 1): 104.51, date(2026, 4, 1): 104.26}}
    assert b.first().params["startPeriod"] == "1994-01"
    with pytest.raises(SchemaDrift, match="M.N.B.US"):
        bench("bis_eer_real_us").rows(EER)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("<html>Access Denied</html>", 403, Blocked),
        ("<message:Error/>", 200, SchemaDrift),
        ("No results found", 404, NotFound),
        ("slow down", 429, RateLimited),
        ("", 200, EmptyPayload),
        (HEADER, 200, EmptyPayload),
        (POLICY[:-2], 200, SchemaDrift),
        (POLICY.replace("OBS_VALUE", "VALUE"), 200, SchemaDrift),
        (POLICY.replace("D,CH", "D,JP"), 200, SchemaDrift),
        (POLICY.replace("D,CH", "M,CH"), 200, SchemaDrift),
        (POLICY.replace("2026-05-27", "2026-05"), 200, SchemaDrift),
        (POLICY.replace("-0.25", "low"), 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("bis_policy_ch").rows(body, status=status)


def test_recorded_answers(upstream: Path) -> None:
    entries = [e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "stats.bis.org"]
    assert entries
    known = {d.request["key"]: d for d in load().datasets.values() if d.provider == "bis"}
    for entry in entries:
        key = entry["path"].split("/")[-2]
        dataset = known.get(key)
        if dataset is None:  # two areas in one answer
            freq, areas = key.split(".")
            series = tuple(known[f"{freq}.{area}"].series[0] for area in areas.split("+"))
            dataset = known["D.CH"].model_copy(update={"request": {"flow": "WS_CBPOL", "key": key}, "series": series})
        request = Request(f"https://stats.bis.org{entry['path']}", entry["query"])
        rows = get("bis").parse(dataset, respond(request, (upstream / entry["file"]).read_bytes()))
        days = sorted(row.observation_date for row in rows if row.value is not None)
        assert len(rows) == entry["rows"]
        assert (str(days[0]), str(days[-1])) == (entry["first_date"], entry["last_date"])
        for series in dataset.series:
            low, high = series.plausible
            assert all(low <= row.value <= high for row in rows if row.series_id == series.id and row.value is not None)
