"""From a published number to the stored response, and clear refusals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import trace
from tests.expectations.synthetic import MART_DAY, ORIGIN, THESES, frames
from tests.publish.test_publish import run


def _moment(day: int, hour: int) -> pd.Timestamp:
    return pd.Timestamp(2024, 5, day, hour, tz="UTC")


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows)
    if "observation_date" in frame:
        frame["observation_date"] = pd.to_datetime(frame["observation_date"]).dt.date
    frame.to_parquet(path)
    assert pq.read_table(path).num_rows == len(rows)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two series of one quantity, a revision known later, a vanished value, a fetch after the build."""
    home = Home.of(ORIGIN, tmp_path).prepare()

    def seen(series: str, day: str, value: float | None, known: pd.Timestamp, fetch: str, state: str = "value", fetched: pd.Timestamp | None = None) -> dict[str, Any]:
        return {"series_id": series, "observation_date": day, "value": value, "state": state, "known_at": known,
                "fetched_at": fetched or _moment(31, 12), "fetch_id": fetch}

    _write(home.raw / "observations" / "funding" / "sofr.parquet", [
        seen("nyfed.sofr", "2024-05-29", 5.31, _moment(30, 12), "r1.sofr.0"), seen("nyfed.sofr", "2024-05-30", 5.32, _moment(31, 12), "r1.sofr.0"),
        seen("nyfed.sofr", "2024-05-30", 5.99, _moment(31, 23), "r2.sofr.0"),  # a revision after the cut-off
        seen("nyfed.sofr", "2024-05-30", 4.44, _moment(31, 12), "r9.sofr.0", fetched=pd.Timestamp(2024, 7, 1, tz="UTC")),  # after the build
        seen("fred.SOFR", "2024-05-30", 5.33, _moment(31, 12), "r1.fred.0"),
    ])
    _write(home.raw / "observations" / "gold" / "lbma.parquet", [
        seen("lbma.gold_pm", "2024-05-30", 2343.1, _moment(30, 15), "r1.gold.0"),
        seen("lbma.gold_pm", "2024-05-31", None, _moment(31, 16), "r1.gold.0", "vanished")])
    _write(home.raw / "fetches.parquet", [
        {"fetch_id": i, "dataset_id": i, "url": f"https://example.org/{i}", "content_sha256": "ab" + i, "fetched_at": _moment(31, 12)}
        for i in ("r1.sofr.0", "r2.sofr.0", "r9.sofr.0", "r1.fred.0", "r1.gold.0")])
    made = frames(10)
    made["meta.series"] = pd.DataFrame({
        "series_id": ["nyfed.sofr", "fred.SOFR", "lbma.gold_pm"], "quantity": ["sofr_pct", "sofr_pct", "gold_pm_usd_oz"], "priority": [1, 2, 1]}).assign(origin=ORIGIN)
    run(home, "b1", made)
    return home


def test_a_mart_row_leads_to_bytes(home: Home) -> None:
    found = trace(home, "marts.funding_stress", {"as_of_date": MART_DAY.isoformat()}, theses=THESES)
    assert (found.build_id, found.carried_from, found.cut_off) == ("b1", None, datetime(2024, 5, 31, 22, tzinfo=UTC))
    assert [i.quantity for i in found.inputs] == ["iorb_pct", "reserves_usd_mn", "sofr_pct"]
    sofr = found.inputs[2]
    assert (sofr.series_id, sofr.observation_date, sofr.value, sofr.fetch_id) == ("nyfed.sofr", date(2024, 5, 30), 5.32, "r1.sofr.0")
    assert sofr.url == "https://example.org/r1.sofr.0" and sofr.known_at == datetime(2024, 5, 31, 12, tzinfo=UTC)
    assert sofr.landing_path == home.landing / "bodies" / "ab" / "abr1.sofr.0.zst"
    assert found.inputs[0].series_id is None and found.inputs[0].landing_path is None


