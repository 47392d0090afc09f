"""The floor: fetch the same bytes and run the same SQL in DuckDB, with nothing around it.

Belongs here: the least that a run of the same inputs could do. No landing, parsing, log, checks, gate or publishing.
Reads a job from standard input: {"base_url", "urls": [[host, path with query]], "models": [[relation, select]], "seeds": [[relation, file]]}.
Prints {"fetch_s", "sql_s", "total_s", "bytes"}.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import duckdb
import httpx


def fetch(base_url: str, host: str, targets: list[str]) -> int:
    """Ask one host for its targets one after the other, as a run does; returns the bytes received."""
    with httpx.Client(timeout=60) as client:
        return sum(len(client.get(base_url + target, headers={"Host": host}).content) for target in targets)


def main() -> None:
    begun = time.monotonic()
    job = json.load(sys.stdin)
    by_host: dict[str, list[str]] = defaultdict(list)
    for host, target in job["urls"]:
        by_host[host].append(target)
    received = 0
    if by_host:
        with ThreadPoolExecutor(len(by_host)) as pool:
            received = sum(pool.map(lambda item: fetch(job["base_url"], *item), by_host.items()))
    fetched = time.monotonic()
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set timezone = 'UTC'")
    connection.execute("attach ':memory:' as lowtide")
    connection.execute("use lowtide")
    relations = [name for name, _ in job["seeds"] + job["models"]]
    for schema in sorted({name.split(".")[0] for name in relations}):
        connection.execute(f"create schema if not exists {schema}")
    for name, path in job["seeds"]:
        connection.execute(f"create table {name} as select * from read_csv('{path}', nullstr = '')")
    for name, select in job["models"]:
        connection.execute(f"create table {name} as {select}")
    done = time.monotonic()
    print(json.dumps({"fetch_s": fetched - begun, "sql_s": done - fetched, "total_s": done - begun, "bytes": received}))


if __name__ == "__main__":
    main()
