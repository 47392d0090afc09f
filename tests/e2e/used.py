"""Using the real command in a home of its own, as a person or a scheduler does: from a folder that is not the project's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

LOWTIDE = Path(sys.executable).with_name("lowtide")
FIRST, NEXT = "2026-11-18T23:30:00+00:00", "2026-11-19T23:30:00+00:00"
VERDICTS = "select thesis_id, verdict from scorecard.verdicts where as_of_date = (select max(as_of_date) from scorecard.verdicts)"


@dataclass(frozen=True)
class Used:
    """A LOWTIDE_HOME and the command that works in it."""

    home: Path

    def command(self, *words: str) -> list[str]:
        return [str(LOWTIDE), *words]

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "LOWTIDE_HOME": str(self.home)}

    def lowtide(self, *words: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(*words), env=self.env, cwd=self.home.parent, capture_output=True, text=True, timeout=900, check=False)
        assert (done.returncode != 0) is fails, f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        return done

    def run(self, *words: str, fails: bool = False) -> dict[str, Any]:
        return json.loads(self.lowtide("run", *words, "--json", fails=fails).stdout)

    def current(self, origin: str = "sandbox") -> Path:
        return (self.home / origin / "serve" / "current").resolve()

    def rows(self, query: str, origin: str = "sandbox") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.current(origin) / "lowtide.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def parquet(self, origin: str = "sandbox") -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.current(origin) / "parquet").iterdir())}
