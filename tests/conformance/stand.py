"""The stand that connectors are tested on: a provider's datasets, the simulated upstreams, and runs between them.

Belongs here: which dataset asks which host, short histories, running an ingest with a fault or a changed body.
Does not belong here: what is right or wrong (`expected`, the tests).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from ingest import sources
from ingest.client import Limits
from ingest.dropbox import DropSource
from ingest.facts import ChangeLog, Fact, observations_folder
from ingest.model import Dataset, FetchOutcome, Held
from ingest.registry import load
from ingest.runner import run_ingest
from ingest.sources import _fredapi
from lowtide.clock import Clock
from lowtide.home import Home
from sandbox.faults import CATALOGUE, Fault
from sandbox.server import SandboxServer
from sandbox.wire import Backend

from .expected import ALSO_ASKED, SENDER, STEADY
from .files import write_files
from .wire import DAYS, NOW, Tweak, Wire

SECRET = "hush-7f3a+secret=key"  # with characters that a URL quotes
LANE_DAYS = {"daily": 1200, "weekly": 9000, "monthly": 2000, "quarterly": 3000, "annual": 9000}  # of those under fault
SHORT = {"first_month": "2026-01", "since": "2025-09-01", "max_vintages": 4, "days": 6, "max_days": 4, "max_pages": 3}
LIMITS = Limits(tries=2, read_s=20.0, transfer_s=20.0, first_wait_s=0.01, scale=0.0, pace=False)


def trimmed(dataset: Dataset, days: Mapping[str, int]) -> Dataset:
    """`dataset` with only the last `days` of history, by frequency."""
    end = min(NOW.date(), dataset.last_date or NOW.date())
    first = max(dataset.first_date, end - timedelta(days=days[dataset.frequency]))
    request = {**dataset.request, **{name: value for name, value in SHORT.items() if name in dataset.request}}
    return dataset.model_copy(update={"first_date": first, "request": request})


@cache
def datasets(provider: str, *, short: bool = False) -> tuple[Dataset, ...]:
    """The provider's datasets with a history to test with; a short one is enough to see that they load."""
    days = DAYS if short else LANE_DAYS
    return tuple(trimmed(d, days) for d in load().datasets.values() if d.provider == provider)


@cache
def key_names() -> frozenset[str]:
    """Every variable that some source reads a key from: those the registry requires and those that are optional."""
    return frozenset({_fredapi.KEY} | {d.requires_key for d in load().datasets.values() if d.requires_key})


def needed_keys() -> dict[str, str]:
    return {d.requires_key: SECRET for d in load().datasets.values() if d.requires_key}


def all_keys() -> dict[str, str]:
    return dict.fromkeys(key_names(), SECRET)


@dataclass(frozen=True)
class Lane:
    """One way a provider is asked: a dataset, the host its first request goes to, and whether optional keys are set."""

    provider: str
    host: str
    dataset: Dataset
    keyed: bool

    @property
    def env(self) -> dict[str, str]:
        return all_keys() if self.keyed else needed_keys()


def first_host(dataset: Dataset, env: Mapping[str, str]) -> str | None:
    """The host that is asked first; None for files, or when a source cannot tell."""
    talk = sources.get(dataset.provider).requests(dataset, Held(), NOW, env)
    try:
        return urlsplit(next(talk).url).netloc
    except Exception:
        return None
    finally:
        talk.close()


@cache
def lanes(provider: str) -> tuple[Lane, ...]:
    """One lane per host: the provider's chosen dataset where it asks that host, else the first that does."""
    chosen = sorted(datasets(provider), key=lambda d: d.id != SENDER.get(provider))
    if isinstance(sources.get(provider), DropSource):
        return (Lane(provider, "", chosen[0], False),) if chosen else ()
    found: dict[str, Lane] = {}
    for keyed, env in ((False, needed_keys()), (True, all_keys())):
        for dataset in chosen:
            host = first_host(dataset, env)
            if host is not None:
                found.setdefault(host, Lane(provider, host, dataset, keyed))
    return tuple(found.values())


def lane_of(provider: str, kind: str) -> Lane | None:
    """The lane that meets the fault `kind`: by the fault's hosts, and by `expected.SENDER` for the dataset."""
    hosts, own = CATALOGUE[kind].hosts, lanes(provider)
    if wanted := SENDER.get(f"{provider}:{kind}"):
        dataset = next(d for d in datasets(provider) if d.id == wanted)
        keyed = bool(hosts) and first_host(dataset, needed_keys()) not in hosts
        host = first_host(dataset, all_keys() if keyed else needed_keys())
        return Lane(provider, host or "", dataset, keyed)
    return next((lane for lane in own if not hosts or lane.host in hosts), None)


@dataclass
class Result:
    """One dataset's run: its outcome, and its facts after it."""

    outcome: FetchOutcome
    facts: list[Fact]
    asked: int  # requests that reached the host

    @property
    def failed(self) -> bool:
        return self.outcome.outcome == "failed"


