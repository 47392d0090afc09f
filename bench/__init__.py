"""What a run costs beside its floor, measured on this machine.

Belongs here: timing real runs as whole processes, and the plain script they are held against (`floor`).
Does not belong here: assertions about time (a noisy machine would fail them); tests hold results, not seconds.
"""

from datetime import UTC, datetime

DAY = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)  # an evening of the simulated worlds, after the New York close
