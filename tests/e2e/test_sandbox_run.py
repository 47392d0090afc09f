"""The real command on the simulated upstreams: known verdicts, nothing twice, repair after kill -9."""

from __future__ import annotations

import json
from datetime import datetime

from sandbox.world import SimulatedBackend
from tests.e2e.used import FIRST, NEXT, VERDICTS


def test_the_receding_world_gives_its_known_verdicts(first_load):
    used, told = first_load
    truth = SimulatedBackend("recede", now=datetime.fromisoformat(FIRST)).ground_truth
    assert truth and {k: v for k, v in used.rows(VERDICTS) if k in truth} == truth
    assert len(used.rows(VERDICTS)) == 16
    assert {o["outcome"] for o in told["outcomes"]} <= {"ok", "not_configured"}  # nothing failed; a folder may hold no file


def test_simulated_data_says_so_wherever_it_shows(first_load):
    used, told = first_load
    manifest = json.loads((used.current() / "manifest.json").read_text())
    assert told["simulated"] and manifest["simulated"] and manifest["origin"] == "sandbox"
    for table in manifest["tables"]:
        assert used.rows(f"select distinct origin from {table}") in ([("sandbox",)], []), table
    assert "simulated" in used.lowtide("scorecard").stdout.splitlines()[0]
    assert used.rows("select count(*) from marts.funding_stress where usage_warnings not like '%simulated%' or usage_warnings is null") == [(0,)]


def test_a_second_run_adds_nothing(first_load, copy_of):
    used = copy_of(first_load[0])
    before = used.current(), used.parquet()
    told = used.run("--origin", "sandbox", "--now", FIRST)
    assert told["unchanged"] and sum(o["rows_added"] for o in told["outcomes"]) == 0
    assert (used.current(), used.parquet()) == before


def test_the_other_world_cannot_enter_the_same_home(first_load):
    said = first_load[0].lowtide("run", "--origin", "sandbox", "--world", "counterfactual", fails=True).stderr
    assert "holds world recede" in said and said.count("\n") == 1


def test_every_fault_is_typed_visible_and_harmless(first_load, copy_of, run_steps):
    used = copy_of(first_load[0])
    faults = {
        "fred.stlouisfed.org=fred_403": ("fred", "Blocked"),
        "query1.finance.yahoo.com=yahoo_429": ("yahoo", "RateLimited"),
        "home.treasury.gov=ust_html": ("treasury", "Blocked"),
        "prices.lbma.org.uk=unit_x100": ("lbma", "OutOfRange"),
        "cdn.cboe.com=truncated": ("cboe", None),
    }
    chosen = ("nyfed", "coinbase", *(name for name, _ in faults.values()))
    session, _ = run_steps(used, origin="sandbox", now=NEXT, faults=tuple(faults), select=chosen)
    by_provider: dict[str, set[str]] = {}
    for outcome in session.report.outcomes:
        if outcome.outcome == "failed":
            by_provider.setdefault(outcome.dataset_id.split("_")[0], set()).add(outcome.error_type)
            assert outcome.rows_added == 0
    for provider, error in faults.values():
        assert by_provider.get(provider), f"{provider} did not fail: {by_provider}"
        assert error is None or by_provider[provider] == {error}
    assert "nyfed" not in by_provider and "coinbase" not in by_provider
    status = {s["series_id"]: s for s in json.loads(used.lowtide("status", "--json").stdout)["series"]}
    assert "Blocked" in str(status["fred.DGS10"]["last_error"])
    assert used.rows("select verdict from scorecard.verdicts where thesis_id = 't4_5' order by as_of_date desc limit 1") != [("no_data",)]
