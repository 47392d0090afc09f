"""Load an archive: list, fetch and prove each zip, write a part per symbol and month, skip what is whole.

Belongs here: who works on what at once, resuming, what a failure stops (its month, nothing else). Does not belong here:
HTTP (`ingest.client`), decoding (`tables`), files on disk (`store`).
Memory: `threads` months at a time and their zips, whatever the length of the history. Threads do for decoding too: inflate,
CSV, hash and Parquet all leave the interpreter lock (docs/decisions/0007).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from ingest.bulk import listing
from ingest.bulk.kinds import BUCKET, HOST, File, Kind
from ingest.bulk.store import Loaded, Store
from ingest.bulk.tables import joined, read
from ingest.client import Client
from ingest.errors import Blocked, EmptyPayload, RateLimited, SchemaDrift, SourceError, Unreachable
from ingest.model import Request
from lowtide.errors import LowtideError
from lowtide.home import Home

HOSTS = {HOST: 0.02, BUCKET: 0.1}  # seconds between requests; static objects, no documented limit
MAX_ZIP = 64 * 2**20
THREADS = 8
GIVE_UP_AFTER = 20  # months in a row that a wall or a dead host refused
_WALLS = (Blocked, Unreachable, RateLimited)
_SUM = re.compile(rb"([0-9a-fA-F]{64}) [ *](\S+)\s*")


@dataclass(frozen=True)
class Failure:
    """A month, or a symbol's listing (`month` None), that could not be loaded."""

    kind: str
    symbol: str
    month: str | None
    error_type: str
    error_message: str


@dataclass
class Tally:
    """What was done for one kind; days without a file between a month's first and last are `missing_days`."""

    symbols: int = 0
    months: int = 0
    loaded: int = 0
    skipped: int = 0
    failed: int = 0
    files: int = 0
    rows: int = 0
    bytes: int = 0
    duplicates: int = 0
    missing_days: int = 0


