"""Inputs that no source has ever delivered: a table that is empty for want of them is no fault of the build.

Belongs here: which quantities were never observed, and which rules their absence explains. Does not belong here: what follows
from it (`gate`), and rows that an earlier build had (`comparison`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from expectations.model import TableMeta
from expectations.suites import Expectation

SERIES = "meta.series"
ROWS, NEWEST = "expect_table_row_count_to_be_between", "expect_column_max_to_be_between"
PRESENCE = frozenset(
    {ROWS, "expect_column_proportion_of_non_null_values_to_be_between", "expect_column_distinct_values_to_contain_set"}
)
_NEVER = "select quantity from {table} group by quantity having sum(coalesce(observations, 0)) = 0"
MOST_TOLD = 3


@dataclass(frozen=True)
class Absences:
    """Quantities without a single observation. The verdict of a day names them; the gate must let it."""

    quantities: frozenset[str] = frozenset()

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, present: Iterable[str]) -> Absences:
        """From the candidate's own list of series; none where the table is absent or not as its contract says."""
        if SERIES not in present:
            return cls()
        try:
            rows = connection.execute(_NEVER.format(table=SERIES)).fetchall()
        except duckdb.BinderException:  # its contract's check says so, and nothing is excused
            return cls()
        return cls(frozenset(quantity for (quantity,) in rows))

    def explain(self, table: TableMeta, rule: Expectation, *, empty: bool) -> str | None:
        """What is missing, when `rule` asks for rows or values that `table` (`empty`: without a row) cannot have without it."""
        asks = rule.type in PRESENCE or (empty and rule.type == NEWEST)
        absent = sorted(self.quantities.intersection(table.inputs)) if asks else []
        if not absent:
            return None
        more = f" and {len(absent) - MOST_TOLD} more" if len(absent) > MOST_TOLD else ""
        return f"never observed: {', '.join(absent[:MOST_TOLD])}{more}"
