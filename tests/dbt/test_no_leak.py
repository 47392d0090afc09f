"""Nothing known later than a day changes that day's rows: not by adding it to the raw zone, not by building later.

Text, dates, counts and nulls must be equal; numbers to 1e-12, since a sum over threads may differ in its last bit.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dbt import raw_zone
from tests.dbt.dbt_kit import MIDDLE, Project, Warehouse

BY_DAY = {
    "marts.synchronised_stress": "as_of_date",
    "marts.synchronised_buckets": "as_of_date, bucket",
    "marts.rate_cut_repricing": "as_of_date",
    "marts.funding_stress": "as_of_date",
    "marts.liquidation_order": "as_of_date",
    "marts.gold_drawdown": "as_of_date",
    "marts.rate_cycle": "as_of_date",
    "marts.purchasing_power": "as_of_date",
    "marts.price_vs_structure": "as_of_date, structure",
    "marts.price_vs_structure_days": "as_of_date",
    "marts.purchasing_power_by_currency": "as_of_date, currency",
    "marts.ai_cash_flow": "as_of_date",
    "marts.official_buying": "as_of_date",
    "marts.physical_vs_paper": "as_of_date",
    "marts.stablecoin_rails": "as_of_date",
    "marts.stablecoin_supply": "as_of_date, dimension, name",
    "marts.stablecoin_pegs": "as_of_date, coin",
    "marts.tokenised_assets": "as_of_date",
    "marts.tokenised_assets_by_class": "as_of_date, basis_id, asset_class",
    "marts.crypto_leverage": "as_of_date, coin",
    "marts.crypto_venues": "as_of_date, coin, venue",
    "scorecard.verdicts": "thesis_id, as_of_date",
    "scorecard.legs": "thesis_id, as_of_date, leg_id",
    "scorecard.changes": "thesis_id, as_of_date, verdict_kind",
}
WHOLE = {
    "marts.episodes": "episode_id",
    "marts.episode_members": "episode_id, member",
    "marts.rate_cycles": "cycle_id",
    "marts.ai_cash_flow_companies": "company, known_on_date",
    "marts.official_purchases": "quarter_start_date, known_on_date",
    "marts.official_holdings": "country, month_end_date",
    "marts.physical_vs_paper_quarterly": "quarter_start_date",
    "marts.revisions": "quantity, observation_date",
    "scorecard.verdict_shares": "thesis_id, verdict_kind, verdict",
}
BETWEEN_REVISIONS = "2020-05-13"  # the day before a rate on reserves and a dividend arrive late


def until(warehouse: Warehouse, table: str, day: str) -> pd.DataFrame:
    return warehouse.table(f"(from {table} where as_of_date <= date '{day}')", BY_DAY[table])


def assert_same(left: pd.DataFrame, right: pd.DataFrame, what: str) -> None:
    assert list(left.columns) == list(right.columns), what
    assert len(left) == len(right), f"{what}: {len(left)} and {len(right)} rows"
    for column in left:
        one, other = left[column], right[column]
        same = (one == other) | (one.isna() & other.isna())
        if same.all():
            continue
        numbers = one.map(lambda v: isinstance(v, float)) & other.map(lambda v: isinstance(v, float))
        near = one.where(numbers, 0.0).astype(float), other.where(numbers, 0.0).astype(float)
        same |= numbers & ((near[0] - near[1]).abs() <= 1e-12 * near[0].abs().clip(lower=1.0))
        assert same.all(), f"{what}: {column}\n{left[~same].iloc[0].to_dict()}\n{right[~same].iloc[0].to_dict()}"


@pytest.mark.parametrize("table", BY_DAY)
def test_building_later_changes_no_earlier_day(at_the_end: Warehouse, in_the_middle: Warehouse, table: str) -> None:
    early = until(in_the_middle, table, MIDDLE)
    assert len(early) > 0
    assert_same(until(at_the_end, table, MIDDLE), early, table)


def test_rows_known_later_change_nothing(project: Project, everything: Path, in_the_middle: Warehouse) -> None:
    """The raw zone holds half a year more, revisions included; the build stands at the same moment."""
    again = project.build(everything, f"{MIDDLE}T22:00:00+00:00", "with_the_future")
    for table, order in (BY_DAY | WHOLE).items():
        assert_same(again.table(table, order), in_the_middle.table(table, order), table)


def test_history_is_what_the_day_itself_saw(
    project: Project, history: pd.DataFrame, at_the_end: Warehouse, in_the_middle: Warehouse, tmp_path: Path
) -> None:
    """Two sampled days, with revisions, a late and a vanished value between and after them."""
    held = history[history["known_at"] <= pd.Timestamp(f"{BETWEEN_REVISIONS}T22:00", tz="UTC")]
    day_itself = project.build(raw_zone.write(tmp_path / "raw", held), f"{BETWEEN_REVISIONS}T22:00:00+00:00", "day_itself")
    for day, warehouse in ((BETWEEN_REVISIONS, day_itself), (MIDDLE, in_the_middle)):
        for table in BY_DAY:
            assert_same(until(at_the_end, table, day), until(warehouse, table, day), f"{table} on {day}")


def test_the_invented_history_tests_something(history: pd.DataFrame, at_the_end: Warehouse) -> None:
    """Revisions and late arrivals do move rows, episodes exist, and the gap in SOFR shows."""
    assert (history.groupby(["series_id", "observation_date"]).size() > 1).sum() >= 10
    assert len(at_the_end.table("marts.episodes")) >= 3
    epochs = at_the_end.table("(select distinct first_day from intermediate.int_instrument_prices)", "first_day")["first_day"]
    # a close revised at 22:00 sharp, a dividend known late, a close that vanished, a coin and the index revised
    revised = ["2020-02-25", "2020-05-14", "2020-08-03", "2020-09-01", "2020-10-05"]
    assert [str(pd.Timestamp(day).date()) for day in epochs][1:] == revised
    stress = at_the_end.table("marts.funding_stress", "as_of_date")
    assert stress["no_data_reason"].notna().any() and stress["funding_stress_index"].notna().any()
    order = at_the_end.table("marts.liquidation_order", "as_of_date")
    assert order["placebo_windows"].max() > 5 and order["return_on_funding_stress_days_gold_pct"].notna().any()
