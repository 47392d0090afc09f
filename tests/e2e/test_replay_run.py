"""The real command on recorded responses (skips where they are absent), and what a changed archive does."""

from __future__ import annotations

import json
import shutil
from datetime import date

import duckdb
import pytest

from tests.e2e.used import Used

CHANGED = ("fred_effr", "fred_sp500", "fred_wresbal")


@pytest.fixture(scope="module")
def replayed(upstream, tmp_path_factory):
    used = Used(tmp_path_factory.mktemp("replay"))
    return used, used.run("--origin", "replay", "--upstream", str(upstream))


def test_the_recorded_weeks_of_november_2025(replayed):
    used, told = replayed
    assert told["now"].startswith("2026-05-31") and told["mart_day"] == "2026-05-29"
    verdicts = dict(used.rows("select thesis_id, verdict from scorecard.verdicts where as_of_date = date '2025-11-21'", "replay"))
    assert len(verdicts) == 16
    assert verdicts == {
        "t0": "fails", "t1_1": "holds", "t1_2": "holds", "t1_3": "no_data", "t2_0": "fails", "t2_1": "fails", "t2_2": "contested",
        "t2_3": "contested", "t3_1": "contested", "t3_2": "no_data", "t4_1": "holds", "t4_2": "no_data", "t4_3": "no_data",
        "t4_4": "no_data", "t4_5": "contested", "t5": "no_data",
    }  # fmt: skip
    known = "select core_pce_month::varchar, cpi_month::varchar, above_low_1y_bp from marts.rate_cut_repricing where as_of_date = date '2025-11-21'"
    assert used.rows(known, "replay") == [("2025-08-01", "2025-09-01", 11.0)]  # nothing of October, which was never collected
    shown = json.loads(used.lowtide("scorecard", "--as-of", "2025-11-21", "--json").stdout)
    assert {t["thesis_id"]: t["verdict"] for t in shown["theses"]} == verdicts
    assert len(used.rows("select * from marts.episodes where start_date >= date '2018-01-01'", "replay")) == 14


def test_a_row_is_traced_to_its_bytes(replayed):
    used, _ = replayed
    told = json.loads(used.lowtide("trace", "marts.funding_stress", "2025-11-21", "--json").stdout)
    sofr = next(i for i in told["inputs"] if i["quantity"] == "sofr_pct")
    assert sofr["value"] == 3.91 and sofr["observation_date"] == "2025-11-20"
    assert (used.home / "replay" / "landing" / "bodies" / sofr["content_sha256"][:2] / f"{sofr['content_sha256']}.zst").is_file()


def test_a_changed_archive_and_an_earlier_day(replayed, upstream, tmp_path, run_steps):
    """A revision, a shortened history and a unit flip in one archive: kept, ignored, refused; and an earlier day knows none of it."""
    used = Used(tmp_path / "home")
    shutil.copytree(replayed[0].home, used.home, symlinks=True)
    changed = tmp_path / "archive"
    shutil.copytree(upstream, changed, ignore=shutil.ignore_patterns("extra", "dropbox", "data.binance.vision"))
    fred = changed / "fred.stlouisfed.org" / "graph" / "fredgraph"
    effr = (fred / "EFFR.csv").read_text()
    assert "2025-11-20,3.88" in effr
    (fred / "EFFR.csv").write_text(effr.replace("2025-11-20,3.88", "2025-11-20,3.87"))
    sp500 = (fred / "SP500.csv").read_text().splitlines()
    (fred / "SP500.csv").write_text("\n".join([sp500[0], *sp500[-500:]]) + "\n")
    reserves = (fred / "WRESBAL.csv").read_text().splitlines()
    flipped = [f"{d},{float(v) / 1000}" for d, v in (line.split(",") for line in reserves[1:])]
    (fred / "WRESBAL.csv").write_text("\n".join([reserves[0], *flipped]) + "\n")
    current = used.current("replay")
    session, _ = run_steps(used, origin="replay", upstream=changed, as_of=date(2025, 11, 21), select=CHANGED)
    told = {o.dataset_id: o for o in session.report.outcomes}
    assert (told["fred_effr"].rows_added, told["fred_effr"].rows_revised) == (1, 1)
    assert told["fred_sp500"].rows_added == 0 and told["fred_sp500"].outcome == "unchanged"
    assert told["fred_wresbal"].error_type == "OutOfRange" and told["fred_wresbal"].rows_added == 0
    assert used.current("replay") == current, "an as-of run must not move what readers read"
    assert session.as_of.isoformat().startswith("2025-11-21T22:00")
    path = used.home / "replay" / "serve" / "as_of" / "2025-11-21" / "lowtide.duckdb"
    # rounded: a sum over a longer history may differ in the last bit
    legs = "select thesis_id, as_of_date, leg_id, round(value, 9), passed from scorecard.legs where as_of_date >= date '2025-06-01' and as_of_date <= date '2025-11-21' order by all"
    falls = "select as_of_date, round(sp500_depth_pct, 9) from marts.liquidation_order where as_of_date <= date '2025-11-21' order by all"
    with duckdb.connect(str(path.resolve()), read_only=True) as connection:
        assert connection.execute("select max(as_of_date)::varchar from scorecard.verdicts").fetchone() == ("2025-11-21",)
        assert connection.execute(legs).fetchall() == used.rows(legs, "replay")
        assert connection.execute(falls).fetchall() == used.rows(falls, "replay")
