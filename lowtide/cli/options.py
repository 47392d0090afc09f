"""Options that several commands share, and how they become values."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from lowtide.errors import WrongUsage
from lowtide.home import ORIGINS

Origin = Annotated[str | None, typer.Option("--origin", metavar="|".join(ORIGINS), help="Default: live when an upstream answers, else sandbox.")]
LastOrigin = Annotated[str | None, typer.Option("--origin", metavar="|".join(ORIGINS), help="Default: the origin of the last run.")]
Upstream = Annotated[Path | None, typer.Option(help="Folder of recorded responses (origin replay).")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="With what was known by that day's cut-off (22:00 UTC).")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def day(text: str | None, name: str) -> date | None:
    """An ISO date that the warehouse has. Raises WrongUsage (exit 2)."""
    from lowtide.asked import within

    try:
        return within(date.fromisoformat(text), name) if text else None
    except ValueError:
        raise WrongUsage(f"{name}: not a date: {text!r} (use 2026-05-29)") from None


def origin(text: str | None) -> str | None:
    """A known origin or None. Raises WrongUsage (exit 2)."""
    if text is not None and text not in ORIGINS:
        raise WrongUsage(f"--origin: unknown origin {text!r}: use one of {', '.join(ORIGINS)}")
    return text


def used_origin(text: str | None) -> str:
    """The given origin, else that of the last run."""
    from lowtide.run import last_origin

    return origin(text) or last_origin()
