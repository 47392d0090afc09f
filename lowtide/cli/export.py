"""`lowtide export`: the part of the published build that may be republished."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lowtide.cli import app, options
from lowtide.home import Home


@app.command()
def export(
    public: Annotated[Path, typer.Option("--public", metavar="DIR", help="Folder to write: new, empty, or an earlier export.")],
    origin: options.LastOrigin = None,
    as_of: options.AsOf = None,
) -> None:
    """Write what the sources' licences let out: Parquet and a manifest with credits (docs/public-export.md)."""
    from lowtide.run import label
    from lowtide.theses import load_theses
    from publish import export_public

    options.day(as_of, "--as-of")
    home = Home.of(options.used_origin(origin))
    done = export_public(home, public, theses=load_theses(), as_of=as_of)
    print(f"origin: {label(home.origin)}")
    for name, entry in done.items():
        kept = f"{len(entry.withheld)} columns withheld" if entry.withheld else f"{entry.rows_withheld} rows withheld" if entry.rows_withheld else "whole"
        print(f"  {name}: {f'{entry.rows} rows, {len(entry.columns)} columns ({kept})' if entry.columns else 'left out, its inputs are not open'}")
    print(f"written to {public}")
