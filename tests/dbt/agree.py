"""A warehouse beside what tests/reference recomputes from the same change log.

Belongs here: how a row, a leg and a verdict are compared. Does not belong here: which days are compared (the tests) and any measure.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from tests.dbt import raw_zone
from tests.dbt.dbt_kit import Warehouse
from tests.reference import observations, scorecard

D = dt.date.fromisoformat


@dataclass
class World:
    """A change log and the warehouse built from it."""

    log: pd.DataFrame
    warehouse: Warehouse
    sessions: list[dt.date]
    snapshots: dict[dt.date, observations.Snapshot] = field(default_factory=dict)  # several tests look at a day; nobody writes into them

    def snapshot(self, day: dt.date) -> observations.Snapshot:
        if day not in self.snapshots:
            self.snapshots[day] = observations.as_known(self.log, raw_zone.quantities(), observations.cutoff(day))
        return self.snapshots[day]

    def row(self, table: str, day: dt.date, also: str = "true") -> dict[str, Any]:
        found = self.warehouse.table(f"(from {table} where as_of_date = date '{day}' and {also})")
        assert len(found) == 1, f"{table} has {len(found)} rows on {day}"
        return dict(found.iloc[0])


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
        found = world.warehouse.table(
            f"(from scorecard.verdicts where thesis_id = '{thesis}' and as_of_date = date '{day}')"
        )
        assert found["verdict"].tolist() == [scorecard.verdict(thesis, row)], (thesis, day)
        legs = world.warehouse.table(
            f"(from scorecard.legs where thesis_id = '{thesis}' and as_of_date = date '{day}')"
        )
        for leg in legs.to_dict("records"):
            want = scorecard.legs(thesis, row)[leg["leg_id"]]
            assert (leg["operator"], leg["threshold"], leg["passed"]) == (
                want["operator"],
                want["threshold"],
                want["passed"],
            )
            agree(leg, want, ("value", "margin", "passed"))
