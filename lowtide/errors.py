"""Errors that a user can act on: one clear line, no traceback. Errors of upstream sources live in `ingest.errors`."""


class LowtideError(Exception):
    """Something the user can mend; `str(error)` is the one line shown, and the command exits with 1."""


class WrongUsage(LowtideError):
    """The command was asked for what makes no sense; it exits with 2."""


class HomeLocked(LowtideError):
    """Another run holds this origin's lock."""


class HomeUnusable(LowtideError):
    """The data folder cannot be created, read or written (permissions, full disk, not a folder)."""
