"""Between the client and the simulated upstreams: answers remembered, shortened, and changed on the way.

Belongs here: changes of bodies that no fault of the catalogue makes. Does not belong here: faults (`sandbox.faults`),
runs (`stand`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sandbox.catalogue import SUM
from sandbox.values import days_of, rewrite
from sandbox.wire import Ask, Backend, Reply, vision
from sandbox.world import SimulatedBackend

from .expected import WHOLE

NOW = datetime(2026, 6, 2, 23, 30, tzinfo=UTC)  # a Tuesday evening
DAYS = {"daily": 120, "weekly": 300, "monthly": 800, "quarterly": 2000, "annual": 9000}  # of every dataset
Tweak = Callable[[Ask, Reply], Reply]


class Wire:
    """The simulated upstreams, remembered, with `tweak` applied to what they say."""

    def __init__(self) -> None:
        self.world: Backend = SimulatedBackend(now=NOW)
        self.tweak: Tweak | None = None
        self.short = False
        self._said: dict[str, Reply] = {}

    def answer(self, ask: Ask) -> Reply:
        key = repr((ask.host, ask.path, sorted(ask.query.items(), key=str), ask.method, self.short))
        if key not in self._said:
            reply = self.world.answer(ask)
            if ask.host in WHOLE:
                first = NOW.date() - timedelta(days=DAYS["daily"] if self.short else WHOLE[ask.host])
                reply = rewrite(ask, reply, keep=lambda day: day >= first.isoformat())
            self._said[key] = reply
        reply = self._said[key]
        if self.tweak is None:
            return reply
        if ask.path.endswith(SUM):  # the sum of what the file has become
            file = replace(ask, path=ask.path.removesuffix(SUM))
            tweak, self.tweak = self.tweak, None
            before, self.tweak = self.answer(file), tweak
            after = tweak(file, before)
            return reply if after == before else vision.checksum(after.body, file.path.rpartition("/")[2])
        return self.tweak(ask, reply)


@dataclass
class OneDay:
    """Change one observation day of every answer: the day is chosen in the first answer that has days."""

    change: Callable[[float], float | None]
    days: dict[str, str] = field(default_factory=dict)  # path -> day
    hits: int = 0

    def __call__(self, ask: Ask, reply: Reply) -> Reply:
        known = days_of(ask, reply)
        if not known:
            return reply
        day = self.days.setdefault(ask.path, known[-5] if len(known) > 8 else known[len(known) // 2])
        changed = rewrite(ask, reply, lambda at, value: self.change(value) if at == day else value)
        self.hits += changed.body != reply.body
        return changed


@dataclass
class Later:
    """Keep only the newer half of each answer's days."""

    hits: int = 0

    def __call__(self, ask: Ask, reply: Reply) -> Reply:
        days = days_of(ask, reply)
        if len(days) < 2:
            return reply
        self.hits += 1
        return rewrite(ask, reply, keep=lambda day: day >= days[len(days) // 2])
