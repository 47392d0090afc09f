"""Where a published build is copied to besides its own folder, from one word: a PostgreSQL URL, an s3:// address or a folder.

Belongs here: choosing who copies. Does not belong here: the copying (`postgres`, `files`), deciding what is published (`build`).
"""

from __future__ import annotations

from lowtide.destinations import kind
from lowtide.home import Home
from publish.mirrored import Mirrored


def mirror(home: Home, to: str, *, wait_s: float = 60.0) -> Mirrored:
    """Copy the current build of `home` to `to`, if it is not there. Raises LowtideError; no password is ever in it."""
    if kind(to) == "postgres":
        from publish.postgres import publish_postgres

        return publish_postgres(home, to, wait_s=wait_s)
    from publish.files import publish_files

    return publish_files(home, to)
