"""`make check-readers`: 100 readers poll while 200 builds are published; no error, no blocked read, no mixed build.

A third of the readers opens `current/lowtide.duckdb` as a BI tool does, a third uses `publish.open_current`, a third reads two
Parquet files of one build (`publish.read_tables`). Every row carries its build's number, so a read that mixes two builds
shows. Prints read latency without and with publishes (p50, p99, longest) and publishes a second; exits with 1 when a read
failed, mixed, or took longer than --limit seconds and three times the longest read without publishes (a busy machine is slow). Does not belong here: readers of PostgreSQL (tests/publish).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from expectations.model import GateReport, TableMeta
from expectations.tables import parquet_path, write_parquet
from lowtide.clock import Clock
from lowtide.home import Home
from publish import open_current, publish, read_tables

ROOT = Path(__file__).resolve().parent.parent
BEGIN = datetime(2026, 1, 2, 22, tzinfo=UTC)
TABLES = [TableMeta("marts", name, ("day",), None, ()) for name in ("left", "right")]
PER_PROCESS = 10
PAUSE_S = 1.0  # between two reads of one reader, on average: 100 readers then ask up to 100 times a second
_MARKS = 'select (select list(distinct mark) from marts."left"), (select list(distinct mark) from marts."right"), (select build_id from meta.build)'


def put(home: Home, n: int, rows: int) -> None:
    """Publish build number n; its number stands in every row."""
    candidate = home.build / "export"
    candidate.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        values = np.random.default_rng(n).normal(size=rows)
        write_parquet(pa.table({"day": np.arange(rows), "mark": np.full(rows, n), "value": values}), parquet_path(candidate, table.table))
    publish(
        home, build_id=f"b{n:04d}", run_id="bench", as_of=BEGIN, clock=Clock(BEGIN + timedelta(seconds=n)), candidate=candidate, tables=TABLES,
        descriptions={}, gate=GateReport([], frozenset(), {}, None), theses={}, fingerprint=str(n),
    )  # fmt: skip


def _plain(home: Home) -> tuple[Any, ...]:
    with duckdb.connect(str(home.current / "lowtide.duckdb"), read_only=True) as connection:
        return connection.execute(_MARKS).fetchall()[0]


def _library(home: Home) -> tuple[Any, ...]:
    with open_current(home) as connection:
        return connection.execute(_MARKS).fetchall()[0]


def _parquet(home: Home) -> tuple[Any, ...]:
    found = read_tables(home, ["marts.left", "marts.right", "meta.build"])
    marks = [found[t]["mark"].unique().to_pylist() for t in ("marts.left", "marts.right")]
    return *marks, found["meta.build"]["build_id"][0].as_py()


KINDS: dict[str, Callable[[Home], tuple[Any, ...]]] = {"plain": _plain, "library": _library, "parquet": _parquet}


def read(base: str, first: int, count: int, stop: Path, pause_s: float) -> None:
    """A process of `count` reading threads; prints {"reads": [[begun, seconds, kind, build]], "problems": [...]}.

    What was seen is told while it runs as empty files `kind-build` beside `stop`.
    """
    home, reads, problems = Home.of("sandbox", Path(base)), [], []

    def poll(number: int) -> None:
        kind = list(KINDS)[number % len(KINDS)]
        rng, warm = random.Random(number), False
        while not stop.exists() and os.getppid() == parent:  # a killed check leaves no readers behind
            time.sleep(rng.uniform(0, 2 * pause_s))
            begun = time.monotonic()
            try:
                left, right, build = KINDS[kind](home)
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what is counted here
                problems.append(f"{kind}: {type(error).__name__}: {error}"[:300])
                continue
            if not (left == right == [int(build[1:])]):
                problems.append(f"{kind}: mixed {left} {right} {build}")
            if warm:  # the first read of a thread pays for imports
                reads.append([begun, time.monotonic() - begun, kind, build])
                stop.with_name(f"{kind}-{build}").touch()
            warm = True

    parent = os.getppid()
    print("ready", flush=True)
    threads = [threading.Thread(target=poll, args=(n,)) for n in range(first, first + count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"reads": reads, "problems": problems}, sys.stdout)


def told(seconds: list[float]) -> dict[str, float]:
    """p50, p99 and longest in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [0.0] * 99
    return {"reads": len(seconds), "p50_ms": 1000 * cuts[49], "p99_ms": 1000 * cuts[98], "longest_ms": 1000 * max(seconds, default=0.0)}


