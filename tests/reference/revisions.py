"""Revised observations again, from the change log alone: versions of each quantity and date, and sizes beside earlier ones.

Belongs here: the recomputation. Does not belong here: our SQL, or the flips of legs (compared in the unit test of the model).
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

Version = tuple[dt.datetime, float | None, str | None]  # known at, value, series that gave it


def versions(log: pd.DataFrame, members: Sequence[str], moment: dt.datetime) -> dict[dt.date, list[Version]]:
    """Per date, what was known of a quantity and since when; `members` by priority. A version differs in value from the one before."""
    rows = log[log["series_id"].isin(members) & (log["known_at"] <= pd.Timestamp(moment))]
    rows = rows[rows.duplicated("observation_date", keep=False)]  # a date that was told once has one version
    rows = rows.sort_values(["known_at", "fetched_at"], kind="stable")
    found: dict[dt.date, list[Version]] = {}
    for day, part in rows.groupby("observation_date"):
        held: dict[str, float | None] = {}
        told: list[Version] = []
        for known, batch in groupby(part[["known_at", "series_id", "state", "value"]].itertuples(index=False, name=None), key=itemgetter(0)):
            for _, series, state, number in batch:
                held[series] = None if state != "value" or pd.isna(number) else float(number)
            giver = next((m for m in members if held.get(m) is not None), None)
            value = held[giver] if giver else None
            if (told and value != told[-1][1]) or (not told and value is not None):
                told.append((known.to_pydatetime(), value, giver))
        if len(told) > 1:
            found[day] = told
    return found


def revisions(log: pd.DataFrame, quantities: Mapping[str, Sequence[str]], moment: dt.datetime, least: int = 8) -> dict[tuple[str, dt.date], dict[str, Any]]:
    """(quantity, date) -> the columns of marts.revisions that follow from the log."""
    rows: dict[tuple[str, dt.date], dict[str, Any]] = {}
    by_series = dict(iter(log.groupby("series_id")))
    for quantity, members in quantities.items():
        own = [by_series[series] for series in members if series in by_series]
        found = versions(pd.concat(own).sort_index(), members, moment) if own else {}
        seen = [
            (known, value - told[0][1])
            for told in found.values() for known, value, giver in told[1:]
            if value is not None and told[0][1] is not None and giver == told[0][2]
        ]  # fmt: skip
        for day, told in found.items():
            (first_known, first, first_giver), (known, latest, giver) = told[0], told[-1]
            assert first is not None
            earlier = [size for when, size in seen if when < known]
            size = None if latest is None else latest - first
            moved = latest is not None and giver != first_giver
            spread = statistics.stdev(earlier) if len(earlier) >= max(least, 2) else 0.0
            rows[quantity, day] = {
                "first_value": first, "latest_value": latest, "versions": len(told), "is_source_change": moved, "revision": size,
                "days_to_final": (known.date() - first_known.date()).days, "earlier_revisions": len(earlier),
                "revision_pct": None if size is None or first == 0 else 100 * size / abs(first),
                "revision_z": None if size is None or moved or spread <= 1e-12 else size / spread,
            }  # fmt: skip
    return rows
