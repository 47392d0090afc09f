"""Single checks on tables of a few rows: what they stop, and what real data may do."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from expectations.checks import FOLDER

TODAY = date(2026, 5, 29)


def parts_over(over: set[date], days: int, first: date = TODAY) -> int:
    """Rows that `stablecoin_parts_within_total` returns when the coins exceed the total on the days `over`."""
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute("create table marts.stablecoin_supply (as_of_date date, dimension text, name text, observation_date date, supply_usd double)")
        for back in range(days):
            day = first - timedelta(days=back)
            for dimension, name, value in (("total", "total", 100.0), ("coin", "usdt", 70.0), ("coin", "usdc", 50.0 if day in over else 20.0)):
                con.execute("insert into marts.stablecoin_supply values (?, ?, ?, ?, ?)", [day, dimension, name, day, value])
        return len(con.execute((FOLDER / "stablecoin_parts_within_total.sql").read_text(encoding="utf-8")).fetchall())


@pytest.mark.parametrize(
    ("over", "first", "stopped"),
    [
        ({TODAY - timedelta(days=n) for n in range(200)}, TODAY, 200),  # a coin that is the sum of all
        ({TODAY - timedelta(days=3)}, TODAY, 1),
        ({TODAY - timedelta(days=100)}, TODAY, 0),  # a day that upstream recomputed for the total only
        ({date(2019, 12, 31) - timedelta(days=n) for n in range(200)}, date(2019, 12, 31), 0),  # the total was filled in later
    ],
)
def test_coins_within_the_total(over: set[date], first: date, stopped: int) -> None:
    assert parts_over(over, 200, first) == stopped
