"""Where published builds are copied to: reading the settings. Imports nothing heavy (Dagster asks at load).

Does not belong here: the copying (`publish.mirror`).
"""

from __future__ import annotations

from collections.abc import Mapping

SETTING = "LOWTIDE_PUBLISH_TO"  # destinations that every run copies its build to, separated by spaces
POSTGRES = ("postgresql://", "postgres://")


def configured(environment: Mapping[str, str]) -> list[str]:
    """Destinations of LOWTIDE_PUBLISH_TO, and LOWTIDE_POSTGRES_URL for a database alone."""
    return [*environment.get(SETTING, "").split(), *environment.get("LOWTIDE_POSTGRES_URL", "").split()]


def kind(to: str) -> str:
    """postgres, s3 or folder: a name without secrets."""
    return "postgres" if to.startswith(POSTGRES) else "s3" if to.startswith("s3://") else "folder"
