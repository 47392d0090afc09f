"""The parsed dbt project and the few builds of it that all tests here share (each costs seconds)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dbt import raw_zone, synthetic
from tests.dbt import recorded as archive
from tests.dbt.agree import World
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


@pytest.fixture(scope="session")
def invented(history: pd.DataFrame, at_the_end: Warehouse) -> World:
    return World(history, at_the_end, synthetic.sessions(synthetic.FIRST - 90 * synthetic.DAY))  # a window may open before the first price


@pytest.fixture(scope="session")
def recorded(upstream: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> World:
    log = archive.log(upstream)
    warehouse = project.build(raw_zone.write(tmp_path_factory.mktemp("recorded"), log), f"{archive.LAST}T22:00:00+00:00", "recorded")
    first = min(log.loc[log["series_id"] == "yahoo.SPY.close", "observation_date"])
    return World(log, warehouse, synthetic.sessions(first, archive.LAST))
