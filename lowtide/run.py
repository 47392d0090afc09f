"""One run's surroundings: which origin, which upstream, what time it is, what is published. Used by CLI and Dagster alike.

Belongs here: resolving options (`lowtide.asked` has them), the origin's lock, the stand-in server, what a run reports.
Does not belong here: fetching (`ingest`), building and publishing (`orchestration` wires them), printing (`lowtide.cli`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowtide.asked import WORLDS, clock_at, within
from lowtide.asked import RunOptions as RunOptions
from lowtide.clock import CUT_OFF, Clock
from lowtide.errors import HomeUnusable, LowtideError, WrongUsage
from lowtide.home import ORIGINS, Home, Origin, lowtide_home

if TYPE_CHECKING:
    from ingest.model import FetchOutcome
    from sandbox.process import StandIn

PROBES = ("https://markets.newyorkfed.org/", "https://home.treasury.gov/", "https://api.exchange.coinbase.com/")
PROBE_TIMEOUT_S = 3.0


@dataclass
class RunReport:
    """What happened, filled in as the run goes on."""

    run_id: str | None = None
    outcomes: list[FetchOutcome] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    build_id: str | None = None
    unchanged: bool = False
    published: list[str] = field(default_factory=list)
    failed_theses: dict[str, str] = field(default_factory=dict)
    nothing_published: str | None = None  # the reason
    error: BaseException | None = None  # what ended the run early


@dataclass
class Session:
    """An open run: the origin is locked and its upstream (or stand-in) is ready."""

    options: RunOptions
    home: Home
    origin_reason: str
    clock: Clock
    as_of: datetime
    as_pointer: date | None
    stand_in: StandIn | None  # None for live
    dropbox: Path | None = None  # drop folder of a stand-in; live has its own below LOWTIDE_HOME
    report: RunReport = field(default_factory=RunReport)
    helpers: dict[str, Any] = field(default_factory=dict)  # started early by a step, used by a later one
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def origin(self) -> Origin:
        return self.home.origin

    @property
    def env(self) -> Mapping[str, str]:
        """Keys for the upstreams: those of the environment for live; a stand-in takes any, and never sees a real one."""
        if self.origin == "live":
            return os.environ
        from ingest.registry import load

        return {dataset.requires_key: "stand-in" for dataset in load().datasets.values() if dataset.requires_key}

    @property
    def base_url(self) -> str | None:
        """Where the stand-in answers for all hosts, once it does; None for live. Raises LowtideError when it cannot."""
        return self.stand_in.base_url if self.stand_in else None

    @property
    def mart_day(self) -> date:
        return mart_day(self.as_of)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the seconds spent inside to the report, under `name`."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.report.seconds[name] = round(self.report.seconds.get(name, 0.0) + time.monotonic() - begun, 2)


def mart_day(as_of: datetime) -> date:
    """The last NYSE session whose cut-off (22:00 UTC) is not after `as_of`."""
    from ingest.calendars import sessions

    last = as_of.astimezone(UTC).date()
    days = sessions("nyse", last - timedelta(days=14), last)
    return max(day for day in days if datetime.combine(day, CUT_OFF) <= as_of)


def probe(timeout_s: float = PROBE_TIMEOUT_S) -> str | None:
    """The first of three upstream hosts that gives any HTTP answer, None when none does in time."""
    import httpx

    def ask(url: str) -> str | None:
        try:
            with httpx.Client(timeout=timeout_s, follow_redirects=False) as client, client.stream("GET", url):
                return url.split("/")[2]
        except httpx.HTTPError:
            return None

    with ThreadPoolExecutor(len(PROBES)) as pool:
        for done in as_completed([pool.submit(ask, url) for url in PROBES]):
            if host := done.result():
                return host
    return None


def resolve(options: RunOptions) -> tuple[RunOptions, str]:
    """Options with an origin, and why it is that one. A given origin is never changed.

    Raises LowtideError for contradicting options, and for `live` when no upstream answers.
    """
    options.checked()
    if options.origin == "live" and probe() is None:
        hosts = ", ".join(url.split("/")[2] for url in PROBES)
        raise LowtideError(f"origin live: no upstream answers ({hosts}); check the network, or use --origin sandbox")
    if options.origin is not None:
        return options, "as asked"
    if options.upstream is not None:
        return replace(options, origin="replay").checked(), "because --upstream was given"
    if options.world or options.latency_ms or options.faults:
        return replace(options, origin="sandbox").checked(), "because a stand-in's option was given"
    host = probe()
    if host is None:
        return replace(options, origin="sandbox"), "because no upstream answered"
    return replace(options, origin="live"), f"because {host} answered"


def label(origin: str) -> str:
    """The origin as shown to people."""
    return {"sandbox": "sandbox (simulated)", "replay": "replay (recorded responses)"}.get(origin, origin)


_OPEN: list[Session] = []


@contextmanager
def open_run(options: RunOptions, reason: str | None = None) -> Iterator[Session]:
    """Resolve, lock the origin, start its stand-in, and yield the session. Remembers the origin as the last used.

    A process has one run: a nested call joins the open one (the command line opens it, Dagster's resource joins).
    Raises LowtideError (options, network, a held lock, an unusable folder).
    """
    if _OPEN:
        yield _OPEN[0]
        return
    if reason is None:
        options, reason = resolve(options)
    home = Home.of(options.origin or "").prepare()
    with ExitStack() as stack:
        stack.enter_context(home.lock())
        clock, stand_in, dropbox = upstream(options, home, stack)
        as_of = datetime.combine(options.as_of, CUT_OFF) if options.as_of else clock.now()
        if as_of > clock.now():
            raise WrongUsage(f"--as-of {options.as_of}: its cut-off {as_of:%Y-%m-%d %H:%M} UTC lies after now ({clock.now():%Y-%m-%d %H:%M} UTC)")
        session = Session(options, home, reason, clock, as_of, options.as_of, stand_in, dropbox, stack=stack)
        _remember(home)
        _OPEN.append(session)
        try:
            yield session
        finally:
            _OPEN.clear()


def upstream(options: RunOptions, home: Home, stack: ExitStack) -> tuple[Clock, StandIn | None, Path | None]:
    """The run's clock, and the stand-in and its drop folder (None for live), which lives as long as `stack`."""
    clock = clock_at(options.now)
    if home.origin == "live":
        return clock, None, None
    from sandbox.process import Job, StandIn

    told = Job(options.latency_ms / 1000, options.faults)
    if home.origin == "replay":
        assert options.upstream is not None
        stand_in, dropbox = StandIn(replace(told, upstream=str(options.upstream.absolute()))), options.upstream / "dropbox"
    else:
        dropbox = home.root / "dropbox"
        stand_in = StandIn(replace(told, world=_world(options, home), now=clock.now().isoformat(), dropbox=str(dropbox)))
    stack.enter_context(stand_in)
    if home.origin == "replay" and not clock.fixed:
        clock = Clock.parse(within(stand_in.newest_date, f"{options.upstream}: its newest date").isoformat())
    return clock, stand_in, dropbox


def _world(options: RunOptions, home: Home) -> str:
    """The simulated world of this data folder: chosen by its first run, the same ever after."""
    path = home.root / "world"
    held = path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else None
    if held and held not in WORLDS:
        raise LowtideError(f"{path} names no world but {held[:40]!r}: delete that folder, or write {' or '.join(WORLDS)} into the file")
    if held and options.world and held != options.world:
        raise LowtideError(f"{home.root} holds world {held}: use another LOWTIDE_HOME for {options.world}, or delete that folder")
    world = held or options.world or WORLDS[0]
    path.write_text(f"{world}\n", encoding="utf-8")
    return world


def last_origin() -> str:
    """The origin of the last run. Raises LowtideError when there was none."""
    path = lowtide_home() / "last_origin"
    held = path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
    if held not in ORIGINS:  # absent, or empty after a power cut
        raise LowtideError(f"nothing in {lowtide_home()} yet: run `lowtide run` first, or say which with --origin")
    return held


def _remember(home: Home) -> None:
    """This origin is the last used: commands that read take it by default."""
    path = home.base / "last_origin"
    scratch = path.with_suffix(".tmp")
    try:
        scratch.write_text(f"{home.origin}\n", encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise HomeUnusable(f"cannot use {path}: {error.strerror or error}") from error
