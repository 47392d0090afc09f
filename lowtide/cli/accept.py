"""`accept`: take an answer that a guard refused, on a person's word."""

from __future__ import annotations

import typer

from lowtide.cli import app, options
from lowtide.clock import Clock
from lowtide.errors import LowtideError
from lowtide.home import Home


@app.command()
def accept(
    dataset: str = typer.Argument(metavar="DATASET", help="As the refusal names it, e.g. fred_dgs10."), origin: options.LastOrigin = None
) -> None:
    """Let the next run take a dataset's answer that a guard refused: you checked that it is right."""
    from ingest import accepted, registry

    known = registry.load().datasets.get(dataset)
    if known is None:
        raise LowtideError(f"no dataset is called {dataset!r}: use the name in the refusal (lowtide status)")
    home = Home.of(options.used_origin(origin))
    with home.lock():
        refusal = accepted.accept(home, known, Clock())
    print(f"accepted for the next run of origin {home.origin}: {refusal}")
