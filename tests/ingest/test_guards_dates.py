"""Rows on days that cannot be: kept apart one by one, refused when many; no recorded series loses a row."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.calendars import WEEKDAYS, is_session
from ingest.errors import OutOfRange, SchemaDrift
from ingest.guards import inspect
from ingest.guards.dates import off_calendar
from ingest.model import Dataset, Row
from ingest.registry import load
from tests.ingest.ingest_kit import dataset, one_series
from tests.ingest.sources.test_source_recorded import HOSTS, entries, rows_of

ID = "demo.x"
SESSIONS = [day for n in range(120) if is_session("nyse", day := date(2026, 1, 1) + timedelta(days=n))]
SATURDAY, HOLIDAY = date(2026, 5, 2), date(2026, 1, 19)


def of(calendar: str = "nyse", **changes: object) -> Dataset:
    return dataset("demo.one", [one_series(ID)], calendar=calendar, **changes)


def rows(*days: date) -> list[Row]:
    return [Row(ID, day, 50.0 + n % 7) for n, day in enumerate(days)]


def test_a_value_on_a_weekend_is_kept_apart():
    found = inspect(of(), [], rows(*SESSIONS, SATURDAY))
    assert [(row.observation_date, reason) for row, reason in found.items()] == [(SATURDAY, "saturday, no session of nyse")]
    assert not inspect(of("24x7"), [], rows(*SESSIONS, SATURDAY))
    assert not inspect(of(dates="any"), [], rows(*SESSIONS, SATURDAY))
    assert not inspect(of(), [], [*rows(*SESSIONS), Row(ID, SATURDAY, None)])


def test_holidays_count_where_the_registry_says_that_the_list_is_exact():
    assert not inspect(of(), [], rows(*SESSIONS, HOLIDAY))
    found = inspect(of(dates="sessions"), [], rows(*SESSIONS, HOLIDAY))
    assert list(found.values()) == ["holiday, no session of nyse"]
    assert not inspect(of(dates="sessions"), [], rows(date(2012, 10, 29), *SESSIONS))  # before the lists are certain


def test_an_answer_with_many_impossible_days_is_refused():
    weekends = [day + timedelta(days=1) for day in SESSIONS if day.weekday() == 4]
    with pytest.raises(SchemaDrift, match=r"demo.x: 16 of 98 values bear days that cannot be, e.g. 2026-01-03 .*saturday, no session of nyse"):
        inspect(of(), [], rows(*SESSIONS, *weekends))


def test_a_first_load_of_an_impossible_day_alone_is_an_error():
    with pytest.raises(OutOfRange, match="demo.x: no value is good: 2026-05-02 50 .saturday"):
        inspect(of(), [], rows(SATURDAY))


def test_a_slip_in_the_year_is_kept_apart():
    slipped = [date(1026, 1, 5), date(1926, 1, 5)]
    found = inspect(of("24x7"), [], rows(*slipped, *SESSIONS))
    assert [(row.observation_date, reason) for row, reason in found.items()] == [(day, "long before the next, 2026-01-02") for day in slipped]
    assert not inspect(of("24x7"), [], rows(date(2017, 1, 5), *SESSIONS))
    with pytest.raises(SchemaDrift, match="3 of 85 values bear days that cannot be, e.g. 1026-01-05"):
        inspect(of("24x7"), [], rows(*slipped, date(1926, 1, 6), *SESSIONS))


@pytest.mark.parametrize("frequency", ["monthly", "annual"])
def test_a_period_is_dated_on_its_first_or_last_day(frequency: str):
    months = [date(2020 + n // 12, n % 12 + 1, 1) for n in range(60)]
    assert not inspect(of(frequency=frequency), [], rows(*(day - timedelta(days=1) for day in months)))
    found = inspect(of(frequency=frequency), [], rows(*months, date(2025, 1, 7)))
    assert list(found.values()) == [f"neither first nor last day of a {'month' if frequency == 'monthly' else 'year'}"]
    with pytest.raises(SchemaDrift, match="24 of 36 values bear days that cannot be"):  # day and month the other way round
        inspect(of(frequency=frequency), [], rows(*months[:12], *(date(2021 + n // 12, 1, n % 12 + 2) for n in range(24))))


def test_a_weekly_report_bears_its_weekday_or_moves_by_a_day_in_a_short_week():
    weekly = of("fed", frequency="weekly", anchor="tuesday")
    tuesdays = [date(2026, 1, 6) + timedelta(weeks=n) for n in range(60)]
    for day in (date(2025, 11, 10), date(2007, 1, 3), date(2008, 12, 22)):  # as the CFTC did
        assert not inspect(weekly, [], rows(day, *tuesdays))
    for day in (date(2026, 6, 3), date(2025, 11, 12)):
        found = inspect(weekly, [], rows(*tuesdays, day))
        assert list(found.values()) == ([f"{WEEKDAYS[day.weekday()]}, not tuesday"] if day.month == 6 else [])
    with pytest.raises(SchemaDrift, match="of 60 values bear days that cannot be, e.g. .* .wednesday, not tuesday"):
        inspect(weekly, [], rows(*[day + timedelta(days=1) for day in tuesdays]))


def test_no_recorded_value_is_off_its_calendar(upstream: Path):
    seen = 0
    for entry in entries(upstream):
        if entry["query"].get("interval", "1d") != "1d":
            continue
        known, all_rows = rows_of(upstream, entry)
        if known.id not in load().datasets:
            continue
        for series in known.series:
            mine = [row for row in all_rows if row.series_id == series.id and row.value is not None]
            assert series.kind == "event" or off_calendar(known, mine) == {}, entry["file"]
            seen += len(mine)
    assert seen > 300_000 and HOSTS


@pytest.mark.parametrize(("name", "day"), [
    ("nyfed_sofr", "2026-05-23"), ("fred_sofr", "2026-04-03"), ("fred_dgs2", "2026-05-23"), ("fred_dgs10", "2026-05-24"),
    ("yahoo_spy", "2026-05-23"), ("yahoo_gld", "2026-05-25"), ("lbma_gold_pm", "2026-05-04"), ("cftc_gold", "2026-05-13"),
])  # fmt: skip
def test_what_the_registry_holds_is_checked(name: str, day: str):
    known = load().datasets[name]
    series = known.series[0]
    assert off_calendar(known, [Row(series.id, date.fromisoformat(day), 4.0)])
