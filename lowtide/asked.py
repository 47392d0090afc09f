"""What a user or a schedule asked of a run, and whether it makes sense: told before anything is touched.

Belongs here: the options and what is wrong usage of them. Does not belong here: acting on them (`lowtide.run`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lowtide.clock import Clock
from lowtide.errors import WrongUsage

WORLDS = ("recede", "counterfactual")
FIRST_DAY = date(1968, 1, 2)  # of the warehouse's trading days (int_trading_days)


@dataclass(frozen=True)
class RunOptions:
    """`origin` None: decided by whether an upstream answers."""

    origin: str | None = None
    upstream: Path | None = None
    as_of: date | None = None
    now: str | None = None
    select: tuple[str, ...] = ()
    full: bool = False
    world: str | None = None
    latency_ms: int = 0
    faults: tuple[str, ...] = ()

    def checked(self) -> RunOptions:
        """Itself, or WrongUsage for options that contradict each other or name what there is not."""
        if self.origin == "replay" and self.upstream is None:
            raise WrongUsage("--origin replay needs --upstream DIR: the folder of recorded responses (with index.json)")
        if self.upstream is not None and self.origin not in (None, "replay"):
            raise WrongUsage(f"--upstream belongs to --origin replay, not to {self.origin}")
        if self.world is not None and self.world not in WORLDS:
            raise WrongUsage(f"unknown world {self.world!r}: use one of {', '.join(WORLDS)}")
        if self.origin == "live" and (self.world or self.latency_ms or self.faults):
            raise WrongUsage("--world, --latency-ms and --fault belong to --origin sandbox or replay: live has no stand-in")
        if self.origin == "replay" and self.world:
            raise WrongUsage("--world belongs to --origin sandbox: a replay has only what was recorded")
        if self.as_of:
            within(self.as_of, "--as-of")
        clock_at(self.now)
        if self.select:
            from ingest.registry import load

            load().select(list(self.select))
        if self.faults:
            from sandbox.faults import parse

            for text in self.faults:
                parse(text)
        return self


def clock_at(text: str | None, name: str = "--now") -> Clock:
    """The clock that stands still at `text`, the system's without. Raises WrongUsage, also for days without a calendar."""
    if not text:
        return Clock()
    clock = Clock.parse(text)
    try:
        within(clock.today(), name)
    except OverflowError:  # a day beyond year 1 or 9999 in UTC
        raise WrongUsage(f"{name} {text}: not a moment between the years 1 and 9999, UTC") from None
    return clock


def within(day: date, name: str) -> date:
    """`day`, when the warehouse has such days. Raises WrongUsage."""
    from ingest.calendars import LAST_DAY

    if not FIRST_DAY <= day <= LAST_DAY:
        raise WrongUsage(f"{name} {day}: the warehouse knows the days from {FIRST_DAY} to {LAST_DAY}")
    return day
