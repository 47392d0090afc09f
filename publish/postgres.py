"""Mirror the published build into PostgreSQL: one transaction, after which readers see the new build instead of the old one.

Belongs here: connecting, the transaction, its locks and who is told what. Does not belong here: SQL about one table
(`postgres_ddl`), which build is published (`reader`). docs/decisions/0020-postgres-in-place.md holds why rows are replaced in
place, and what was measured.

Rows are deleted and copied in a transaction nobody sees. Just before the commit every table is locked against readers: a
transaction that has read the old build holds the lock back until it ends, so none can see both, at any isolation level. The
wait is cut into attempts shorter than the server's deadlock_timeout; between two attempts readers that queued go on.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import layout, postgres_ddl, reader
from publish.mirrored import Mirrored
from publish.postgres_ddl import SCHEMAS, Column, Table, quote

if TYPE_CHECKING:
    import duckdb
    import psycopg

ATTEMPT_MS = 400  # longest that a reader waits for an attempt; half the server's deadlock_timeout where that is less
PAUSE_S = 0.25  # between attempts: what queued gets through
_KEY = 7_261_915  # advisory lock: one publisher per database
MANIFEST = Table(
    "meta", "published_tables", "What the build's manifest says of each table.",
    (Column("table_name", "text", "Table."), Column("rows", "bigint", "Rows. Unit: count."), Column("sha256", "text", "Hash of its Parquet file."),
     Column("carried_from", "text", "Build that a stale table was carried over from; null: of this build."),
     Column("theses", "text", "Theses that stand on it, comma separated."), Column("warnings", "text", "Warnings of the gate, one per line.")),
)  # fmt: skip


def publish_postgres(home: Home, url: str, *, wait_s: float = 60.0) -> Mirrored:
    """Copy the current build of `home` into the database at `url`, schemas marts, scorecard and meta.

    The password comes from the url, PGPASSWORD or ~/.pgpass and is repeated nowhere. wait_s: how long readers with an open
    transaction are waited for. Raises LowtideError, with the old build in place, when they do not end, when the
    database holds another origin or somebody else's tables, or when the server refuses.
    """
    with _connected(url) as (connection, where), reader.open_current(home) as build, tempfile.TemporaryDirectory() as scratch:
        begun = time.monotonic()
        build.execute("set timezone = 'UTC'")
        tables = postgres_ddl.catalogue(build)
        row = build.execute("select build_id, origin from meta.build").fetchall()[0]
        told = layout.read_manifest(home.serve / row[0])
        work = _Swap(connection, build, Path(scratch), [*tables, MANIFEST], told["tables"], wait_s)
        changed = work.run(*row)
        if changed:
            work.tidy()
        rows = sum(entry["rows"] for entry in told["tables"].values())
        return Mirrored(row[0], where, changed, len(tables), rows, time.monotonic() - begun, work.locked_s, work.attempts)


def where_of(url: str) -> str:
    """The url without password, for people. Raises LowtideError, without the url, when it is not one."""
    known = _parts(url)
    user = f"{known['user']}@" if known.get("user") else ""
    port = f":{known['port']}" if known.get("port") else ""
    return f"postgresql://{user}{known.get('host', 'localhost')}{port}/{known.get('dbname', '')}"


def _parts(url: str) -> dict[str, Any]:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise LowtideError("publishing to PostgreSQL needs psycopg: pip install 'lowtide[postgres]'") from None
    try:
        known = dict(conninfo_to_dict(url))
    except psycopg.Error:  # its text quotes pieces of the url, which may be pieces of the password
        known = {"host": "@"}
    if "@" in f"{known.get('host', '')}{known.get('dbname', '')}":  # a password with @ or / in it, not encoded
        raise LowtideError("not a PostgreSQL URL: write postgresql://user@host:5432/database (special characters percent-encoded)")
    return known


@contextmanager
def _connected(url: str) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A connection and its name; psycopg's errors become one line in which no password can stand."""
    where, secret = where_of(url), _parts(url).get("password")
    import psycopg

    try:
        with psycopg.connect(url, autocommit=True, application_name="lowtide publish", connect_timeout=10) as connection:
            yield connection, where
    except psycopg.Error as error:
        line = " ".join(str(error).split())
        if secret:
            line = line.replace(str(secret), "***")
        raise LowtideError(f"{where}: {line}") from None


