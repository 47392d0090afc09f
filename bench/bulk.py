"""`make bench-bulk`: rows per second of the bulk loader, beside DuckDB and dlt on the same simulated files, in the same run.

Belongs here: making the files, timing each contender in a process of its own (imports and a first month not counted), medians and ratios.
All read the same rows. The loader starts from zips with their CHECKSUMs (proves, unzips, checks every row, writes durable parts by
symbol and month). DuckDB and dlt get the extracted CSVs, and check and keep nothing but the types; one more DuckDB does what can be
compared with the loader's work: unzip, read, write Parquet by symbol and month, without proof, checks or fsync.
Rounds are interleaved: machines are noisy. Nothing is deleted before the end: ext4 goes around inodes that were freed in the last
minutes, which costs the next one who creates files up to 2 ms for each (so wait five minutes between two runs). No assertions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rich.console import Console
from rich.table import Table

from ingest.bulk.kinds import BUCKET, KINDS, MOMENT, File, Kind
from lowtide.clock import Clock
from sandbox.wire import vision as wire

ROOT = Path(__file__).resolve().parent.parent


def lines(file: File, draw: random.Random) -> Iterator[str]:
    """CSV lines of one file, as long as the archive's."""
    yield ",".join(column.name for column in file.kind.columns)
    at, after = file.span
    step = timedelta(hours={"klines": 1, "fundingRate": 8}[file.kind.folder]) if file.kind.folder != "metrics" else timedelta(minutes=5)
    while at < after:
        r = draw.random()
        if file.kind.folder == "klines":
            start, price = int(at.timestamp() * 1000), 100 + r
            yield f"{start},{price:.4f},{price + 1:.4f},{price - 1:.4f},{price:.4f},{r * 1e5:.3f},{start + 3_599_999},{r * 1e7:.5f},{int(r * 1e5)},{r * 5e4:.3f},{r * 5e6:.5f},0"
        elif file.kind.name == "funding_rate":
            yield f"{int(at.timestamp() * 1000) + int(r * 9)},8,{r / 1e3 - 5e-4:.8f}"
        else:
            yield f"{at:%Y-%m-%d %H:%M:%S},{file.symbol},{r * 1e6:.4f},{r * 1e9:.4f},{r:.8f},{1 - r:.8f},{r / 2:.8f},{r / 3:.8f}"
        at += step


def make(folder: Path, kind: Kind, symbols: int, months: int) -> None:
    """`zip/<key>` and `csv/<name>.csv` of `symbols` x `months`."""
    draw = random.Random(7)
    for number in range(symbols):
        for n in range(months):
            month = f"{2026 - 1 - n // 12}-{n % 12 + 1:02d}"
            whole = File(kind, "monthly", f"COIN{number}USDT", month)
            days = [File(kind, "daily", whole.symbol, f"{month}-{d:02d}") for d in range(1, (whole.span[1] - whole.span[0]).days + 1)]
            for file in days if kind.cadences == ("daily",) else [whole]:
                text = "\n".join(lines(file, draw)) + "\n"
                target = folder / "zip" / file.key
                target.parent.mkdir(parents=True, exist_ok=True)
                content = wire.pack(f"{file.name}.csv", text, 6)
                target.write_bytes(content)
                target.with_name(f"{target.name}.CHECKSUM").write_bytes(wire.checksum(content, target.name).body)
                (folder / "csv").mkdir(exist_ok=True)
                (folder / "csv" / f"{file.name}.csv").write_text(text)


