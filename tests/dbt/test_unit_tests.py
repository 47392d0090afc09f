"""The dbt unit tests (dbt_project/models/**/*_tests.yml), run once; production builds leave them out."""

from __future__ import annotations

from tests.dbt.dbt_kit import Project, Warehouse


def test_every_unit_test_of_the_models_passes(project: Project, at_the_end: Warehouse) -> None:
    """The warehouse lends only the columns of the tables that the unit tests mock."""
    outcome = project.unit_tests(at_the_end, "2020-12-31T22:00:00+00:00")
    failed = [f"{name}\n{message}" for name, message in sorted(outcome.items()) if message]
    assert not failed, "\n\n".join(failed)
    assert len(outcome) >= 28
