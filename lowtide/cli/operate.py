"""`rebuild`, `generate`, `sandbox`, `ui`, `bench`: commands that operate the project rather than read from it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from lowtide.cli import app, options
from lowtide.errors import LowtideError
from lowtide.home import Home

ROOT = Path(__file__).resolve().parents[2]


@app.command()
def rebuild(origin: options.LastOrigin = None) -> None:
    """Rebuild the raw zone from the bytes in landing alone."""
    from ingest import registry
    from ingest.rebuild import rebuild as from_landing

    home = Home.of(options.used_origin(origin))
    with home.lock():
        count = from_landing(home, registry.load())
    print(f"rebuilt {count} change logs of origin {home.origin} from {home.landing}")


@app.command()
def generate(check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file has drifted.")] = False) -> None:
    """Write the files derived from registry, theses and calendars."""
    from lowtide.generate import generate as write

    changed = write(check=check)
    for name in changed:
        print(f"{'drifted' if check else 'written'}: {name}")
    if check and changed:
        raise LowtideError("generated files are not up to date: run `lowtide generate`")
    if not changed:
        print("up to date")


@app.command()
def sandbox(
    upstream: options.Upstream = None,
    world: Annotated[str, typer.Option(metavar="recede|counterfactual", help="Simulated world, when no folder is given.")] = "recede",
    now: Annotated[str | None, typer.Option(metavar="DATE", help="The simulated upstreams' clock.")] = None,
    port: Annotated[int, typer.Option(help="0: any free port.")] = 8765,
    latency_ms: Annotated[int, typer.Option(min=0)] = 0,
    fault: Annotated[list[str] | None, typer.Option(metavar="SPEC", help="host=kind[@path]; repeatable.")] = None,
) -> None:
    """Serve a simulated world, or a folder of recorded responses, until Ctrl-C."""
    from lowtide.asked import clock_at
    from sandbox.faults import parse
    from sandbox.server import serve_forever

    backend: Any
    if upstream is not None:
        from sandbox.recorded import RecordedBackend

        backend = RecordedBackend(upstream)
    else:
        from sandbox.world import SimulatedBackend

        backend = SimulatedBackend(world, now=clock_at(now).now())
    serve_forever(
        backend, port=port, latency_s=latency_ms / 1000, faults=[parse(text) for text in fault or ()],
        on_start=lambda url: print(f"serving {upstream or f'world {world}'} on {url} (the Host header chooses the upstream)", flush=True), log=print,
    )  # fmt: skip


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Dagster's web page and its daemon (schedules, sensors, queue) on this project's runs."""
    from lowtide.home import lowtide_home
    from orchestration.instance import dagster_home, open_instance
    from orchestration.manifest import load

    load()  # a missing manifest is told here in one line, not in a server's traceback
    open_instance().dispose()  # closes runs whose process was killed
    environment = {**os.environ, "LOWTIDE_HOME": str(lowtide_home()), "DAGSTER_HOME": str(dagster_home())}
    command = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-w", str(ROOT / "workspace.yaml"), "-h", host, "-p", str(port)]
    print(f"http://{host}:{port} (Ctrl-C to stop); daily runs at 18:30 New York on NYSE sessions", flush=True)
    os.chdir(ROOT)
    os.execve(sys.executable, command, environment)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure this machine with the scripts in bench/ (options are passed on)."""
    script = ROOT / "bench" / "__main__.py"
    if not script.is_file():
        raise LowtideError("bench/ is not part of this checkout")
    code = subprocess.run([sys.executable, "-m", "bench", *context.args], cwd=ROOT, check=False, timeout=timedelta(hours=2).total_seconds()).returncode
    raise typer.Exit(code)
