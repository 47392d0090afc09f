"""The command line. `lowtide --help` must stay under half a second: every command imports what it needs when it runs.

Belongs here: options, printing, exit codes (0 good, 1 failed, 2 wrong usage). Does not belong here: any work.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from lowtide.errors import LowtideError

for _name, _value in {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DAGSTER_DISABLE_TELEMETRY": "yes", "GX_ANALYTICS_ENABLED": "false",
}.items():  # fmt: skip
    os.environ[_name] = _value


ORDER = (
    "run", "scorecard", "report", "status", "trace", "export", "publish", "ui", "doctor", "accept", "rebuild", "generate", "sandbox", "bench", "bulk",
)  # fmt: skip


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
        except (LowtideError, OSError) as error:
            if self.debug:
                raise
            if isinstance(error, BrokenPipeError):  # the reader (head, less) went away
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
                raise typer.Exit(1) from None
            print(f"error: {told(error)}", file=sys.stderr)
            raise typer.Exit(1) from None


def told(error: BaseException) -> str:
    """One line for an error."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())


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
