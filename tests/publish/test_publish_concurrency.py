"""Readers during publishes, and a publish killed at every step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from lowtide.home import Home
from publish import manifest, open_current
from tests.expectations.synthetic import ORIGIN, frames
from tests.publish.test_publish import run

ROOT = Path(__file__).resolve().parents[2]

READER = """
import sys
from pathlib import Path
from lowtide.home import Home
from publish.reader import current_build, open_current
home, stop = Home.of("replay", Path(sys.argv[1])), Path(sys.argv[2])
seen, reads = set(), 0
print("ready", flush=True)
while True:
    last = stop.exists()
    with open_current(home) as connection:
        opened = Path(connection.execute("select path from duckdb_databases() where path is not null").fetchall()[0][0]).parent.name
        build = connection.execute("select build_id from meta.build").fetchall()
        marks = connection.execute("select distinct reserves_usd_mn from marts.funding_stress").fetchall()
    assert build == [(opened,)], (build, opened)
    assert marks == [(float(opened[1:]),)], (marks, opened)
    seen.add(opened); reads += 1
    if last:
        break
print(reads, len(seen), current_build(home).name)
"""


def test_a_reader_sees_whole_builds_only_during_thirty_publishes(tmp_path: Path) -> None:
    home, stop = Home.of(ORIGIN, tmp_path / "home").prepare(), tmp_path / "stop"
    made = frames(10)

    def publish(n: int) -> None:
        made["marts.funding_stress"]["reserves_usd_mn"] = float(n)
        run(home, f"b{n:03d}", made, at=n)

    publish(0)
    reader = subprocess.Popen([sys.executable, "-c", READER, str(home.base), str(stop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, cwd=ROOT)
    assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
    for n in range(1, 31):
        publish(n)
    stop.touch()
    out, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors
    reads, builds, last = out.split()
    assert int(reads) >= 10 and int(builds) >= 3 and last == "b030"


def test_an_open_reader_keeps_its_build_when_it_is_deleted(tmp_path: Path) -> None:
    home = Home.of(ORIGIN, tmp_path).prepare()
    run(home, "b0")
    with open_current(home) as connection:
        for n in range(1, 4):
            run(home, f"b{n}", keep=1, at=n)
        assert not (home.serve / "b0").exists()
        assert connection.execute("select build_id from meta.build").fetchall() == [("b0",)]
        assert connection.execute("select count(*) from scorecard.legs").fetchall()[0][0] > 0


KILLED = """
import os, signal, sys
sys.path[:0] = [sys.argv[2], sys.argv[3]]
from pathlib import Path
import publish.build, publish.layout, publish.warehouse
from lowtide.home import Home
step, calls = int(sys.argv[4]), [0]
def deadly(function):
    def wrapped(*a, **k):
        calls[0] += 1
        if calls[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*a, **k)
    return wrapped
for module, name in ((publish.build.shutil, "copyfile"), (publish.warehouse, "write"), (publish.layout, "fsync"),
                     (publish.layout, "point"), (publish.layout.os, "replace"), (publish.layout, "prune")):
    setattr(module, name, deadly(getattr(module, name)))
from tests.publish.test_publish import run
run(Home.of("replay", Path(sys.argv[1])), "b2", at=1)
print(calls[0], "finished")
"""


def test_kill_9_anywhere_leaves_a_whole_build_and_the_next_publish_cleans_up(tmp_path: Path) -> None:
    """The last file-system calls in order: fsyncs, folder renamed, fsync, pointer (created, renamed, fsynced), old builds deleted."""
    here = Path(__file__).resolve().parent

    def killed(home: Home, step: int) -> subprocess.CompletedProcess[str]:
        arguments = [str(home.base), str(here), str(here.parent / "expectations"), str(step)]
        return subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, cwd=ROOT, check=False)

    whole = killed(Home.of(ORIGIN, tmp_path / "whole").prepare(), 0)
    assert whole.stdout.endswith("finished\n"), whole.stderr
    calls = int(whole.stdout.split()[0])
    outcomes = []
    for step in (calls - 20, calls - 5, calls - 3, calls - 2, calls):
        home = Home.of(ORIGIN, tmp_path / str(step)).prepare()
        run(home, "b1")
        told = killed(home, step)
        assert told.returncode == -signal.SIGKILL, told.stderr
        current = os.readlink(home.current)
        outcomes.append(current)
        with open_current(home) as connection:
            assert connection.execute("select build_id from meta.build").fetchall() == [(current,)]
        assert manifest(home)["build_id"] == current
        run(home, "b3", at=2)
        assert os.readlink(home.current) == "b3" and not list(home.serve.glob(".tmp*"))
        for build in home.serve.glob("b*"):
            assert (build / "manifest.json").is_file() and (build / "lowtide.duckdb").is_file()
    assert outcomes == ["b1"] * 4 + ["b2"]  # nothing of b2 shows before the pointer's own rename
