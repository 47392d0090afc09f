"""Status reads the raw zone and the ledgers: newest, expected, late, last fetch, last error."""

from __future__ import annotations

from datetime import date

import pytest

from ingest import sources
from ingest.client import Limits
from ingest.registry import Registry
from ingest.runner import run_ingest
from ingest.status import statuses
from lowtide.clock import Clock
from lowtide.home import Home
from tests.ingest.ingest_kit import FakeSource, dataset, moment, one_series, serve_bodies


@pytest.fixture(autouse=True)
def _source(monkeypatch):
    monkeypatch.setattr(sources, "get", lambda provider: FakeSource())


def test_status_of_every_series(tmp_path):
    home = Home.of("sandbox", tmp_path)
    a, c = dataset("demo.a"), dataset("demo.c")
    b = dataset("demo.b", series=[one_series("demo.b1"), one_series("demo.b2", kind="event")])
    bodies: dict = {"demo.a": b"2026-01-01,1\n2026-01-02,.\n", "demo.b": b"2026-01-04,1\n"}
    with serve_bodies(bodies) as host, home.lock():
        for at in ("2026-01-05T12:00", "2026-01-05T13:00"):
            run_ingest(home, Clock(moment(at)), [a, b], base_url=host.base_url, env={}, limits=Limits(read_s=1))
            bodies["demo.a"] = 403
    found = {s.series_id: s for s in statuses(home, Clock(moment("2026-01-05T14:00")), Registry([a, b, c], []))}
    late = found["demo.a_value"]
    assert (late.newest, late.expected, late.late_days) == (date(2026, 1, 1), date(2026, 1, 4), 3)
    assert late.last_fetch == moment("2026-01-05T12:00") and late.last_error.startswith(
        "Blocked: data.example.org answered 403"
    )
    assert (found["demo.b1"].late_days, found["demo.b1"].last_error) == (0, None)
    assert (found["demo.b2"].expected, found["demo.b2"].late_days) == (None, None)
    never = found["demo.c_value"]
    assert (never.newest, never.expected, never.late_days, never.last_fetch) == (None, date(2026, 1, 4), None, None)


def test_a_series_that_was_asked_for_and_holds_no_value_is_late(tmp_path):
    home = Home.of("sandbox", tmp_path)
    a = dataset("demo.a", series=[one_series("demo.a1"), one_series("demo.a2"), one_series("demo.a3", kind="event")])
    b, c, d = dataset("demo.b"), dataset("demo.c"), dataset("demo.d", requires_key="DEMO_API_KEY")
    with serve_bodies({"demo.a": b"2026-01-01,1\n", "demo.b": b"2026-01-01,.\n2026-01-02,.\n", "demo.c": 403}) as host, home.lock():
        run_ingest(home, Clock(moment("2026-01-03T12:00")), [a, b, c, d], base_url=host.base_url, env={}, limits=Limits(read_s=1))
    found = {s.series_id: s for s in statuses(home, Clock(moment("2026-01-03T12:00")), Registry([a, b, c, d], []))}
    assert (found["demo.a1"].late_days, found["demo.a1"].note) == (1, None)
    for name in ("demo.a2", "demo.b_value", "demo.c_value"):
        assert found[name].newest is None and found[name].note == "never had a value"
        assert found[name].late_days == (date(2026, 1, 2) - date(2020, 1, 1)).days
    for name in ("demo.a3", "demo.d_value"):  # an event; a key that is not set
        assert (found[name].late_days, found[name].note) == (None, None)


def test_quarantined_values_are_told_until_they_are_settled(tmp_path):
    home, one = Home.of("sandbox", tmp_path), dataset("demo.a")

    def line(day: int, value: object) -> bytes:
        return f"2026-01-{day:02d},{value}\n".encode()

    bodies = {"demo.a": b"".join(line(day, 5) for day in range(1, 10)) + line(10, 500) + line(11, 5)}
    told = []
    with serve_bodies(bodies) as host, home.lock():

        def status(at: str, **options: bool) -> tuple[int, str | None]:
            now = Clock(moment(at))
            run_ingest(home, now, [one], base_url=host.base_url, env={}, limits=Limits(read_s=1), **options)
            (found,) = statuses(home, now, Registry([one], []))
            return found.quarantined, found.quarantine_example

        told.append(status("2026-01-12T12:00"))
        bodies["demo.a"] += line(12, 5)
        told.append(status("2026-01-13T12:00"))  # sent again, refused again: one value
        bodies["demo.a"] = bodies["demo.a"].replace(line(10, 500), line(10, 5.5))
        told.append(status("2026-01-13T12:00", full=True))  # corrected
        bodies["demo.a"] += line(13, 900) + line(14, 5)
        told.append(status("2026-01-15T12:00"))
        bodies["demo.a"] = bodies["demo.a"].replace(line(13, 900), b"")
        told.append(status("2026-01-15T13:00", full=True))  # withdrawn: nothing is refused any more
    assert told[0][0] == 1 and told[0][1].startswith("2026-01-10 500: ")
    assert told[1] == told[0] and told[2] == (0, None) and told[3][0] == 1 and told[4] == (0, None), told
