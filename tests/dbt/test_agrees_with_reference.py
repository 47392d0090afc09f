"""The warehouse against tests/reference, which recomputes a day in plain Python from what was known at its cut-off.

On the invented history every kind of correction is in the way; on the recorded archive (where present) it is real data.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.dbt import raw_zone, synthetic
from tests.dbt.dbt_kit import PROJECT, Project, Warehouse
from tests.reference import funding, gold, liquidation, observations, policy, revisions, scorecard, stress

MODEL = {"t1_2": "marts.funding_stress", "t4_5": "marts.gold_drawdown"}
D = dt.date.fromisoformat


@dataclass
class World:
    """A change log and the warehouse built from it."""

    log: pd.DataFrame
    warehouse: Warehouse
    sessions: list[dt.date]

    def snapshot(self, day: dt.date) -> observations.Snapshot:
        return observations.as_known(self.log, raw_zone.quantities(), observations.cutoff(day))

    def row(self, table: str, day: dt.date, also: str = "true") -> dict[str, Any]:
        found = self.warehouse.table(f"(from {table} where as_of_date = date '{day}' and {also})")
        assert len(found) == 1, f"{table} has {len(found)} rows on {day}"
        return dict(found.iloc[0])


@pytest.fixture(scope="module")
def invented(history: pd.DataFrame, at_the_end: Warehouse) -> World:
    early = synthetic.FIRST - 90 * synthetic.DAY  # a window may open before the first price
    return World(history, at_the_end, synthetic.sessions(early))


@pytest.fixture(scope="module")
def recorded(upstream: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> World:
    weekdays = [day.date() for day in pd.bdate_range("1968-01-01", "2030-12-31")]
    log, _ = observations.recorded_log(upstream, weekdays)
    log = log[log["known_at"] <= pd.Timestamp("2026-05-01", tz="UTC")]
    zone = raw_zone.write(tmp_path_factory.mktemp("recorded"), log)
    warehouse = project.build(zone, "2026-04-30T22:00:00+00:00", "recorded")
    first = min(log.loc[log["series_id"] == "yahoo.SPY.close", "observation_date"])
    return World(log, warehouse, synthetic.sessions(first, D("2026-04-30")))


def agree(row: Mapping[str, Any], expected: Mapping[str, Any], columns: Sequence[str] = ()) -> None:
    """Every column that both have: equal, numbers to 1e-9."""
    shared = [c for c in (columns or expected) if c in row]
    assert len(shared) >= 3, f"{list(expected)} and {list(row)} share too little"
    for column in shared:
        got, want = row[column], expected[column]
        where = f"{row['as_of_date']} {column}: warehouse {got}, reference {want}"
        if want is None or (isinstance(want, float) and math.isnan(want)):
            assert got is None, where
        elif isinstance(want, bool | str):
            assert got == want, where
        elif isinstance(want, dt.date):
            assert got is not None and pd.Timestamp(got).date() == want, where
        else:
            assert got is not None and got == pytest.approx(float(want), rel=1e-9, abs=1e-9), where


def agree_on_verdicts(world: World, theses: Sequence[str], day: dt.date, row: Mapping[str, Any]) -> None:
    for thesis in theses:
        found = world.warehouse.table(f"(from scorecard.verdicts where thesis_id = '{thesis}' and as_of_date = date '{day}')")
        assert found["verdict"].tolist() == [scorecard.verdict(thesis, row)], (thesis, day)
        legs = world.warehouse.table(f"(from scorecard.legs where thesis_id = '{thesis}' and as_of_date = date '{day}')")
        for leg in legs.to_dict("records"):
            want = scorecard.legs(thesis, row)[leg["leg_id"]]
            assert (leg["operator"], leg["threshold"], leg["passed"]) == (want["operator"], want["threshold"], want["passed"])
            agree(leg, want, ("value", "margin", "passed"))


def check_stress(world: World, day: dt.date) -> None:
    expected = stress.stress_row(world.snapshot(day), day, world.sessions)
    row = world.row("marts.synchronised_stress", day)
    agree(row, expected)
    if expected["breadth_complete"]:  # verdicts begin with the first such day
        agree_on_verdicts(world, ["t0"], day, expected)
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


@pytest.mark.parametrize("day", ["2018-02-08", "2020-03-12", "2022-06-16", "2025-11-21"])
def test_recorded_synchronised_stress(recorded: World, day: str) -> None:
    check_stress(recorded, D(day))


@pytest.mark.parametrize("day", ["2007-08-16", "2019-09-16", "2023-10-19", "2025-11-21"])
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
