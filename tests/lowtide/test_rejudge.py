"""A past day by the rule of today, from published legs and flags."""

from __future__ import annotations

from datetime import date

import duckdb

from lowtide.rejudge import by_todays_rules
from lowtide.theses import Earlier, load_theses

DAYS = [date(2024, 1, n) for n in (2, 3, 4)]


def build() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("create schema scorecard")
    database.execute("create table scorecard.verdicts (thesis_id varchar, as_of_date date, verdict varchar, flags varchar)")
    database.execute("create table scorecard.legs (thesis_id varchar, as_of_date date, leg_id varchar, value double)")
    rows = [("t4_5", DAYS[0], "contested", None), ("t4_5", DAYS[1], "no_data", None), ("t2_3", DAYS[2], "not_tested", None), ("t2_3", DAYS[1], "contested", "tested, none_sold")]
    database.executemany("insert into scorecard.verdicts values (?, ?, ?, ?)", rows)
    legs = [("t4_5", DAYS[0], "a", 1.0), ("t4_5", DAYS[0], "b", -8.0), ("t4_5", DAYS[1], "a", None), ("t4_5", DAYS[1], "b", None),
            ("t2_3", DAYS[2], "a", 0.0), ("t2_3", DAYS[2], "b", 0.0), ("t2_3", DAYS[1], "a", 0.0), ("t2_3", DAYS[1], "b", 0.0)]  # fmt: skip
    database.executemany("insert into scorecard.legs values (?, ?, ?, ?)", legs)
    return database


def test_the_threshold_of_today_decides_whatever_was_in_force() -> None:
    thesis = load_theses()["t4_5"]
    assert by_todays_rules(build(), thesis) == {DAYS[0]: "contested", DAYS[1]: "no_data"}
    leg = thesis.legs[1].model_copy(update={"threshold": -5.0, "earlier": (Earlier(before=date(2025, 1, 2), threshold=-10, reason="it was"),)})
    softer = thesis.model_copy(update={"legs": (thesis.legs[0], leg)})
    assert by_todays_rules(build(), softer) == {DAYS[0]: "holds", DAYS[1]: "no_data"}


def test_flags_are_those_of_the_day() -> None:
    assert by_todays_rules(build(), load_theses()["t2_3"]) == {DAYS[2]: "not_tested", DAYS[1]: "contested"}
