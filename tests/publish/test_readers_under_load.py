"""The check of `make check-readers`, small: results, not seconds."""

from __future__ import annotations

from bench import readers


def test_no_reader_fails_or_sees_two_builds() -> None:
    found = readers.measure(readers=6, builds=12, rows=500, idle_s=0.0, pause_s=0.1, seen=3)
    assert found["problems"] == []
    assert found["builds_seen"] >= 3 and all(one["reads"] for one in found["during"].values())
