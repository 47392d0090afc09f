"""A real PostgreSQL server in a temporary folder, for tests: initdb, a free port, passwords asked for, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PASSWORD = "s3cret:p@ss/word"


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    def url(self, database: str = "lowtide", user: str = "publisher", password: str | None = PASSWORD) -> str:
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"


def missing() -> str | None:
    """Why there can be no server here."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed (pip install 'lowtide[postgres]')"
    if _programs() is None:
        return "no PostgreSQL server programs (apt install postgresql)"
    if os.geteuid() == 0 and _user() is None:
        return "PostgreSQL does not run as root, and there is no user postgres or nobody"
    return None


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def _user() -> str | None:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


@contextmanager
def server() -> Iterator[Server]:
    """A running server with database `lowtide`, owner `publisher`, and role `reader`; both have PASSWORD."""
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="lowtide-pg-"))
    user = _user() if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def call(program: str, *arguments: str, **more: object) -> None:
        done = subprocess.run([str(programs / program), *arguments], user=user, cwd=folder, capture_output=True, text=True, check=False, timeout=60, **more)
        assert done.returncode == 0, done.stderr

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        call("initdb", "-D", str(folder / "data"), "-U", "admin", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=200 -c log_statement=all"
        # pg_ctl's server would keep a pipe open: its output goes to the log
        subprocess.run([str(programs / "pg_ctl"), "-D", str(folder / "data"), "-l", str(folder / "log"), "-w", "-o", options, "start"],
                       user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=60)  # fmt: skip
        for statement in (
            f"create role publisher login password '{PASSWORD}'", f"create role reader login password '{PASSWORD}'", "create database lowtide owner publisher",
        ):
            call("psql", "-h", str(folder), "-p", str(port), "-U", "admin", "-d", "postgres", "-c", statement)
        yield Server(port, folder)
    finally:
        subprocess.run([str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"], user=user, cwd=folder, capture_output=True, check=False, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
