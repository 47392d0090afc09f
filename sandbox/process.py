"""The stand-in in a process of its own, as a real upstream is: what it spends on answers is not the run's, nor is its interpreter lock.

Belongs here: the life of that process. Does not belong here: what is answered (`sandbox.recorded`, `sandbox.world`), HTTP (`sandbox.server`).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lowtide.children import environment
from lowtide.errors import LowtideError, WrongUsage


@dataclass(frozen=True)
class Job:
    """What to serve: the recorded responses of the folder `upstream` or, without one, the simulated `world` as it stands at `now`
    (ISO 8601 with time zone), whose drop folder is filled at `dropbox`. `faults` as in `sandbox.faults.parse`."""

    latency_s: float = 0.0
    faults: Sequence[str] = ()
    upstream: str | None = None
    world: str | None = None
    now: str | None = None
    dropbox: str | None = None


class StandIn:
    """The process that serves `job` while the context is open; it ends with its parent, however that ends.

    Entering starts it; `base_url` and `newest_date` wait until it serves. Raises LowtideError or WrongUsage with the one line it
    said when it cannot (no index.json, a date outside the simulated world).
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: subprocess.Popen[str] | None = None
        self._told: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # dead already: told where it is asked for
            self._process.stdin.write(json.dumps(asdict(self._job)) + "\n")
            self._process.stdin.flush()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it holds nothing that could be lost
            process.communicate()

    @property
    def base_url(self) -> str:
        """Where clients connect."""
        return str(self._answer()["base_url"])

    @property
    def newest_date(self) -> date:
        """The day up to which the archive was recorded; of a replay only."""
        return date.fromisoformat(self._answer()["newest_date"])

    def _answer(self) -> dict[str, Any]:
        if self._told is None:
            if self._process is None or self._process.stdout is None:
                raise RuntimeError("the stand-in is not running")
            line = self._process.stdout.readline()
            if not line.startswith("{"):
                raise LowtideError(f"the stand-in ended with code {self._process.wait()} before it served anything")
            self._told = json.loads(line)
        if "error" in self._told:
            raise (WrongUsage if self._told["usage"] else LowtideError)(self._told["error"])
        return self._told


def main() -> None:
    """Read the job, say where it is served, serve until the parent is gone (its end of standard input closes)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it still asks while it ends
    job = Job(**json.loads(sys.stdin.readline()))
    from sandbox.faults import parse
    from sandbox.server import SandboxServer

    backend: Any
    told: dict[str, str] = {}
    try:
        if job.upstream is not None:
            from sandbox.recorded import RecordedBackend

            backend = RecordedBackend(Path(job.upstream))
            told["newest_date"] = backend.newest_date.isoformat()
        else:
            from sandbox.world import SimulatedBackend

            assert job.world and job.now and job.dropbox
            backend = SimulatedBackend(job.world, now=datetime.fromisoformat(job.now))
            backend.drop(Path(job.dropbox))
    except (LowtideError, OSError) as error:
        _tell({"error": " ".join(str(error).split()), "usage": isinstance(error, WrongUsage)})
        return
    except Exception as error:  # noqa: BLE001 - a defect of the stand-in is told to its parent, not to the screen
        _tell({"error": f"the stand-in cannot serve: {type(error).__name__}: {' '.join(str(error).split())[:200]}", "usage": False})
        return
    with SandboxServer(backend, latency_s=job.latency_s, faults=[parse(text) for text in job.faults]) as server:
        _tell({**told, "base_url": server.base_url})
        sys.stdin.read()


def _tell(answer: Mapping[str, str | bool]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
