"""Publishing to a real PostgreSQL server: what arrives, what readers see meanwhile, what is refused, and what stays secret."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import open_current
from tests.expectations.synthetic import ORIGIN, TABLES, frames
from tests.publish import postgres_server
from tests.publish.postgres_server import PASSWORD, Server
from tests.publish.test_publish import run

if reason := postgres_server.missing():
    pytest.skip(reason, allow_module_level=True)

import psycopg

from publish.mirrored import Mirrored
from publish.postgres import publish_postgres, where_of

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_GOLD = [t for t in TABLES if t.table != "marts.gold_drawdown"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server.server() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    """An empty database."""
    with psycopg.connect(f"host={server.folder} port={server.port} user=admin dbname=lowtide", autocommit=True) as admin:
        admin.execute("drop schema if exists marts, scorecard, meta cascade")
        admin.execute("grant all on schema public to publisher")
    return server.url()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.of(ORIGIN, tmp_path / "home").prepare()


def marked(home: Home, n: int, **columns: Any) -> None:
    """Publish build b<n>, whose number stands in every row of two marts."""
    made = frames(40)
    made["marts.funding_stress"]["reserves_usd_mn"] = float(n)
    made["marts.gold_drawdown"]["mdd_504_pct"] = float(n)
    for name, value in columns.items():
        made["marts.funding_stress"][name] = value
    run(home, f"b{n:03d}", made, at=n)


def put(home: Home, url: str, n: int, **columns: Any) -> Mirrored:
    marked(home, n, **columns)
    return publish_postgres(home, url, wait_s=20)


def ask(url: str, question: str, *arguments: object) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(question, arguments).fetchall()


def do(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def rows(result: Any) -> list[str]:
    """In one order, moments with one time zone class."""
    plain = [[v.astimezone(UTC) if isinstance(v, datetime) and v.tzinfo else v for v in row] for row in result.fetchall()]
    return sorted(map(repr, plain))


def test_rows_types_and_comments_arrive(home: Home, url: str) -> None:
    done = put(home, url, 1)
    assert done.changed and done.tables >= 8 and done.where == where_of(url)
    with open_current(home) as build:
        build.execute("set timezone = 'UTC'")
        tables = build.execute("select schema_name, table_name, comment from duckdb_tables() order by 1, 2").fetchall()
        with psycopg.connect(url, options="-c timezone=UTC") as there:
            for schema, name, comment in tables:
                select = f'select * from "{schema}"."{name}"'
                assert rows(there.execute(select)) == rows(build.execute(select)), name
                assert there.execute("select obj_description(to_regclass(%s), 'pg_class')", [f"{schema}.{name}"]).fetchall() == [(comment,)]
        wanted = build.execute("select schema_name, table_name, column_name, comment from duckdb_columns() where not internal and comment is not null").fetchall()
    assert wanted and sorted(wanted) == sorted(ask(
        url, "select table_schema, table_name, column_name, col_description(format('%%I.%%I', table_schema, table_name)::regclass, ordinal_position) "
        "from information_schema.columns where table_schema in ('marts', 'scorecard', 'meta') and table_name <> 'published_tables' "
        "and col_description(format('%%I.%%I', table_schema, table_name)::regclass, ordinal_position) is not null",
    ))  # fmt: skip
    kinds = dict(ask(url, "select column_name, data_type from information_schema.columns where table_schema = 'marts' and table_name = 'funding_stress'"))
    assert kinds["as_of_date"] == "date" and kinds["reserves_usd_mn"] == "double precision" and kinds["origin"] == "text"
    assert ask(url, "select data_type from information_schema.columns where table_name = 'build' and column_name = 'as_of'") == [("timestamp with time zone",)]


def test_the_same_build_again_does_nothing(home: Home, url: str) -> None:
    put(home, url, 1)
    before = ask(url, "select xmin::text, ctid::text from marts.funding_stress")
    assert not publish_postgres(home, url).changed
    assert ask(url, "select xmin::text, ctid::text from marts.funding_stress") == before


def test_grants_and_views_of_others_stay_and_new_tables_inherit_readers(home: Home, url: str) -> None:
    made = frames(40)
    run(home, "b001", made, at=1, tables=WITHOUT_GOLD)
    publish_postgres(home, url)
    assert ask(url, "select to_regclass('marts.gold_drawdown')") == [(None,)]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("grant usage on schema marts to reader")
        owner.execute("grant select on all tables in schema marts to reader")
        owner.execute("create view public.mine as select as_of_date, reserves_usd_mn from marts.funding_stress")
        owner.execute("create table marts.not_lowtides (n int)")
    made["marts.funding_stress"]["reserves_usd_mn"] = 7.0
    run(home, "b002", made, at=2)
    publish_postgres(home, url)
    as_reader = url.replace("//publisher", "//reader")
    assert ask(as_reader, "select distinct reserves_usd_mn from marts.funding_stress") == [(7.0,)]
    assert ask(as_reader, "select count(*) > 0 from marts.gold_drawdown") == [(True,)]
    assert ask(url, "select distinct reserves_usd_mn from public.mine") == [(7.0,)]
    assert ask(url, "select count(*) from marts.not_lowtides") == [(0,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(as_reader, "select * from meta.build")


def test_columns_and_tables_come_and_go(home: Home, url: str) -> None:
    put(home, url, 1, new_pct=1.5)
    put(home, url, 2, new_pct="now text")
    assert ask(url, "select distinct new_pct, reserves_usd_mn from marts.funding_stress") == [("now text", 2.0)]
    run(home, "b003", frames(40), at=3, tables=WITHOUT_GOLD)
    with_gold = "marts.gold_drawdown" in [t for (t,) in ask(url, "select table_name from meta.published_tables")]
    publish_postgres(home, url)
    names = {t for (t,) in ask(url, "select table_schema || '.' || table_name from information_schema.tables where table_schema in ('marts', 'meta', 'scorecard')")}
    assert with_gold and names == {t for (t,) in ask(url, "select table_name from meta.published_tables")} | {"meta.published_tables"}
    assert ask(url, "select count(*) from information_schema.columns where column_name = 'new_pct'") == [(0,)]


READER = """
import sys, time, psycopg
url, level, stop = sys.argv[1], sys.argv[2], sys.argv[3]
from pathlib import Path
seen, worst = set(), 0.0
with psycopg.connect(url) as c:
    c.isolation_level = psycopg.IsolationLevel[level]
    print("ready", flush=True)
    while True:
        last = Path(stop).exists()
        begun = time.monotonic()
        with c.transaction():
            a = c.execute("select distinct reserves_usd_mn from marts.funding_stress").fetchall()
            time.sleep(0.01)
            b = c.execute("select distinct mdd_504_pct from marts.gold_drawdown").fetchall()
            build = c.execute("select build_id from meta.build").fetchall()
        worst = max(worst, time.monotonic() - begun)
        assert a == b and build == [(f"b{int(a[0][0]):03d}",)], (a, b, build)
        seen.add(a[0][0])
        if last:
            break
