"""The environment of a Python process that a run starts: it finds this project wherever it is called from.

Belongs here: what such processes have in common. Does not belong here: their lives (`expectations.worker_process`, `sandbox.process`).
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """This process's environment with the project first on PYTHONPATH, and `more`."""
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    return {**os.environ, "PYTHONPATH": path, **more}
