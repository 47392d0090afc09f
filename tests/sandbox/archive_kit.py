"""A made-up archive of recorded responses: index entries and the backend that replays them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.recorded import RecordedBackend


def entry(**changes: Any) -> dict[str, Any]:
    return {"host": "h", "method": "GET", "path": "/p", "query": {}, "file": "f.csv", "status": 200, "content_type": "text/csv",
            "last_date": "2026-05-29", **changes}


def archive(folder: Path, content: Any) -> RecordedBackend:
    (folder / "index.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return RecordedBackend(folder)