@dataclass
class BulkReport:
    """Counts per kind and every failure; `stopped` says why the load gave up early."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    stopped: str | None = None

    @property
    def good(self) -> bool:
        return not self.failures and self.stopped is None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load(
    home: Home,
    client: Client,
    kinds: Sequence[Kind],
    *,
    symbols: Sequence[str] = (),
    first: str = "",
    last: str = "9999-99",
    threads: int = THREADS,
    on_progress: Callable[[BulkReport], None] | None = None,
) -> BulkReport:
    """Bring the months `first` to `last` (YYYY-MM) of `kinds` up to what the archive holds. The caller holds the bulk lock.

    `symbols`: only these. `on_progress` is called from this thread. Failures of single months are in the report.
    Raises LowtideError (this machine; an archive that cannot be listed; a symbol it does not have).
    """
    report = BulkReport({kind.name: Tally() for kind in kinds})
    for kind in kinds:
        with Store(home, kind) as store:
            _Load(client, kind, store, report, on_progress or (lambda _: None)).run(symbols, first, last, threads)
        if report.stopped:
            break
    return report


class _Load:
    """One kind."""

    def __init__(self, client: Client, kind: Kind, store: Store, report: BulkReport, tell: Callable[[BulkReport], None]) -> None:
        self.client, self.kind, self.store, self.report, self.tell = client, kind, store, report, tell
        self.tally, self.refused, self.over = report.kinds[kind.name], 0, threading.Event()

    def run(self, wanted: Sequence[str], first: str, last: str, threads: int) -> None:
        try:
            names = listing.symbols(self.client, self.kind)
        except SourceError as error:
            raise LowtideError(f"cannot list {self.kind.name}: {error.kind}: {error}") from error
        if unknown := sorted(set(wanted) - set(names)):
            raise LowtideError(f"the archive has no {self.kind.name} of {', '.join(unknown)}")
        names = [name for name in names if not wanted or name in wanted]
        self.tally.symbols = len(names)
        with ThreadPoolExecutor(2, "bulk-list") as lister, ThreadPoolExecutor(threads, "bulk-load") as pool:
            try:
                waiting: dict[Future[None], tuple[str, str]] = {}
                for files in self._months(lister, names, first, last):
                    waiting[pool.submit(self._month, files)] = (files[0].symbol, files[0].month)
                    if len(waiting) >= 2 * threads:
                        self._settle(waiting, FIRST_COMPLETED)
                    if self.over.is_set():
                        break
                while waiting:
                    self._settle(waiting, FIRST_COMPLETED)
            finally:
                self.over.set()
                lister.shutdown(wait=False, cancel_futures=True)
                pool.shutdown(wait=False, cancel_futures=True)

    def _months(self, pool: ThreadPoolExecutor, names: Sequence[str], first: str, last: str) -> Iterator[list[File]]:
        """The months to look at, symbol by symbol; listings run a few symbols ahead."""
        asked: list[tuple[str, Future[list[list[File]]]]] = []
        for at, name in enumerate(names):
            for ahead in names[at + len(asked) : at + 8]:
                asked.append((ahead, pool.submit(listing.files, self.client, self.kind, ahead, first, last)))
            _, future = asked.pop(0)
            try:
                months = future.result()
            except SourceError as error:
                self._failed(name, None, error)
                if self.over.is_set():
                    return
                continue
            self.tally.months += len(months)
            yield from months

    def _settle(self, waiting: dict[Future[None], tuple[str, str]], when: str) -> None:
        done, _ = wait(waiting, return_when=when)
        for future in done:
            symbol, month = waiting.pop(future)
            try:
                future.result()
                self.refused = 0
            except SourceError as error:
                self._failed(symbol, month, error)
        self.tell(self.report)

    def _failed(self, symbol: str, month: str | None, error: SourceError) -> None:
        if self.over.is_set():
            return  # given up already: what was still under way is not told again
        self.tally.failed += 1
        self.report.failures.append(Failure(self.kind.name, symbol, month, error.kind, str(error)))
        self.refused = self.refused + 1 if isinstance(error, _WALLS) else 0
        if self.refused >= GIVE_UP_AFTER:
            self.report.stopped = f"gave up after {self.refused} refusals in a row: {error.kind}: {error}"
            self.over.set()

    def _month(self, files: Sequence[File]) -> None:
        """Make one part whole. Raises SourceError subclasses (the part stays as it was), LowtideError."""
        if self.over.is_set():
            return
        symbol, month = files[0].symbol, files[0].month
        held = self.store.entry(symbol, month)
        kept = {} if held is None else {f.name: f for f in held.files if self._still_good(f, files)}
        fresh = [file for file in files if file.name not in kept]
        gaps = _gaps(files)
        if not fresh and held is not None and len(kept) == len(held.files):
            self._count(skipped=1, missing_days=gaps)
            return
        tables = [self.store.rows(held, set(kept))] if held is not None and kept else []
        loaded, received = dict(kept), 0
        for file in fresh:
            content, sha256 = self._fetch(file)
            table = read(file, content)
            received += len(content)
            tables.append(table)
            loaded[file.name] = Loaded(file.name, file.url, sha256, len(content), file.version, len(table))
        table, twice = joined(self.kind, tables)
        if not len(table):
            raise EmptyPayload(f"{files[0].name}: no row in {len(loaded)} files")
        in_order = tuple(loaded[name] for name in sorted(loaded))
        duplicates = sum(f.rows for f in in_order) - len(table)
        self.store.keep(symbol, month, table, duplicates, in_order)
        self._count(loaded=1, files=len(fresh), rows=len(table), bytes=received, duplicates=twice, missing_days=gaps)

    def _still_good(self, held: Loaded, files: Sequence[File]) -> bool:
        """Whether a file's rows stay: its bytes are the listed ones, or its day is no longer listed (nothing is unlearned)."""
        file = next((file for file in files if file.name == held.name), None)
        if file is None:
            return files[0].cadence == "daily" and held.name.startswith(f"{self.kind.stem(files[0].symbol)}{files[0].month}-")
        return held.version == file.version if file.version else held.sha256 == self._checksum(file)

    def _fetch(self, file: File) -> tuple[bytes, str]:
        """The zip, proven by its CHECKSUM; asked once more where they differ (the archive replaces files)."""
        for _ in range(2):
            wanted = self._checksum(file)
            answer = self.client.send(Request(file.url), "bulk")
            if answer.content_sha256 == wanted:
                return answer.content, wanted
        raise SchemaDrift(f"{file.name}.zip is not what its CHECKSUM says")

    def _checksum(self, file: File) -> str:
        body = self.client.send(Request(f"{file.url}.CHECKSUM"), "bulk").content
        found = _SUM.fullmatch(body)
        if not found or found[2].decode("utf-8", "replace") != f"{file.name}.zip":
            raise SchemaDrift(f"not the checksum of {file.name}.zip: {body[:60]!r}")
        return found[1].decode().lower()

    def _count(self, **more: int) -> None:
        with _COUNTING:
            for name, number in more.items():
                setattr(self.tally, name, getattr(self.tally, name) + number)


_COUNTING = threading.Lock()


def _gaps(files: Sequence[File]) -> int:
    """Days without a file between the first and the last day listed."""
    if files[0].cadence != "daily":
        return 0
    days = [date.fromisoformat(file.period) for file in files]
    return (max(days) - min(days)).days + 1 - len(set(days))

