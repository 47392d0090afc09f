"""`status`, `trace`, `doctor`: what is late, where a number comes from, whether this machine is fit."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lowtide.cli import app, options, told
from lowtide.errors import LowtideError
from lowtide.home import ORIGINS, Home, lowtide_home

MIN_FREE_MB = 500


@app.command()
def status(
    origin: options.LastOrigin = None,
    now: Annotated[str | None, typer.Option(metavar="DATE", help="Judge lateness at this moment (default: now; replay: the last run).")] = None,
    as_json: options.Json = False,
) -> None:
    """Every series: newest observation, what the calendar expects, how late, the last fetch and error."""
    from ingest import registry
    from ingest.landing import Landing
    from ingest.status import statuses
    from lowtide.asked import clock_at
    from lowtide.clock import Clock

    home = Home.of(options.used_origin(origin))
    clock = clock_at(now)
    if not now and home.origin == "replay" and (ledgers := Landing(home).read_ledgers()):
        clock = Clock.parse(max(str(event["at"] if "at" in event else event["fetched_at"]) for event in ledgers))
    rows = [vars(s) for s in statuses(home, clock, registry.load())]
    if as_json:
        print(json.dumps({"origin": home.origin, "now": clock.now(), "series": rows, "published": _published(home)}, default=str, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console() if sys.stdout.isatty() else Console(width=160)
    late, empty, refused = ([r for r in rows if r[name]] for name in ("late_days", "note", "quarantined"))
    console.print(f"origin: {home.origin}   now: {clock.now():%Y-%m-%d %H:%M} UTC   published: {_published(home) or 'nothing'}", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    room = max(20, console.width - 72 - max(len(r["series_id"]) for r in rows))  # one line a series; --json has the whole error
    for name in ("series", "provider", "newest", "expected", "late days", "last fetch (UTC)", "last error, quarantined"):
        table.add_column(name, no_wrap=True, justify="right" if name == "late days" else "left")
    for row in rows:
        fetched = f"{row['last_fetch']:%Y-%m-%d %H:%M}" if row["last_fetch"] else "never"
        table.add_row(row["series_id"], row["provider"], str(row["newest"] or ""), str(row["expected"] or ""),
                      "no value" if row["note"] else str(row["late_days"] or ""), fetched, _short(_trouble(row), room).replace("[", r"\["))  # fmt: skip
    console.print(table, highlight=False)
    said = [f"{len(late)} late", f"{len(empty)} of them never had a value" if empty else "", f"{len(refused)} with values in quarantine" if refused else ""]
    console.print(f"{len(rows)} series, {', '.join(filter(None, said))}", highlight=False)


def _trouble(row: dict[str, Any]) -> str:
    """The last error and what is kept apart, in one cell."""
    apart = f"{row['quarantined']} quarantined, e.g. {row['quarantine_example']}" if row["quarantined"] else ""
    return "; ".join(filter(None, [row["last_error"], apart]))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _published(home: Home) -> str | None:
    from publish import manifest

    if not home.current.exists():
        return None
    content = manifest(home)
    stale = [name for name, t in content["theses"].items() if t["state"] in ("stale", "blocked")]
    return f"{content['build_id']}{f' (stale: {chr(44).join(stale)})' if stale else ''}"


@app.command()
def trace(
    table: Annotated[str, typer.Argument(help="Published table, e.g. marts.funding_stress")],
    key: Annotated[list[str], typer.Argument(help="Its row: key values in key order (2020-03-16) or column=value pairs.")],
    origin: options.LastOrigin = None,
    as_of: options.AsOf = None,
    as_json: options.Json = False,
) -> None:
    """From a published row to its build, inputs, fetches and the bytes received."""
    from lowtide.theses import load_theses
    from publish import trace as follow

    options.day(as_of, "--as-of")
    home = Home.of(options.used_origin(origin))
    found = follow(home, table, _key(home, table, key, as_of), theses=load_theses(), as_of=as_of)
    if as_json:
        print(json.dumps({**vars(found), "inputs": [vars(i) for i in found.inputs]}, default=str, indent=1))
        return
    print(f"{found.table} in build {found.build_id}{f', carried over from {found.carried_from}' if found.carried_from else ''}; origin {home.origin}")
    for name, value in found.row.items():
        print(f"  {name}: {value}")
    if found.lineage:
        print(f"made by {' <- '.join(found.lineage)}")
    print(f"inputs known by {found.cut_off:%Y-%m-%d %H:%M} UTC")
    for one in found.inputs:
        if one.fetch_id is None:
            print(f"  {one.quantity}: nothing known")
            continue
        if one.series_id is None:
            print(f"  {one.quantity}: the response itself")
        else:
            print(f"  {one.quantity} = {one.value}  ({one.series_id}, {one.observation_date}, known {one.known_at:%Y-%m-%d %H:%M} UTC)" if one.known_at
                  else f"  {one.quantity} = {one.value}  ({one.series_id}, {one.observation_date})")  # fmt: skip
        print(f"    fetch {one.fetch_id} at {one.fetched_at}: {one.url}")
        there = "" if one.landing_path and one.landing_path.is_file() else "  (MISSING)"
        print(f"    bytes sha256 {one.content_sha256}: {one.landing_path}{there}")


def _key(home: Home, table: str, given: list[str], as_of: str | None) -> dict[str, str]:
    """Key columns and values; values alone are taken in the order of the key that the published build tells.

    One word may hold them all, with commas between. Raises LowtideError for a table that is not published and too few values.
    """
    from publish import manifest

    tables = manifest(home, as_of)["tables"]
    if table not in tables:
        raise LowtideError(f"{table} is not a published table: use one of {', '.join(sorted(tables))}")
    key = tables[table].get("key", ())
    words = given[0].split(",") if len(given) == 1 and len(key) > 1 else given
    if all(word.partition("=")[0] in tables[table]["columns"] and "=" in word for word in words):
        return dict(word.split("=", 1) for word in words)
    if len(words) != len(key):
        raise LowtideError(f"{table} is keyed by {', '.join(key)}: give {len(key)} values, or column=value pairs")
    return dict(zip(key, words, strict=True))


@app.command()
def doctor() -> None:
    """Check Python, packages, the data folder, the generated files and the network."""
    failed = False
    for name, problem, detail in _checks():
        failed |= problem
        print(f"{'PROBLEM' if problem else 'ok':8}{name}: {detail}")
    if failed:
        raise typer.Exit(1)


def _checks() -> Iterator[tuple[str, bool, str]]:
    """(what, is it a problem, what was seen)."""
    yield "python", sys.version_info < (3, 11), sys.version.split()[0]
    yield _ask("packages", _packages)
    base = lowtide_home()
    yield _ask("data folder", lambda: f"{base}, {_free_mb(base)} MB free")
    for origin in ORIGINS:
        home = Home.of(origin)
        if home.root.is_dir():
            yield _ask(f"origin {origin}", lambda home=home: _published(home) or "nothing published")
    yield _ask("dbt manifest", _manifest)
    yield _ask("generated files", _generated)
    from lowtide.run import probe

    host = probe()
    yield "upstreams", False, f"{host} answers" if host else "none answers: `lowtide run` uses the sandbox"


def _ask(name: str, question: Any) -> tuple[str, bool, str]:
    try:
        return name, False, question()
    except (LowtideError, OSError, ImportError) as error:
        return name, True, told(error)


def _packages() -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations"))


def _free_mb(base: Path) -> int:
    base.mkdir(parents=True, exist_ok=True)
    if not os.access(base, os.W_OK):
        raise LowtideError(f"{base}: permission denied")
    free = shutil.disk_usage(base).free // 2**20
    if free < MIN_FREE_MB:
        raise LowtideError(f"{base}: {free} MB free, {MIN_FREE_MB} wanted")
    return free


def _manifest() -> str:
    from orchestration import manifest

    return f"{len(manifest.built(manifest.load()))} models and seeds"


def _generated() -> str:
    from lowtide.generate import generate

    drifted = generate(check=True)
    if drifted:
        raise LowtideError(f"not up to date: {', '.join(drifted)}; run `lowtide generate`")
    return "up to date"
