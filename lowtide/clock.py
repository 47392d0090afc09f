"""The one door to the system time.

Belongs here: the injected clock. Does not belong here: calendars and release rules (`ingest.calendars`).
Nothing else in the project reads the wall clock (a test holds it to that); durations use `time.monotonic`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from lowtide.errors import LowtideError, WrongUsage

CUT_OFF = time(22, 0, tzinfo=UTC)  # a mart day knows what was public by then


@dataclass(frozen=True)
class Clock:
    """`now()` in UTC: the system time, or `instant` where the clock was set (replay, `--now`)."""

    instant: datetime | None = None

    def __post_init__(self) -> None:
        if self.instant is not None and self.instant.tzinfo is None:
            raise LowtideError(f"the clock needs a time zone: {self.instant.isoformat()}")

    @property
    def fixed(self) -> bool:
        return self.instant is not None

    def now(self) -> datetime:
        """Current moment, timezone-aware UTC, microseconds."""
        return self.instant.astimezone(UTC) if self.instant is not None else datetime.now(UTC)

    def today(self) -> date:
        """The UTC day of `now()`."""
        return self.now().date()

    @classmethod
    def parse(cls, text: str) -> Clock:
        """A clock that stands still at `text`: an ISO date (its last second, UTC) or an ISO date-time (UTC if unzoned).

        Raises WrongUsage when the text is neither.
        """
        try:
            if len(text) == 10:
                return cls(datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC))
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise WrongUsage(f"not a date or date-time: {text!r} (use 2026-05-31 or 2026-05-31T22:00:00+00:00)") from error
        return cls(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
