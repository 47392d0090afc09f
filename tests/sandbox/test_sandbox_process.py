"""The stand-in as a process: it serves, says in one line why it cannot, and never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from lowtide.errors import LowtideError
from sandbox.process import Job, StandIn

ROOT = Path(__file__).resolve().parents[2]
WORLD = Job(world="recede", now="2026-11-18T23:00:00+00:00")


def test_it_serves_the_world_with_its_faults_and_fills_the_drop_folder(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    job = Job(0.05, ("lbma=lbma_zero",), world=WORLD.world, now=WORLD.now, dropbox=str(drop))
    with StandIn(job) as stand_in:
        begun = time.monotonic()
        answer = httpx.get(f"{stand_in.base_url}/json/gold_pm.json", headers={"Host": "prices.lbma.org.uk"})
        assert answer.status_code == 200 and any(0 in row["v"] for row in answer.json()) and time.monotonic() - begun >= 0.05
        assert list(drop.rglob("*.xlsx"))
        url = stand_in.base_url
    with pytest.raises(httpx.TransportError):
        httpx.get(url)


@pytest.mark.parametrize(
    "job, said",
    [
        (Job(upstream="{tmp}"), "index.json"),
        (Job(world="recede", now="2099-01-01T00:00:00+00:00", dropbox="{tmp}/drop"), "the simulated world runs from"),
    ],
    ids=["no archive", "no such day"],
)
def test_what_it_cannot_serve_is_one_line(tmp_path: Path, job: Job, said: str) -> None:
    told = Job(**{k: v.replace("{tmp}", str(tmp_path)) if isinstance(v, str) else v for k, v in vars(job).items()})
    with StandIn(told) as stand_in, pytest.raises(LowtideError, match=said) as error:
        _ = stand_in.base_url
    assert "\n" not in str(error.value)


def test_its_own_defects_are_told_and_not_shown(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with StandIn(Job(world="recede", now="no day", dropbox="x")) as stand_in, pytest.raises(LowtideError, match="cannot serve: ValueError"):
        _ = stand_in.base_url
    assert "Traceback" not in capfd.readouterr().err


def test_a_process_that_dies_at_once_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with StandIn(WORLD) as stand_in, pytest.raises(LowtideError, match="ended with code 1 before it served"):
        _ = stand_in.base_url


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import time; from sandbox.process import Job, StandIn\n"
        f"with StandIn(Job(world='recede', now='{WORLD.now}', dropbox={str(tmp_path / 'drop')!r})) as s: print(s.base_url, s._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[1])
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
