"""The warehouse against tests/reference, which recomputes a day in plain Python from what was known at its cut-off.

On the invented history every kind of correction is in the way; on the recorded archive (where present) it is real data.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from tests.dbt import raw_zone, synthetic
from tests.dbt.agree import D, World, agree, agree_on_verdicts
from tests.dbt.dbt_kit import PROJECT
from tests.reference import funding, gold, liquidation, observations, policy, revisions, scorecard, stress

MODEL = {"t1_2": "marts.funding_stress", "t4_5": "marts.gold_drawdown"}


def check_stress(world: World, day: dt.date) -> None:
    expected = stress.stress_row(world.snapshot(day), day, world.sessions)
    row = world.row("marts.synchronised_stress", day)
    agree(row, expected)
    if expected["breadth_complete"]:  # verdicts begin with the first such day
        agree_on_verdicts(world, ["t0"], day, expected)
    rows = world.warehouse.table(f"(from marts.synchronised_buckets where as_of_date = date '{day}')")
    assert set(rows["bucket"]) == set(expected["buckets"])
    for bucket, want in expected["buckets"].items():
        agree(world.row("marts.synchronised_buckets", day, f"bucket = '{bucket}'"), want)


def check_policy(world: World, day: dt.date) -> None:
    calendar = policy.releases(PROJECT / "seeds" / "release_dates.csv")
    expected = policy.policy_row(world.snapshot(day), day, world.sessions, calendar)
    agree(world.row("marts.rate_cut_repricing", day), expected)
    agree_on_verdicts(world, ["t1_1"], day, expected)


def check_funding(world: World, day: dt.date) -> None:
    expected = funding.funding_row(world.snapshot(day), day, world.sessions)
    expected.pop("oldest_input_date")  # the reference counts every fresh leg, the warehouse those of the rule
    agree(world.row("marts.funding_stress", day), expected)
    agree_on_verdicts(world, ["t1_2"], day, expected)


def check_gold(world: World, day: dt.date, with_places: bool = False) -> None:
    expected = gold.gold_row(world.snapshot(day), day, with_places)
    agree(world.row("marts.gold_drawdown", day), expected)
    agree_on_verdicts(world, ["t4_5"], day, expected)


def check_liquidation(world: World, day: dt.date, with_placebo: bool) -> None:
    stress = world.warehouse.table("(select as_of_date, funding_stress_index from marts.funding_stress)")
    index = {pd.Timestamp(d).date(): v for d, v in zip(stress["as_of_date"], stress["funding_stress_index"], strict=True)}
    expected = liquidation.liquidation_row(world.snapshot(day), day, world.sessions, index, with_placebo)
    assert expected is not None
    for bucket in ("crypto", "ai_tech", "gold", "treasuries"):
        expected[f"{bucket}_half_recovery_days"] = expected.pop(f"{bucket}_days_to_half_recovery")
    agree(world.row("marts.liquidation_order", day), expected)
    agree_on_verdicts(world, ["t2_0", "t2_1", "t2_2", "t2_3"], day, expected)


# before crypto has its 250 returns, around revised prices, a vanished GLD, the stale VIX, the last day
@pytest.mark.parametrize(
    "day", ["2017-12-29", "2018-06-15", "2019-08-07", "2020-02-24", "2020-02-25", "2020-08-04", "2020-08-18", "2020-10-06", "2020-12-31"]
)
def test_synchronised_stress(invented: World, day: str) -> None:
    check_stress(invented, D(day))


# bond holidays, the hole in the 2-year, the revised low, EFFR late on 2020-03-12, the late yield, the moved release and the month never
# collected (a year later too), days on which a window of the tracker begins, a yield that vanished
@pytest.mark.parametrize(
    "day",
    [
        "2018-10-08", "2018-12-17", "2019-05-20", "2019-08-14", "2019-10-15", "2020-03-05", "2020-03-06", "2020-03-12", "2020-03-13",
        "2020-03-18", "2020-03-20", "2020-04-22", "2020-04-23", "2020-05-15", "2020-06-18", "2020-07-22", "2020-11-13", "2020-12-31",
    ],
)  # fmt: skip
def test_rate_cut_repricing(invented: World, day: str) -> None:
    check_policy(invented, D(day))


# the day before and of a revision, in the gap of SOFR and after it, around the late rate on reserves, the last day
@pytest.mark.parametrize(
    "day", ["2018-08-01", "2020-03-19", "2020-03-20", "2020-04-06", "2020-05-13", "2020-05-14", "2020-06-11", "2020-07-15", "2020-12-31"]
)
def test_funding_stress(invented: World, day: str) -> None:
    check_funding(invented, D(day))


@pytest.mark.parametrize("day", ["2018-06-01", "2020-02-03", "2020-02-04", "2020-03-18", "2020-07-06", "2020-12-24"])
def test_gold_drawdown(invented: World, day: str) -> None:
    check_gold(invented, D(day), with_places=day == "2020-07-06")


@pytest.mark.parametrize("day", ["2018-12-31", "2020-02-24", "2020-02-26", "2020-06-30", "2020-08-04", "2020-12-31"])
def test_liquidation_order(invented: World, day: str) -> None:
    check_liquidation(invented, D(day), with_placebo=True)


def test_settled_verdicts(invented: World) -> None:
    verdicts = invented.warehouse.table("scorecard.verdicts", "thesis_id, as_of_date")
    for thesis, rows in verdicts.groupby("thesis_id"):
        assert rows["settled_verdict"].tolist() == scorecard.settled(rows["verdict"].tolist()), thesis


# gold below a high of its first days, and with a year of GLD but not of its basket; the last two have the AI stocks beside the five
@pytest.mark.parametrize("day", ["2005-03-01", "2005-11-21", "2018-02-08", "2020-03-12", "2022-06-16", "2025-11-21", "2025-12-01", "2026-03-20"])
def test_recorded_synchronised_stress(recorded: World, day: str) -> None:
    check_stress(recorded, D(day))


@pytest.mark.parametrize("day", ["2007-08-16", "2019-09-16", "2023-10-19", "2025-11-21", "2026-05-26"])
def test_recorded_rate_cut_repricing(recorded: World, day: str) -> None:
    check_policy(recorded, D(day))


def test_revisions(invented: World) -> None:
    found = invented.warehouse.table("marts.revisions", "quantity, observation_date").to_dict("records")
    expected = revisions.revisions(invented.log, raw_zone.quantities(), observations.cutoff(synthetic.LAST))
    assert {(r["quantity"], pd.Timestamp(r["observation_date"]).date()) for r in found} == set(expected) and len(found) >= 8
    for row in found:
        want = expected[row["quantity"], pd.Timestamp(row["observation_date"]).date()]
        agree({**row, "as_of_date": row["observation_date"]}, want)


@pytest.mark.parametrize("day", ["2022-09-30", "2023-03-10", "2025-11-21", "2026-03-31"])
def test_recorded_funding_stress(recorded: World, day: str) -> None:
    check_funding(recorded, D(day))


@pytest.mark.parametrize("day", ["2005-03-01", "2008-10-24", "2011-09-06", "2013-04-15", "2020-03-19", "2025-11-21"])
def test_recorded_gold_drawdown(recorded: World, day: str) -> None:
    check_gold(recorded, D(day))


@pytest.mark.parametrize("day", ["2018-12-24", "2020-03-23", "2022-06-16", "2025-11-21"])
def test_recorded_liquidation_order(recorded: World, day: str) -> None:
    check_liquidation(recorded, D(day), with_placebo=day == "2025-11-21")
