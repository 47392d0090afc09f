"""The real command in a home that only ever fetches gold: cheap, and most theses have no data. kill -9, then JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable

import duckdb
import pytest

from tests.e2e.used import FIRST, NEXT, Used

GOLD = ("--origin", "sandbox", "--select", "gold", "--now")


def killed(used: Used, now: str, reached: Callable[[], bool]) -> None:
    """A run that is killed, with all it started, as soon as `reached` says so."""
    process = subprocess.Popen(
        used.command("run", *GOLD, now, "--latency-ms", "20"),
        env=used.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while process.poll() is None and not reached():
        time.sleep(0.02)
    assert process.poll() is None, "the run ended before it was where it should be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A home in which runs were killed at every stage, and what the run after them said."""
    used = Used(tmp_path_factory.mktemp("gold"))
    root = used.home / "sandbox"
    for stage, reached in {
        "ingest": lambda: any((root / "raw" / "observations" / "gold").glob("[a-z]*.parquet")),
        "dbt": lambda: any((root / "build").glob("*.duckdb*")),
        "publish": lambda: any(root.glob("serve/.tmp-*")),
    }.items():
        killed(used, FIRST, reached)
        assert not (root / "serve" / "current").exists(), f"killed in {stage}, and something was published"
    return used, used.run(*GOLD, FIRST)


def test_what_never_came_is_no_data_that_names_it_and_blocks_nothing(alone):
    used, told = alone
    assert told["origin"] == "sandbox" and told["simulated"] is True and told["mart_day"] == "2026-11-18"
    assert told["failed_theses"] == {} and told["nothing_published"] is None and "marts.gold_drawdown" in told["published_tables"]
    card = json.loads(used.lowtide("scorecard", "--json").stdout)
    assert len(card["theses"]) == 16 and card["simulated"] is True and card["build_id"] == told["build_id"]
    gold = next(t for t in card["theses"] if t["thesis_id"] == "t4_5")
    assert gold["verdict"] in ("holds", "contested", "fails") and gold["as_of_date"] == "2026-11-18" and not gold["is_stale"]
    for thesis, missing in {"t1_2": "sofr_pct", "t2_0": "sp500_index", "t3_1": "stablecoin_supply_usd"}.items():
        row = next(t for t in card["theses"] if t["thesis_id"] == thesis)
        assert row["verdict"] == "no_data" and missing in row["reason"] and not row["is_stale"]


def test_runs_killed_at_any_stage_leave_nothing_behind_that_the_next_does_not_mend(alone):
    used, _ = alone
    root = used.home / "sandbox"
    assert len(list((root / "landing" / "ledger").iterdir())) == 4
    assert used.rows("select max(as_of_date)::varchar from marts.gold_drawdown") == [("2026-11-18",)]
    assert not list(root.glob("serve/.tmp-*")) and not list(root.rglob("*.tmp"))
    with duckdb.connect() as connection:  # rows of the killed fetches are neither lost nor there twice
        facts = f"read_parquet('{root}/raw/observations/*/*.parquet')"
        twice = f"select series_id, observation_date, known_at from {facts} group by all having count(*) > 1"
        assert connection.execute(twice).fetchall() == []
        assert connection.execute(f"select max(observation_date)::varchar from {facts} where series_id = 'lbma.gold_pm'").fetchone() == ("2026-11-18",)


def test_a_reader_is_served_whatever_becomes_of_the_next_run(alone, copy_of):
    used = copy_of(alone[0])
    published = used.current()
    killed(used, NEXT, lambda: any((used.home / "sandbox").glob("serve/.tmp-*")) or used.current() != published)
    assert used.rows("select count(*) > 1000 from scorecard.verdicts") == [(True,)]
