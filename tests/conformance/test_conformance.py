"""Every connector against every property. A row is one provider, one dataset or one fault; what it saw is recorded for
the table."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import zstandard

from ingest import sources
from ingest.dropbox import DropSource
from ingest.errors import SourceError
from ingest.facts import Fact
from ingest.fetches import history, response_of, usable_line
from ingest.files import read_parquet
from ingest.landing import Landing
from ingest.model import JointSource
from ingest.rebuild import rebuild
from ingest.registry import Registry, load
from ingest.scaffold import FILL_IN
from ingest.sources import PROVIDERS
from lowtide.home import Home
from sandbox.faults import CATALOGUE
from sandbox.wire import Ask, Reply
from sandbox.world import SimulatedBackend

from . import expected, files
from .conftest import providers
from .stand import (
    SECRET,
    Lane,
    Result,
    Stand,
    datasets,
    lane_of,
    lanes,
    latest,
    log_path,
    needed_keys,
)
from .wire import NOW, Later, OneDay

pytestmark = pytest.mark.xdist_group("conformance")
ALL = providers()
Record = Callable[[str, object], None]


@pytest.fixture
def say(request: pytest.FixtureRequest, record_property: Record) -> Record:
    """Record provider, property and row of this test; then `say("note", ...)` or `say("na", reason)`."""
    params = request.node.callspec.params
    provider, row = params["row"] if "row" in params else (params["provider"], params["provider"])
    name = request.node.originalname.removeprefix("test_")
    for key, value in (("provider", provider), ("property", name), ("row", row)):
        record_property(key, value)
    return record_property


def rows_of(found: Callable[[str], list[str]]) -> list[object]:
    return [
        pytest.param((provider, row), id=f"{provider}-{row}") for provider in ALL for row in found(provider)
    ]  # fmt: skip


def lane(provider: str) -> Lane:
    found = lanes(provider)
    assert found, f"{provider}: no dataset of the registry, or none that makes a request"
    return found[0]


def drops(provider: str) -> bool:
    return provider in PROVIDERS and isinstance(sources.get(provider), DropSource)


def excused(provider: str, name: str, say: Record) -> bool:
    reason = expected.NOT_APPLICABLE.get(f"{provider}:{name}")
    if reason:
        say("na", reason)
    return reason is not None


@dataclass(frozen=True)
class Loads:
    """One dataset: a load and a second one in the same home; the logs of the first, of another home, and rebuilt."""

    first: Result
    second: Result
    logs: tuple[bytes, bytes, bytes]


@pytest.fixture(scope="session")
def loads(stand: Stand) -> dict[str, Loads]:
    """By dataset id."""
    wanted = [dataset for provider in stand.providers for dataset in datasets(provider, short=True)]
    home, other = stand.new_home(), stand.new_home()

    def logs(at: Home) -> list[bytes]:
        return [path.read_bytes() if (path := log_path(at, d)).exists() else b"" for d in wanted]

    first = stand.run(home, wanted, needed_keys(), short=True)
    stand.run(other, wanted, needed_keys(), short=True)
    here, there = logs(home), logs(other)
    rebuild(other, Registry(wanted, []))
    second = stand.run(home, wanted, needed_keys(), short=True)
    return {
        d.id: Loads(first[d.id], second[d.id], three)
        for d, three in zip(wanted, zip(here, there, logs(other), strict=True), strict=True)
    }


def registered(provider: str) -> list[str]:
    return [dataset.id for dataset in datasets(provider)]


@pytest.mark.parametrize("row", rows_of(registered))
def test_happy(loads: dict[str, Loads], say: Record, row: tuple[str, str]) -> None:
    result = loads[row[1]].first
    outcome = result.outcome
    assert outcome.outcome == "ok", f"{outcome.outcome}: {outcome.error_type} {outcome.error_message}"
    assert FILL_IN not in load().datasets[row[1]].model_dump_json(), "the registry entry is a skeleton"
    assert not outcome.rows_quarantined, outcome.quarantine_example
    assert any(fact.value is not None for fact in result.facts), "no value"
    one, two, rebuilt = loads[row[1]].logs
    assert one == two, "two loads of the same bytes differ"
    assert one == rebuilt, "the rebuilt log differs"


@pytest.mark.parametrize("row", rows_of(registered))
def test_second(loads: dict[str, Loads], say: Record, row: tuple[str, str]) -> None:
    first, second = loads[row[1]].first, loads[row[1]].second
    assert second.outcome.outcome in ("unchanged", "not_due"), f"{second.outcome.outcome} {second.outcome.error_message}"
    assert second.facts == first.facts and first.facts


def kinds(provider: str) -> list[str]:
    if drops(provider):
        return [*files.DAMAGES]
    return [kind for kind in CATALOGUE if lane_of(provider, kind)]


@pytest.mark.parametrize("row", rows_of(kinds))
def test_faults(stand: Stand, say: Record, row: tuple[str, str]) -> None:
    provider, kind = row
    if drops(provider):
        one = lane(provider)
        home = stand.new_home()
        result = stand.run(home, [one.dataset], one.env, files=kind)[one.dataset.id]
        say("note", typed(provider, kind, result))
        return
    one = lane_of(provider, kind)
    assert one is not None
    harmless = expected.HARMLESS.get(f"{provider}:{kind}", expected.HARMLESS.get(kind))
    held = kind in expected.HELD or (harmless is not None and harmless.effect in ("revised", "kept"))
    result = stand.fault(kind, one, held=held)
    assert result.asked, f"{one.host} was not asked"
    before = stand.loaded(one)
    assert before, f"{one.dataset.id} does not load without a fault"
    if harmless is None:
        note = typed(provider, kind, result)
        assert result.facts == (before if held else []), "rows were added"
        say("note", note)
        return
    compare(harmless.effect, result, before)
    say("note", f"harmless: {harmless.reason}")


def typed(provider: str, kind: str, result: Result) -> str:
    """The typed error of a failed run; AssertionError when there is none, or another one."""
    outcome = result.outcome
    assert result.failed, f"{outcome.outcome} with {outcome.rows_added} rows"
    assert outcome.rows_added == 0
    assert outcome.error_type in {one.__name__ for one in SourceError.__subclasses__()}
    assert "\n" not in (outcome.error_message or "")
    allowed = expected.ERRORS.get(f"{provider}:{kind}", expected.ERRORS.get(kind))
    assert allowed is None or outcome.error_type in allowed, f"{outcome.error_type}: {outcome.error_message}"
    return str(outcome.error_type)


def compare(effect: str, result: Result, before: list[Fact]) -> None:
    outcome, after = result.outcome, result.facts
    said = f"{outcome.outcome}: {outcome.error_type} {outcome.error_message}"
    if effect == "kept":
        assert after == before, said
        return
    assert outcome.outcome in ("ok", "unchanged"), said
    if effect == "same":
        assert [tuple(fact)[:5] for fact in after] == [tuple(fact)[:5] for fact in before]
    elif effect == "fewer":
        old, new = latest(before), latest(after)
        assert new and new.keys() <= old.keys()
        assert all(value is None or old[key] == (state, value) for key, (state, value) in new.items())
        assert new != old, "nothing changed"
    else:
        assert outcome.rows_revised and set(before) < set(after), said


@pytest.mark.parametrize("provider", ALL)
def test_missing(stand: Stand, say: Record, provider: str) -> None:
    one = lane(provider)
    before = latest(stand.loaded(one))
    if provider in expected.MARKER:
        result = stand.fault(expected.MARKER[provider], one, held=False)
    else:
        blank = OneDay(lambda value: None)
        result = stand.run(stand.new_home(), [one.dataset], one.env, tweak=blank, files="missing")[one.dataset.id]
        assert drops(provider) or blank.hits, "the sandbox cannot blank a value of this provider"
    outcome, after = result.outcome, latest(result.facts)
    if result.failed:
        reason = expected.NO_MARKER.get(f"{provider}:refused")
        assert reason, f"refused: {outcome.error_type}: {outcome.error_message}"
        say("na", reason)
        return
    nulls = [key for key, (state, _) in after.items() if state == "missing" and before.get(key, ("", 0))[0] == "value"]
    lost = before.keys() - after.keys()
    if not nulls:
        reason = expected.NO_MARKER.get(f"{provider}:absent")
        assert reason and lost, f"no row without a value; {len(lost)} rows are not there"
        say("na", reason)
        return
    assert all(after[key][1] is None for key in nulls)


@pytest.mark.parametrize("provider", ALL)
def test_revision(stand: Stand, say: Record, provider: str) -> None:
    if excused(provider, "revision", say):
        return
    one = lane(provider)
    if provider in expected.NEW_VINTAGE:
        home, earlier = stand.new_home(), NOW - timedelta(days=expected.NEW_VINTAGE[provider])
        world = SimulatedBackend(now=earlier)
        before = stand.run(home, [one.dataset], one.env, now=earlier, world=world)[one.dataset.id].facts
        after = stand.run(home, [one.dataset], one.env)[one.dataset.id].facts
        assert before and set(before) < set(after)
        again = {fact[:2] for fact in before} & {fact[:2] for fact in set(after) - set(before)}
        assert again, "no observation has a new version"
        return
    before = stand.loaded(one)
    assert before
    home, change = stand.new_home(stand.held(one.keyed)), OneDay(lambda value: value * 1.004)
    result = stand.run(home, [one.dataset], one.env, tweak=change, files="revised")[one.dataset.id]
    assert drops(provider) or change.hits, "the sandbox cannot change a value of this provider"
    compare("revised", result, before)


@pytest.mark.parametrize("provider", ALL)
def test_unit(stand: Stand, say: Record, provider: str) -> None:
    if excused(provider, "unit", say):
        return
    if not any(series.unit_guard for dataset in datasets(provider) for series in dataset.series):
        say("na", "no series with a unit guard: they jump by nature, or are percentages of fixed range")
        return
    one = lane(provider)
    if drops(provider):
        home = stand.new_home(stand.held(False))
        result = stand.run(home, [one.dataset], one.env, files="unit_x1000")[one.dataset.id]
    else:
        result = stand.fault("unit_x1000", one, held=True)
    assert typed(provider, "unit_x1000", result) and result.facts == stand.loaded(one)


@pytest.mark.parametrize("provider", ALL)
def test_shortened(stand: Stand, say: Record, provider: str) -> None:
    if excused(provider, "shortened", say):
        return
    one = lane(provider)
    before = stand.loaded(one)
    assert before
    home, cut = stand.new_home(stand.held(one.keyed)), Later()
    result = stand.run(home, [one.dataset], one.env, tweak=cut, files="short_history")[one.dataset.id]
    assert drops(provider) or cut.hits, "the sandbox cannot shorten an answer of this provider"
    assert set(before) <= set(result.facts) and not any(fact.state == "vanished" for fact in result.facts)


@pytest.mark.parametrize("provider", ALL)
def test_secrets(stand: Stand, say: Record, caplog: pytest.LogCaptureFixture, provider: str) -> None:
    assert lanes(provider), f"{provider}: no dataset that makes a request"
    keyed = [one for one in lanes(provider) if one.keyed or one.dataset.requires_key]
    if not keyed:
        say("na", "asks without a key")
        return
    caplog.set_level(logging.DEBUG)
    for one in keyed:
        if one.dataset.requires_key:
            bare = stand.run(stand.new_home(), [one.dataset], {})[one.dataset.id]
            assert (bare.outcome.outcome, bare.asked) == ("not_configured", 0)
        home = stand.new_home()
        spies = [Spy(status) for status in (200, 403, 500, 400, 302, 0)]
        messages = []
        for spy in spies:
            outcome = stand.run(home, [one.dataset], one.env, tweak=spy)[one.dataset.id].outcome
            messages.append(f"{outcome.error_type} {outcome.error_message} {outcome.quarantine_example}")
        assert all(SECRET in "".join(spy.sent) for spy in spies), "the key was not sent"
        stored = "\n".join(
            [*messages, caplog.text, *everything(home.base), json.dumps(Landing(home).read_ledgers()),
             str(read_parquet(home.raw / "fetches.parquet").to_pylist())]
        )  # fmt: skip
        assert len(messages) == 6 and "None None None" in messages[0], messages[0]
        for form in {SECRET, quote(SECRET, safe=""), quote_plus(SECRET), json.dumps(SECRET)[1:-1]}:
            at = stored.find(form)
            assert at < 0, f"{one.dataset.id}: the key is in {stored[max(0, at - 60) : at]!r}..."


@dataclass
class Spy:
    """Notes what it is asked, and refuses with `status`, repeating the question (0: as a success). 200 lets pass."""

    status: int
    sent: list[str] = field(default_factory=list)

    def __call__(self, ask: Ask, reply: Reply) -> Reply:
        self.sent.append(f"{ask.path} {ask.query} {ask.headers}")
        if self.status == 200:
            return reply
        headers = {"Location": "https://elsewhere.example/login"} if self.status == 302 else {}
        said = f"refused: {ask.path} {json.dumps(dict(ask.query))}"
        return Reply(self.status or 200, "text/plain", said.encode(), headers)


def everything(folder: Path) -> list[str]:
    """Text of all files below a home, bodies decompressed. A body is what the upstream said: one that repeats its
    question is left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".zst":
                content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
                if content.startswith(b"refused: "):
                    continue
            found.append(content.decode("utf-8", "replace"))
    return found


