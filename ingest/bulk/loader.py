"""Load an archive: list, fetch and prove each zip, write a part per symbol and month, skip what is whole.

Belongs here: who works on what at once, resuming, what a failure stops (its month, nothing else). Does not belong here:
HTTP (`ingest.client`), decoding (`cells`, `tables`), files on disk (`store`).
Months go through in batches, so that many small files are parsed and checked by one call each (docs/decisions/0007).
Memory: the zips of `threads` batches, the rows of one batch a core and one more, whatever the length of the history.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from ingest.bulk import listing
from ingest.bulk.cells import Rows, Zip
from ingest.bulk.kinds import BUCKET, HOST, File, Kind
from ingest.bulk.report import BulkReport, Failure, Tally
from ingest.bulk.store import Entry, Loaded, Store
from ingest.bulk.tables import joined, read
from ingest.client import Client
from ingest.errors import Blocked, EmptyPayload, RateLimited, SchemaDrift, SourceError, Unreachable
from ingest.model import Request
from lowtide.errors import LowtideError
from lowtide.home import Home

HOSTS = {HOST: 0.02, BUCKET: 0.1}  # seconds between requests; static objects, no documented limit
THREADS = 8
BATCH_MONTHS, BATCH_BYTES = 8, 2**19  # what is decoded at once: at least one month, of zips
GIVE_UP_AFTER = 20  # months in a row that a wall or a dead host refused
_WALLS = (Blocked, Unreachable, RateLimited)
_SUM = re.compile(rb"([0-9a-fA-F]{64}) [ *](\S+)\s*")


@dataclass(frozen=True)
class _Month:
    """A month whose zips are here: what its part holds already, and of that what stays."""

    files: Sequence[File]
    held: Entry | None
    kept: dict[str, Loaded]
    zips: list[Zip]


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
        self.tally, self.refused, self.over, self.lock = report.kinds[kind.name], 0, threading.Event(), threading.Lock()
        # one thread a core decodes and one waits for the disk: more would only fight over the interpreter lock
        self.turns = threading.Semaphore((os.cpu_count() or 1) + 1)

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
                waiting: set[Future[None]] = set()
                for months in _batches(self._months(lister, names, first, last)):
                    waiting.add(pool.submit(self._batch, months))
                    if len(waiting) >= 2 * threads:
                        waiting = self._settle(waiting)
                    if self.over.is_set():
                        break
                while waiting:
                    waiting = self._settle(waiting)
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

    def _settle(self, waiting: set[Future[None]]) -> set[Future[None]]:
        """Wait for a batch to end; those still under way."""
        done, rest = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        self.tell(self.report)
        return rest

    def _failed(self, symbol: str, month: str | None, error: SourceError) -> None:
        with self.lock:
            if self.over.is_set():
                return  # given up already: what was still under way is not told again
            self.tally.failed += 1
            self.report.failures.append(Failure(self.kind.name, symbol, month, error.kind, str(error)))
            self.refused = self.refused + 1 if isinstance(error, _WALLS) else 0
            if self.refused >= GIVE_UP_AFTER:
                self.report.stopped = f"gave up after {self.refused} refusals in a row: {error.kind}: {error}"
                self.over.set()

    @contextmanager
    def _alone(self, files: Sequence[File]) -> Iterator[None]:
        """What fails in here fails for the month of `files` only."""
        try:
            yield
        except SourceError as error:
            self._failed(files[0].symbol, files[0].month, error)
        else:
            self.refused = 0

    def _batch(self, batch: Sequence[Sequence[File]]) -> None:
        """Make the parts of some months whole. Raises LowtideError."""
        months: list[_Month] = []
        for files in batch:
            if self.over.is_set():
                return
            with self._alone(files):
                months += self._fetched(files)
        with self.turns:
            found = read(self.kind, [month.zips for month in months])
            for month, rows in zip(months, found, strict=True):
                with self._alone(month.files):
                    self._keep(month, rows)

    def _fetched(self, files: Sequence[File]) -> list[_Month]:
        """The month with the zips that its part lacks; none when it is whole. Raises SourceError subclasses."""
        held = self.store.entry(files[0].symbol, files[0].month)
        kept = {} if held is None else {f.name: f for f in held.files if self._still_good(f, files)}
        fresh = [file for file in files if file.name not in kept]
        if not fresh and held is not None and len(kept) == len(held.files):
            self._count(skipped=1, missing_days=_gaps(files))
            return []
        return [_Month(files, held, kept, [self._proven(file) for file in fresh])]

    def _keep(self, month: _Month, rows: Rows | SchemaDrift) -> None:
        """Write the part. Raises SourceError subclasses (it stays as it was), LowtideError."""
        if isinstance(rows, SchemaDrift):
            raise rows
        first = month.files[0]
        old = [self.store.rows(month.held, set(month.kept))] if month.held is not None and month.kept else []
        table, twice = joined(self.kind, [*old, rows.table])
        loaded = month.kept | {
            file.name: Loaded(file.name, file.url, sha256, len(content), file.version, count)
            for (file, content, sha256), count in zip(month.zips, rows.counts, strict=True)
        }
        if not len(table):
            raise EmptyPayload(f"{first.name}: no row in {len(loaded)} files")
        in_order = tuple(loaded[name] for name in sorted(loaded))
        duplicates = sum(f.rows for f in in_order) - len(table)
        self.store.keep(first.symbol, first.month, table, duplicates, in_order)
        received = sum(len(content) for _, content, _ in month.zips)
        self._count(loaded=1, files=len(month.zips), rows=len(table), bytes=received, duplicates=twice, missing_days=_gaps(month.files))

    def _still_good(self, held: Loaded, files: Sequence[File]) -> bool:
        """Whether a file's rows stay: its bytes are the listed ones, or its day is no longer listed (nothing is unlearned)."""
        file = next((file for file in files if file.name == held.name), None)
        if file is None:
            return files[0].cadence == "daily" and held.name.startswith(f"{self.kind.stem(files[0].symbol)}{files[0].month}-")
        return held.version == file.version if file.version else held.sha256 == self._checksum(file)

    def _proven(self, file: File) -> Zip:
        """The zip, proven by its CHECKSUM; asked once more where they differ (the archive replaces files)."""
        for _ in range(2):
            wanted = self._checksum(file)
            answer = self.client.send(Request(file.url), "bulk")
            if answer.content_sha256 == wanted:
                return Zip(file, answer.content, wanted)
        raise SchemaDrift(f"{file.name}.zip is not what its CHECKSUM says")

    def _checksum(self, file: File) -> str:
        body = self.client.send(Request(f"{file.url}.CHECKSUM"), "bulk").content
        found = _SUM.fullmatch(body)
        if not found or found[2].decode("utf-8", "replace") != f"{file.name}.zip":
            raise SchemaDrift(f"not the checksum of {file.name}.zip: {body[:60]!r}")
        return found[1].decode().lower()

    def _count(self, **more: int) -> None:
        with self.lock:
            for name, number in more.items():
                setattr(self.tally, name, getattr(self.tally, name) + number)


def _batches(months: Iterable[list[File]]) -> Iterator[list[list[File]]]:
    """Months in groups that are worth a thread's while and small in memory."""
    batch: list[list[File]] = []
    size = 0
    for files in months:
        more = sum(file.size for file in files)
        if batch and (len(batch) == BATCH_MONTHS or size + more > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(files)
        size += more
    if batch:
        yield batch


def _gaps(files: Sequence[File]) -> int:
    """Days without a file between the first and the last day listed."""
    if files[0].cadence != "daily":
        return 0
    days = [date.fromisoformat(file.period) for file in files]
    return (max(days) - min(days)).days + 1 - len(set(days))

