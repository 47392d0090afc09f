"""What a bulk load tells: counts per kind, and everything that failed.

Belongs here: the shapes that `lowtide bulk` prints. Does not belong here: when to give up (`loader`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Failure:
    """A month, or a symbol's listing (`month` None), that could not be loaded."""

    kind: str
    symbol: str
    month: str | None
    error_type: str
    error_message: str


@dataclass
class Tally:
    """What was done for one kind; days without a file between a month's first and last are `missing_days`."""

    symbols: int = 0
    months: int = 0
    loaded: int = 0
    skipped: int = 0
    failed: int = 0
    files: int = 0
    rows: int = 0
    bytes: int = 0
    duplicates: int = 0
    missing_days: int = 0


@dataclass
class BulkReport:
    """Counts per kind and every failure; `stopped` says why the load gave up early."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    stopped: str | None = None

    @property
    def good(self) -> bool:
        return not self.failures and self.stopped is None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