class _Swap:
    """One publish on an open connection."""

    def __init__(
        self, connection: psycopg.Connection[Any], build: duckdb.DuckDBPyConnection, scratch: Path, tables: list[Table],
        entries: Mapping[str, Any], wait_s: float,
    ) -> None:
        self.connection, self.build, self.scratch, self.tables, self.entries = connection, build, scratch, tables, entries
        self.wait_s, self.locked_s, self.attempts = wait_s, 0.0, 0

    def run(self, build_id: str, origin: str) -> bool:
        """Everything up to and with the commit; False when the database holds this build already."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [_KEY])
            if not cursor.fetchone()[0]:
                raise LowtideError("another publish into this database is under way")
            held = postgres_ddl.held(cursor)
            known = self._known(cursor, held, origin)
            if known is not None and known[0] == build_id:
                return False
            ours = known[1] if known else set()
            self._fill_csv()
            self._schemas(cursor)
            same = [t for t in self.tables if t.full in held and held[t.full] == {c.name: c.type for c in t.columns}]
            new = [t for t in self.tables if t.full not in held]
            for table in new:
                cursor.execute(postgres_ddl.create(table))
                beside = [name.split(".")[1] for name in ours & held.keys() if name.startswith(f"{table.schema}.")]
                for role in postgres_ddl.shared_readers(cursor, table.schema, beside):
                    cursor.execute(f"grant select on {table.quoted} to {role}")
                self._replace(cursor, table)
            for table in same:
                self._replace(cursor, table)
            gone = sorted((ours & held.keys()) - {t.full for t in self.tables})
            self._lock(cursor, sorted(ours & held.keys()))
            begun = time.monotonic()
            for name in gone:
                cursor.execute(f"drop table {_quoted(name)}")
            for table in self.tables:
                if table not in same and table not in new:
                    for statement in postgres_ddl.restructure(table, held[table.full]):
                        cursor.execute(statement)
                    self._replace(cursor, table)
                if postgres_ddl.comments_differ(cursor, table):
                    for statement in postgres_ddl.comments(table):
                        cursor.execute(statement)
        self.locked_s = time.monotonic() - begun
        return True

    def _known(self, cursor: psycopg.Cursor[Any], held: Mapping[str, Any], origin: str) -> tuple[str, set[str]] | None:
        """Build and tables that an earlier publish left; None on an empty database. Raises LowtideError for somebody else's."""
        if MANIFEST.full not in held or "meta.build" not in held:
            foreign = sorted({t.full for t in self.tables} & held.keys())
            if foreign:
                raise LowtideError(f"{foreign[0]} exists and was not published by Lowtide: use a database of its own")
            return None
        cursor.execute("select build_id, origin from meta.build")
        found = cursor.fetchone() or ("", origin)
        if found[1] != origin:
            raise LowtideError(f"the database holds origin {found[1]}, this build is {origin}: origins never mix, use another database")
        cursor.execute("select table_name from meta.published_tables")
        ours = {name for (name,) in cursor.fetchall()} | {MANIFEST.full}
        foreign = sorted(({t.full for t in self.tables} & held.keys()) - ours)
        if foreign:
            raise LowtideError(f"{foreign[0]} exists and was not published by Lowtide: rename it")
        return found[0], ours

    def _fill_csv(self) -> None:
        for table in self.tables:
            if table is MANIFEST:
                lines = [
                    [name, entry["rows"], entry["sha256"], entry["carried_from"], ",".join(entry["theses"]), "\n".join(entry["warnings"])]
                    for name, entry in sorted(self.entries.items())
                ]
                self._path(table).write_text("".join(_csv(line) for line in lines), encoding="utf-8")
            else:
                postgres_ddl.write_csv(self.build, table, self._path(table))

    def _path(self, table: Table) -> Path:
        return self.scratch / f"{table.full}.csv"

    def _schemas(self, cursor: psycopg.Cursor[Any]) -> None:
        cursor.execute("select nspname from pg_namespace where nspname = any(%s)", [list(SCHEMAS)])
        there = {name for (name,) in cursor.fetchall()}
        for schema in sorted({t.schema for t in self.tables} - there):  # one that is there is left alone: its grants are its owner's
            cursor.execute(f"create schema {quote(schema)}")

    def _replace(self, cursor: psycopg.Cursor[Any], table: Table) -> None:
        """Delete, not truncate: truncate locks readers out and empties the table for older snapshots."""
        cursor.execute(f"delete from {table.quoted}")
        postgres_ddl.copy_in(cursor, table, self._path(table))

    def _lock(self, cursor: psycopg.Cursor[Any], names: list[str]) -> None:
        """Shut readers out of the old tables. An attempt that would take longer is given up, so that nobody waits behind it."""
        import psycopg

        if not names:
            return
        cursor.execute("select extract(epoch from current_setting('deadlock_timeout')::interval) * 500")
        longest = max(1, min(ATTEMPT_MS, int(cursor.fetchone()[0])))
        targets = ", ".join(_quoted(n) for n in names)
        deadline = time.monotonic() + self.wait_s
        while True:
            self.attempts += 1
            try:
                with self.connection.transaction():
                    cursor.execute(f"set local statement_timeout = {longest}")
                    cursor.execute(f"lock table {targets} in access exclusive mode")
                    cursor.execute("set local statement_timeout = 0")
                return
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                if time.monotonic() >= deadline:
                    raise LowtideError(f"readers did not let go within {self.wait_s:.0f} s; the old build stays. {self._blockers(cursor, names)}") from None
                time.sleep(PAUSE_S)

    def _blockers(self, cursor: psycopg.Cursor[Any], names: list[str]) -> str:
        cursor.execute(
            "select distinct s.pid, s.usename, s.application_name, s.state, s.xact_start from pg_locks l join pg_stat_activity s using (pid) "
            "where l.relation = any(%s::text[]::regclass[]) and l.granted and l.pid <> pg_backend_pid() order by s.xact_start limit 3",
            [[_quoted(n) for n in names]],
        )
        told = [f"process {pid} ({user}, {app or 'no name'}, {state}, since {since:%Y-%m-%d %H:%M:%S} UTC)" for pid, user, app, state, since in cursor.fetchall()]
        return f"Open: {'; '.join(told)}" if told else "They came and went: publish again"

    def tidy(self) -> None:
        """Give the deleted rows' space back and refresh the planner's figures; neither shuts readers out."""
        for table in self.tables:
            self.connection.execute(f"vacuum (analyze, truncate false) {table.quoted}")


def _quoted(name: str) -> str:
    return ".".join(quote(part) for part in name.split("."))


def _csv(line: list[Any]) -> str:
    fields = (postgres_ddl.NULL if v is None else str(v) if isinstance(v, int) else '"' + v.replace('"', '""') + '"' for v in line)
    return ",".join(fields) + "\n"
