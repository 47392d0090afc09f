"""Bytes first: every body as received, and a line for everything that happened.

Belongs here: the content-addressed bodies and the ledgers of the runs. Does not belong here: what a body means,
and what the events of the ledgers add up to (`ingest.fetches`).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import zstandard

from ingest.files import make_folder, sync_folder, usable, write_atomically
from lowtide.errors import LowtideError
from lowtide.home import Home


class Ledger:
    """The open ledger of one run: append-only, one fsynced JSON line per event, safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run_id = path.stem
        self.events: list[dict[str, Any]] = []
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        make_folder(path.parent)
        with usable(path):
            self._handle = path.open("xb")
            sync_folder(path.parent)

    def write(self, event: dict[str, Any]) -> None:
        """Append `event` with this run's id; survives the process, after `sync` also a power cut. Raises HomeUnusable."""
        event = {**event, "run_id": self.run_id}
        line = json.dumps(event, allow_nan=False).encode() + b"\n"
        with self._lock, usable(self.path):
            self._handle.write(line)
            self._handle.flush()
            self._written += 1
            self.events.append(event)

    def sync(self) -> None:
        """All events written so far are on disk when this returns; threads that ask at once share one fsync. Raises
        HomeUnusable.

        To be called before rows go to the raw zone: a row whose response no ledger knows could not be rebuilt, a response
        without rows is only asked for again. (An fsync per event, one thread at a
        time, was half of what threads waited for in a first load on a busy disk.)
        """
        mark = self._written
        with self._syncing, usable(self.path):
            if self._synced < mark:
                mark = self._written
                os.fsync(self._handle.fileno())
                self._synced = mark

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sync()
        with usable(self.path):
            self._handle.close()


class Landing:
    """`landing/bodies` and `landing/ledger` of one home."""

    def __init__(self, home: Home) -> None:
        self._bodies = home.landing / "bodies"
        self._ledgers = home.landing / "ledger"

    def store(self, content: bytes) -> str:
        """Keep a body; returns its sha256. A body that is there already stays untouched unless it is damaged."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        if _intact(path, sha256) is None:
            write_atomically(path, zstandard.compress(content, 10 if len(content) < 1 << 20 else 3))
        return sha256

    def body(self, sha256: str) -> bytes:
        """The body with this hash. Raises LowtideError when it is missing or does not match its name."""
        path = self._path(sha256)
        content = _intact(path, sha256)
        if content is None:
            raise LowtideError(f"landing body {path} is {'damaged' if path.exists() else 'missing'}")
        return content

    def open_ledger(self, now: datetime) -> Ledger:
        """A new run's ledger. run_id = "<now>-<nnn>", nnn one above every earlier run: ids differ under a set clock."""
        number = max((_number(path) for path in self._paths()), default=0) + 1
        return Ledger(self._ledgers / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{number:03d}.jsonl")

    def read_ledgers(self) -> list[dict[str, Any]]:
        """Every event of every run, in the order it happened.

        A last line cut short by a killed run is left out. Raises LowtideError naming file and line when any other
        line is damaged.
        """
        events: list[dict[str, Any]] = []
        for path in self._paths():
            with usable(path):
                lines = path.read_bytes().splitlines()
            for number, line in enumerate(lines, start=1):
                event = _event(line)
                if event is not None:
                    events.append(event)
                elif number < len(lines):
                    raise LowtideError(f"{path}, line {number}: damaged ledger line")
        return events

    def _path(self, sha256: str) -> Path:
        return self._bodies / sha256[:2] / f"{sha256}.zst"

    def _paths(self) -> list[Path]:
        """Ledgers in the order the runs began (their number: a set clock may run backwards)."""
        with usable(self._ledgers):
            return sorted(self._ledgers.glob("*.jsonl"), key=lambda path: (_number(path), path.name))


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _number(path: Path) -> int:
    tail = path.stem.rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def _intact(path: Path, sha256: str) -> bytes | None:
    """The decompressed content when it has that hash, else None."""
    try:
        with usable(path):
            packed = path.read_bytes() if path.exists() else b""
        content = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    except zstandard.ZstdError:
        return None
    return content if packed and hashlib.sha256(content).hexdigest() == sha256 else None
