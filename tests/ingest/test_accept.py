"""A person's word against a guard: one answer is taken, the guards come back, and a rebuild knows it too."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ingest import accepted, rebuild, registry
from ingest.landing import Landing
from ingest.registry import Registry
from lowtide.cli import app
from lowtide.clock import Clock
from lowtide.errors import LowtideError
from lowtide.home import Home
from tests.ingest.ingest_kit import csv, dataset, files, log, moment, one_series, run, serve_bodies

pytestmark = pytest.mark.usefixtures("source")

YIELDS = [round(1.5 + (n * 37 % 101) / 100, 2) for n in range(60)]
RATE = dataset("demo.a", [one_series("demo.a_value", kind="rate", unit="pct", plausible=(-4, 20))], revises=False)
FREE = dataset("demo.a", [one_series("demo.a_value", kind="rate", unit="pct", plausible=(-4, 20), unit_guard=False)], revises=False)
WRONG = {
    "sign of the last 20": (FREE, [*YIELDS[:40], *[-value for value in YIELDS[40:]]], "OutOfRange", "with the other sign"),
    "a hundredth": (RATE, [value / 100 for value in YIELDS], "OutOfRange", "unit change suspected"),
    "a day late": (RATE, [1.99, *YIELDS[:-1]], "SchemaDrift", "away from their dates"),
    "half of it missing": (RATE, YIELDS[:15] + [9.0] * 15 + YIELDS[30:], "OutOfRange", "15 of 60 held values changed"),
}


def accept(home: Home) -> str:
    with home.lock():
        return accepted.accept(home, RATE, Clock(moment("2026-03-04T09:00")))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_first_load_is_healed_on_a_persons_word(home, name):
    known, wrong, error, said = WRONG[name]
    bodies = {"demo.a": csv("2026-01-01", *wrong)}
    with serve_bodies(bodies) as host:
        assert run(home, host, "2026-03-02T12:00", known).outcome == "ok"
        first = log(home).facts()
        bodies["demo.a"] = csv("2026-01-01", *YIELDS, 2.0)
        for _ in range(2):  # for ever
            outcome = run(home, host, "2026-03-03T12:00", known)
            assert (outcome.outcome, outcome.error_type, outcome.rows_added) == ("failed", error, 0)
            assert said in outcome.error_message
            assert outcome.error_message.endswith("; if the new answer is right: lowtide accept demo.a")
        assert log(home).facts() == first
        assert said in accept(home)
        outcome = run(home, host, "2026-03-04T12:00", known)
        changed = sum(old != new for old, new in zip(wrong, YIELDS, strict=True))
        assert (outcome.outcome, outcome.rows_added, outcome.rows_revised) == ("ok", changed + 1, changed)
        assert run(home, host, "2026-03-04T13:00", known, full=True).outcome == "unchanged"
    facts = log(home).facts()
    assert set(first) < set(facts)  # what was wrong stays, as what was known then
    latest = {fact.observation_date: fact.value for fact in facts}
    assert list(latest.values()) == [*YIELDS, 2.0]
    assert {f.known_at for f in facts if f not in first and f.observation_date.isoformat() < "2026-03-02"} == {moment("2026-03-04T12:00")}
    lines = [line["accepted_at"] for line in Landing(home).read_ledgers() if "accepted_at" in line]
    assert lines == ["2026-03-04T09:00:00.000000+00:00"] and accepted.accepted_at(home, known) is None
    before = files(home)
    rebuild.rebuild(home, Registry([known], []))
    assert files(home) == before


def test_the_word_lasts_until_an_answer_is_taken_and_covers_no_more_than_guards(home):
    bodies: dict = {"demo.a": csv("2026-01-01", *YIELDS)}
    with serve_bodies(bodies) as host:
        run(home, host, "2026-03-02T12:00", RATE)
        with pytest.raises(LowtideError, match="demo.a: none of its answers waits to be accepted"):
            accept(home)
        bodies["demo.a"] = csv("2026-01-01", *[value * 10 for value in YIELDS])
        assert "(x10)" in run(home, host, "2026-03-03T12:00", RATE).error_message
        accept(home)
        for body, error in ((b"<html>", "SchemaDrift"), (csv("2026-01-01", *[99.0] * 60), "OutOfRange"), (csv("2026-01-01", *"." * 60), "EmptyPayload")):
            bodies["demo.a"] = body
            assert run(home, host, "2026-03-03T13:00", RATE).error_type == error
        assert accepted.accepted_at(home, RATE) == moment("2026-03-04T09:00")
        bodies["demo.a"] = csv("2026-01-01", *YIELDS[:20], *YIELDS[40:])
        assert run(home, host, "2026-03-03T14:00", RATE).error_type == "StaleData"
        bodies["demo.a"] = csv("2026-01-01", *YIELDS[:20]) + csv("2026-02-25", *YIELDS[55:])
        outcome = run(home, host, "2026-03-03T15:00", RATE)
        assert (outcome.outcome, outcome.rows_revised) == ("ok", 35)
        bodies["demo.a"] = csv("2026-01-01", *[value * 10 for value in YIELDS])
        assert run(home, host, "2026-03-04T12:00", RATE).error_type == "OutOfRange"


def test_the_command(home, monkeypatch):
    monkeypatch.setenv("LOWTIDE_HOME", str(home.base))
    monkeypatch.setattr(registry, "load", lambda: Registry([RATE], []))
    bodies = {"demo.a": csv("2026-01-01", *YIELDS)}
    with serve_bodies(bodies) as host:
        run(home, host, "2026-03-02T12:00", RATE)
        bodies["demo.a"] = csv("2026-01-01", *[value / 100 for value in YIELDS])
        run(home, host, "2026-03-03T12:00", RATE)
    ask = CliRunner()
    done = ask.invoke(app, ["accept", "demo.a", "--origin", "sandbox"])
    assert done.exit_code == 0 and done.stdout.startswith("accepted for the next run of origin sandbox: demo.a_value: unit change suspected (x0.01)")
    assert "\n" not in done.stdout.strip() and accepted.accepted_at(home, RATE) is not None
    assert ask.invoke(app, ["accept", "demo.b", "--origin", "sandbox"]).exit_code == 1


def test_a_word_that_was_damaged_is_one_clear_line(home):
    path = home.root / "accepted" / "demo.a"
    path.parent.mkdir(parents=True)
    path.write_text("yes")
    with pytest.raises(LowtideError, match="accepted/demo.a: not a moment: 'yes'; delete it and accept again"):
        accepted.accepted_at(home, RATE)
