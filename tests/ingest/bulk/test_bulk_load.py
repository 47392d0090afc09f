"""Loading: resume, replacement, faults, kill -9, and memory that does not grow with the history."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from ingest.bulk import loader
from ingest.bulk.kinds import KINDS
from ingest.bulk.store import Store, folder
from ingest.client import Client
from ingest.files import remove_leftovers
from lowtide.errors import HomeLocked, LowtideError
from lowtide.home import Home
from sandbox.server import SandboxServer
from sandbox.wire import Reply
from tests.ingest.bulk.bulk_kit import HOUR, JANUARY, Archive, file_of, funding

ROOT = Path(__file__).resolve().parents[3]
FUNDING, METRICS, HOURS = (KINDS[name] for name in ("funding_rate", "metrics", "klines_1h"))
METRICS_ROW = "2026-01-{day:02d} 00:05:00,BTCUSDT,{value},2,1,1,1,1\n"
METRICS_HEADER = ",".join(column.name for column in METRICS.columns) + "\n"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path, "sandbox").prepare()


@pytest.fixture
def archive():
    archive = Archive()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        archive.put(file_of("funding_rate", "2026-01", symbol), funding())
    with SandboxServer(archive) as server, Client({}, server.base_url) as client:
        archive.client = client
        yield archive


def load(home, archive, *kinds, **more):
    archive.asked.clear()
    return loader.load(home, archive.client, kinds or [FUNDING], **more)


def content(home: Home) -> dict[str, bytes]:
    return {str(p.relative_to(home.root)): p.read_bytes() for p in sorted(home.root.rglob("part.parquet"))}


def day(archive, number: int, value: float = 1.0):
    archive.put(file_of("metrics", f"2026-01-{number:02d}"), METRICS_HEADER + METRICS_ROW.format(day=number, value=value))


def test_parts_by_symbol_and_month_and_nothing_twice(home, archive):
    report = load(home, archive)
    assert report.good and vars(report.kinds["funding_rate"]) | {"bytes": 0} == {
        "symbols": 2, "months": 2, "loaded": 2, "skipped": 0, "failed": 0, "files": 2, "rows": 186, "bytes": 0, "duplicates": 0, "missing_days": 0,
    }  # fmt: skip
    glob = folder(home) / "funding_rate/symbol=*/month=*/part.parquet"
    found = duckdb.sql(f"select symbol, month, count(*), min(calc_time)::varchar from read_parquet('{glob}', hive_partitioning = true, hive_types_autocast = false) group by 1, 2 order by 1")
    assert [row[:3] for row in found.fetchall()] == [("BTCUSDT", "2026-01", 93), ("ETHUSDT", "2026-01", 93)]
    before = content(home)
    again = load(home, archive)
    assert again.kinds["funding_rate"].skipped == 2 and archive.asked == [] and content(home) == before
    line = json.loads(min((folder(home) / "funding_rate.manifest.jsonl").read_text().splitlines()))  # BTCUSDT
    assert line["files"][0]["url"].endswith("/BTCUSDT-fundingRate-2026-01.zip") and len(line["files"][0]["sha256"]) == 64


def test_a_replaced_file_is_loaded_again_and_only_that(home, archive):
    for etags in (True, False):
        archive.etags = etags
        load(home, archive)
        archive.put(file_of("funding_rate", "2026-01", "ETHUSDT"), funding(rate=0.0002 + etags))
        report = load(home, archive)
        tally = report.kinds["funding_rate"]
        assert (tally.loaded, tally.skipped) == (1, 1)
        assert not any("BTC" in key and key.endswith(".zip") for key in archive.asked)
    rates = pq.ParquetFile(Store(home, FUNDING).part("ETHUSDT", "2026-01")).read()["last_funding_rate"]
    assert rates[0].as_py() == 0.0002


def test_a_new_day_keeps_the_rows_of_the_others(home, archive):
    for number in (1, 2, 4):
        day(archive, number)
    assert load(home, archive, METRICS).kinds["metrics"].missing_days == 1
    day(archive, 3), day(archive, 4, 7.0)
    gone = archive.files.pop(file_of("metrics", "2026-01-01").key)  # a history that upstream shortens loses nothing here
    assert gone and load(home, archive, METRICS).good
    assert {key[-14:-4] for key in archive.asked if key.endswith(".zip")} == {"2026-01-03", "2026-01-04"}
    table = pq.ParquetFile(Store(home, METRICS).part("BTCUSDT", "2026-01")).read()
    assert table["sum_open_interest"].to_pylist() == [1.0, 1.0, 1.0, 7.0]
    assert [name[-10:] for name in table["source_file"].to_pylist()] == [f"2026-01-0{n}" for n in (1, 2, 3, 4)]
    assert load(home, archive, METRICS).kinds["metrics"].skipped == 1


def test_days_give_way_to_their_month(home, archive):
    def lines(first: int, count: int) -> str:
        return "\n".join(f"{JANUARY + n * HOUR},2,3,1,2,1,{JANUARY + (n + 1) * HOUR - 1},2,1,1,1,0" for n in range(first, first + count))

    archive.put(file_of("klines_1h", "2026-01-01"), lines(0, 24))
    load(home, archive, HOURS)
    archive.put(file_of("klines_1h", "2026-01"), lines(0, 48))
    load(home, archive, HOURS)
    table = pq.ParquetFile(Store(home, HOURS).part("BTCUSDT", "2026-01")).read()
    assert len(table) == 48 and set(table["source_file"].to_pylist()) == {"BTCUSDT-1h-2026-01"}
    assert load(home, archive, HOURS).kinds["klines_1h"].skipped == 1


@pytest.mark.parametrize("damage", ["gone", "cut", "line", "torn"])
def test_what_is_not_whole_is_loaded_again(home, archive, damage):
    load(home, archive)
    before, store = content(home), folder(home) / "funding_rate.manifest.jsonl"
    part = next(iter(sorted(home.root.rglob("part.parquet"))))
    if damage == "gone":
        part.unlink()
    elif damage == "cut":
        part.write_bytes(part.read_bytes()[:-9])
    elif damage == "line":
        store.write_text("".join(store.read_text().splitlines(keepends=True)[1:]))
    else:
        store.write_text(store.read_text()[:-20])
    report = load(home, archive)
    assert report.kinds["funding_rate"].loaded == 1 and content(home) == before
    assert load(home, archive).kinds["funding_rate"].skipped == 2


def test_a_damaged_manifest_is_one_line(home, archive):
    load(home, archive)
    path = folder(home) / "funding_rate.manifest.jsonl"
    path.write_text("{}\n" + path.read_text())
    with pytest.raises(LowtideError, match="line 1: damaged manifest line"):
        load(home, archive)


def test_a_failure_stops_its_month_only(home, archive):
    key = file_of("funding_rate", "2026-01", "BTCUSDT").key
    for reply, kind in (
        (Reply(200, "application/zip", archive.files[key][:-30]), "SchemaDrift"),  # not what its CHECKSUM says, twice
        (Reply(404, "application/xml", b"<Error/>"), "NotFound"), (Reply(403, "text/html", b"<html>"), "Blocked"),
        (Reply(503, "text/plain", b""), "Unreachable"),
    ):  # fmt: skip
        archive.broken = {key: reply}
        report = load(home, archive)
        (failure,) = report.failures
        assert (failure.symbol, failure.month, failure.error_type) == ("BTCUSDT", "2026-01", kind) and not report.good
        assert report.kinds["funding_rate"].loaded + report.kinds["funding_rate"].skipped == 1
        assert list(content(home)) == ["raw/bulk/binance_vision/funding_rate/symbol=ETHUSDT/month=2026-01/part.parquet"]
    archive.broken = {}
    assert load(home, archive).good and len(content(home)) == 2


def test_a_wall_ends_the_load(home, archive, monkeypatch):
    monkeypatch.setattr(loader, "GIVE_UP_AFTER", 5)
    for n in range(40):
        file = file_of("funding_rate", "2026-01", f"A{n}USDT")
        archive.put(file, funding())
    archive.broken = {f"{key}.CHECKSUM": Reply(451, "text/plain", b"restricted") for key in archive.files}
    report = load(home, archive, threads=2)
    assert "gave up after 5 refusals in a row: Blocked" in (report.stopped or "") and len(archive.asked) < 20


def test_unknown_symbols_and_an_archive_without_listing(home, archive):
    with pytest.raises(LowtideError, match="no funding_rate of NOPEUSDT"):
        load(home, archive, symbols=["NOPEUSDT"])
    with pytest.raises(LowtideError, match="cannot list metrics: NotFound"):
        load(home, archive, METRICS)


def test_an_ingest_run_beside_it_leaves_drafts_alone(home):
    with Store(home, FUNDING):
        draft = folder(home) / ".drafts" / "funding_rate" / "x.tmp"
        draft.write_text("")
        (home.raw / "y.tmp").write_text("")
        assert remove_leftovers(home.raw) == 1 and draft.exists()
    with Store(home, FUNDING):
        assert not draft.exists()


def test_one_load_at_a_time_but_beside_a_run(home):
    with home.lock(), home.lock("bulk"), pytest.raises(HomeLocked, match=r"\(bulk\) is held"), home.lock("bulk"):
        pass


# -- whole processes ------------------------------------------------------------------------------------------------


def command(home: Path, *more: str, latency_ms: int = 0) -> tuple[list[str], dict[str, str]]:
    words = [sys.executable, "-m", "lowtide", "bulk", "binance-vision", "--origin", "sandbox", "--now", "2026-11-20", "--latency-ms", str(latency_ms), *more]
    return words, {**os.environ, "LOWTIDE_HOME": str(home), "PYTHONPATH": str(ROOT)}


def run(home: Path, *more: str, latency_ms: int = 0) -> subprocess.CompletedProcess[str]:
    words, env = command(home, *more, latency_ms=latency_ms)
    return subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


def test_kill_9_then_resume(tmp_path):
    """Killed over and over while it writes: what is there is readable, and the end equals a load that nobody disturbed."""
    chosen = ("--kinds", "metrics,funding_rate", "--from", "2026-07", "--symbols", "BTCUSDT,ETHUSDT")
    words, env = command(tmp_path / "killed", *chosen, latency_ms=5)
    for parts in (1, 3, 5):
        process = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(list((tmp_path / "killed").rglob("part.parquet"))) < parts and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in (tmp_path / "killed").rglob("part.parquet"):
            assert pq.ParquetFile(path).metadata.num_rows > 0
    whole = sum(path.read_bytes().count(b"\n") for path in (tmp_path / "killed").rglob("*.manifest.jsonl"))
    done = run(tmp_path / "killed", *chosen, "--json")
    assert done.returncode == 0, done.stderr
    tallies = json.loads(done.stdout)["kinds"].values()
    # a part whose line the kill prevented is loaded again, so parts on disk may be more than what is skipped
    assert whole >= 1 and (sum(t["skipped"] for t in tallies), sum(t["loaded"] for t in tallies)) == (whole, 18 - whole)
    assert run(tmp_path / "calm", *chosen).returncode == 0
    killed, calm = (content(Home(tmp_path / name, "sandbox")) for name in ("killed", "calm"))
    assert killed == calm and len(calm) == 18


def test_exit_codes_and_one_line(tmp_path):
    months = ("--kinds", "funding_rate", "--from", "2026-10", "--symbols", "BTCUSDT")
    assert run(tmp_path, "--kinds", "nope").returncode == 2
    assert run(tmp_path, "--from", "2026-13").returncode == 2
    for fault, kind in (("vision=vision_bad_checksum", "CHECKSUM says"), ("vision=vision_cut_zip", "not a zip file"), ("vision=truncated", "Unreachable")):
        bad = run(tmp_path, *months, "--fault", fault)
        assert bad.returncode == 1 and kind in bad.stderr and bad.stderr.splitlines()[-1].startswith("error: 1 months failed")
        assert "Traceback" not in bad.stderr
    assert run(tmp_path, *months, "--fault", "bucket=html_200").stderr.startswith("error: cannot list funding_rate: SchemaDrift")
    good = run(tmp_path, *months)
    assert good.returncode == 0 and "1 loaded" in good.stdout
    gaps = run(tmp_path, "--kinds", "metrics", "--from", "2026-10", "--symbols", "BTCUSDT", "--json", "--fault", "bucket=vision_missing_day")
    assert gaps.returncode == 0 and json.loads(gaps.stdout)["kinds"]["metrics"]["missing_days"] == 2


PEAK = """
import resource, sys
from ingest.bulk import loader
from ingest.bulk.kinds import KINDS
from ingest.client import Client
from lowtide.home import Home
from pathlib import Path
from sandbox.wire import Reply
base, first = sys.argv[1], sys.argv[2]
with Client({}, base) as client:
    report = loader.load(Home(Path(sys.argv[3]), "sandbox").prepare(), client, [KINDS["klines_1h"]], first=first, threads=4)
