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
