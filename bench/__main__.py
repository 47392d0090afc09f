"""`make bench`: first load, a day's increment and a run with nothing new, on the sandbox at 150 ms a request.

Each is a whole process (imports included), each beside its floor (`bench.floor`) in the same run. Prints a table, keeps
JSON in bench/results/. Ratios and medians over --repeat rounds are what to quote: machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
from rich.console import Console
from rich.table import Table

from bench import DAY, pacing, readers
from lowtide.clock import Clock
from sandbox.server import SandboxServer
from sandbox.world import SimulatedBackend

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = (("first load", DAY), ("a day's increment", DAY + timedelta(days=1)), ("nothing new", DAY + timedelta(days=1)))
# What the built theses stand on; `--select all` measures every source (a first load then asks 2,300 times).
SPINE = ("alfred", "fred", "nyfed", "treasury", "fiscaldata", "yahoo", "cboe", "coinbase", "lbma")
STAGES = ("dagster", "ingest", "dbt", "gate", "publish")
TARGETS = {"first load": 25.0, "a day's increment": 12.0}  # seconds of the stage dbt: everything from nothing, and one more day
YEARS = 10


def timed(command: list[str], env: dict[str, str], stdin: str | None = None) -> tuple[float, float, str]:
    """Run a process to its end: wall seconds, peak memory in MB of the largest child so far, standard output."""
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, done.stdout


def run(home: Path, now: datetime, latency_ms: int, select: list[str]) -> dict[str, Any]:
    """One `lowtide run` on the sandbox as a whole process."""
    env = {**os.environ, "LOWTIDE_HOME": str(home)}
    command = [str(Path(sys.executable).with_name("lowtide")), "run", "--origin", "sandbox", "--now", now.isoformat(), "--latency-ms", str(latency_ms), "--json"]
    command += [word for name in select for word in ("--select", name)]
    wall, peak, out = timed(command, env)
    told = json.loads(out)
    return {
        "wall_s": wall, "peak_mb": peak, "stages": told["seconds"], "requests": sum(o["requests"] for o in told["outcomes"]), "told": told,
        **tables(home / "sandbox", told["unchanged"]),
    }  # fmt: skip


def tables(root: Path, unchanged: bool) -> dict[str, Any]:
    """Rows of each published table and dbt's seconds for it (run_results), and what ten years of the scorecard cost a reader."""
    published = json.loads((root / "serve" / "current" / "manifest.json").read_text(encoding="utf-8"))["tables"]
    built = {} if unchanged else {r["unique_id"]: r for r in json.loads((root / "build" / "candidate.json").read_text(encoding="utf-8"))["results"]}
    seconds = {r["tables"][0]: r["seconds"] for r in built.values() if r["node_type"] == "model" and len(r["tables"]) == 1}
    below = sum(r["seconds"] for r in built.values() if len(r["tables"]) != 1 or r["node_type"] != "model")
    begun = time.monotonic()
    with duckdb.connect(str(root / "serve" / "current" / "lowtide.duckdb"), read_only=True) as connection:
        query = f"""select thesis_id, verdict, count(*) from scorecard.verdicts join (
            select thesis_id, as_of_date, count(*) filter (where passed) as passed from scorecard.legs group by all) using (thesis_id, as_of_date)
            where as_of_date > (select max(as_of_date) from scorecard.verdicts) - interval '{YEARS} years' group by all"""
        days = sum(row[2] for row in connection.execute(query).fetchall())
    read = time.monotonic() - begun
    rows = {name: {"rows": entry["rows"], "seconds": seconds.get(name)} for name, entry in published.items()}
    return {"tables": rows, "dbt_below_s": below, "scorecard": {"days": days, "seconds": read}}


