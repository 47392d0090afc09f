"""One ingest run: all hosts at once, each at its own pace, every dataset on its own feet.

Belongs here: who is asked and when, the order land -> parse -> append -> ledger, what a failure stops (its dataset,
nothing else). Does not belong here: HTTP (`ingest.client`), the meaning of rows (`ingest.intake`, the sources).
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ingest import accepted, calendars, sources
from ingest.changelog import ChangeLog
from ingest.client import Client, Limits
from ingest.dropbox import Drop, DropSource, FileQuarantine, new_files
from ingest.errors import NotConfigured
from ingest.exchange import Exchange, known_answers
from ingest.facts import open_domains
from ingest.fetches import Fetch, history, left_open, outcome_event, write_flat
from ingest.files import remove_leftovers
from ingest.intake import (
    Absorbed,
    absorb,
    as_source_error,
    change_log,
    collector_paused,
    newest_value,
    refusal,
    repeated,
)
from ingest.landing import Landing, Ledger
from ingest.model import Dataset, FetchOutcome, Held, Response, Source
from ingest.rebuild import repair
from ingest.redaction import redact
from lowtide.clock import Clock
from lowtide.errors import LowtideError
from lowtide.home import Home

FULL_EVERY = timedelta(days=30)  # between full refreshes an increment with its overlap is enough
ROUND_TRIP_S = 1.0  # a host whose pace is shorter is asked by several threads, so that its pace decides, not distance and what is done with answers:
MOST_THREADS = 6  # 1,774 requests to one archive, one by one 150 ms away, are 266 s and more; its pace allows 89 s


@dataclass(frozen=True)
class IngestReport:
    """What one run did; `outcomes` in the order the datasets were given."""

    run_id: str
    outcomes: list[FetchOutcome]
    started_at: datetime


def run_ingest(
    home: Home,
    clock: Clock,
    datasets: Sequence[Dataset],
    *,
    base_url: str | None = None,
    full: bool = False,
    env: Mapping[str, str] | None = None,
    deadline_s: float = 900.0,
    on_progress: Callable[[FetchOutcome], None] | None = None,
    limits: Limits | None = None,
    dropbox: Path | None = None,
) -> IngestReport:
    """Fetch what is due of `datasets`, land it, and append what is new to the raw zone. The caller holds home.lock().

    `base_url`: a stand-in that answers for all hosts (sandbox, replay). `full`: ask for everything, due or not; a
    replay always does. `on_progress` is called from worker threads, one call at a time. `limits`: of the client.
    `dropbox`: the drop folder; by default LOWTIDE_HOME/dropbox for the live origin and none for the others, so that a
    person's files never enter a simulated world.
    A source's failure is an outcome. Raises HomeUnusable and other LowtideErrors: those of this machine.
    """
    home.prepare()
    remove_leftovers(home.landing, home.raw)
    open_domains(home)
    landing = Landing(home)
    events = landing.read_ledgers()
    started_at = clock.now()
    environment = os.environ if env is None else env
    if dropbox is None and home.origin == "live":
        dropbox = home.base / "dropbox"
    used = {dataset.provider: sources.get(dataset.provider) for dataset in datasets}
    pace = {host: seconds for source in used.values() for host, seconds in source.hosts.items()}
    with (
        collector_paused(),
        Client(pace, base_url, clock, deadline_s, environment, limits=limits) as client,
        landing.open_ledger(started_at) as ledger,
    ):
        run = _Run(
            home, clock, started_at, environment, client, landing, ledger, used, history(events),
            full or home.origin == "replay", dropbox, on_progress,
        )  # fmt: skip
        outcomes = run.all(datasets)
        write_flat(home.raw / "fetches.parquet", [*events, *ledger.events])
    return IngestReport(ledger.run_id, [outcomes[dataset.id] for dataset in datasets], started_at)


@dataclass
class _Run:
    home: Home
    clock: Clock
    now: datetime
    env: Mapping[str, str]
    client: Client
    landing: Landing
    ledger: Ledger
    sources: Mapping[str, Source]
    history: Mapping[str, list[Fetch]]
    full: bool
    dropbox: Path | None
    on_progress: Callable[[FetchOutcome], None] | None
    lock: threading.Lock = field(default_factory=threading.Lock)
    broken: threading.Event = field(default_factory=threading.Event)

    def all(self, datasets: Sequence[Dataset]) -> dict[str, FetchOutcome]:
        by_host: dict[str, list[Dataset]] = {}
        for dataset in datasets:
            by_host.setdefault(self._host(dataset), []).append(dataset)
        outcomes: dict[str, FetchOutcome] = {}
        if not by_host:
            return outcomes
        queues = [(deque(queue), min(len(queue), self._threads(host))) for host, queue in by_host.items()]
        with ThreadPoolExecutor(sum(threads for _, threads in queues), thread_name_prefix="ingest") as pool:
            futures = [pool.submit(self._queue, queue) for queue, threads in queues for _ in range(threads)]
            try:
                for future in futures:
                    outcomes |= {outcome.dataset_id: outcome for outcome in future.result()}
            except BaseException:
                self.broken.set()
                raise
        return outcomes

    def _host(self, dataset: Dataset) -> str:
        """The host of a dataset's first request; its provider where that cannot be told without asking."""
        talk = self.sources[dataset.provider].requests(dataset, Held(), self.now, self.env)
        try:
            return urlsplit(next(talk).url).netloc
        except Exception:  # noqa: BLE001 - told properly when the dataset's turn comes
            return dataset.provider
        finally:
            talk.close()

    def _threads(self, host: str) -> int:
        """How many datasets of `host` are fetched at once; the client keeps its pace whoever asks."""
        pace = next((source.hosts[host] for source in self.sources.values() if host in source.hosts), 0.0)
        return max(1, min(MOST_THREADS, int(ROUND_TRIP_S / pace))) if pace else 1

    def _queue(self, queue: deque[Dataset]) -> list[FetchOutcome]:
        """Fetch what is left in `queue`, which several threads may share."""
        outcomes = []
        while not self.broken.is_set():  # set: this machine failed or the user stopped the run; the error is on its way up
            try:
                outcomes.append(self._dataset(queue.popleft()))
            except IndexError:
                break
            except LowtideError:
                self.broken.set()
                raise
        return outcomes

    def _dataset(self, dataset: Dataset) -> FetchOutcome:
        begun = time.monotonic()
        fetches = self.history.get(dataset.id, [])
        repaired = left_open(fetches)  # a killed run may have appended rows without an outcome
        damage = repair(self.home, self.landing, dataset, fetches) if repaired else None
        changes = change_log(self.home, dataset)
        held = changes.held(vintages=dataset.vintages == "native")
        taken_at = accepted.accepted_at(self.home, dataset)
        full = repaired or taken_at is not None or self._full(fetches, held)
        talk = Exchange(self.client, self.landing, self.ledger, dataset, {} if full else known_answers(fetches), taken_at)
        try:
            if damage is not None:
                raise damage
            source, done = self.sources[dataset.provider], Absorbed()
            drops = None
            if isinstance(source, DropSource):
                drops = new_files(source, dataset, self.dropbox, self.now, fetches, full=full)
            if not (full or self._due(dataset, held) if drops is None else drops):
                outcome = FetchOutcome(dataset.id, "not_due")
            else:
                if drops is None:
                    responses = talk.drive(source.requests(dataset, Held() if full else held, self.now, self.env))
                else:
                    responses = self._files(talk, source, drops, changes)
                if fetches and not repaired and fetches[-1].repeated_by(responses):
                    done = repeated(fetches[-1])
                elif talk.requests:
                    self.ledger.sync()  # what the rows come from, before the rows
                    previous = [fetch.fetched_at for fetch in fetches if fetch.succeeded and fetch.fetched_at]
                    done = absorb(self.home, dataset, source, responses, changes, previous)
                outcome = FetchOutcome(dataset.id, "ok" if done.rows_added else "unchanged", **vars(done))
        except LowtideError:
            raise
        except NotConfigured as error:
            outcome = FetchOutcome(dataset.id, "not_configured", error.kind, redact(str(error), env=self.env))
        except Exception as error:  # noqa: BLE001 - a bug in one source must not stop the others
            failure = as_source_error(dataset, error, self.env)
            outcome = FetchOutcome(dataset.id, "failed", failure.kind, redact(str(failure), env=self.env))
        if talk.refused and outcome.error_type is None:  # some files are in, others are not: both are said
            failure = talk.refused[0][1]
            outcome = replace(outcome, error_type=failure.kind, error_message=redact(str(failure), env=self.env))
        outcome = replace(
            outcome, requests=talk.requests, bytes=talk.received, seconds=time.monotonic() - begun,
            newest=newest_value(changes) if outcome.rows_added else max(held.newest.values(), default=None),
        )  # fmt: skip
        self.ledger.write(outcome_event(dataset, outcome, full=full, at=self.clock.now()))
        if taken_at is not None and outcome.outcome in ("ok", "unchanged"):
            accepted.used(self.home, dataset)
        if self.on_progress is not None:
            with self.lock:
                self.on_progress(outcome)
        return outcome

    def _files(self, talk: Exchange, source: Source, drops: Sequence[Drop], changes: ChangeLog) -> list[Response]:
        """The files that can be used; the others go to the quarantine. Raises the first refusal when none is left."""
        facts, kept_apart = changes.facts(), FileQuarantine(self.home)
        responses = talk.take(drops, self.clock.now(), lambda response: refusal(talk.dataset, source, response, facts))
        refused = dict(talk.refused)
        for drop in drops:
            if drop in refused:
                kept_apart.put(drop, refused[drop])
            else:
                kept_apart.clear(drop)
        if not responses:
            raise talk.refused[0][1]
        return responses

    # -- what to ask --------------------------------------------------------------------------------------------

    def _full(self, fetches: Sequence[Fetch], held: Held) -> bool:
        last = max((f.fetched_at for f in fetches if f.full and f.succeeded and f.fetched_at), default=None)
        return self.full or not held.newest or last is None or self.now - last >= FULL_EVERY

    def _due(self, dataset: Dataset, held: Held) -> bool:
        """Whether some series lacks the observation that the calendar expects by now (events have none)."""
        expected = calendars.expected_newest(dataset, self.now)
        if expected is None:
            return False
        days = [held.newest[s.id] for s in dataset.series if s.kind != "event" and s.id in held.newest]
        return not days or min(days) < expected
