"""Rows that a value explains which was corrected since: what a day knew stays in its row, and must not block for ever.

Belongs here: which days of a table stood on such a value. Does not belong here: what follows from it (`gate`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from expectations.model import TableMeta
from lowtide.clock import CUT_OFF

REVISIONS = "marts.revisions"
# Withdrawn, of the other sign, or off by more than a third: a wrong value put right. Less is a publisher's ordinary revision.
_CORRECTED = """
    select quantity, first_known_at, latest_known_at from {table}
    where latest_value is null or first_value * latest_value < 0 or abs(latest_value - first_value) > 0.33 * abs(latest_value)
"""


@dataclass(frozen=True)
class Corrections:
    """Quantity -> the moments from which a wrong value of it was known and until which it stood (UTC)."""

    spans: dict[str, list[tuple[datetime, datetime]]]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, present: Iterable[str]) -> Corrections:
        """From the candidate's own revisions; none where the table is absent or not as its contract says."""
        spans: dict[str, list[tuple[datetime, datetime]]] = {}
        if REVISIONS in present:
            try:
                rows = connection.execute(_CORRECTED.format(table=REVISIONS)).fetchall()
            except duckdb.BinderException:  # a column is missing: its contract's check says so, and nothing is excused
                rows = []
            for quantity, first, latest in rows:
                spans.setdefault(quantity, []).append((first.astimezone(UTC), latest.astimezone(UTC)))
        return cls(spans)

    def explain(self, table: TableMeta, days: Iterable[str]) -> bool:
        """Whether each of these mart days (ISO) ended while a value of an input of `table` stood that was corrected later."""
        spans = [span for quantity in table.inputs for span in self.spans.get(quantity, ())]
        moments = [datetime.combine(date.fromisoformat(day), CUT_OFF) for day in days]
        return bool(moments) and all(any(first <= moment < latest for first, latest in spans) for moment in moments)