def floor(home: Path, now: datetime, latency_ms: int, told: dict[str, Any]) -> dict[str, Any]:
    """The same bytes and the same SQL without anything around them, as a whole process."""
    root = home / "sandbox"
    urls = []
    for line in (root / "landing" / "ledger" / f"{told['run_id']}.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["event"] == "response":
            parts = urlsplit(event["url"])
            urls.append([parts.netloc, f"{parts.path}?{parts.query}"])
    models, seeds = [], []
    if not told["unchanged"]:
        nodes = json.loads((ROOT / "dbt_project" / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
        order = json.loads((root / "build" / "candidate.json").read_text(encoding="utf-8"))["results"]
        for result in order:
            node = nodes[result["unique_id"]]
            relation = f"{node['schema']}.{node['alias']}"
            if node["resource_type"] == "seed":
                seeds.append([relation, str(ROOT / "dbt_project" / node["original_file_path"])])
            elif node["resource_type"] == "model":
                compiled = root / "build" / "dbt" / "compiled" / "lowtide" / node["original_file_path"]
                models.append([relation, compiled.read_text(encoding="utf-8")])
    with SandboxServer(SimulatedBackend("recede", now=now), latency_s=latency_ms / 1000) as server:
        job = json.dumps({"base_url": server.base_url, "urls": urls, "models": models, "seeds": seeds})
        wall, _peak, out = timed([sys.executable, "-m", "bench.floor"], dict(os.environ), job)
    return {"wall_s": wall, **json.loads(out)}


def measure(rounds: int, latency_ms: int, select: list[str]) -> list[dict[str, Any]]:
    """Every scenario, `rounds` times, each round in a fresh home."""
    rows = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, now in SCENARIOS:
                taken = run(Path(folder), now, latency_ms, select)
                least = floor(Path(folder), now, latency_ms, taken.pop("told"))
                rows.append({"round": number, "scenario": name, **taken, "floor": least})
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """Medians over rounds, stages in seconds."""
    table = Table("scenario", "wall s", "floor s", "ratio", *[f"{s} s" for s in STAGES], "gate %", "requests", "peak MB", title="medians")
    for name, _ in SCENARIOS:
        mine = [r for r in rows if r["scenario"] == name]
        wall, least = (statistics.median(r[k] for r in mine) for k in ("wall_s", "floor_s"))
        stages = {s: statistics.median(r["stages"].get(s, 0.0) for r in mine) for s in STAGES}
        table.add_row(
            name, f"{wall:.1f}", f"{least:.1f}", f"{wall / least:.1f}", *[f"{stages[s]:.1f}" for s in STAGES],
            f"{100 * stages['gate'] / wall:.0f}", f"{mine[0]['requests']}", f"{max(r['peak_mb'] for r in mine):.0f}",
        )  # fmt: skip
    console = Console(width=160)
    console.print(table)
    for name, target in TARGETS.items():
        spent = statistics.median(r["stages"].get("dbt", 0.0) for r in rows if r["scenario"] == name)
        console.print(f"dbt of {name}: {spent:.1f} s, target {target:.0f} s{'' if spent <= target else ' (MISSED)'}", highlight=False)
    console.print(marts([r for r in rows if r["scenario"] == "first load"]))
    read = [r["scorecard"] for r in rows if r["scenario"] == "first load"]
    console.print(f"scorecard over {YEARS} years: {read[0]['days']} thesis days judged, read in {statistics.median(r['seconds'] for r in read):.2f} s", highlight=False)


def marts(rows: list[dict[str, Any]]) -> Table:
    """A line per published table of a whole build: rows, and the median of dbt's seconds for its model."""
    table = Table("table", "rows", "dbt s", title="published tables, whole build")
    for name, first in sorted(rows[0]["tables"].items()):
        spent = [r["tables"][name]["seconds"] for r in rows if r["tables"].get(name, {}).get("seconds") is not None]
        table.add_row(name, f"{first['rows']}", f"{statistics.median(spent):.2f}" if spent else "written by publish")
    table.add_row("models below, seeds, tests", "", f"{statistics.median(r['dbt_below_s'] for r in rows):.2f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--repeat", type=int, default=1, help="rounds; medians are shown")
    parser.add_argument("--latency-ms", type=int, default=150)
    parser.add_argument("--select", nargs="+", default=list(SPINE), help="domains, providers or datasets; all; readers: those of make check-readers; pacing: ingest against the hosts' own pace")
    asked = parser.parse_args()
    if asked.select == ["readers"]:
        readers.main([])
        return
    if asked.select == ["pacing"]:
        pacing.main(asked.latency_ms)
        return
    rows = measure(asked.repeat, asked.latency_ms, [] if asked.select == ["all"] else asked.select)
    for row in rows:
        row["floor_s"] = row["floor"]["wall_s"]
    show(rows)
    path = ROOT / "bench" / "results" / f"{Clock().now():%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cores": os.cpu_count(), "latency_ms": asked.latency_ms, "rows": rows}, indent=1), encoding="utf-8")
    print(f"kept in {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