@pytest.mark.parametrize("provider", ALL)
def test_hostile(stand: Stand, say: Record, provider: str) -> None:
    one, source = lane(provider), sources.get(provider)
    home = stand.held(one.keyed)
    landing = Landing(home)
    last = history(landing.read_ledgers())[one.dataset.id][-1]
    good = [response_of(line, landing.body(line["content_sha256"])) for line in last.responses if usable_line(line)]
    assert good, "no good answer to damage"
    chance = random.Random(provider)
    tested = 0
    for response in sorted(good, key=lambda r: len(r.content))[:3]:
        for content in damaged(response.content, chance, 10 if len(response.content) > 300_000 else 30):
            bad = replace(response, content=content)
            try:
                rows = source.parse(one.dataset, bad)
                if isinstance(source, JointSource):
                    rows = source.parse_all(one.dataset, [bad]) or rows
            except SourceError as error:
                assert "\n" not in str(error)
            else:
                assert {row.series_id for row in rows} <= {series.id for series in one.dataset.series}
            tested += 1
    say("note", f"{tested} damaged answers")


def damaged(content: bytes, chance: random.Random, count: int) -> list[bytes]:
    found = [b"", b"\x00", b"{}", b"[]", b"null", b"<html></html>", b"\xff\xfe", content[: len(content) // 2]]
    for _ in range(count):
        at = chance.randrange(len(content) + 1)
        noise = chance.randbytes(chance.randrange(5)) or b"9" * chance.randrange(3)
        found.append(content[:at] + noise + content[at + chance.randrange(20) :])
    return found


def test_every_provider_is_a_module_and_is_declared() -> None:
    declared = {dataset.provider for dataset in load().datasets.values()}
    assert declared == set(PROVIDERS), f"one without the other: {sorted(declared ^ set(PROVIDERS))}"


def test_every_property_has_a_test_and_every_declaration_is_used() -> None:
    assert {f"test_{name}" for name in expected.PROPERTIES} <= globals().keys()
    known = {*CATALOGUE, *expected.PROPERTIES, *PROVIDERS, "refused", "absent"}
    tables = (expected.HARMLESS, expected.ERRORS, expected.NOT_APPLICABLE, expected.NO_MARKER, expected.SENDER)
    for name in {name for table in tables for name in table}:
        provider, _, rest = name.rpartition(":")
        assert rest in known and provider in {"", *PROVIDERS}, name


def test_every_fault_is_met_by_somebody() -> None:
    lost = [kind for kind in CATALOGUE if not any(lane_of(provider, kind) for provider in ALL if not drops(provider))]
    assert set(lost) == set(expected.UNUSED)
