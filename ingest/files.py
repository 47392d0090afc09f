"""Durable writes: a file is there whole or not at all, also after `kill -9` or a power cut.

Belongs here: temporary name, fsync, rename, and the one line a user gets when the disk says no.
Does not belong here: what the files mean.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lowtide.errors import HomeUnusable, LowtideError

TEMPORARY = ".tmp"


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Turn an OSError (full disk, permissions, not a folder) into HomeUnusable: one line that names `path`."""
    try:
        yield
    except OSError as error:
        raise HomeUnusable(f"cannot use {path}: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a rename or a new entry in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create `folder` and make its entry durable. Raises HomeUnusable."""
    with usable(folder):
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: temporary name, fsync, rename, fsync of the folder. Raises HomeUnusable."""
    make_folder(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}{TEMPORARY}")  # two may store one body
    with usable(path):
        try:
            with draft.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def move_over(source: Path, target: Path) -> None:
    """Put the finished `source` in the place of `target`; without a source there is no target either. Raises HomeUnusable."""
    with usable(target):
        if source.exists():
            make_folder(target.parent)
            source.replace(target)
        else:
            target.unlink(missing_ok=True)
        if target.parent.is_dir():
            sync_folder(target.parent)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write `table` atomically; equal tables give equal bytes. Raises HomeUnusable."""
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd", row_group_size=1 << 20)
    write_atomically(path, buffer.getvalue())


def read_parquet(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a file that `write_parquet` wrote. Raises HomeUnusable, or LowtideError when the file is damaged."""
    with usable(path):
        content = path.read_bytes()
    try:
        return pq.ParquetFile(pa.BufferReader(content)).read(columns=columns, use_threads=False)  # half of read_table's time on small files
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:160]
        raise LowtideError(f"{path} is damaged ({reason}); it can be rebuilt from landing") from error


def remove_leftovers(*folders: Path) -> int:
    """Delete temporary files and folders that a killed run left behind, but for `bulk` folders, which clear their own (and hold a hundred
    thousand others); returns how many. Raises HomeUnusable."""
    count = 0
    for folder in folders:
        with usable(folder):
            for below in list(folder.iterdir()) if folder.is_dir() else ():
                if below.name.endswith(TEMPORARY) and below.is_dir():
                    shutil.rmtree(below)
                    count += 1
                    continue
                for draft in () if below.name == "bulk" else [below, *below.rglob(f"*{TEMPORARY}")]:
                    if draft.name.endswith(TEMPORARY) and draft.is_file():
                        draft.unlink(missing_ok=True)
                        count += 1
    return count
