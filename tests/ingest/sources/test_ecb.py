"""ECB reference rates: the zip, N/A cells, the trailing comma."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Blocked, EmptyPayload, NotFound, SchemaDrift, SourceError
from ingest.model import Request
from ingest.registry import load
from ingest.sources import ecb, get

from .conftest import respond

CSV = (
    "Date,USD,JPY,BGN,GBP,CHF,CNY,\n2026-05-29,1.1644,185.45,N/A,0.86723,0.9111,7.8793,\n"
    "2026-05-28,1.1617,185.24,1.9558,0.86665,0.9167,N/A,\n"
)


def packed(text: str = CSV, name: str = "eurofxref-hist.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def test_rates_per_euro(bench: Any) -> None:
    found = bench("ecb_fx").values(packed())
    assert found["ecb.USD"] == {date(2026, 5, 29): 1.1644, date(2026, 5, 28): 1.1617}
    assert found["ecb.CNY"] == {date(2026, 5, 29): 7.8793, date(2026, 5, 28): None}
    assert set(found) == {"ecb.USD", "ecb.JPY", "ecb.GBP", "ecb.CHF", "ecb.CNY"}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"<html>Access Denied</html>", 403, Blocked),
        (b"<html>Access Denied</html>", 200, Blocked),
        (b"<html>please sign in</html>", 200, SchemaDrift),
        (b"gone", 404, NotFound),
        (b"", 200, EmptyPayload),
        (CSV.encode(), 200, SchemaDrift),
        (packed()[:-30], 200, SchemaDrift),
        (packed()[:40], 200, SchemaDrift),
        (packed(name="other.csv"), 200, SchemaDrift),
        (packed(CSV.replace("CHF", "XXX")), 200, SchemaDrift),
        (packed(CSV.replace("CHF", "USD")), 200, SchemaDrift),
        (packed(CSV.replace("1.1644", "1,1644")), 200, SchemaDrift),
        (packed(CSV.replace("2026-05-29", "29 May 2026")), 200, SchemaDrift),
        (packed(CSV[:-9]), 200, SchemaDrift),
        (packed(CSV.splitlines()[0] + "\n"), 200, EmptyPayload),
        (packed(CSV.replace("2026-05-29", "2026-05-28")), 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, body: bytes, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("ecb_fx").rows(body, status=status)


def test_a_bomb_is_not_unpacked(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecb, "MAX_BYTES", 50)
    with pytest.raises(SchemaDrift, match="larger"):
        bench("ecb_fx").rows(packed())


def test_recorded_answer(upstream: Path) -> None:
    [entry] = [e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "www.ecb.europa.eu"]
    dataset = load().datasets["ecb_fx"]
    request = Request(f"https://{entry['host']}{entry['path']}")
    rows = get("ecb").parse(dataset, respond(request, (upstream / entry["file"]).read_bytes()))
    for series in dataset.series:
        mine = [row for row in rows if row.series_id == series.id]
        assert len(mine) == entry["rows"]
        assert all(series.plausible[0] <= row.value <= series.plausible[1] for row in mine if row.value is not None)
    days = [row.observation_date for row in rows]
    assert (str(min(days)), str(max(days))) == (entry["first_date"], entry["last_date"])
