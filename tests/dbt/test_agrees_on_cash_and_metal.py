"""Filings, discount rate, official gold and physical demand against tests/reference, on the invented history and on recorded files."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from tests.dbt.agree import D, World, agree, agree_on_verdicts
from tests.reference import bullion, cash_flow, observations, scorecard

ROWS = {
    "t1_3": ("marts.ai_cash_flow", cash_flow.cash_flow_row),
    "t4_3": ("marts.official_buying", bullion.official_row),
    "t4_4": ("marts.physical_vs_paper", bullion.physical_row),
}


def check(world: World, thesis: str, day: str) -> dict[str, Any]:
    table, expected_row = ROWS[thesis]
    expected = expected_row(world.snapshot(D(day)), D(day))
    agree(world.row(table, D(day)), expected)
    verdicts = world.warehouse.table(f"(from scorecard.verdicts where thesis_id = '{thesis}' and as_of_date = date '{day}')")
    if len(verdicts):
        agree_on_verdicts(world, [thesis], D(day), expected)
    else:  # before the first day with data
        assert scorecard.verdict(thesis, expected) == "no_data"
    return expected


# around the missing and the late quarter, the cash flow known later, both restatements, the gap and the late and revised real yield
@pytest.mark.parametrize(
    "day",
    ["2015-03-02", "2016-02-01", "2017-07-31", "2018-05-01", "2019-02-15", "2019-07-19", "2019-07-22", "2019-08-20", "2020-03-16", "2020-03-17", "2020-04-20", "2020-04-21",
     "2020-05-13", "2020-05-20", "2020-06-10", "2020-08-03", "2020-12-31"],
)  # fmt: skip
def test_ai_cash_flow(invented: World, day: str) -> None:
    check(invented, "t1_3", day)


# the first edition, the late one, revising ones, reports of holdings that arrive and change, a late fixing
@pytest.mark.parametrize(
    "day", ["2016-02-01", "2018-01-30", "2019-02-13", "2019-02-19", "2019-04-30", "2020-03-18", "2020-04-02", "2020-07-20", "2020-07-31", "2020-12-31"]
)
@pytest.mark.parametrize("thesis", ["t4_3", "t4_4"])
def test_gold_by_quarter(invented: World, thesis: str, day: str) -> None:
    check(invented, thesis, day)


def test_the_invented_quarters_test_something(invented: World) -> None:
    """Every state of the rules occurs, and reported purchases do."""
    for thesis, (table, _) in ROWS.items():
        rows = invented.warehouse.table(table, "as_of_date")
        assert rows["no_data_reason"].notna().any() and rows["no_data_reason"].isna().any(), thesis
        verdicts = set(invented.warehouse.table(f"(from scorecard.verdicts where thesis_id = '{thesis}')")["verdict"])
        assert len(verdicts - {"no_data"}) >= 2, (thesis, verdicts)
    official = invented.warehouse.table("marts.official_buying", "as_of_date")
    assert official["reported_4q_tonnes"].notna().any() and (official["net_purchases_tonnes"] != official["net_purchases_first_print_tonnes"]).any()
    assert invented.warehouse.table("marts.ai_cash_flow")["companies_with_leases"].max() == 2


def test_quarterly_table(invented: World) -> None:
    """Sums since the peak, holdings and the residual from the newest knowledge, in plain Python."""
    snapshot = invented.snapshot(D("2020-12-31"))
    physical = bullion.added(*(bullion.quarters(snapshot, f"gold_{n}_tonnes") for n in ("central_banks", "bar_and_coin")))
    held = sum(observations.get(snapshot, f"gold_etf_monthly_holdings_{r}_tonnes") for r in ("north_america", "europe", "asia", "other"))
    supply, lines = bullion.quarters(snapshot, "gold_total_supply_tonnes"), [bullion.quarters(snapshot, name) for name in bullion.DEMAND]
    rows = invented.warehouse.table("marts.physical_vs_paper_quarterly", "quarter_start_date").to_dict("records")
    assert len(rows) >= 40 and not any(row["is_etf_peak"] for row in rows)  # the last quarter of 2020 is not known
    for row in rows:
        quarter = bullion.number(pd.Timestamp(row["quarter_start_date"]).date())
        agree({**row, "as_of_date": quarter}, {
            "physical_tonnes": physical[quarter], "otc_residual_tonnes": supply[quarter] - bullion.added(*lines)[quarter],
            "etf_holdings_tonnes": held.get(pd.Timestamp(row["quarter_end_date"]).date(), math.nan),
        })  # fmt: skip


@pytest.mark.parametrize("day", ["2025-10-09", "2025-11-13", "2025-11-21", "2026-04-30", "2026-05-28"])
@pytest.mark.parametrize("thesis", ["t4_3", "t4_4", "t1_3"])
def test_recorded(recorded: World, thesis: str, day: str) -> None:
    check(recorded, thesis, day)