print(len(seen), max(seen), worst)
"""


def test_no_transaction_of_any_level_sees_two_builds(home: Home, url: str, tmp_path: Path) -> None:
    put(home, url, 0)
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, url, level, str(stop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for level in ("READ_COMMITTED", "READ_COMMITTED", "REPEATABLE_READ", "REPEATABLE_READ", "SERIALIZABLE")
    ]
    assert all(r.stdout is not None and r.stdout.readline() == "ready\n" for r in readers)
    for n in range(1, 11):
        put(home, url, n)
    stop.touch()
    for reader in readers:
        out, errors = reader.communicate(timeout=60)
        assert reader.returncode == 0, errors
        builds, last, worst = out.split()
        assert int(builds) >= 3 and float(last) == 10.0 and float(worst) < 5.0


def test_a_transaction_left_open_keeps_its_build_and_is_named(home: Home, url: str) -> None:
    put(home, url, 1)
    with psycopg.connect(url, application_name="somebody's notebook") as reader:
        reader.execute("select count(*) from marts.funding_stress")
        marked(home, 2)
        begun = time.monotonic()
        with pytest.raises(LowtideError, match="somebody's notebook") as caught:
            publish_postgres(home, url, wait_s=1)
        assert time.monotonic() - begun < 5 and "the old build stays" in str(caught.value)
        begun = time.monotonic()
        assert ask(url, "select distinct reserves_usd_mn from marts.funding_stress") == [(1.0,)]
        assert time.monotonic() - begun < 1
        later = threading.Timer(1.5, reader.rollback)
        later.start()
        done = publish_postgres(home, url, wait_s=30)
        later.join()
    assert done.attempts > 1 and ask(url, "select build_id from meta.build") == [("b002",)]


def test_a_reader_that_waits_for_nobody_long_while_another_holds_the_swap_back(home: Home, url: str) -> None:
    put(home, url, 1)
    marked(home, 2)
    waits = []
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as polling:
        holder.execute("select count(*) from scorecard.verdicts")
        publisher = threading.Thread(target=lambda: publish_postgres(home, url, wait_s=30))
        publisher.start()
        for _ in range(60):
            begun = time.monotonic()
            assert polling.execute("select distinct reserves_usd_mn from marts.funding_stress").fetchall() == [(1.0,)]
            waits.append(time.monotonic() - begun)
            time.sleep(0.05)
        holder.rollback()
        publisher.join()
    assert max(waits) < 0.9  # below the server's deadlock_timeout: no reader is ever chosen as a victim
    assert ask(url, "select build_id from meta.build") == [("b002",)]


KILLED = """
import os, signal, sys
from pathlib import Path
import publish.postgres, publish.postgres_ddl
from lowtide.home import Home
step, calls = int(sys.argv[3]), [0]
real = publish.postgres_ddl.copy_in
def deadly(*a):
    calls[0] += 1
    if calls[0] == step:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*a)