class Stand:
    """Runs in homes below `folder`, all at the same moment unless told otherwise."""

    def __init__(self, folder: Path, providers: Sequence[str]) -> None:
        self.folder, self.providers = folder, tuple(providers)
        self.wire = Wire()
        self.server = SandboxServer(self.wire)
        self._count = 0
        self._held: dict[bool, Home] = {}
        self._faults: dict[tuple[str, bool, bool], dict[str, Result]] = {}

    def new_home(self, like: Home | None = None) -> Home:
        """An empty home, or a copy (hard links: nothing in a home is written in place but the ledger of a new run)."""
        self._count += 1
        home = Home.of("sandbox", self.folder / str(self._count))
        if like is not None:
            shutil.copytree(like.base, home.base, copy_function=_link)
        return home

    def run(
        self,
        home: Home,
        wanted: Sequence[Dataset],
        env: Mapping[str, str],
        *,
        faults: Sequence[Fault] = (),
        tweak: Tweak | None = None,
        now: datetime = NOW,
        world: Backend | None = None,
        limits: Limits = LIMITS,
        short: bool = False,
        files: str = "good",
    ) -> dict[str, Result]:
        """Ingest all of `wanted` through the sandbox; results by dataset id."""
        dropbox = self.folder / "dropbox" / files
        if any(isinstance(sources.get(d.provider), DropSource) for d in wanted):
            write_files(dropbox, files)
        before = dict(self.server.hits)
        self.server.faults, self.wire.tweak = tuple(faults), tweak
        self.server.backend, self.wire.short = world or self.wire, short
        try:
            report = run_ingest(
                home, Clock(now), wanted, base_url=self.server.base_url, full=True, env=env, limits=limits,
                dropbox=dropbox,
            )  # fmt: skip
        finally:
            self.server.faults, self.wire.tweak, self.server.backend = (), None, self.wire
        return {
            d.id: Result(outcome, facts(home, d), self.server.hits[host] - before.get(host, 0))
            for d, outcome in zip(wanted, report.outcomes, strict=True)
            for host in [first_host(d, env) or ""]
        }

    def held(self, keyed: bool) -> Home:
        """A home in which every lane has loaded (read only: copy it)."""
        if keyed not in self._held:
            home, mine = self.new_home(), self._lanes(keyed)
            self.run(home, [lane.dataset for lane in mine], all_keys() if keyed else needed_keys())
            self._held[keyed] = home
        return self._held[keyed]

    def _lanes(self, keyed: bool) -> list[Lane]:
        """Lanes of all providers, and those that single faults need."""
        found: dict[str, Lane] = {}
        for provider in self.providers:
            special = [lane_of(provider, name.split(":")[1]) for name in SENDER if name.startswith(f"{provider}:")]
            for lane in (*lanes(provider), *(lane for lane in special if lane)):
                if lane.keyed == keyed:
                    found.setdefault(lane.dataset.id, lane)
        return list(found.values())

    def loaded(self, lane: Lane) -> list[Fact]:
        """Facts of `lane` after a load without faults."""
        return facts(self.held(lane.keyed), lane.dataset)

    def fault(self, kind: str, lane: Lane, *, held: bool) -> Result:
        """`lane` under fault `kind`; all lanes that it concerns are run at once."""
        key = (kind, lane.keyed, held)
        if key not in self._faults:
            mine = [one for one in self._lanes(lane.keyed) if one.host and self._concerns(kind, one)]
            hosts = _hosts(mine)
            if CATALOGUE[kind].hosts:
                hosts &= CATALOGUE[kind].hosts
            home = self.new_home(self.held(lane.keyed) if held else None)
            self._faults[key] = self.run(
                home, [one.dataset for one in mine], lane.env, faults=[Fault(host, kind) for host in sorted(hosts)],
                limits=STEADY.get(kind, {}).get("limits", LIMITS),
            )  # fmt: skip
        return self._faults[key][lane.dataset.id]

    def _concerns(self, kind: str, lane: Lane) -> bool:
        if not CATALOGUE[kind].hosts:
            return lane in lanes(lane.provider)
        return lane_of(lane.provider, kind) == lane


def _hosts(mine: Sequence[Lane]) -> set[str]:
    """Every host these providers may ask, mirrors included."""
    found = {lane.host for lane in mine} | {host for lane in mine for host in sources.get(lane.provider).hosts}
    return found | {host for lane in mine for host in ALSO_ASKED.get(lane.provider, ())}


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def facts(home: Home, dataset: Dataset) -> list[Fact]:
    return ChangeLog(log_path(home, dataset)).facts()


def log_path(home: Home, dataset: Dataset) -> Path:
    return observations_folder(home, dataset.domain) / f"{dataset.id}.parquet"


def latest(found: Sequence[Fact]) -> dict[tuple[str, date], tuple[str, float | None]]:
    """State and value of the newest version by series and day."""
    return {(fact.series_id, fact.observation_date): (fact.state, fact.value) for fact in found}
