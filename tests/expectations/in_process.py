"""The Great Expectations worker without a process of its own, for tests of what is made of its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from expectations.worker_process import GateWorker


class InProcess(GateWorker):
    """The worker's own code without a process of its own: the import is paid once for all tests, and so is the answer to the
    same rules on the same bytes (most tests change one table of many)."""

    answers: ClassVar[dict[tuple[bytes, str], Any]] = {}

    def __init__(self) -> None:
        self.job: dict[str, Any] = {}

    @classmethod
    def start(cls) -> InProcess:
        return cls()

    def submit(self, job: Mapping[str, Any]) -> None:
        self.job = json.loads(json.dumps(job))

    def collect(self, timeout_s: float) -> dict[str, Any]:
        from expectations.worker import Worker, run

        asked = {entry["table"]: (Path(entry["path"]).read_bytes(), json.dumps(entry["expectations"])) for entry in self.job["tables"]}
        fresh = [entry for entry in self.job["tables"] if asked[entry["table"]] not in self.answers]
        answer: dict[str, Any] = json.loads(json.dumps(run(Worker(), {**self.job, "tables": fresh})))
        self.answers.update({asked[table]: told for table, told in answer["tables"].items()})
        return {**answer, "tables": {table: self.answers[key] for table, key in asked.items()}}

    def close(self) -> None:
        pass
