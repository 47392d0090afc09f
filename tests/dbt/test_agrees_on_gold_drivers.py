"""Rate cycle, purchasing power and price against structure compared with tests/reference, on the invented and the recorded history.

Belongs here: which days are compared. Does not belong here: how a row is compared (`test_agrees_with_reference`).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from tests.dbt import synthetic
from tests.dbt.agree import D, World, agree, agree_on_verdicts
from tests.dbt.dbt_kit import PROJECT
from tests.reference import currencies, cycles, filter

CYCLES = cycles.load_cycles(PROJECT / "seeds" / "fed_cycles.csv")
LISTED = currencies.load_series(PROJECT / "seeds" / "currency_series.csv")


def check_cycle(world: World, day: dt.date) -> None:
    expected = cycles.rate_cycle_row(world.snapshot(day), day, CYCLES)
    agree(world.row("marts.rate_cycle", day), expected)
    agree_on_verdicts(world, ["t4_1"], day, expected)


def check_power(world: World, day: dt.date) -> None:
    carried = world.warehouse.table("(select quantity, observation_date, carried_until from intermediate.int_carried_until)")
    until = {(q, pd.Timestamp(m).date()): pd.Timestamp(u).date() for q, m, u in carried.itertuples(index=False)}
    snapshot = world.snapshot(day)
    expected = [
        currencies.currency_row(snapshot, day, currency, LISTED, lambda q, month, on: on > until[q, month])
        for currency in ("USD", "EUR", "JPY", "GBP", "CHF", "CNY", "TWD")
    ]
    found = world.warehouse.table(f"(from marts.purchasing_power_by_currency where as_of_date = date '{day}')").set_index("currency")
    assert len(found) == len(expected)
    for row in expected:
        agree(dict(found.loc[row.pop("currency")]), row)
    counted = currencies.power_row(day, expected)
    agree(world.row("marts.purchasing_power", day), counted)
    agree_on_verdicts(world, ["t4_2"], day, counted)


# around a revision, a yield that came late and one that vanished; before and in the easing phase of 2019
@pytest.mark.parametrize("day", ["2017-03-01", "2019-07-31", "2019-08-01", "2020-03-04", "2020-03-05", "2020-05-26", "2020-05-27", "2020-12-31"])
def test_rate_cycle(invented: World, day: str) -> None:
    check_cycle(invented, D(day))


# the month that never came out, the hole in sterling rates, a late index, revised prices and rates, a vanished euro rate
@pytest.mark.parametrize("day", ["2016-05-02", "2019-06-19", "2020-04-17", "2020-04-20", "2020-06-12", "2020-06-30", "2020-08-06", "2020-12-31"])
def test_purchasing_power(invented: World, day: str) -> None:
    check_power(invented, D(day))


def test_rate_cycles(invented: World) -> None:
    day = synthetic.LAST
    expected = cycles.cycle_rows(invented.snapshot(day), day, CYCLES)
    found = invented.warehouse.table("marts.rate_cycles", "cycle_id").to_dict("records")
    assert len(found) == len(expected) == 5
    for row, want in zip(found, expected, strict=True):
        agree({**row, "as_of_date": day}, want)


@pytest.mark.parametrize("day", ["2004-01-05", "2008-10-24", "2013-06-28", "2022-12-30", "2025-11-21", "2026-03-31"])
def test_recorded_rate_cycle(recorded: World, day: str) -> None:
    check_cycle(recorded, D(day))


@pytest.mark.parametrize("day", ["2016-03-01", "2025-11-21"])
def test_recorded_purchasing_power(recorded: World, day: str) -> None:
    check_power(recorded, D(day))


# days of gold and crypto above, at and below the two thresholds; the structural changes are the warehouse's own, checked by their theses
@pytest.mark.parametrize("day", ["2018-06-29", "2018-12-31", "2019-03-29", "2019-07-31", "2020-03-03", "2020-06-30", "2020-08-04", "2020-12-31"])
def test_price_vs_structure(invented: World, day: str) -> None:
    found = invented.warehouse.table(f"(from marts.price_vs_structure where as_of_date = date '{day}')").set_index("structure")
    changes = found["structure_change_365d_pct"].to_dict()
    early = synthetic.sessions(synthetic.FIRST - 90 * synthetic.DAY)
    rows, total = filter.structure_day(invented.snapshot(D(day)), D(day), early, changes)
    for row in rows:
        agree(dict(found.loc[row.pop("structure")]), row)
    agree(invented.row("marts.price_vs_structure_days", D(day)), total)
    agree_on_verdicts(invented, ["t5"], D(day), total)
