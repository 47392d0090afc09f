"""What can go wrong with an upstream, as types. Every failed fetch ends in exactly one of these.

Messages are one line and carry no secret. Errors of the user's own machine live in `lowtide.errors`.
"""

from __future__ import annotations


class SourceError(Exception):
    """Base of all upstream failures. A failed dataset adds no rows and stops no other dataset."""

    @property
    def kind(self) -> str:
        return type(self).__name__


class Blocked(SourceError):
    """Refused by a wall or a country block (401/403/451, or a block page served as a success)."""


class RateLimited(SourceError):
    """Too many requests, still so after the allowed tries."""


class NotFound(SourceError):
    """The upstream does not know this series, file or vintage."""


class Unreachable(SourceError):
    """No usable answer after the allowed tries: transport errors, 5xx, or the run's deadline."""


class SchemaDrift(SourceError):
    """The payload is not what the contract says: other header, other shape, HTML where data should be, cut short."""


class EmptyPayload(SourceError):
    """A success without a single observation."""


class PlanRestricted(SourceError):
    """The endpoint needs a paid plan or another key (402, plan messages inside a success)."""


class StaleData(SourceError):
    """The answer is older than what is already held."""


class OutOfRange(SourceError):
    """Values outside the plausible range or a unit flip: the whole load is refused."""


class Interrupted(SourceError):
    """A run was killed in the middle of this dataset, and what it left behind cannot be undone."""


class NotConfigured(SourceError):
    """A key that this dataset requires is not set. Reported, never a failed run."""
