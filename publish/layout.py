"""The serve folder: builds, pointers, what is kept. Does not belong here: what a build contains (`build`, `warehouse`).

Caller holds the origin's lock. A build folder appears by one rename and a pointer moves by one rename, so a process killed
anywhere leaves either the old or the new state; leftovers begin with `.tmp-` and go at the next publish.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lowtide.errors import HomeUnusable, LowtideError
from lowtide.home import Home

LEFTOVER = ".tmp-"


def fsync(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clean(serve: Path) -> None:
    """Remove what killed runs left behind, also beside the as-of pointers."""
    for folder in (serve, serve / "as_of"):
        for path in folder.glob(f"{LEFTOVER}*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def read_manifest(build: Path) -> dict[str, Any]:
    """manifest.json of a build folder. Raises LowtideError when it is missing or damaged."""
    try:
        content: dict[str, Any] = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LowtideError(f"{build} is not a published build: {error}") from error
    return content


def builds(serve: Path) -> list[Path]:
    """Complete builds, oldest first."""
    if not serve.is_dir():
        return []
    held = [p for p in serve.iterdir() if not p.is_symlink() and not p.name.startswith(".") and (p / "manifest.json").is_file()]
    return sorted(held, key=lambda p: (datetime.fromisoformat(read_manifest(p)["built_at"]), p.name))


def target(pointer: Path) -> Path | None:
    """The build a pointer leads to, None where there is no pointer."""
    return pointer.resolve() if pointer.is_symlink() and pointer.exists() else None


def previous_build(home: Home, as_of: datetime, as_pointer: date | None = None) -> Path | None:
    """The build this one is compared with and may carry tables over from, None where there is none.

    It never knows more than `as_of`: a later build would leak the future. The current build where that holds (and this is
    not an --as-of run), else the one with the newest knowledge.
    """
    known = {b: read_manifest(b) for b in builds(home.serve)}
    fit = {b: m for b, m in known.items() if datetime.fromisoformat(m["as_of"]) <= as_of}
    current = target(home.current)
    if as_pointer is None and current in fit:
        return current
    moments = {b: (datetime.fromisoformat(m["as_of"]), datetime.fromisoformat(m["built_at"])) for b, m in fit.items()}
    return max(moments, key=lambda b: moments[b], default=None)


def point(pointer: Path, to: str) -> None:
    """Make `pointer` a symlink to `to`, atomically and durably."""
    pointer.parent.mkdir(parents=True, exist_ok=True)
    scratch = pointer.with_name(f"{LEFTOVER}{pointer.name}")
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(to)
    os.replace(scratch, pointer)
    fsync(pointer.parent)


def prune(home: Home, keep: int) -> list[str]:
    """Delete all but the newest `keep` builds and those a pointer leads to; returns the names of the deleted. Raises HomeUnusable."""
    as_of = home.serve / "as_of"
    pointed = {target(p) for p in (home.current, *(as_of.iterdir() if as_of.is_dir() else ()))}
    gone = []
    try:
        for build in builds(home.serve)[: -keep or None]:
            if build.resolve() not in pointed:
                doomed = build.with_name(f"{LEFTOVER}old-{build.name}")
                build.rename(doomed)  # half deleted is never mistaken for a build
                shutil.rmtree(doomed)
                gone.append(build.name)
    except OSError as error:
        raise HomeUnusable(f"published, but old builds in {home.serve} cannot be deleted: {error.strerror or error}") from error
    return gone
