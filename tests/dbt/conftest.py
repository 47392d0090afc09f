"""The parsed dbt project and the few builds of it that all tests here share (each costs seconds)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dbt import raw_zone, synthetic
from tests.dbt.dbt_kit import MIDDLE, Project, Warehouse


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(Path(tmp_path_factory.mktemp("dbt")))


@pytest.fixture(scope="session")
def history() -> pd.DataFrame:
    """Everything that is ever known of the invented world."""
    return synthetic.history()


@pytest.fixture(scope="session")
def everything(history: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw_zone.write(tmp_path_factory.mktemp("everything"), history)


@pytest.fixture(scope="session")
def at_the_end(project: Project, everything: Path) -> Warehouse:
    """Built at the end of 2020."""
    return project.build(everything, "2020-12-31T22:00:00+00:00", "at_the_end")


@pytest.fixture(scope="session")
def in_the_middle(project: Project, history: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Built in the middle of 2020 from a raw zone that holds nothing known later."""
    held = history[history["known_at"] <= pd.Timestamp(f"{MIDDLE}T22:00", tz="UTC")]
    zone = raw_zone.write(tmp_path_factory.mktemp("held"), held)
    return project.build(zone, f"{MIDDLE}T22:00:00+00:00", "in_the_middle")