assert report.good, report.failures[:1]
print(report.kinds["klines_1h"].rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_history(tmp_path):
    """Months of 44,640 rows (a minute each): a history eight times as long peaks at most 60 MB higher (measured 24; its rows
    would be 95). Arrow's own allocator keeps up to 60 MB more for itself, then no more: 203, 260, 262 MB for 0.1, 1, 3 million
    rows; hence the plain one here."""
    archive = Archive()
    for year in (2022, 2023):
        for month in range(1, 13):
            file = file_of("klines_1h", f"{year}-{month:02d}")
            start = int(file.span[0].timestamp() * 1000)
            count = (file.span[1] - file.span[0]).days * 1440
            archive.put(file, "\n".join(f"{start + n * 60_000},2,3,1,2,{n % 997}.123,{start + n * 60_000 + 59_999},2,1,1,1,0" for n in range(count)))
    found = []
    env = {**os.environ, "PYTHONPATH": str(ROOT), "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}
    with SandboxServer(archive) as server:
        for first in ("2023-10", "2022-01"):
            words = [sys.executable, "-c", PEAK, server.base_url, first, str(tmp_path / first)]
            done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
            assert done.returncode == 0, done.stderr
            found.append([int(word) for word in done.stdout.split()])
    (few, low), (many, high) = found
    print(f"{few:,} rows {low} MB, {many:,} rows {high} MB")
    assert many > 7 * few and high < low + 60
