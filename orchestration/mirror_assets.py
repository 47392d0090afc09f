"""Copies of the published build elsewhere (LOWTIDE_PUBLISH_TO), as part of the step `publish`. Does not belong here: copying (`publish.mirror`).

In that step and not downstream of it: a blocked thesis fails the step, and what passed must reach the copies all the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagster import AssetKey, AssetSpec, FreshnessPolicy, MaterializeResult

from lowtide.destinations import configured, kind
from lowtide.errors import LowtideError
from lowtide.run import Session

if TYPE_CHECKING:
    from publish.mirrored import Mirrored

log = logging.getLogger("lowtide.run")
MIRRORS = sorted({kind(to) for to in configured(os.environ)})  # one asset per kind of place; none unless configured


def mirror(session: Session) -> tuple[list[Mirrored], list[str]]:
    """Copy the published build to every destination of LOWTIDE_PUBLISH_TO: what was copied, and what failed (the next run tries again)."""
    from publish.mirror import mirror as copy

    done, failed = [], []
    for to in configured(os.environ) if session.home.current.exists() else []:
        with session.stage("mirror"):
            try:
                done.append(copy(session.home, to))
                log.info("mirror: %s", done[-1].line)
            except (LowtideError, OSError) as error:
                failed.append(f"not copied to {kind(to)}: {error}")
                log.error("mirror: %s", failed[-1])
    return done, failed


def specs(fresh: FreshnessPolicy) -> list[AssetSpec]:
    return [
        AssetSpec(AssetKey(["mirror", place]), deps=["candidate"], skippable=True, group_name="publish", kinds={place}, owners=["team:lowtide"],
                  description="A copy of the published build; readers there see the old build or the new one.", freshness_policy=fresh)
        for place in MIRRORS
    ]  # fmt: skip


def results(done: list[Mirrored]) -> Iterator[MaterializeResult[None]]:
    for place in MIRRORS:
        if mine := [one for one in done if kind(one.where) == place]:
            yield MaterializeResult(AssetKey(["mirror", place]), metadata={
                "build_id": mine[0].build_id, "copies": [one.line for one in mine], "seconds": sum(one.seconds for one in mine),
                "readers_shut_out_seconds": sum(one.locked_seconds for one in mine),
            })  # fmt: skip
