"""From a table's contract and its YAML to the list of expectations that judge it. No GX import: names and kwargs only.

Belongs here: the base every suite begins with, and the reading of suites/<schema>.<table>.yml.
An empty or all-null table passes not-null, range and uniqueness rules: hence row count, keys and newest day come first.
`needs` of a rule: per column, the quantities without which it cannot have values (`absences`).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from expectations.model import Severity, TableMeta
from lowtide.errors import LowtideError

FOLDER = Path(__file__).parent / "suites"
_FIELDS = {"expectation", "kwargs", "severity", "reason"}


@dataclass(frozen=True)
class Expectation:
    """One expectation by its Great Expectations snake name. `name` is unique in its suite for a given column."""

    type: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    severity: Severity = "critical"
    reason: str = ""
    needs: tuple[str, ...] = ()  # quantities: where one was never observed, the rule only warns

    @property
    def column(self) -> str | None:
        """The column or columns it looks at, comma separated."""
        return ", ".join(self.columns) or None

    @property
    def columns(self) -> list[str]:
        named = [self.kwargs[k] for k in ("column", "column_A", "column_B") if k in self.kwargs]
        return named + list(self.kwargs.get("column_list", ()))


def base(table: TableMeta, *, origin: str, newest: date | None) -> list[Expectation]:
    """What every suite begins with, derived from the contract. `newest` = the day the table must end on, or None."""
    filled = Expectation("expect_table_row_count_to_be_between", {"min_value": 1}, reason="an empty table passes every other rule")
    suite = [] if table.may_be_empty else [filled]
    required = list(dict.fromkeys([*table.key, *table.not_null, "origin"]))
    suite += [Expectation("expect_column_to_exist", {"column": c}, reason="key column") for c in table.key]
    suite += [
        Expectation("expect_column_values_to_not_be_null", {"column": c},
                    reason="key column" if c in table.key else "the contract forbids null")
        for c in required
    ]
    if len(table.key) > 1:
        unique = Expectation("expect_compound_columns_to_be_unique", {"column_list": list(table.key)}, reason="one row per key")
    else:
        unique = Expectation("expect_column_values_to_be_unique", {"column": table.key[0]}, reason="one row per key")
    suite.append(unique)
    if newest is not None and table.date_column is not None:
        day = newest.isoformat()
        suite.append(Expectation(
            "expect_column_max_to_be_between", {"column": table.date_column, "min_value": day, "max_value": day},
            reason=f"the newest session that has ended is {day}",
        ))
    suite.append(Expectation("expect_column_values_to_be_in_set", {"column": "origin", "value_set": [origin]}, reason="origins never mix"))
    return suite


@cache
def specific(table: str, folder: Path = FOLDER) -> tuple[Expectation, ...]:
    """The expectations of suites/<table>.yml. Raises LowtideError, one line, when the file is missing or malformed."""
    path = folder / f"{table}.yml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LowtideError(f"no suite for {table}: write expectations/suites/{table}.yml") from error
    except yaml.YAMLError as error:
        raise LowtideError(" ".join(f"{path.name}: {error}".split())) from error
    if not isinstance(document, dict) or document.get("table") != table:
        raise LowtideError(f"{path.name}: `table` must be {table}")
    suite = []
    for entry in document.get("expectations") or []:
        if set(entry) - {"needs"} != _FIELDS or entry["severity"] not in ("critical", "warning") or not entry["reason"]:
            raise LowtideError(f"{path.name}: an expectation has exactly {sorted(_FIELDS)} (and may have needs), severity critical or warning: {entry}")
        columns = entry["kwargs"].pop("columns", None)  # shorthand: the same rule for several columns
        for kwargs in [{**entry["kwargs"], "column": c} for c in columns] if columns else [entry["kwargs"]]:
            needs = tuple((entry.get("needs") or {}).get(kwargs.get("column"), ()))
            suite.append(Expectation(entry["expectation"], kwargs, entry["severity"], entry["reason"], needs))
    return tuple(suite)


def orphans(tables: Container[str], folder: Path = FOLDER) -> list[str]:
    """Suite files whose table is not published: a renamed table would lose its rules without a sound."""
    return [path.name for path in sorted(folder.glob("*.yml")) if path.stem not in tables]
