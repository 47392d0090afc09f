"""Eurostat: sparse JSON-stat, the frozen predecessor, refusals."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import EmptyPayload, SchemaDrift, SourceError, StaleData, Unreachable
from ingest.model import Request
from ingest.registry import load
from ingest.sources import get

from .conftest import respond


def stat(
    value: Any, months: list[str], *, geo: str = "EA", unit: str = "I25", coicop: str = "TOTAL", by: str = "coicop18"
) -> str:
    categories = {"freq": ["M"], "unit": [unit], by: [coicop], "geo": [geo], "time": months}
    return json.dumps({
        "version": "2.0", "class": "dataset", "label": "HICP", "value": value, "status": {"1": "p"},
        "id": list(categories), "size": [len(names) for names in categories.values()],
        "dimension": {n: {"category": {"index": {c: at for at, c in enumerate(cs)}}} for n, cs in categories.items()},
    })  # fmt: skip


MONTHS = ["2026-02", "2026-03", "2026-04"]
GOOD = stat({"0": 101.5, "2": 103.04}, MONTHS)
OLD = '{"error":[{"status":400,"id":150,"label":"INVALID_QUERY_DIMENSION: Dimension \\"COICOP\\" is not defined"}]}'


def test_sparse_values(bench: Any) -> None:
    b, want = bench("eurostat_hicp_ea"), {"eurostat.hicp_ea": {date(2026, 2, 1): 101.5, date(2026, 4, 1): 103.04}}
    assert b.values(GOOD) == want
    dense = b.values(stat([101.5, None, 103.04], MONTHS))["eurostat.hicp_ea"]
    assert dense[date(2026, 3, 1)] is None and dense[date(2026, 4, 1)] == 103.04
    assert b.first().url.endswith("/data/prc_hicp_minr")
    assert b.first().params == {
        "format": "JSON", "lang": "EN", "geo": "EA", "coicop18": "TOTAL", "unit": "I25", "sinceTimePeriod": "1996-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (OLD, 400, SchemaDrift),
        (OLD, 200, SchemaDrift),
        (stat({"0": 100.1}, ["2025-12"]), 200, StaleData),  # the frozen dataset
        (stat({"0": 128.1}, ["2025-12"], by="coicop", coicop="CP00", unit="I15"), 200, SchemaDrift),
        (stat({"0": 128.1}, MONTHS, unit="I15"), 200, SchemaDrift),
        (stat({"0": 101.5}, MONTHS, geo="CH"), 200, SchemaDrift),
        (stat({"0": 101.5}, MONTHS, coicop="TOT_X_NRG_FOOD"), 200, SchemaDrift),
        (stat({"7": 101.5}, MONTHS), 200, SchemaDrift),
        (stat({"0": "x"}, MONTHS), 200, SchemaDrift),
        (stat({"0": 101.5}, ["2026"]), 200, SchemaDrift),
        (stat({}, MONTHS), 200, EmptyPayload),
        (GOOD.replace('"size": [1', '"size": [2'), 200, SchemaDrift),
        (GOOD.replace('"2.0"', '"1.0"'), 200, SchemaDrift),
        (GOOD[:-20], 200, SchemaDrift),
        ("", 200, EmptyPayload),
        ("busy", 503, Unreachable),
    ],
)
def test_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("eurostat_hicp_ea").rows(body, status=status)


def test_recorded_answers(upstream: Path) -> None:
    entries = [e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "ec.europa.eu"]
    assert entries
    for entry in entries:
        dataset = load().datasets[f"eurostat_hicp_{entry['query']['geo'].lower()}"]
        request = Request(f"https://ec.europa.eu{entry['path']}", entry["query"])
        rows = get("eurostat").parse(dataset, respond(request, (upstream / entry["file"]).read_bytes()))
        assert len(rows) == entry["rows"]
        assert (str(rows[0].observation_date), str(rows[-1].observation_date)) == (
            entry["first_date"],
            entry["last_date"],
        )
        low, high = dataset.series[0].plausible
        assert all(row.value is not None and low <= row.value <= high for row in rows)


def test_a_late_look_finds_the_recorded_answer_frozen(upstream: Path) -> None:
    entry = next(e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "ec.europa.eu")
    dataset = load().datasets[f"eurostat_hicp_{entry['query']['geo'].lower()}"]
    request = Request(f"https://ec.europa.eu{entry['path']}", entry["query"])
    late = respond(request, (upstream / entry["file"]).read_bytes(), fetched_at=datetime(2026, 11, 1, tzinfo=UTC))
    with pytest.raises(StaleData, match="frozen"):
        get("eurostat").parse(dataset, late)
