"""`make bench ARGS="--select pacing"`: a first load of every source at 150 ms a request and at the contract's pace.

The floor of each host is its own: the seconds it asks for between two requests, as often as there are such gaps. Belongs here: ingest against those floors.
Does not belong here: whole runs (`bench.__main__`), which ask the stand-in as fast as it answers.
"""

from __future__ import annotations

import os
import tempfile
import time
from urllib.parse import urlsplit

import duckdb
from rich.console import Console
from rich.table import Table

from bench import DAY
from ingest import registry, sources
from ingest.client import Limits
from ingest.runner import run_ingest
from lowtide.run import RunOptions, open_run

ALLOWED = 1.2  # times the slowest host's own pace
SHOWN = 8


def measure(latency_ms: int) -> tuple[float, dict[str, tuple[int, float]]]:
    """Wall seconds of the load, and per host its requests and its pace in seconds."""
    datasets = registry.load().select([])
    paces = {host: pace for d in datasets for host, pace in sources.get(d.provider).hosts.items()}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOWTIDE_HOME"] = folder  # of this process, which does nothing else
        with open_run(RunOptions(origin="sandbox", now=DAY.isoformat(), latency_ms=latency_ms)) as session:
            home, begun = session.home, time.monotonic()
            run_ingest(home, session.clock, datasets, base_url=session.base_url, env=session.env, dropbox=session.dropbox, limits=Limits())
            wall = time.monotonic() - begun
        with duckdb.connect() as connection:
            urls = connection.execute(f"select url from read_parquet('{home.raw}/fetches.parquet') where url like 'http%'").fetchall()
    asked: dict[str, int] = {}
    for (url,) in urls:
        host = urlsplit(url).netloc
        asked[host] = asked.get(host, 0) + 1
    return wall, {host: (n, paces.get(host, 0.0)) for host, n in asked.items()}


def main(latency_ms: int = 150) -> None:
    """Print the slowest hosts' floors and the load beside them."""
    wall, hosts = measure(latency_ms)
    table = Table("host", "requests", "s between two", "floor s", title=f"first load of every source, {latency_ms} ms a request, paced")
    floors = sorted((((n - 1) * pace, host) for host, (n, pace) in hosts.items()), reverse=True)
    for floor, host in floors[:SHOWN]:
        table.add_row(host, f"{hosts[host][0]}", f"{hosts[host][1]:g}", f"{floor:.1f}")
    slowest = floors[0][0]
    console = Console(width=120)
    console.print(table)
    console.print(
        f"load: {wall:.1f} s, {wall / slowest:.2f} times the slowest host's pace, allowed {ALLOWED:g}{'' if wall <= ALLOWED * slowest else ' (MISSED)'}",
        highlight=False,
    )
