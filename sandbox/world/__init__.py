"""Seeded simulated histories with scripted regimes and known truth, served in the upstreams' own formats.

Belongs here: calendars and release times of the stand-in, the script, the paths, and the backend that answers with them.
Does not belong here: wire formats (`sandbox.wire`), faults, HTTP.
"""

from sandbox.world.backend import SimulatedBackend
from sandbox.world.script import WORLDS

__all__ = ["WORLDS", "SimulatedBackend"]
