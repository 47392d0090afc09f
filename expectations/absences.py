"""Inputs that no source has ever delivered: what is empty for want of them is no fault of the build.

Belongs here: which quantities were never observed, and which rules their absence explains. Does not belong here: what follows
from it (`gate`), and rows that an earlier build had (`comparison`). A missing input that has nothing to do with a rule excuses
nothing: nearly every archive lacks some.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb

from expectations.model import TableMeta
from expectations.suites import Expectation

SERIES, VERDICTS = "meta.series", "scorecard.verdicts"
ROWS = "expect_table_row_count_to_be_between"
# rules that a table without a row fails for no other reason
_OF_ROWS = frozenset({
    ROWS, "expect_column_max_to_be_between", "expect_column_proportion_of_non_null_values_to_be_between", "expect_column_distinct_values_to_contain_set",
})  # fmt: skip
_NEVER = f"select quantity from {SERIES} group by quantity having sum(coalesce(observations, 0)) = 0"
_SILENT = f"select thesis_id from {VERDICTS} group by thesis_id having count(*) = count(*) filter (where verdict = 'no_data')"
MOST_TOLD = 3


@dataclass(frozen=True)
class Absences:
    """`quantities` without a single observation, and the theses that have no answer on any day (`silent`)."""

    quantities: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, present: Iterable[str]) -> Absences:
        """From the candidate's own tables; nothing is absent where they are not there, or not as their contracts say."""
        if not {SERIES, VERDICTS} <= set(present):
            return cls()
        try:
            never, silent = (frozenset(r[0] for r in connection.execute(query).fetchall()) for query in (_NEVER, _SILENT))
        except duckdb.BinderException:  # the contract's check says so, and nothing is excused
            return cls()
        return cls(never, silent)

    def explain(self, table: TableMeta, rule: Expectation, theses: Collection[str], *, empty: bool) -> str | None:
        """What is missing, when `rule` asks for what `table` cannot have without it; None when that is no excuse.

        An empty table is one when every thesis on it is silent as well, or nothing it reads was ever observed.
        """
        if not empty:
            absent = self.quantities.intersection(rule.needs)
        elif rule.type in _OF_ROWS and (self.quantities.issuperset(table.inputs) or (theses and self.silent.issuperset(theses))):
            absent = self.quantities.intersection(table.inputs)
        else:
            absent = frozenset()
        if not absent:
            return None
        told = sorted(absent)
        more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        return f"never observed: {', '.join(told[:MOST_TOLD])}{more}"