publish.postgres_ddl.copy_in = deadly
if step == 99:
    publish.postgres._Swap._lock = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
publish.postgres.publish_postgres(Home.of("replay", Path(sys.argv[1])), sys.argv[2])
"""


@pytest.mark.parametrize("step", [1, 5, 99])
def test_killed_anywhere_leaves_the_old_build_and_nothing_else(home: Home, url: str, step: int) -> None:
    put(home, url, 1)
    marked(home, 2, extra_pct=1.0)
    done = subprocess.run([sys.executable, "-c", KILLED, str(home.base), url, str(step)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert ask(url, "select distinct reserves_usd_mn from marts.funding_stress") == [(1.0,)]
    deadline = time.monotonic() + 10
    while True:  # the server notices within moments that the process is gone
        try:
            assert publish_postgres(home, url, wait_s=10).changed
            break
        except LowtideError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert ask(url, "select distinct reserves_usd_mn, extra_pct from marts.funding_stress") == [(2.0, 1.0)]
    assert {s for (s,) in ask(url, "select nspname from pg_namespace where nspname !~ '^pg_'")} == {"information_schema", "marts", "meta", "public", "scorecard"}


def test_what_is_not_ours_or_of_another_origin_is_refused(home: Home, url: str, tmp_path: Path) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create schema marts")
        owner.execute("create table marts.funding_stress (mine int)")
    marked(home, 1)
    with pytest.raises(LowtideError, match="not published by Lowtide"):
        publish_postgres(home, url)
    do(url, "drop table marts.funding_stress")
    publish_postgres(home, url)
    do(url, "update meta.build set origin = 'live', build_id = 'x'")
    with pytest.raises(LowtideError, match="origins never mix"):
        publish_postgres(home, url)


def test_space_of_deleted_rows_is_used_again(home: Home, url: str) -> None:
    put(home, url, 0)
    size = "select pg_total_relation_size('marts.funding_stress') + pg_total_relation_size('scorecard.verdicts')"
    first = ask(url, size)[0][0]
    for n in range(1, 6):
        put(home, url, n)
    assert ask(url, size)[0][0] <= 3 * first


def test_the_password_is_repeated_nowhere(home: Home, url: str, server: Server) -> None:
    marked(home, 1)
    told = []
    for wrong in (url.replace(str(server.port), "1"), url.replace("publisher:s3", "publisher:S3"), "postgresql://u:s3cret:p@ss/word@127.0.0.1/x", url + "?nonsense=1"):
        with pytest.raises(LowtideError) as caught:
            publish_postgres(home, wrong)
        told.append(str(caught.value))
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
    environment = {**os.environ, "LOWTIDE_HOME": str(home.base), "LOWTIDE_PUBLISH_TO": url, "PYTHONPATH": str(ROOT)}
    for arguments in (["--json"], ["--to", url], ["--debug", "--to", url.replace(str(server.port), "1")]):
        done = subprocess.run([sys.executable, "-m", "lowtide", "publish", "--origin", ORIGIN, *arguments], env=environment, capture_output=True, text=True, check=False)
        told += [done.stdout, done.stderr]
    assert any("already" in t for t in told)
    pieces = [PASSWORD, "s3cret", "S3cret", "ss/word", "%2Fword"]
    assert [t for t in told if any(p in t for p in pieces)] == []
    written = [p for p in home.base.rglob("*") if p.is_file()] + [server.folder / "log"]
    content = b"".join(p.read_bytes() for p in written if p.exists() and os.access(p, os.R_OK))
    log_lines = [line for line in content.splitlines() if b"create role" not in line.lower()]  # the test's own set-up
    assert not any(PASSWORD.encode() in line or b"ss%2Fword" in line for line in log_lines)
