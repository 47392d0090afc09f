"""The command line. `lowtide --help` must stay under half a second: every command imports what it needs when it runs.

Belongs here: options, printing, exit codes (0 good, 1 failed, 2 wrong usage). Does not belong here: any work.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from click import ClickException
from typer.core import TyperGroup

from lowtide.errors import LowtideError, WrongUsage

for _name, _value in {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DAGSTER_DISABLE_TELEMETRY": "yes", "GX_ANALYTICS_ENABLED": "false",
}.items():  # fmt: skip
    os.environ[_name] = _value


ORDER = (
    "run", "scorecard", "report", "status", "trace", "export", "publish", "ui", "doctor", "accept", "rebuild", "generate", "sandbox", "bench", "bulk",
)  # fmt: skip


DISK_WORDS = ("disk I/O error", "disk is full", "unable to open database file", "readonly database", "disk image is malformed")


class OneLine(TyperGroup):
    """Ends a command with one line on stderr for errors of this machine; `--debug`, anywhere, shows the traceback."""

    debug = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        self.debug = "--debug" in args
        return super().parse_args(ctx, [a for a in args if a != "--debug"])

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, ClickException):
            raise
        except Exception as error:
            line = told(error) if isinstance(error, LowtideError | OSError) else machine_fault(error)
            if self.debug or line is None:
                raise
            if isinstance(error, BrokenPipeError):  # the reader (head, less) went away
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
                raise typer.Exit(1) from None
            print(f"error: {line}", file=sys.stderr)
            raise typer.Exit(2 if isinstance(error, WrongUsage) else 1) from None


def told(error: BaseException) -> str:
    """One line for an error."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())


def machine_fault(error: BaseException) -> str | None:
    """What a full or failing disk said deep inside a library (Dagster's SQLite files), in one line; None for anything else."""
    import errno
    import sqlite3

    from lowtide.home import lowtide_home

    chain: list[BaseException] = [error]
    for one in chain:
        if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
            return told(one)
        if isinstance(one, sqlite3.Error) and any(words in str(one) for words in DISK_WORDS):
            return f"{lowtide_home()}: {one}; is the disk full? `lowtide doctor`"
        chain += [more for more in (one.__cause__, one.__context__) if more is not None and more not in chain]
    return None


app = typer.Typer(
    cls=OneLine, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Lowtide: market claims as measured, falsifiable, monitored theses.",
)  # fmt: skip


@app.callback()
def root(debug: bool = typer.Option(False, "--debug", help="Show tracebacks.")) -> None:
    """See `lowtide COMMAND --help`."""


def _commands() -> Sequence[Any]:
    from lowtide.cli import accept, bulk, export, inspect, operate, publish, report, run, scorecard

    return accept, bulk, export, inspect, operate, publish, report, run, scorecard


_commands()
