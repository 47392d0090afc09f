"""Where bulk parts live, and the manifest that says what is whole: <raw>/bulk/binance_vision/<kind>/symbol=X/month=Y/part.parquet.

Belongs here: durable writes of parts and manifest lines. Does not belong here: what the rows mean, which files to fetch.
A part counts when its manifest line is there and its size is the line's: the line is written after the rename, so a kill in
between costs one month again, never a half one. Drafts lie in one folder, cleared on opening.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.bulk.kinds import Kind
from ingest.files import usable
from lowtide.errors import LowtideError
from lowtide.home import Home

SYNC_EVERY_S = 1.0  # manifest lines younger than that may be lost in a power cut: their months are loaded again


@dataclass(frozen=True)
class Loaded:
    """One file that is in a part: where it came from and what it was."""

    name: str
    url: str
    sha256: str
    bytes: int
    version: str
    rows: int


@dataclass(frozen=True)
class Entry:
    """One manifest line: a part, its size on disk, its files."""

    symbol: str
    month: str
    rows: int
    duplicates: int
    bytes: int
    files: tuple[Loaded, ...]


class Store:
    """The parts of one kind. Threads may write different months at once; one process at a time (the caller's lock)."""

    def __init__(self, home: Home, kind: Kind) -> None:
        base = folder(home)
        self.kind, self.root = kind, base / kind.name
        self._drafts, self._path = base / ".drafts" / kind.name, base / f"{kind.name}.manifest.jsonl"
        with usable(base):
            self.root.mkdir(parents=True, exist_ok=True)
            self._drafts.mkdir(parents=True, exist_ok=True)
            for draft in self._drafts.iterdir():
                draft.unlink()
            self._entries = self._read()
            self._handle = self._path.open("ab")
        self._lock, self._synced = threading.Lock(), time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with usable(self._path):
            os.fsync(self._handle.fileno())
            self._handle.close()

    def part(self, symbol: str, month: str) -> Path:
        return self.root / f"symbol={symbol}/month={month}/part.parquet"

    def entry(self, symbol: str, month: str) -> Entry | None:
        """What is held of a month; None where nothing whole is."""
        found = self._entries.get((symbol, month))
        try:
            return found if found is not None and self.part(symbol, month).stat().st_size == found.bytes else None
        except FileNotFoundError:
            return None

    def rows(self, entry: Entry, names: set[str]) -> pa.Table:
        """The rows of a part that came from files called `names`. Raises LowtideError when the part is damaged."""
        path = self.part(entry.symbol, entry.month)
        try:
            with usable(path):
                table = pq.read_table(pa.BufferReader(path.read_bytes()))
        except pa.ArrowException as error:
            raise LowtideError(f"{path} is damaged ({' '.join(str(error).split())[:120]}); delete it and load again") from error
        return table.filter(pc.is_in(table["source_file"].cast(pa.string()), pa.array(sorted(names)))).cast(self.kind.schema)

    def keep(self, symbol: str, month: str, table: pa.Table, duplicates: int, files: tuple[Loaded, ...]) -> Entry:
        """Write a part (draft, fsync, rename), then its line. Raises HomeUnusable."""
        path, draft = self.part(symbol, month), self._drafts / f"{symbol}-{month}.parquet"
        encoded = pa.BufferOutputStream()  # a part is a few MB at the most; a Python file would be asked for every column
        pq.write_table(table, encoded, compression="zstd", compression_level=1, use_dictionary=["source_file"])
        content = encoded.getvalue()
        with usable(path):
            with draft.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(path)
        entry = Entry(symbol, month, len(table), duplicates, content.size, files)
        line = json.dumps(vars(entry) | {"files": [vars(file) for file in files]}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._lock, usable(self._path):
            self._handle.write(line)
            self._handle.flush()
            if time.monotonic() - self._synced > SYNC_EVERY_S:
                os.fsync(self._handle.fileno())
                self._synced = time.monotonic()
            self._entries[symbol, month] = entry
        return entry

    def _read(self) -> dict[tuple[str, str], Entry]:
        """The last line of every month. A line cut short by a kill ends the file and is taken off.

        Raises LowtideError for damage anywhere else.
        """
        if not self._path.exists():
            return {}
        found: dict[tuple[str, str], Entry] = {}
        whole = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = _entry(json.loads(line))
                except (ValueError, TypeError, KeyError) as error:
                    raise LowtideError(f"{self._path}, line {number}: damaged manifest line; delete the file to load again") from error
                found[entry.symbol, entry.month] = entry
                whole += len(line)
        if whole < self._path.stat().st_size:
            os.truncate(self._path, whole)
        return found


def folder(home: Home) -> Path:
    """Where this archive's parts and manifests are."""
    return home.raw / "bulk" / "binance_vision"


def _entry(line: dict[str, Any]) -> Entry:
    return Entry(**{**line, "files": tuple(Loaded(**file) for file in line["files"])})