class Disk:
    """A client whose archive is a folder: what the network costs is not measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.zip"))

    def send(self, request: Any, fetch_id: str) -> Any:
        from ingest.model import Response

        if BUCKET in request.url:
            prefix = request.params["prefix"]
            below = [key for key in self.keys if key.startswith(prefix)]
            folders = sorted({prefix + key.removeprefix(prefix).split("/")[0] + "/" for key in below if "/" in key.removeprefix(prefix)})
            keys = [key for key in below if "/" not in key.removeprefix(prefix)]
            content = wire.listing(prefix, request.params.get("marker", ""), folders, keys, lambda key: b"x").body
        else:
            key = request.url.partition(".vision/")[2]
            content = (self.folder / key).read_bytes()
        return Response(request, 200, {}, content, datetime(2026, 1, 1, tzinfo=UTC), fetch_id, hashlib.sha256(content).hexdigest())


def loader(folder: Path, kind: Kind, threads: int) -> tuple[int, float]:
    from ingest.bulk.loader import load
    from lowtide.home import Home

    client: Any = Disk(folder / "zip")
    warm, home = (Home(Path(tempfile.mkdtemp(dir=folder)), "sandbox").prepare() for _ in range(2))
    load(warm, client, [kind], symbols=["COIN0USDT"], last="2025-01")  # Arrow's first calls load libraries
    begun = time.monotonic()
    report = load(home, client, [kind], threads=threads)
    taken = time.monotonic() - begun
    assert report.good, report.failures[:1]
    return report.kinds[kind.name].rows, taken


def duck(folder: Path, kind: Kind, way: str) -> tuple[int, float]:
    """CSVs into a table in memory, columns told or found out by DuckDB; or zips into Parquet by symbol and month."""
    import duckdb

    stamp = "timestamp" if kind.name == "metrics" else "bigint"
    types = {c.name: stamp if c.type == MOMENT else {"double": "double", "int64": "bigint"}.get(str(c.type), "varchar") for c in kind.columns}
    options = "" if way == "columns found" else f", header = true, columns = {types}"
    csvs, target = folder / "csv", Path(tempfile.mkdtemp(dir=folder))
    connection = duckdb.connect(config={"threads": os.cpu_count() or 2})
    begun = time.monotonic()
    if way == "zip to Parquet":
        csvs = Path(tempfile.mkdtemp(dir=folder))
        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            list(pool.map(lambda path: ZipFile(path).extractall(csvs), (folder / "zip").rglob("*.zip")))
    connection.execute(f"create table t as select * from read_csv('{csvs}/*.csv'{options}{', filename = true' if way == 'zip to Parquet' else ''})")
    if way == "zip to Parquet":
        name = "parse_filename(filename, true)"
        parts = f"select *, split_part({name}, '-', 1) as symbol, regexp_extract({name}, '\\d{{4}}-\\d\\d') as month from t"
        parts = parts.replace("*", "* exclude (symbol)") if "symbol" in types else parts
        connection.execute(f"copy ({parts}) to '{target}' (format parquet, compression zstd, partition_by (symbol, month), overwrite_or_ignore)")
    taken = time.monotonic() - begun
    return connection.sql("select count(*) from t").fetchall()[0][0], taken


def contender(name: str, folder: Path, kind: Kind) -> tuple[int, float]:
    if name.startswith("lowtide"):
        return loader(folder, kind, int(name.rpartition(" ")[2]))
    return duck(folder, kind, name.removeprefix("duckdb, "))


def timed(name: str, folder: Path, kind: Kind, dlt: str) -> dict[str, float]:
    """One contender in its own process: rows, seconds, peak memory in MB."""
    if name == "dlt":
        command = [dlt, "-m", "bench.bulk_dlt", str(folder)]
    else:
        command = [sys.executable, "-m", "bench.bulk", "--contender", name, str(folder), kind.name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(kind: Kind, names: list[str], rounds: list[dict[str, dict[str, float]]]) -> None:
    rates = {name: [found[name]["rows"] / found[name]["seconds"] for found in rounds] for name in names}
    rows = rounds[0][names[0]]["rows"]
    table = Table("contender", "rows/s", "lowtide to it", "peak MB", title=f"{kind.name}: {rows:,.0f} rows, medians of {len(rounds)}")
    for name in names:
        ratio = statistics.median(ours / theirs for ours, theirs in zip(rates[names[0]], rates[name], strict=True))
        table.add_row(name, f"{statistics.median(rates[name]):,.0f}", f"{ratio:.2f}", f"{max(found[name]['peak_mb'] for found in rounds):.0f}")
    Console(width=120).print(table)


def main() -> None:
    import resource

    parser = argparse.ArgumentParser(prog="make bench-bulk", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--symbols", type=int, default=8)
    parser.add_argument("--months", type=int, default=24, help="klines; an eighth of it for metrics, twice for funding")
    parser.add_argument("--dlt", default=".venv-dlt/bin/python", help="a Python that has dlt; left out where there is none")
    parser.add_argument("--contender", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contender:
        rows, taken = contender(asked.contender[0], Path(asked.contender[1]), KINDS[asked.contender[2]])
        print(json.dumps({"rows": rows, "seconds": taken, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    names = ["lowtide, threads: 8", "lowtide, threads: 1", "duckdb, columns told", "duckdb, columns found", "duckdb, zip to Parquet"]
    names += ["dlt"] if Path(asked.dlt).exists() else []
    kept = []
    shapes = ((KINDS["klines_1h"], asked.months), (KINDS["metrics"], max(1, asked.months // 8)), (KINDS["funding_rate"], asked.months * 2))
    with tempfile.TemporaryDirectory() as base:
        for kind, months in shapes:
            folder = Path(base) / kind.name
            make(folder, kind, asked.symbols, months)
            rounds = [{name: timed(name, folder, kind, asked.dlt) for name in names} for _ in range(asked.repeat)]
            show(kind, names, rounds)
            kept.append({"kind": kind.name, "rounds": rounds})
    path = ROOT / "bench" / "results" / f"bulk-{Clock().now():%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cores": os.cpu_count(), "kinds": kept}, indent=1), encoding="utf-8")
    print(f"kept in {path.relative_to(ROOT)}; 'lowtide to it' is the rate of lowtide with 8 threads divided by the contender's, round by round")


if __name__ == "__main__":
    main()
