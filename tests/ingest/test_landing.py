"""Bodies and ledgers survive torn writes, and say what is wrong when they cannot."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from ingest.landing import Landing
from lowtide.errors import HomeUnusable, LowtideError
from lowtide.home import Home

NOW = datetime(2026, 5, 31, 22, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    return Home.of("sandbox", tmp_path).prepare()


def test_bodies_are_content_addressed_and_not_rewritten(home):
    landing = Landing(home)
    sha = landing.store(b"hello" * 100)
    path = home.landing / "bodies" / sha[:2] / f"{sha}.zst"
    before = (path.stat().st_ino, path.stat().st_mtime_ns)
    assert landing.store(b"hello" * 100) == sha and landing.body(sha) == b"hello" * 100
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before
    assert not list(home.landing.rglob("*.tmp"))
    assert landing.body(landing.store(b"")) == b""


@pytest.mark.parametrize("damage", [b"", b"garbage", "cut"])
def test_a_damaged_body_is_named_and_mended(home, damage):
    landing = Landing(home)
    content = os.urandom(5000)
    sha = landing.store(content)
    path = home.landing / "bodies" / sha[:2] / f"{sha}.zst"
    path.write_bytes(path.read_bytes()[:2000] if damage == "cut" else damage)
    with pytest.raises(LowtideError, match="damaged"):
        landing.body(sha)
    landing.store(content)
    assert landing.body(sha) == content
    with pytest.raises(LowtideError, match="missing"):
        landing.body("0" * 64)


def test_run_ids_differ_under_a_set_clock_and_keep_their_order(home):
    landing = Landing(home)
    moments = [NOW, NOW, NOW.replace(year=2020)]
    ids = []
    for number, now in enumerate(moments):
        with landing.open_ledger(now) as ledger:
            ledger.write({"n": number})
            ids.append(ledger.run_id)
    assert ids == ["20260531T220000Z-001", "20260531T220000Z-002", "20200531T220000Z-003"]
    assert [(event["n"], event["run_id"]) for event in landing.read_ledgers()] == list(enumerate(ids))


def test_a_torn_last_line_is_left_out_but_damage_inside_is_reported(home):
    landing = Landing(home)
    with landing.open_ledger(NOW) as ledger:
        for number in range(3):
            ledger.write({"n": number})
    path = ledger.path
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines()[-1])):
        path.write_bytes(whole[: -cut - 1])
        assert [event["n"] for event in landing.read_ledgers()] in ([0, 1], [0, 1, 2])
    lines = whole.splitlines()
    path.write_bytes(b"\n".join([lines[0], lines[1][:9], lines[2]]) + b"\n")
    with pytest.raises(LowtideError, match=rf"{path.name}, line 2"):
        landing.read_ledgers()


def test_ledger_lines_are_one_json_object_each(home):
    with Landing(home).open_ledger(NOW) as ledger:
        ledger.write({"text": "line\nbreak \u2028 é"})
    (line,) = ledger.path.read_text().splitlines()
    assert json.loads(line) == {"text": "line\nbreak \u2028 é", "run_id": ledger.run_id}


def test_an_unusable_disk_is_one_clear_line(home, monkeypatch):
    landing = Landing(home)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HomeUnusable, match="No space left") as caught:
        landing.store(b"x")
    assert "\n" not in str(caught.value) and not list(home.landing.rglob("*.tmp"))
