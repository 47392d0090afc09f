"""The drop folder: files that a person fetched, read like answers of an upstream.

    dropbox/<source>/<folder>/<YYYY-MM-DD>_<name>.<ext>      the date is the day the file's figures were published

Belongs here: which files are on offer, which of them are new, and the quarantine of those that cannot be used.
Does not belong here: what is in a file (the source's parser), landing and ledger (`ingest.exchange`). The ledger is
the list of hashes: a file whose bytes were taken in before, under whatever name, is not read again; one that was
refused is not read again before a full refresh. The folder itself is only ever read.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import quote, unquote, urlsplit

from ingest.errors import NotConfigured, SchemaDrift, SourceError, Unreachable
from ingest.fetches import Fetch, usable_line
from ingest.files import make_folder, usable, write_atomically
from ingest.model import Dataset, Request
from lowtide.home import Home

REFUSED = 422  # the ledger's status of a landed file that is not what it should be: never replayed
MAX_BYTES = 64 * 2**20
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_\S.*\.(xlsx|csv)", re.ASCII | re.IGNORECASE)
_LITTER = (".", "~$", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Drop:
    """A file on offer. `url` is file://dropbox/<source>/<folder>/<name>; the folder's place on disk is not in it."""

    url: str
    content: bytes

    @property
    def name(self) -> str:
        return name_of(self.url)

    @property
    def dated(self) -> bool:
        """Whether its name is one of the drop folder's."""
        try:
            return bool(day_of(self.name))
        except SchemaDrift:
            return False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def request(self) -> Request:
        return Request(self.url, method="FILE")


@runtime_checkable
class DropSource(Protocol):
    """A source whose answers are files: `mine` says which files of its folder belong to a dataset."""

    name: str

    def mine(self, dataset: Dataset, drop: Drop) -> bool: ...


def name_of(url: str) -> str:
    """The file's name of a drop's URL."""
    return unquote(urlsplit(url).path).rpartition("/")[2]


def day_of(name: str) -> date:
    """The date a file's name begins with. Raises SchemaDrift for a name that is none of the drop folder's."""
    found = _NAME.fullmatch(name)
    try:
        return date.fromisoformat(found.group(1) if found else "")
    except ValueError:
        raise SchemaDrift(f"{name[:80]!r}: a dropped file is called YYYY-MM-DD_name.xlsx or .csv") from None


def known_from(name: str) -> datetime:
    """When a file's figures count as known: the end of its day, UTC. Raises SchemaDrift, as `day_of`."""
    return datetime.combine(day_of(name), time(23, 59, 59), UTC)


def new_files(
    source: DropSource, dataset: Dataset, folder: Path | None, now: datetime, fetches: Sequence[Fetch], *, full: bool
) -> list[Drop]:
    """The dataset's files to read, oldest first; on a `full` refresh also those read before, under their first name.

    Files dated after `now` are left alone. Raises NotConfigured when nothing was ever dropped, Unreachable for a file
    that cannot be read.
    """
    accepted: dict[str, str] = {}
    refused: set[tuple[str, str]] = set()
    for fetch in fetches:
        for line in fetch.responses:
            if line["status"] == REFUSED:
                refused.add((line["content_sha256"], line["url"]))
            elif fetch.succeeded and usable_line(line):
                accepted.setdefault(line["content_sha256"], line["url"])
    place = f"{source.name}/{dataset.request['folder']}"
    first, found = dict(accepted), []
    for drop in _offered(folder, place, now):
        if not source.mine(dataset, drop) or first.get(drop.sha256, drop.url) != drop.url:
            continue  # another dataset's, or a copy
        if drop.dated:
            first[drop.sha256] = drop.url
        if full or (drop.sha256 not in accepted and (drop.sha256, drop.url) not in refused):
            found.append(drop)
    if not found and not accepted and not refused:
        raise NotConfigured(f"no file in dropbox/{place} yet: docs/drop-folder.md says which one goes there")
    return found


def _offered(folder: Path | None, place: str, now: datetime) -> list[Drop]:
    """Files in `folder`/`place` that are not from the future, ordered by name, so by date."""
    if folder is None:
        return []
    today, found = now.astimezone(UTC).date(), []
    try:
        paths = sorted(
            path for path in (folder / place).glob("*") if path.is_file() and not path.name.startswith(_LITTER)
        )
        for path in paths:
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise Unreachable(f"{path.name}: {size} bytes, at most {MAX_BYTES} are read")
            drop = Drop(f"file://dropbox/{place}/{quote(os.fsencode(path.name))}", path.read_bytes())
            if not drop.dated or day_of(drop.name) <= today:  # without a date: the parser says what is wrong with it
                found.append(drop)
    except OSError as error:
        raise Unreachable(f"dropbox/{place}: {error.strerror or error}") from None
    return found


class FileQuarantine:
    """Copies of refused files, each beside its reason: `<origin>/quarantine/<source>/<folder>/<name>[.reason.txt]`."""

    def __init__(self, home: Home) -> None:
        self._root = home.root / "quarantine"

    def put(self, drop: Drop, error: SourceError) -> None:
        """Keep a copy and one line. Raises HomeUnusable."""
        path = self._path(drop)
        make_folder(path.parent)
        write_atomically(path, drop.content)
        write_atomically(self._reason(path), f"{error.kind}: {error}\n".encode())

    def clear(self, drop: Drop) -> None:
        """Forget a file that is read after all. Raises HomeUnusable."""
        path = self._path(drop)
        for one in (path, self._reason(path)):
            with usable(one):
                one.unlink(missing_ok=True)

    def _path(self, drop: Drop) -> Path:
        return self._root / unquote(urlsplit(drop.url).path).lstrip("/")

    @staticmethod
    def _reason(path: Path) -> Path:
        return path.with_name(f"{path.name}.reason.txt")