def test_an_earlier_day_sees_only_what_was_known(home: Home) -> None:
    found = trace(home, "scorecard.legs", {"thesis_id": "t1_2", "as_of_date": "2024-05-30", "leg_id": "a"}, theses=THESES)
    assert [i.quantity for i in found.inputs] == ["iorb_pct", "sofr_pct"]
    assert found.inputs[1].observation_date == date(2024, 5, 29)


def test_a_vanished_value_is_not_an_input(home: Home) -> None:
    found = trace(home, "scorecard.verdicts", {"thesis_id": "t4_5", "as_of_date": MART_DAY.isoformat()}, theses=THESES)
    assert [(i.quantity, i.observation_date) for i in found.inputs] == [("gold_pm_usd_oz", date(2024, 5, 30))]


def test_rows_of_meta_lead_to_what_they_name(home: Home) -> None:
    series = trace(home, "meta.series", {"series_id": "fred.SOFR"}, theses=THESES).inputs
    assert [(i.quantity, i.series_id, i.value) for i in series] == [("sofr_pct", "fred.SOFR", 5.33)]
    fetch = trace(home, "meta.fetches", {"fetch_id": "r1.a.0"}, theses=THESES)
    assert fetch.inputs == []  # the ledger of this raw zone does not have it
    planned = trace(home, "scorecard.verdicts", {"thesis_id": "t0", "as_of_date": MART_DAY.isoformat()}, theses=THESES)
    assert planned.inputs == []
    judged = {"table_name": "marts.gold_drawdown", "check_name": "expect_column_to_exist", "column_name": "as_of_date"}
    assert trace(home, "meta.build", {"build_id": "b1"}, theses=THESES).row["build_id"] == "b1"
    with pytest.raises(LowtideError, match="no row with table_name=marts.gold_drawdown"):
        trace(home, "meta.gate_results", judged, theses=THESES)


def test_a_revised_observation_shows_its_versions(home: Home) -> None:
    made = frames(10)
    made["marts.gold_drawdown"] = made["marts.gold_drawdown"].assign(quantity="sofr_pct", observation_date=pd.Timestamp("2024-05-30"))
    made["meta.series"] = pd.DataFrame({"series_id": ["nyfed.sofr", "fred.SOFR"], "quantity": "sofr_pct", "priority": [1, 2], "origin": ORIGIN})
    run(home, "b2", made, at=1)
    found = trace(home, "marts.gold_drawdown", {"as_of_date": MART_DAY.isoformat()}, theses=THESES)
    assert sorted((i.series_id, i.value) for i in found.inputs) == [("fred.SOFR", 5.33), ("nyfed.sofr", 5.32)]


@pytest.mark.parametrize(("table", "key", "told"), [
    ("marts.nothing", {"a": "b"}, "is not in build b1: it has marts.ai_cash_flow, "),
    ("marts.funding_stress", {"day": "2024-05-31"}, "has no column day; its columns are as_of_date, "),
    ("marts.funding_stress", {}, "name the row of marts.funding_stress; its columns are"),
    ("marts.funding_stress", {"as_of_date": "2024-05-26"}, "no row with as_of_date=2024-05-26; it has for example as_of_date=2024-05-31"),
    ("scorecard.legs", {"thesis_id": "t1_2"}, "several rows with thesis_id=t1_2; add more"),
])
def test_a_key_that_is_not_there_is_told_clearly(home: Home, table: str, key: dict[str, str], told: str) -> None:
    with pytest.raises(LowtideError, match=told) as caught:
        trace(home, table, key, theses=THESES)
    assert "\n" not in str(caught.value)


def test_a_raw_zone_that_is_gone_is_one_line(home: Home) -> None:
    (home.raw / "fetches.parquet").unlink()
    with pytest.raises(LowtideError, match="cannot trace into"):
        trace(home, "marts.funding_stress", {"as_of_date": MART_DAY.isoformat()}, theses=THESES)
