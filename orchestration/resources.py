"""The run as a Dagster resource: its fields are what the launchpad offers. Does not belong here: resolving them (`lowtide.run`)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from dagster import ConfigurableResource, Failure, InitResourceContext
from pydantic import Field

from lowtide.errors import LowtideError
from lowtide.home import ORIGINS, Home
from lowtide.run import RunOptions, Session, open_run


class LowtideRun(ConfigurableResource[Session]):
    """What `lowtide run` takes as options; steps receive the open Session."""

    origin: str | None = Field(default=None, description=f"{', '.join(ORIGINS)}; empty: live when an upstream answers, else sandbox")
    upstream: str | None = Field(default=None, description="replay: folder of recorded responses")
    as_of: str | None = Field(default=None, description="ISO date: build with what was known by its cut-off (22:00 UTC)")
    now: str | None = Field(default=None, description="ISO date or date-time at which the clock stands still")
    select: list[str] = Field(default=[], description="domains, providers, datasets or series; empty: all")
    full: bool = Field(default=False, description="ask for everything again, due or not")
    world: str | None = Field(default=None, description="sandbox: recede or counterfactual")
    latency_ms: int = Field(default=0, description="sandbox, replay: delay of every answer")
    faults: list[str] = Field(default=[], description="sandbox, replay: host=kind[@path]")

    def options(self) -> RunOptions:
        try:
            as_of = date.fromisoformat(self.as_of) if self.as_of else None
        except ValueError:
            raise LowtideError(f"as_of: not a date: {self.as_of!r}") from None
        return RunOptions(
            origin=self.origin or scheduled_origin(), upstream=Path(self.upstream) if self.upstream else None, as_of=as_of,
            now=self.now, select=tuple(self.select), full=self.full, world=self.world, latency_ms=self.latency_ms,
            faults=tuple(self.faults),
        )  # fmt: skip

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Session]:
        try:
            with open_run(self.options()) as session:
                if context.log:
                    context.log.info(f"origin: {session.origin}, {session.origin_reason}; now {session.clock.now():%Y-%m-%d %H:%M} UTC")
                yield session
        except LowtideError as error:
            raise Failure(str(error), allow_retries=False) from error


def config_of(options: RunOptions) -> dict[str, object]:
    """Run config that reproduces `options`, also when the run is launched again from the UI."""
    fields: dict[str, object] = {
        "origin": options.origin, "upstream": str(options.upstream.resolve()) if options.upstream else None,
        "as_of": options.as_of.isoformat() if options.as_of else None, "now": options.now, "select": list(options.select),
        "full": options.full, "world": options.world, "latency_ms": options.latency_ms, "faults": list(options.faults),
    }  # fmt: skip
    return {"resources": {"run": {"config": {k: v for k, v in fields.items() if v not in (None, [], False, 0)}}}}


def scheduled_origin() -> str | None:
    """Where a run without an origin belongs: LOWTIDE_ORIGIN, else live once live has published, else open (None).

    A warehouse that runs on live must not turn into a simulated one because the network is down for an evening.
    """
    asked = os.environ.get("LOWTIDE_ORIGIN")
    if asked:
        return asked
    return "live" if Home.of("live").current.exists() else None
