"""What stands in R/build/candidate.json: the facts of the last finished build.

Belongs here: writing and reading them, so that publishing works by hand, in another run or another process, and always judges
what was really built. Does not belong here: building (`dbt_build`), judging and publishing (`steps`).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowtide.errors import LowtideError
from lowtide.home import Home

if TYPE_CHECKING:
    from expectations.model import DbtResult


@dataclass(frozen=True)
class Candidate:
    """What was built. `results`: one dict per dbt node, the fields of expectations.model.DbtResult and `seconds`."""

    build_id: str
    run_id: str
    as_of: str
    fingerprint: str
    results: list[dict[str, Any]]

    @classmethod
    def read(cls, home: Home) -> Candidate:
        """Raises LowtideError when nothing was built, or not to the end."""
        try:
            return cls(**json.loads(_path(home).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise LowtideError(f"no finished build in {home.build}: run the step dbt first") from error

    def write(self, home: Home) -> None:
        """The build is finished: whole or not at all."""
        scratch = _path(home).with_suffix(".tmp")
        scratch.write_text(json.dumps(asdict(self)), encoding="utf-8")
        os.replace(scratch, _path(home))

    @staticmethod
    def forget(home: Home) -> None:
        """A build begins: until it is finished there is no candidate."""
        _path(home).unlink(missing_ok=True)

    @property
    def knows_until(self) -> datetime:
        return datetime.fromisoformat(self.as_of)

    @property
    def dbt_results(self) -> list[DbtResult]:
        from expectations.model import DbtResult

        told = [{name: value for name, value in r.items() if name not in ("tables", "seconds")} for r in self.results]
        return [DbtResult(**t, tables=tuple(r["tables"])) for t, r in zip(told, self.results, strict=True)]


def _path(home: Home) -> Path:
    return home.build / "candidate.json"
