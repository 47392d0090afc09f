"""`publish`: copy the published build to a database, an object store or a folder. Publishing itself is part of `run`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from lowtide.cli import app, options
from lowtide.errors import LowtideError
from lowtide.home import Home


@app.command()
def publish(
    to: Annotated[list[str] | None, typer.Option(metavar="URL|DIR", help="postgresql://user@host/db, s3://bucket/path or a folder; repeatable. Default: LOWTIDE_PUBLISH_TO.")] = None,
    origin: options.LastOrigin = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="PostgreSQL: how long to wait for open readers.")] = 60,
    as_json: options.Json = False,
) -> None:
    """Copy the published build to PostgreSQL, an object store or a folder; nothing to do when it is there."""
    from lowtide.destinations import configured
    from publish.mirror import mirror

    destinations = to or configured(os.environ)
    if not destinations:
        raise LowtideError("say where: --to postgresql://user@host/db, s3://bucket/path or a folder (or set LOWTIDE_PUBLISH_TO)")
    home = Home.of(options.used_origin(origin))
    done = [mirror(home, one, wait_s=wait) for one in destinations]
    if as_json:
        print(json.dumps([asdict(one) for one in done], indent=1))
        return
    for one in done:
        print(one.line)
