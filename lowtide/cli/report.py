"""`lowtide report`: where the pages of the published build are, and the public edition of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lowtide.cli import app, options
from lowtide.errors import LowtideError
from lowtide.home import Home

MARK = ".lowtide-report"


@app.command()
def report(
    origin: options.LastOrigin = None,
    as_of: options.AsOf = None,
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser; else only its path is printed.")] = False,
    public: Annotated[Path | None, typer.Option(metavar="DIR", help="Write an edition there without what licences forbid to redistribute.")] = None,
) -> None:
    """The report of the published build: prints the path of its first page, which opens without server or network."""
    from publish.reader import current_build

    day = options.day(as_of, "--as-of")
    home = Home.of(options.used_origin(origin))
    pinned = day.isoformat() if day and (home.serve / "as_of" / day.isoformat()).exists() else None
    build = current_build(home, pinned)
    page, at = (_public(build, public) if public else build / "report" / "index.html"), ""
    if not page.is_file():
        raise LowtideError(f"build {build.name} was published without a report: run `lowtide run --full` and look for `no report` in what it prints")
    if day and not pinned:  # no build of that day: the scorecard as it was, from this one's history
        page, at = page.with_name("asof.html"), f"#{day}"
    print(page)
    if at:
        print(f"{page.as_uri()}{at}")
    if open_it:
        typer.launch(page.as_uri() + at)


def _public(build: Path, into: Path) -> Path:
    """Write the public edition of `build` into a folder that is new, empty or holds an earlier one."""
    import os
    import shutil

    from report import write

    into = into.expanduser().resolve()
    if into.exists() and (not into.is_dir() or (any(into.iterdir()) and not (into / MARK).is_file())):
        raise LowtideError(f"{into} is not empty and holds no report: name a new folder")
    scratch = into.with_name(f"{into.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        write(build, scratch, public=True)
        (scratch / MARK).write_text(f"{build.name}\n", encoding="utf-8")
        shutil.rmtree(into, ignore_errors=True)
        os.replace(scratch, into)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return into / "index.html"
