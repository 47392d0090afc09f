"""Calendars against the days on which recorded series really have values, and the edges of the release rules."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.calendars import (
    CALENDARS,
    expected_newest,
    is_session,
    previous_observation,
    released_at,
    released_at_many,
    releases,
    sessions,
)
from ingest.model import Dataset
from ingest.registry import load
from lowtide.errors import LowtideError

NEW_YORK, LONDON = "America/New_York", "Europe/London"


def dataset(
    name: str,
    at: str,
    tz: str,
    *,
    lag: int = 1,
    unit: str = "business",
    calendar: str = "fed",
    frequency: str = "daily",
    release: str | None = None,
    **more: Any,
) -> Dataset:
    return Dataset.model_validate({
        "id": name, "domain": "rates", "provider": "test", "title": name, "frequency": frequency, "calendar": calendar,
        "publication": {"lag_days": lag, "lag_unit": unit, "at": at, "tz": tz, "release": release, "reason": "test"},
        "revises": False, "first_date": date(1962, 1, 1), "licence": {"tier": "open", "citation": "none"},
        "series": [{"id": "test.x", "field": "x", "title": "x", "unit": "pct", "kind": "rate", "quantity": "x_pct",
                    "plausible": (0, 1)}],
        **more,
    })


SOFR = dataset("sofr", "08:30", NEW_YORK, calendar="sifma")
EFFR = dataset("effr", "09:30", NEW_YORK)
CLOSE = dataset("close", "16:30", NEW_YORK, lag=0, calendar="nyse")
BITCOIN = dataset("btc", "00:00", "UTC", unit="calendar", calendar="24x7")
GOLD = dataset("gold_pm", "15:45", LONDON, lag=0, calendar="lbma")
H41 = dataset("h41", "16:45", NEW_YORK, frequency="weekly", anchor="wednesday")
CPI = dataset("cpi", "08:30", NEW_YORK, lag=50, unit="calendar", frequency="monthly", release="bls_cpi")
PCE = dataset("pce", "08:30", NEW_YORK, lag=66, unit="calendar", frequency="monthly", release="bea_personal_income_outlays")
GDP = dataset("gdp", "08:30", NEW_YORK, lag=125, unit="calendar", frequency="quarterly")
EVERY = [SOFR, EFFR, CLOSE, BITCOIN, GOLD, H41, CPI, PCE, GDP]
DAILY = [SOFR, EFFR, CLOSE, BITCOIN, GOLD]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def recorded_fred(upstream: Path, name: str) -> set[date]:
    path = upstream / "fred.stlouisfed.org" / "graph" / "fredgraph" / f"{name}.csv"
    with path.open(newline="") as handle:
        return {date.fromisoformat(row[0]) for row in list(csv.reader(handle))[1:] if row[1] not in ("", ".")}


def recorded_lbma(upstream: Path, name: str) -> set[date]:
    rows = json.loads((upstream / "prices.lbma.org.uk" / "json" / f"{name}.json").read_text())
    return {date.fromisoformat(row["d"]) for row in rows if row["v"] and row["v"][0]}


def differences(calendar: str, days: set[date]) -> tuple[set[date], set[date]]:
    """(days with a value that are no session, sessions without a value)"""
    expected = set(sessions(calendar, min(days), max(days)))
    return days - expected, expected - days


# what the recorded data say ----------------------------------------------------------------------------------------------


def test_sofr_exists_on_every_sifma_session_and_on_no_other_day(upstream: Path) -> None:
    assert differences("sifma", recorded_fred(upstream, "SOFR")) == (set(), set())


def test_treasury_yields_differ_only_on_good_fridays_with_a_jobs_report(upstream: Path) -> None:
    extra, missing = differences("sifma", recorded_fred(upstream, "DGS10"))
    assert missing == set()
    assert extra == {date(2021, 4, 2), date(2023, 4, 7), date(2026, 4, 3)}


def test_effr_exists_on_every_fed_session_since_2007(upstream: Path) -> None:
    days = {day for day in recorded_fred(upstream, "EFFR") if day.year >= 2007}
    assert differences("fed", days) == (set(), set())


def test_gold_is_auctioned_on_every_lbma_session_since_1990(upstream: Path) -> None:
    assert differences("lbma", recorded_lbma(upstream, "gold_pm")) == (set(), set())


def test_silver_is_also_set_on_the_eves_without_a_pm_auction(upstream: Path) -> None:
    extra, missing = differences("lbma", recorded_lbma(upstream, "silver"))
    assert missing == set()
    assert extra and all(day.month == 12 and day.day in (22, 23, 24, 29, 30, 31) for day in extra)


def test_the_index_has_a_close_on_every_nyse_session(upstream: Path) -> None:
    assert differences("nyse", recorded_fred(upstream, "SP500")) == (set(), set())


# closures -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("calendar", "closed"), [
    ("nyse", ["2001-09-11", "2001-09-14", "2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09", "2026-07-03"]),
    ("sifma", ["2012-10-30", "2018-12-05", "2020-07-03", "2021-12-24", "2026-04-03", "2025-10-13"]),
    ("fed", ["2022-06-20", "2023-01-02", "2025-10-13", "2025-11-11", "2026-06-19"]),
    ("lbma", ["2011-04-29", "2012-06-05", "2020-05-08", "2022-06-03", "2022-09-19", "2023-05-08", "2025-12-24", "2025-12-31"]),
])
def test_closed(calendar: str, closed: list[str]) -> None:
    assert [day for day in closed if is_session(calendar, date.fromisoformat(day))] == []


@pytest.mark.parametrize(("calendar", "opened"), [
    ("nyse", ["2025-10-13", "2025-11-11", "2021-12-31", "2012-10-31"]),
    ("sifma", ["2025-01-09", "2021-12-31", "2015-04-03"]),
    ("fed", ["2025-01-09", "2018-12-05", "2026-04-03", "2020-07-03", "2021-06-18", "2021-12-24"]),
    ("lbma", ["2020-05-04", "2022-05-30", "2025-07-04", "1999-12-30"]),
    ("24x7", ["2025-12-25", "2025-11-22"]),
])
def test_open(calendar: str, opened: list[str]) -> None:
    assert [day for day in opened if not is_session(calendar, date.fromisoformat(day))] == []


def test_juneteenth_begins_in_2022() -> None:
    assert is_session("fed", date(2020, 6, 19)) and not is_session("fed", date(2024, 6, 19))


def test_no_weekend_is_a_session_except_where_every_day_is() -> None:
    saturday = date(2025, 11, 22)
    assert [name for name in CALENDARS if is_session(name, saturday)] == ["24x7"]


def test_sessions_are_ascending_inclusive_and_empty_when_reversed() -> None:
    assert sessions("nyse", date(2025, 11, 26), date(2025, 12, 1)) == [date(2025, 11, 26), date(2025, 11, 28), date(2025, 12, 1)]
    assert sessions("nyse", date(2025, 12, 1), date(2025, 11, 26)) == []


def test_an_unknown_calendar_and_a_day_past_the_end_are_one_line_errors() -> None:
    with pytest.raises(LowtideError, match="unknown calendar 'xetra'"):
        is_session("xetra", date(2025, 1, 2))
    with pytest.raises(LowtideError, match="the calendars end on 2030-12-31"):
        is_session("fed", date(2031, 1, 2))


# released_at --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "day", "moment"), [
    (SOFR, "2025-03-06", "2025-03-07T13:30"),  # winter time
    (SOFR, "2025-03-07", "2025-03-10T12:30"),  # over the change of 2025-03-09
    (SOFR, "2025-10-31", "2025-11-03T13:30"),  # and back on 2025-11-02
    (SOFR, "2025-11-10", "2025-11-12T13:30"),  # Veterans Day
    (SOFR, "2026-04-02", "2026-04-06T12:30"),  # Good Friday, with a jobs report
    (EFFR, "2026-04-02", "2026-04-03T13:30"),  # the Fed is open on it
    (CLOSE, "2025-11-21", "2025-11-21T21:30"),
    (CLOSE, "2025-07-03", "2025-07-03T20:30"),
    (BITCOIN, "2025-12-31", "2026-01-01T00:00"),
    (GOLD, "2025-07-01", "2025-07-01T14:45"),
    (GOLD, "2025-12-23", "2025-12-23T15:45"),
    (H41, "2025-11-19", "2025-11-20T21:45"),
    (H41, "2025-11-26", "2025-11-28T21:45"),  # Thanksgiving: Friday
    (CPI, "2025-09-01", "2025-10-24T12:30"),  # the seed, not the lag
    (CPI, "2013-09-01", "2013-10-30T12:30"),
    (CPI, "2024-05-01", "2024-06-20T12:30"),  # no row: the longest normal lag
    (PCE, "2025-09-01", "2025-12-05T13:30"),
], ids=lambda value: value.id if isinstance(value, Dataset) else value)
def test_released_at(which: Dataset, day: str, moment: str) -> None:
    assert released_at(which, date.fromisoformat(day)) == utc(moment)


def test_many_moments_come_in_the_order_asked_for() -> None:
    days = [date(2025, 11, 12), date(2025, 11, 10), date(2025, 11, 12)]
    assert released_at_many(SOFR, days) == [released_at(SOFR, day) for day in days]


def test_a_changed_publication_rule_is_not_answered_from_memory() -> None:
    later = dataset("sofr", "18:00", NEW_YORK, calendar="sifma")
    assert released_at(SOFR, date(2025, 11, 12)) < released_at(later, date(2025, 11, 12))


def test_an_unknown_release_key_is_named() -> None:
    with pytest.raises(LowtideError, match="strange: publication.release 'nobody' has no row"):
        released_at(dataset("strange", "08:30", NEW_YORK, frequency="monthly", release="nobody"), date(2025, 1, 1))
    assert {"bls_cpi", "bea_personal_income_outlays", "bls_unemployment"} <= releases()


@given(st.sampled_from(DAILY), st.dates(date(1968, 1, 1), date(2030, 11, 30)), st.integers(1, 20))
def test_a_later_day_is_never_public_earlier(which: Dataset, day: date, ahead: int) -> None:
    assert released_at(which, day) <= released_at(which, day + timedelta(days=ahead))


@given(st.sampled_from(DAILY), st.dates(date(1968, 1, 1), date(2030, 11, 30)))
def test_nothing_is_public_before_its_day(which: Dataset, day: date) -> None:
    assert released_at(which, day) >= datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_every_dataset_of_the_registry_has_a_rule_that_works() -> None:
    now = utc("2025-11-21T22:00")
    for each in load().datasets.values():
        newest = expected_newest(each, now)
        assert newest is None or each.first_date <= newest <= now.date(), each.id
        assert released_at(each, each.first_date) >= datetime.combine(each.first_date, datetime.min.time(), UTC) - timedelta(days=1)


def test_shutdown_months_of_the_real_registry() -> None:
    datasets = load().datasets
    now = utc("2025-11-21T22:00")
    for each in datasets.values():
        if each.publication.release == "bls_cpi":
            assert expected_newest(each, now) == date(2025, 9, 1), each.id
        if each.publication.release == "bea_personal_income_outlays":
            assert expected_newest(each, now) == date(2025, 8, 1), each.id


# expected_newest ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "now", "newest"), [
    (CPI, "2025-11-21T22:00", "2025-09-01"),
    (CPI, "2025-12-18T13:29", "2025-09-01"),  # October 2025 never came
    (CPI, "2025-12-18T13:30", "2025-11-01"),
    (PCE, "2025-11-21T22:00", "2025-08-01"),
    (SOFR, "2025-11-21T13:29", "2025-11-19"),
    (SOFR, "2025-11-21T13:30", "2025-11-20"),
    (SOFR, "2025-11-23T12:00", "2025-11-20"),  # Sunday
    (CLOSE, "2025-11-28T12:00", "2025-11-26"),  # the morning after Thanksgiving
    (BITCOIN, "2025-11-23T00:00", "2025-11-22"),
    (GOLD, "2025-12-29T10:00", "2025-12-23"),
    (H41, "2025-11-27T23:00", "2025-11-19"),
    (H41, "2025-11-28T22:00", "2025-11-26"),
    (GDP, "2025-11-21T22:00", "2025-07-01"),
], ids=lambda value: value.id if isinstance(value, Dataset) else value)
def test_expected_newest(which: Dataset, now: str, newest: str) -> None:
    assert expected_newest(which, utc(now)) == date.fromisoformat(newest)


def test_an_ended_series_is_never_expected_past_its_end() -> None:
    ended = dataset("ended", "08:30", NEW_YORK, last_date=date(2021, 7, 28))
    assert expected_newest(ended, utc("2025-11-21T22:00")) == date(2021, 7, 28)


def test_nothing_is_expected_before_the_first_date_is_public() -> None:
    young = dataset("young", "08:30", NEW_YORK, first_date=date(2025, 11, 21))
    assert expected_newest(young, utc("2025-11-21T22:00")) is None
    assert expected_newest(young, utc("2025-11-24T22:00")) == date(2025, 11, 21)


def test_expected_newest_refuses_a_moment_without_a_zone() -> None:
    with pytest.raises(LowtideError, match="time zone"):
        expected_newest(SOFR, datetime(2025, 11, 21))


@given(st.sampled_from(EVERY), st.datetimes(datetime(1970, 1, 1), datetime(2030, 11, 30), timezones=st.just(UTC)))
def test_the_expected_date_is_public_and_the_next_one_is_not(which: Dataset, now: datetime) -> None:
    newest = expected_newest(which, now)
    assert newest is not None and newest <= now.date()
    assert released_at(which, newest) <= now
    upcoming = now.date() + timedelta(days=1)
    while (day := previous_observation(which, upcoming)) > newest:
        assert released_at(which, day) > now
        upcoming = day


@given(st.sampled_from(EVERY), st.dates(date(1970, 1, 1), date(2030, 11, 30)))
def test_the_previous_observation_is_earlier_and_falls_on_an_observation_date(which: Dataset, day: date) -> None:
    before = previous_observation(which, day)
    assert before < day
    assert previous_observation(which, before + timedelta(days=1)) == before
    assert {
        "daily": is_session(which.calendar, before),
        "weekly": before.weekday() == 2,
        "monthly": before.day == 1,
        "quarterly": before.day == 1 and before.month in (1, 4, 7, 10),
    }[which.frequency]