def measure(readers: int, builds: int, rows: int, idle_s: float, pause_s: float = PAUSE_S, seen: int = 0, patience_s: float = 120.0) -> dict[str, Any]:
    """Readers alone for `idle_s` seconds, then the same readers during `builds` publishes.

    Publishing goes on, up to `patience_s` seconds, until each kind of reader saw `seen` builds: a busy machine is slow.
    """
    with tempfile.TemporaryDirectory() as folder:
        home, stop = Home.of("sandbox", Path(folder) / "home").prepare(), Path(folder) / "stop"
        put(home, 0, rows)
        processes = [
            subprocess.Popen([sys.executable, "-m", "bench.readers", "--child", str(home.base), str(first), str(min(PER_PROCESS, readers - first)), str(stop), str(pause_s)],
                             cwd=ROOT, stdout=subprocess.PIPE, text=True)
            for first in range(0, readers, PER_PROCESS)
        ]  # fmt: skip
        try:
            for process in processes:  # their imports come first
                assert process.stdout is not None and process.stdout.readline() == "ready\n"
            time.sleep(idle_s)
            begun, taken = time.monotonic(), []
            while len(taken) < builds or (
                time.monotonic() - begun < patience_s and any(len(list(stop.parent.glob(f"{kind}-*"))) < seen for kind in KINDS)
            ):
                n, before = len(taken) + 1, time.monotonic()
                put(home, n, rows)
                taken.append(time.monotonic() - before)
            ended = time.monotonic()
        finally:
            stop.touch()
        answers = [json.loads(p.communicate(timeout=600)[0]) for p in processes]
    reads = [r for a in answers for r in a["reads"]]
    return {
        "readers": readers, "builds": len(taken), "publishes_per_s": len(taken) / (ended - begun), "publish": told(taken),
        "alone": told([s for at, s, *_ in reads if at < begun - 1]),
        "during": {kind: told([s for at, s, k, _ in reads if begun <= at <= ended and k == kind]) for kind in KINDS},
        "all_during": told([s for at, s, *_ in reads if begun <= at <= ended]),
        "builds_seen": len({r[3] for r in reads}), "problems": [p for a in answers for p in a["problems"]],
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    print(f"{found['readers']} readers, {found['builds']} builds published at {found['publishes_per_s']:.1f}/s; readers saw {found['builds_seen']} of them")
    rows = {"reads alone": found["alone"], "reads during": found["all_during"], **{f"  {k}": v for k, v in found["during"].items()}, "publish": found["publish"]}
    for name, one in rows.items():
        print(f"  {name:14}{one['reads']:7} times   p50 {one['p50_ms']:7.1f} ms   p99 {one['p99_ms']:7.1f} ms   longest {one['longest_ms']:7.1f} ms")
    print(f"  failed or mixed reads: {len(found['problems'])}", *found["problems"][:5], sep="\n    ")


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="make check-readers", description=__doc__)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--rows", type=int, default=3000, help="of each of two marts")
    parser.add_argument("--idle", type=float, default=8.0, help="seconds of reads without a publish, to compare with")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds; a read that takes longer than this and three times the longest one alone was blocked")
    asked = parser.parse_args(arguments)
    found = measure(asked.readers, asked.builds, asked.rows, asked.idle)
    show(found)
    longest = max(1000 * asked.limit, 3 * found["alone"]["longest_ms"])
    if found["problems"] or found["all_during"]["longest_ms"] > longest or not found["all_during"]["reads"]:
        raise SystemExit("readers were disturbed")
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        read(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]), float(sys.argv[6]))
    else:
        main()
