"""The Great Expectations process as its parent sees it: started early, asked once, gone after its answer.

Belongs here: the worker's life and what makes its answer usable. Does not belong here: GX (`worker`), the decision (`gate`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from lowtide.children import environment
from lowtide.errors import LowtideError


class WorkerFailed(LowtideError):
    """The Great Expectations process died, ran out of time or gave no answer."""


class GateWorker:
    """The subprocess that imports great_expectations. Start it early; `submit`, then `collect`. A context manager."""

    def __init__(self, process: subprocess.Popen[str], errors: Any) -> None:
        self._process = process
        self._errors = errors

    @classmethod
    def start(cls) -> GateWorker:
        """Start the process and return at once; it imports while the caller works."""
        errors = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - lives as long as the process, see close()
        process = subprocess.Popen(
            [sys.executable, "-m", "expectations.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            text=True, env=environment(GX_ANALYTICS_ENABLED="false"),
        )
        return cls(process, errors)

    @property
    def pid(self) -> int:
        return self._process.pid

    def submit(self, job: Mapping[str, Any]) -> None:
        """Send the one job. A worker that is already dead shows in `collect`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # collect() reports the death with its reason

    def collect(self, timeout_s: float) -> dict[str, Any]:
        """The answer. Raises WorkerFailed with the reason on crash, time-out or silence; the process is gone afterwards."""
        try:
            out, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            self.close()
            raise WorkerFailed(f"the Great Expectations worker gave no answer within {timeout_s:g} s") from error
        last = out.strip().rsplit("\n", 1)[-1]
        if self._process.returncode != 0 or not last.startswith("{"):
            self._errors.seek(0)
            told = self._errors.read().strip().rsplit("\n", 1)[-1][:200] or "nothing on stderr"
            raise WorkerFailed(f"the Great Expectations worker ended with code {self._process.returncode}: {told}")
        answer: dict[str, Any] = json.loads(last)
        return answer

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None and not pipe.closed:
                with suppress(BrokenPipeError):  # unsent input of a dead worker
                    pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
