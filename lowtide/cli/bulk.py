"""`lowtide bulk binance-vision`: whole archives to Parquet, beside the daily run."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from lowtide.cli import app, options
from lowtide.errors import LowtideError

bulk = typer.Typer(no_args_is_help=True, help="Load whole archives to Parquet.")
app.add_typer(bulk, name="bulk")
TELL_EVERY_S = 10.0


@bulk.callback()
def root() -> None:
    """Load whole archives to Parquet; what is whole already is skipped."""


@bulk.command("binance-vision")
def binance_vision(
    origin: options.Origin = None,
    kinds: Annotated[str, typer.Option(metavar="LIST", help="Of funding_rate, metrics, klines_1h, klines_1d; comma-separated.")] = "funding_rate,metrics,klines_1h",
    symbols: Annotated[str, typer.Option(metavar="LIST", help="Only these, e.g. BTCUSDT,ETHUSDT (default: every perpetual).")] = "",
    since: Annotated[str, typer.Option("--from", metavar="MONTH", help="First month, YYYY-MM.")] = "",
    until: Annotated[str, typer.Option("--to", metavar="MONTH", help="Last month, YYYY-MM.")] = "",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Months under way at once.")] = 8,
    now: Annotated[str | None, typer.Option(metavar="DATE", help="The clock stands still at this date (stand-in).")] = None,
    latency_ms: Annotated[int, typer.Option(min=0, help="Delay of every answer of the stand-in.")] = 0,
    fault: Annotated[list[str] | None, typer.Option(metavar="SPEC", help="Fault of the stand-in, host=kind[@path]; repeatable.")] = None,
    as_json: options.Json = False,
) -> None:
    """Binance's archive of USD-margined perpetuals: funding, open interest, klines, by symbol and month."""
    from ingest.bulk import store
    from ingest.bulk.kinds import kinds_of
    from ingest.bulk.loader import HOSTS, load
    from ingest.client import LOCAL, Client
    from lowtide.home import Home
    from lowtide.run import RunOptions, label, resolve, upstream

    for text, name in ((since, "--from"), (until, "--to")):
        if text and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII):
            raise typer.BadParameter(f"not a month: {text!r} (use 2026-05)", param_hint=name)
    try:
        wanted = kinds_of(_list(kinds))
    except LowtideError as error:
        raise typer.BadParameter(str(error), param_hint="--kinds") from None
    asked = RunOptions(options.origin(origin), now=now, latency_ms=latency_ms, faults=tuple(fault or ()))
    chosen, reason = resolve(asked)
    home, out = Home.of(chosen.origin or "").prepare(), sys.stderr if as_json else sys.stdout
    print(f"origin: {label(home.origin)}, {reason}", file=out, flush=True)
    begun = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(home.lock("bulk"))
        clock, stand_in, _ = upstream(chosen, home, stack)
        base_url = stand_in.base_url if stand_in else None
        client = stack.enter_context(Client(HOSTS, base_url, clock, limits=LOCAL if base_url else None))
        tell = stack.enter_context(_Progress(out))
        report = load(home, client, wanted, symbols=_list(symbols), first=since, last=until or "9999-99", threads=threads, on_progress=tell.show)
    seconds = round(time.monotonic() - begun, 2)
    told = {"origin": home.origin, "simulated": home.origin == "sandbox", "folder": str(store.folder(home)), "seconds": seconds, **report.as_dict()}
    if as_json:
        print(json.dumps(told, indent=1))
    else:
        for name, tally in report.kinds.items():
            print(f"{name}: {line(tally)}")
        print(f"{seconds} s; parts in {store.folder(home)}")
    for failure in () if as_json else report.failures[:10]:
        print(f"failed: {failure.kind} {failure.symbol} {failure.month or 'listing'}: {failure.error_type}: {failure.error_message}", file=sys.stderr)
    if not report.good:
        print(f"error: {report.stopped or f'{len(report.failures)} months failed, the others are whole; the same command tries them again'}", file=sys.stderr)
        raise typer.Exit(1)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def line(tally: Any) -> str:
    """One kind's counts for people."""
    parts = [f"{tally.loaded + tally.skipped + tally.failed} of {tally.months} months of {tally.symbols} symbols"]
    parts += [f"{tally.loaded} loaded ({tally.rows:,} rows, {tally.bytes / 1e6:,.1f} MB)", f"{tally.skipped} whole already"]
    parts += [f"{number} {name}" for name, number in (("failed", tally.failed), ("duplicate rows", tally.duplicates), ("days missing upstream", tally.missing_days)) if number]
    return ", ".join(parts)


class _Progress:
    """A live line on a terminal, else a line every ten seconds."""

    def __init__(self, out: Any) -> None:
        self.out, self.told = out, time.monotonic()
        self.status: Any = None

    def __enter__(self) -> _Progress:
        if self.out.isatty():
            from rich.console import Console

            self.status = Console(file=self.out).status("listing")
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is not None:
            self.status.stop()

    def show(self, report: Any) -> None:
        name, tally = next(((n, t) for n, t in reversed(report.kinds.items()) if t.symbols), ("", None))
        if tally is None:
            return
        if self.status is not None:
            self.status.update(f"{name}: {line(tally)}")
        elif time.monotonic() - self.told >= TELL_EVERY_S:
            self.told = time.monotonic()
            print(f"{name}: {line(tally)}", file=self.out, flush=True)
