"""The AI stocks beside the five buckets: measured like them from the day their list was fixed, and nothing counts them.

On an invented history of their own (the other one ends before there is a list); the recorded one is in test_agrees_with_reference.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dbt import raw_zone, synthetic
from tests.dbt import synthetic_stocks as stocks
from tests.dbt.agree import D, World, agree
from tests.dbt.dbt_kit import PROJECT, Project, Warehouse
from tests.dbt.test_no_leak import assert_same
from tests.reference import policy, stress

MODELS = ("+synchronised_stress", "+synchronised_buckets", "+rate_cut_repricing")
TABLES = {"marts.synchronised_stress": "as_of_date", "marts.synchronised_buckets": "as_of_date, bucket", "marts.rate_cut_repricing": "as_of_date"}


def build(project: Project, log: pd.DataFrame, day: str, folder: Path) -> Warehouse:
    held = log[log["known_at"] <= pd.Timestamp(f"{day}T22:00", tz="UTC")]
    return project.build(raw_zone.write(folder, held), f"{day}T22:00:00+00:00", f"stocks_{day}", "--indirect-selection", "cautious", "--select", *MODELS)


@pytest.fixture(scope="module")
def world(project: Project, tmp_path_factory: pytest.TempPathFactory) -> World:
    log = stocks.history()
    return World(log, build(project, log, str(stocks.LAST), tmp_path_factory.mktemp("stocks")), synthetic.sessions(stocks.FIRST, stocks.LAST))


# the day before and of the list, with too few returns and just enough, a member missing, the split, most members missing (their closes
# carried, no longer, and back), the day before and of the revision, the fund without prices, after a holiday, a year of prices, scaled
# returns at last, the end
@pytest.mark.parametrize(
    "day",
    ["2025-11-28", "2025-12-01", "2026-02-26", "2026-02-27", "2026-04-01", "2026-04-22", "2026-06-10", "2026-08-06", "2026-08-12", "2026-08-17", "2026-09-14",
     "2026-09-15", "2026-10-14", "2026-11-27", "2026-12-01", "2027-01-29", "2027-03-31"],
)  # fmt: skip
def test_buckets_and_betas(world: World, day: str) -> None:
    snapshot = world.snapshot(D(day))
    expected = stress.stress_row(snapshot, D(day), world.sessions)
    agree(world.row("marts.synchronised_stress", D(day)), expected)
    rows = world.warehouse.table(f"(from marts.synchronised_buckets where as_of_date = date '{day}')")
    assert set(rows["bucket"]) == set(expected["buckets"])
    for row in rows.to_dict("records"):
        agree(row, expected["buckets"][row["bucket"]])
    cuts = policy.policy_row(snapshot, D(day), world.sessions, policy.releases(PROJECT / "seeds" / "release_dates.csv"))
    agree(world.row("marts.rate_cut_repricing", D(day)), cuts, [name for name in cuts if name.startswith("beta_2y_")])


def test_the_history_tests_something(world: World) -> None:
    """The AI stocks come to have every measure and lack prices on some days; falling with the others they are not counted."""
    rows = world.warehouse.table("(from marts.synchronised_buckets where bucket = 'ai_stocks')", "as_of_date")
    assert str(rows["as_of_date"].iloc[0])[:10] == "2025-12-01" and not rows["counts_for_breadth"].any()
    without = rows[rows["price_date"].isna()]["as_of_date"].astype(str).str[:10].tolist()
    assert without == [f"2026-08-{day}" for day in ("06", "07", "10", "11", "12", "13", "14")]
    assert str(rows[rows["volatility_60d_pct"].notna()]["as_of_date"].iloc[0])[:10] == "2026-02-26"  # the sixtieth return since November 28
    assert rows["drawdown_365d_pct"].notna().any() and rows["is_below"].astype("boolean").fillna(False).any()
    assert world.warehouse.table("marts.synchronised_stress")["buckets_available"].max() == 5
    assert world.warehouse.table("(from marts.rate_cut_repricing where beta_2y_ai_stocks_pct_per_pp is not null)")["as_of_date"].nunique() > 100


def test_a_revision_changes_no_earlier_day(project: Project, world: World, tmp_path: Path) -> None:
    before = str(synthetic.sessions(D("2026-09-01"), D("2026-09-14"))[-1])
    early = build(project, world.log, before, tmp_path)
    for table, order in TABLES.items():
        assert_same(world.warehouse.table(f"(from {table} where as_of_date <= date '{before}')", order), early.table(table, order), table)
    falls = world.warehouse.table("(from marts.synchronised_buckets where bucket = 'ai_stocks')").set_index("as_of_date")["drawdown_since_inception_pct"]
    assert abs(falls[pd.Timestamp(stocks.REVISED)] - falls[pd.Timestamp(before)]) < 20
