"""What copying a build to another place reports. Does not belong here: the copying (`postgres`, `files`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mirrored:
    """What a publish to another place did. `changed` False: it held this build already, and nothing was written."""

    build_id: str
    where: str  # without secrets
    changed: bool
    tables: int
    rows: int
    seconds: float
    locked_seconds: float = 0.0  # PostgreSQL: how long readers were shut out
    attempts: int = 0  # PostgreSQL: attempts to get every open reader's leave

    @property
    def line(self) -> str:
        """For people and logs."""
        if not self.changed:
            return f"{self.where}: holds build {self.build_id} already"
        locked = f", readers shut out for {1000 * self.locked_seconds:.0f} ms" if self.attempts else ""
        return f"{self.where}: build {self.build_id}, {self.tables} tables, {self.rows} rows ({self.seconds:.1f} s{locked})"
