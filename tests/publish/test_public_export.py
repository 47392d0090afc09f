"""Nothing that a licence holds back leaves with a public export, as itself, scaled, or in words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lowtide.clock import Clock
from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import export_public, publish
from publish.export import MANIFEST, Tiers
from tests.expectations.synthetic import AS_OF, DESCRIPTIONS, ORIGIN, TABLES, THESES, frames, write
from tests.publish.test_publish import gate

SERIES = pd.DataFrame(
    [("nyfed.sofr", "sofr_pct", "open"), ("fred.IORB", "iorb_pct", "open"), ("fred.WRESBAL", "reserves_usd_mn", "open"),
     ("lbma.gold_pm", "gold_pm_usd_oz", "restricted"), ("coinbase.BTC", "btc_close_usd", "restricted"), ("yahoo.SOFR", "both_pct", "internal"),
     ("fed.both", "both_pct", "open")],
    columns=["series_id", "quantity", "licence_tier"],
)  # fmt: skip
INPUTS = {
    "marts.funding_stress": ("sofr_pct", "iorb_pct", "reserves_usd_mn"), "marts.gold_drawdown": ("gold_pm_usd_oz", "sofr_pct"),
    "marts.liquidation_order": ("btc_close_usd",), "marts.episodes": ("btc_close_usd",), "marts.episode_members": (),
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.of(ORIGIN, tmp_path / "home").prepare()
    made = frames(40)
    made["meta.series"] = SERIES.assign(priority=1, dataset_id=SERIES["series_id"], citation="credit to " + SERIES["series_id"].str.split(".").str[0], origin=ORIGIN)
    made["meta.fetches"] = made["meta.fetches"].assign(dataset_id=["nyfed.sofr", "lbma.gold_pm"], content_sha256=["aa", "bb"], quarantine_example="2343.1")
    made["marts.gold_drawdown"]["sofr_pct"] = 5.31
    made["scorecard.verdicts"]["reason"] = "a leg 12.34 passes > 0"
    tables = [replace(t, inputs=INPUTS.get(t.table, ())) for t in TABLES]
    publish(home, build_id="b1", run_id="r1", as_of=AS_OF, clock=Clock(AS_OF), candidate=write(tmp_path / "c", made), tables=tables,
            descriptions=DESCRIPTIONS, gate=gate(), theses=THESES, fingerprint="f")  # fmt: skip
    return home


def read(target: Path, table: str) -> pd.DataFrame:
    return pq.read_table(target / "parquet" / f"{table}.parquet").to_pandas()


def test_only_what_is_open_leaves(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "public"
    done = export_public(home, target, theses=THESES)
    names = {p.stem for p in (target / "parquet").iterdir()}
    assert names == {"marts.funding_stress", "marts.gold_drawdown", "meta.series", "meta.fetches", "meta.build", "scorecard.verdicts",
                     "scorecard.legs", "scorecard.changes"}  # fmt: skip
    assert set(read(target, "marts.gold_drawdown")) == {"as_of_date", "sofr_pct", "oldest_input_date", "origin"}
    assert read(target, "marts.funding_stress")["reserves_usd_mn"].notna().all() and not done["marts.funding_stress"].withheld
    legs = read(target, "scorecard.legs").set_index("thesis_id")
    assert legs.loc["t4_5", ["value", "margin"]].isna().all(axis=None) and legs.loc["t4_5", "passed"].isin([True, False]).all()
    assert legs.loc["t1_2", "value"].notna().any()
    verdicts = read(target, "scorecard.verdicts").set_index("thesis_id")
    assert verdicts.loc["t4_5", "reason"].isna().all() and verdicts.loc["t4_5", "verdict"].notna().all()
    assert verdicts.loc["t1_2", "reason"].notna().all() and verdicts.loc["t0", "reason"].notna().all()
    fetches = read(target, "meta.fetches").set_index("dataset_id")
    assert pd.isna(fetches.loc["lbma.gold_pm", "content_sha256"]) and fetches.loc["nyfed.sofr", "content_sha256"] == "aa"
    assert "quarantine_example" not in fetches


def test_the_manifest_credits_and_says_what_stayed(home: Home, tmp_path: Path) -> None:
    export_public(home, tmp_path / "public", theses=THESES)
    told = json.loads((tmp_path / "public" / MANIFEST).read_text())
    assert told["citations"] == {"credit to fred": ["fred.IORB", "fred.WRESBAL"], "credit to nyfed": ["nyfed.sofr"]}
    closed = {t.table for t in TABLES} - {"marts.funding_stress", "marts.gold_drawdown", *(t.table for t in TABLES if t.schema != "marts")}
    assert told["left_out"] == ["meta.gate_results", *sorted(closed)]
    assert told["withheld"]["marts.gold_drawdown"]["mdd_504_pct"] == "restricted" and told["build_id"] == "b1"
    text = (tmp_path / "public" / MANIFEST).read_text()
    assert "12.34" not in text and "2343.1" not in text


def test_the_strictest_series_decides() -> None:
    tiers = Tiers(SERIES.to_dict("records"), {"marts.x": {"inputs": ["sofr_pct", "both_pct"], "theses": []}, "marts.y": {"inputs": [], "theses": []}}, {})
    assert [tiers.of([q]) for q in ("sofr_pct", "both_pct", "gold_pm_usd_oz", "nobody")] == ["open", "internal", "restricted", "restricted"]
    assert tiers.table("marts.x") == "internal" and tiers.table("marts.y") == "restricted"
    assert tiers.column("marts.x", "sofr_pct") == "open" and tiers.column("marts.x", "sum_pct") == "internal"


def test_rows_are_judged_by_their_quantity(home: Home, tmp_path: Path) -> None:
    from publish.export import public

    data = pq.read_table(home.current / "parquet" / "marts.gold_drawdown.parquet").slice(0, 2)
    rows = data.append_column("quantity", [["sofr_pct", "gold_pm_usd_oz"]])
    kept, entry = public("marts.revisions", rows, Tiers(SERIES.to_dict("records"), {"marts.revisions": {"key": []}}, {}), [])
    assert kept["quantity"].to_pylist() == ["sofr_pct"] and entry.rows_withheld == 1


def test_an_export_replaces_itself_and_nothing_else(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "public"
    export_public(home, target, theses=THESES)
    (target / "stray").write_text("x")
    export_public(home, target, theses=THESES)
    assert not (target / "stray").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("x")
    with pytest.raises(LowtideError, match="holds something else"):
        export_public(home, tmp_path / "mine", theses=THESES)
