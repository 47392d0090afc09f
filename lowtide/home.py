"""Where data lives: `LOWTIDE_HOME/<origin>/{landing,raw,build,serve}`, one root per origin, never mixed.

Belongs here: paths and the origin's lock. Does not belong here: what is inside the files.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from lowtide.errors import HomeLocked, HomeUnusable, WrongUsage

Origin = Literal["live", "sandbox", "replay"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


def lowtide_home() -> Path:
    """`LOWTIDE_HOME` (default `data/` below the working folder), absolute. Raises HomeUnusable when it leads nowhere."""
    named = os.environ.get("LOWTIDE_HOME", "data")
    try:
        return Path(named).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # links in a circle, a user that does not exist
        raise HomeUnusable(f"cannot use LOWTIDE_HOME={named}: {error}") from error


@dataclass(frozen=True)
class Home:
    """The folders of one origin. Nothing is created until `prepare()`."""

    base: Path
    origin: Origin

    @classmethod
    def of(cls, origin: str, base: Path | None = None) -> Home:
        """Home of `origin` below `base` (default LOWTIDE_HOME). Raises WrongUsage for an unknown origin."""
        for known in ORIGINS:
            if origin == known:
                return cls((base or lowtide_home()).resolve(), known)
        raise WrongUsage(f"unknown origin {origin!r}: use one of {', '.join(ORIGINS)}")

    @property
    def root(self) -> Path:
        return self.base / self.origin

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def serve(self) -> Path:
        return self.root / "serve"

    @property
    def current(self) -> Path:
        """Symlink to the published build; readers open `current/lowtide.duckdb`."""
        return self.serve / "current"

    @property
    def candidate(self) -> Path:
        """The private build file: dbt writes it, publish reads it, nobody else opens it."""
        return self.build / "lowtide.duckdb"

    @property
    def dagster(self) -> Path:
        return self.base / "dagster"

    def prepare(self) -> Home:
        """Create the folders. Raises HomeUnusable with the reason when that is not possible."""
        for folder in (self.landing, self.raw, self.build, self.serve, self.dagster):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise HomeUnusable(f"cannot use {folder}: {error.strerror or error}") from error
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise HomeUnusable(f"cannot read and write {folder}: permission denied")
        return self

    @contextmanager
    def lock(self, name: str = "") -> Iterator[None]:
        """Hold this origin for one run (or only its part `name`); the kernel drops the lock when the process dies, however
        it dies.

        Raises HomeLocked at once when another process holds it.
        """
        self.prepare()
        path = self.root / f".lock{name and f'-{name}'}"
        with path.open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                handle.seek(0)
                holder = handle.read().strip() or "another process"
                raise HomeLocked(f"{self.root}{name and f' ({name})'} is held by {holder}; wait for it or stop it") from error
            handle.seek(0)
            handle.truncate()
            handle.write(f"process {os.getpid()}")
            handle.flush()
            yield
