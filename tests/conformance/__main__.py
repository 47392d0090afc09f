"""`python -m tests.conformance`: run the suite and write docs/conformance.md (not for single providers)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import PAGE

HERE = Path(__file__).parent
if __name__ == "__main__":
    wanted = [] if any(word.startswith("--provider") for word in sys.argv) else [f"--conformance-page={PAGE}"]
    sys.exit(pytest.main([str(HERE / "test_conformance.py"), "-q", *wanted, *sys.argv[1:]]))
