"""Bad values are quarantined or refuse the load; real series pass."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.changelog import Fact, diff
from ingest.errors import OutOfRange, SchemaDrift
from ingest.guards import Quarantine, Quarantined, inspect, unit_jumps
from ingest.guards.history import refuse_zeros
from ingest.guards.units import newest_jump
from ingest.model import Dataset, Row, Series
from tests.ingest.ingest_kit import dataset, days, moment, one_series

DEMO = dataset("demo.one", series=[one_series("demo.x", plausible=(1, 1000))])
RATE = dataset("demo.one", series=[one_series("demo.x", kind="rate", plausible=(-5, 500))])
ID = "demo.x"
NOW = moment("2026-06-01")


def rows(first: str, *values: float | None) -> list[Row]:
    return [Row(ID, day, value) for day, value in zip(days(first, len(values)), values, strict=True)]


def held(first: str, *values: float) -> list[Fact]:
    return diff(DEMO, [], rows(first, *values), NOW, "r.1").facts


def reasons(found: dict[Row, str]) -> list[tuple[float, str]]:
    return [(row.value or 0.0, reason) for row, reason in found.items()]


def test_values_outside_the_range_are_quarantined_with_a_reason():
    plain = dataset("demo.one", series=[one_series(ID, plausible=(1, 1000), unit_guard=False)])
    found = inspect(plain, [], rows("2026-01-01", *[50.0] * 20, 5000.0, None, 0.5))
    assert reasons(found) == [(5000.0, "outside 1 to 1000 index"), (0.5, "outside 1 to 1000 index")]


@pytest.mark.parametrize(("bad", "total", "refused"), [(3, 20, False), (4, 20, True), (5, 100, False), (6, 100, True)])
def test_too_many_bad_values_refuse_the_load(bad, total, refused):
    incoming = rows("2026-01-01", *[2000.0 if n < bad else 900.0 for n in range(total)])
    if refused:
        with pytest.raises(OutOfRange, match=f"{bad} of {total} new or changed values refused, e.g. 2026-01-01 2000"):
            inspect(DEMO, [], incoming)
    else:
        assert len(inspect(DEMO, [], incoming)) == bad


def test_the_share_is_of_new_or_changed_rows_and_held_values_are_not_looked_at():
    facts = held("2026-01-01", *[900.0] * 100)
    with pytest.raises(OutOfRange, match="4 of 4"):
        inspect(DEMO, facts, [*rows("2026-01-01", *[900.0] * 100), *rows("2026-04-11", *[2000.0] * 4)])
    tight = dataset("demo.one", series=[one_series(ID, plausible=(1, 10))])
    assert not inspect(tight, facts, rows("2026-01-01", *[900.0] * 100))


def test_what_is_in_quarantine_already_does_not_refuse_the_next_load():
    facts = held("2026-01-10", *[900.0] * 90)
    incoming = [*rows("2026-01-05", *[2000.0] * 5), *rows("2026-01-10", *[900.0] * 91)]
    with pytest.raises(OutOfRange):
        inspect(DEMO, facts, incoming)
    known = {(ID, row.observation_date, 2000.0) for row in incoming[:5]}
    assert len(inspect(DEMO, facts, incoming, known)) == 5


@pytest.mark.parametrize("factor", [100.0, 1000.0, 1e6, 1e-3])
def test_a_unit_flip_that_stays_is_refused(factor):
    wide = dataset("demo.one", series=[one_series(ID, plausible=(1e-9, 1e12))])
    facts = held("2026-01-01", *[50.0 + n for n in range(10)])
    whole = rows("2026-01-01", *[(50.0 + n) * factor for n in range(12)])
    with pytest.raises(OutOfRange, match=r"demo.x: unit change suspected \(x.*: 2026-01-01 is .*, held as 50"):
        inspect(wide, facts, whole)
    with pytest.raises(OutOfRange, match="2026-01-10 is 59, 2026-01-11 is .*, and the level stays"):
        inspect(wide, facts, whole[10:])
    inside = [*rows("2026-01-01", 50.0, 51.0), *rows("2026-01-03", 50.0 * factor, 49.0 * factor)]
    with pytest.raises(OutOfRange, match="2026-01-02 is 51, 2026-01-03 is"):
        inspect(wide, [], inside)


def test_a_single_bad_tick_is_quarantined():
    found = inspect(DEMO, [], rows("2026-01-01", 5.0, 5.1, 510.0, 5.2, 5.3))
    assert reasons(found) == [(510.0, "unit jump")]
    facts = held("2026-01-01", 5.0)
    assert reasons(inspect(DEMO, facts, rows("2026-01-02", 0.05, 5.2))) == [(0.05, "unit jump")]
    assert not inspect(DEMO, facts, rows("2026-01-02", 40.0, 8.0, 300.0, 200.0))  # wild, but no unit


def test_near_zero_rates_events_and_switched_off_series_do_not_trip():
    assert not inspect(RATE, [], rows("2026-01-01", 0.01, 1.0, 0.0, -1.0, 0.015, 1.5))
    for kind in ({"unit_guard": False}, {"kind": "event"}):
        free = dataset("demo.one", series=[one_series(ID, plausible=(0, 1e6), **kind)])
        assert not inspect(free, [], rows("2026-01-01", 1.0, 1000.0, 1000.0))


def test_the_quarantine_keeps_the_first_sighting(tmp_path):
    quarantine = Quarantine(tmp_path / "q.parquet")
    assert quarantine.rows() == [] and quarantine.keys() == set()
    one = Quarantined(ID, date(2026, 1, 1), 5.0, "unit jump", "r1.1", NOW)
    quarantine.append([one, one._replace(fetch_id="r1.2")])
    before = quarantine.path.read_bytes()
    quarantine.append([one._replace(fetch_id="r2.1")])
    assert quarantine.path.read_bytes() == before and quarantine.rows() == [one]
    quarantine.append([one._replace(value=6.0)])
    assert quarantine.keys() == {(ID, date(2026, 1, 1), 5.0), (ID, date(2026, 1, 1), 6.0)}


# -- no real series trips it --------------------------------------------------------------------------------------

RATES = [
    "DGS",
    "DFII",
    "DFEDTAR",
    "EFFR",
    "SOFR",
    "IORB",
    "DFF",
    "FEDFUNDS",
    "T10Y",
    "T5Y",
    "BA",
    "TEDRATE",
    "UNRATE",
    "MICH",
    "STLFSI",
    "NFCI",
    "GVZ",
    "VIX",
]
FLOWS = ("RRPONTSYD", "WTREGEN", "WRESBAL")
AMOUNTS = {"ICSA": "flow", "MBST": "stock"}  # ten times as much within a week


def _recorded_fred(folder: Path) -> list[tuple[str, str, list[tuple[date, float]]]]:
    found = []
    for path in sorted(folder.glob("fred.stlouisfed.org/graph/fredgraph/*.csv")):
        with path.open() as handle:
            table = list(csv.reader(handle))[1:]
        values = [(date.fromisoformat(day), float(cell)) for day, cell in table if cell not in ("", ".")]
        kind = AMOUNTS.get(path.stem, "rate" if path.stem.startswith(tuple(RATES)) else "price")
        found.append((path.stem, kind, values))
    return found


def _recorded_yahoo(folder: Path) -> list[tuple[str, str, list[tuple[date, float]]]]:
    found = []
    for path in sorted(folder.glob("query1.finance.yahoo.com/v8/finance/chart/*.json")):
        result = (json.loads(path.read_text()).get("chart", {}).get("result") or [None])[0]
        if not result or not result.get("timestamp"):
            continue
        closes = result["indicators"]["quote"][0]["close"]
        values = [
            (datetime.fromtimestamp(stamp, UTC).date(), close)
            for stamp, close in zip(result["timestamp"], closes, strict=True) if close is not None
        ]  # fmt: skip
        found.append((path.stem, "price", values))
    return found


def test_no_recorded_series_looks_like_a_unit_flip(upstream: Path):
    recorded = [*_recorded_fred(upstream), *_recorded_yahoo(upstream)]
    assert len(recorded) > 80
    tripped = {}
    for name, kind, values in recorded:
        if name in FLOWS:
            continue
        series = Series.model_validate(one_series(f"demo.{name}", kind=kind))
        try:
            if ticks := unit_jumps(series, {}, [Row(series.id, day, value) for day, value in values]):
                tripped[name] = str(ticks[:3])
        except OutOfRange as error:
            tripped[name] = str(error)
    assert tripped == {}


def test_every_recorded_series_trips_it_when_multiplied(upstream: Path):
    for name, kind, values in _recorded_fred(upstream):
        if len(values) < 30 or name in FLOWS or kind == "rate":
            continue
        series = Series.model_validate(one_series(f"demo.{name}"))
        flipped = [
            Row(series.id, day, value * (1000 if n >= len(values) - 5 else 1)) for n, (day, value) in enumerate(values)
        ]
        with pytest.raises(OutOfRange):
            unit_jumps(series, {}, flipped)


WALK = [100.0 + 7 * (n % 5) + n for n in range(40)]


def test_history_with_the_other_sign_is_refused():
    signed = dataset("demo.one", series=[one_series(ID, plausible=(-1000, 1000), kind="rate")])
    facts = diff(signed, [], rows("2026-01-01", *WALK), NOW, "r.1").facts
    with pytest.raises(OutOfRange, match="40 of 40 held values came back with the other sign"):
        inspect(signed, facts, rows("2026-01-01", *[-value for value in WALK]))


@pytest.mark.parametrize("value", [0.0, 119.5])
def test_history_that_came_back_as_one_value_is_refused(value):
    for kind in ("rate", "price"):  # also of one that revises
        wide = dataset("demo.one", series=[one_series(ID, plausible=(-1000, 1000), kind=kind)])
        facts = diff(wide, [], rows("2026-01-01", *WALK), NOW, "r.1").facts
        with pytest.raises(OutOfRange, match=f"40 of 40 held values came back as {value:g}, all of them; if the new answer"):
            inspect(wide, facts, rows("2026-01-01", *[value] * 40))
        assert not inspect(wide, facts, rows("2026-01-01", *[value] * 40), accepted=True)
        assert not inspect(wide, facts, rows("2026-01-01", *WALK[:30], *[WALK[30]] * 10))


@pytest.mark.parametrize("shift", [-12, -1, 1, 12])
def test_history_at_other_dates_is_refused(shift):
    facts = held("2026-02-01", *WALK)
    first = days("2026-01-01", 60)[31 + shift].isoformat()
    with pytest.raises(SchemaDrift, match=f"{abs(shift)} observations away from their dates"):
        inspect(DEMO, facts, rows(first, *WALK))


def test_a_year_that_moves_only_in_the_newer_half_is_refused():
    facts = held("2026-01-01", *[1.0] * 40, *WALK)
    with pytest.raises(SchemaDrift, match="12 observations away"):
        inspect(DEMO, facts, [*rows("2026-01-01", *[1.0] * 40), *rows("2026-02-22", *WALK)])


def test_a_rebased_or_wholly_revised_history_is_neither():
    facts = held("2026-01-01", *WALK)
    assert not inspect(DEMO, facts, rows("2026-01-01", *[value * 1.3 for value in WALK]))
    assert not inspect(DEMO, facts, rows("2026-01-01", *[value + 0.1 * (n % 3) for n, value in enumerate(WALK)]))


def test_a_spike_is_kept_apart_and_a_crash_is_not():
    assert reasons(inspect(DEMO, [], rows("2026-01-01", 50.0, 51.0, 255.0, 52.0, 51.0))) == [(255.0, "spike")]
    assert not inspect(DEMO, [], rows("2026-01-01", 50.0, 51.0, 15.0, 16.0, 15.0))  # it stays there
    assert not inspect(DEMO, [], rows("2026-01-01", 50.0, 51.0, 120.0, 52.0, 51.0))  # a wild day
    index = dataset("demo.one", series=[one_series(ID, plausible=(-10, 10), unit_guard=False)])
    assert not inspect(index, [], rows("2026-01-01", 0.3, 0.01, 0.3))  # near zero a ratio says nothing
    assert not inspect(RATE, [], rows("2026-01-01", 2.4, 2.4, 9.9, 2.5, 2.5))  # repo rates do this


# -- much of it changed, zeros, tenfold -----------------------------------------------------------------------------

FINAL = dataset("demo.one", series=[one_series(ID, plausible=(1, 1000))], revises=False)
WEEKDAYS_ONLY = [day for day in days("2024-01-01", 400) if day.weekday() < 5]


def on(dates: list[date], *values: float | None) -> list[Row]:
    return [Row(ID, day, value) for day, value in zip(dates, values, strict=False)]


@pytest.mark.parametrize("shift", [-7, -3, -1, 1, 3, 7])
def test_history_shifted_by_days_is_refused_over_weekends_too(shift):
    rate = dataset("demo.one", series=[one_series(ID, kind="rate", plausible=(-5, 500))])
    values = [3 + (n * 37 % 101) / 100 for n in range(len(WEEKDAYS_ONLY))]
    facts = diff(rate, [], on(WEEKDAYS_ONLY, *values), NOW, "r.1").facts
    moved = on([day + timedelta(days=shift) for day in WEEKDAYS_ONLY], *values)
    with pytest.raises(SchemaDrift, match=r"came back \d+ (days?|observations) away from their dates; if the new .* lowtide accept demo.one"):
        inspect(rate, facts, moved)
    assert inspect(rate, facts, moved, accepted=True) == {}


def test_a_series_that_does_not_revise_may_not_change_in_many_places():
    values = [100.0 + n % 9 for n in range(100)]
    facts = held("2026-01-01", *values)

    def add(to: Dataset, incoming: list[Row], **options: Any) -> int:
        return diff(to, facts, incoming, NOW + timedelta(days=1), "r.2", **options).revised

    few = rows("2026-01-01", *[value * 1.08 if n % 10 == 0 else value for n, value in enumerate(values)])
    many = rows("2026-01-01", *[value * 1.08 if n % 9 == 0 else value for n, value in enumerate(values)])
    assert add(FINAL, few) == 10 and add(DEMO, many) == 12
    with pytest.raises(OutOfRange, match="12 of 100 held values changed, and this series does not revise, e.g. 2026-01-01 from 100 to 108; if"):
        add(FINAL, many)
    assert add(FINAL, many, accepted=True) == 12
    assert add(FINAL, rows("2026-01-01", *[value * 1.03 for value in values])) == 100  # a revision, whatever the registry says
    withheld = {(ID, row.observation_date) for row in many[::9]}
    assert add(FINAL, [row for n, row in enumerate(many) if n % 9], withheld=withheld) == 0
    holes = rows("2026-01-01", *[None if n % 7 == 0 else value for n, value in enumerate(values)])
    assert add(DEMO, holes) == 15
    with pytest.raises(SchemaDrift, match="15 of 100 held values from 2026-01-01 to 2026-04-10 have no value any more, e.g. 2026-01-01"):
        add(FINAL, holes)
    with pytest.raises(SchemaDrift, match="14 of 99 held values"):
        add(FINAL, [row for row in holes if row.value is not None])
    assert add(FINAL, rows("2026-03-12", *values[70:])) == 0  # a shortened history says nothing of the rest


@pytest.mark.parametrize("kind", ["rate", "price", "index"])
def test_held_values_that_come_back_tenfold_are_refused(kind):
    wide = dataset("demo.one", series=[one_series(ID, kind=kind, plausible=(-500, 5000))])
    facts = diff(wide, [], rows("2026-01-01", *WALK), NOW, "r.1").facts
    for factor in (10.0, 0.1):
        with pytest.raises(OutOfRange, match=r"unit change suspected \(x(10|0.1)\): 2026-01-01 is"):
            inspect(wide, facts, rows("2026-01-01", *[value * factor for value in WALK]))


def test_a_price_goes_on_tenfold_only_when_the_share_was_split():
    events = one_series("demo.split", kind="event", unit="ratio", plausible=(0.001, 1000))
    share = dataset("demo.one", series=[one_series(ID, plausible=(1, 1000)), events])
    fall = rows("2026-01-01", 600.0, 598.0, 59.4, 60.0)
    with pytest.raises(OutOfRange, match="unit change suspected .x0.1.: 2026-01-02 is 598, 2026-01-03 is 59.4"):
        inspect(share, [], fall)
    split = Row("demo.split", date(2026, 1, 3), 10.0)
    assert not inspect(share, [], [*fall, split])
    assert not inspect(share, [], [*fall[:3], split])  # nor does its first day wait for the second
    rate = dataset("demo.one", series=[one_series(ID, kind="rate", plausible=(-5, 500))])
    assert not inspect(rate, [], rows("2026-01-01", 1.1, 1.1, 0.11, 0.1))  # a rate may be cut to a tenth


def test_zeros_that_stay_are_refused_and_a_cut_to_zero_is_not():
    narrow = dataset("demo.one", series=[one_series(ID, kind="rate", plausible=(0, 15))])
    with pytest.raises(OutOfRange, match="demo.x: 4.25 and then 3 times 0 from 2026-01-03 on; if the new answer is right"):
        inspect(narrow, [], rows("2026-01-01", 4.3, 4.25, 0.0, 0.0, 0.0))
    assert not inspect(narrow, [], rows("2026-01-01", 1.25, 1.0, 0.0, 0.0, 0.0, 0.0))  # 2020-03-16
    with pytest.raises(OutOfRange, match="1.25 and then 3 times 0"):
        inspect(narrow, [], rows("2026-01-01", 1.25, 0.0, 0.0, 0.0, 1.3))
    assert not inspect(narrow, [], rows("2026-01-01", 4.3, 0.0, 0.0, 4.2))
    drop = rows("2026-01-01", 4.3, 4.25, 0.0, 0.0, 0.0)
    assert not inspect(narrow, [], drop, accepted=True)
    facts = diff(narrow, [], drop, NOW, "r.1").facts
    assert not inspect(narrow, facts, [*drop, *rows("2026-01-06", 0.0)])  # what was accepted goes on


def test_the_newest_price_waits_for_the_next_when_it_is_three_times_the_one_before():
    facts = held("2026-01-01", 50.0, 51.0)
    both = dataset("demo.one", series=[one_series(ID, plausible=(1, 1000)), one_series("demo.y", plausible=(1, 1000))])
    jump = rows("2026-01-03", 200.0)
    found = inspect(both, facts, [*jump, Row("demo.y", date(2026, 1, 3), 5.0)])
    assert reasons(found) == [(200.0, "x3.92 of 2026-01-02, until the next value says the same")]
    assert reasons(inspect(DEMO, facts, jump)) == [(200.0, "x3.92 of 2026-01-02, until the next value says the same")]
    assert not inspect(DEMO, facts, [*jump, *rows("2026-01-04", 190.0)])
    assert not inspect(DEMO, facts, jump, accepted=True)
    assert not inspect(DEMO, facts, rows("2026-01-03", 140.0))
    stock = dataset("demo.one", series=[one_series(ID, kind="stock", plausible=(1, 1000))])
    assert not inspect(stock, facts, jump)


def test_a_first_load_without_a_good_row_is_an_error_a_later_bad_row_is_quarantined():
    facts = held("2026-01-01", *[900.0] * 5)
    bad = rows("2026-01-06", 2000.0, 2100.0)
    with pytest.raises(OutOfRange, match="demo.x: no value is good: 2026-01-06 2000 .outside 1 to 1000 index"):
        inspect(DEMO, [], bad)
    assert len(inspect(DEMO, facts, [*rows("2026-01-01", *[900.0] * 5), *bad])) == 2
    assert len(inspect(DEMO, facts, [*bad, *rows("2026-01-08", 901.0)])) == 2


def test_no_recorded_series_falls_to_zero_or_ends_in_a_jump(upstream: Path):
    for name, kind, values in [*_recorded_fred(upstream), *_recorded_yahoo(upstream)]:
        if name in FLOWS or name in AMOUNTS:
            continue
        series = Series.model_validate(one_series(f"demo.{name}", kind=kind, plausible=(-1, 20)))
        all_rows = [Row(series.id, day, value) for day, value in values]
        refuse_zeros(DEMO, series, {}, all_rows)
        if kind == "price":
            for n in range(2, len(all_rows) + 1):
                assert list(newest_jump({}, all_rows[n - 2 : n], ())) == [], name
