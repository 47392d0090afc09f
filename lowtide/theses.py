"""The theses as data: claim, rule legs with thresholds and reasons, what would falsify them.

Belongs here: reading and validating `theses/*.yml`, and the SQL of their rules. Does not belong here: what a verdict expression may
hold (`expressions`), computing a verdict (dbt does, from that SQL) or writing files (`generate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lowtide.errors import LowtideError
from lowtide.expressions import names, sql

FOLDER = Path(__file__).resolve().parent.parent / "theses"
BASKETS = "baskets.yml"
IDS = ("t0", "t1_1", "t1_2", "t1_3", "t2_0", "t2_1", "t2_2", "t2_3",
       "t3_1", "t3_2", "t4_1", "t4_2", "t4_3", "t4_4", "t4_5", "t5")  # fmt: skip
Group = Literal["opening", "forces", "liquidation", "plumbing", "gold_drivers", "filter"]
GROUPS: tuple[Group, ...] = get_args(Group)
Line = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """A sentence in English and in Traditional Chinese."""

    en: Line
    zh_hant: Line


class Earlier(_Strict):
    """A threshold that was in force on the mart days before `before`."""

    before: date
    threshold: float
    reason: Line  # why it was left


class Leg(_Strict):
    """One condition of a rule: `column` of the thesis' model compared with `threshold`.

    A changed threshold leaves the old one in `earlier`, oldest first: each day is judged by the rule that was in force on it.
    """

    id: Name
    title: Text
    column: Name
    operator: Literal[">", ">=", "<", "<="]
    threshold: float
    unit: Line
    reason: Line  # why this threshold
    since: date  # first day with a value to compare
    inputs: tuple[Name, ...] = Field(min_length=1)  # quantities of the registry
    oldest_input_column: Name | None = None  # where the leg stands on fewer inputs than the thesis
    earlier: tuple[Earlier, ...] = ()

    @field_validator("earlier")
    @classmethod
    def _in_order(cls, earlier: tuple[Earlier, ...]) -> tuple[Earlier, ...]:
        days = [one.before for one in earlier]
        if days != sorted(set(days)):
            raise ValueError("thresholds once in force stand oldest first, one for a date")
        return earlier

    @property
    def threshold_sql(self) -> str:
        """The threshold in force on `as_of_date`, as SQL."""
        if not self.earlier:
            return f"{self.threshold:.15g}"
        once = " ".join(f"when as_of_date < date '{one.before}' then {one.threshold:.15g}" for one in self.earlier)
        return f"(case {once} else {self.threshold:.15g} end)"

    @property
    def passed_sql(self) -> str:
        """SQL that is true where the leg passes and false otherwise, also without a value."""
        return f"coalesce({self.column} {self.operator} {self.threshold_sql}, false)"


class Verdict(_Strict):
    """Expressions over leg ids and flags, tried in this order; where none is true the thesis fails."""

    not_tested: str | None = None
    holds: Line
    contested: Line

    @field_validator("not_tested", "holds", "contested")
    @classmethod
    def _parses(cls, expression: str | None) -> str | None:
        if expression is not None:
            names(expression)
        return expression

    @property
    def expressions(self) -> dict[str, str]:
        """Verdict -> expression, in order, those that are set."""
        return {name: text for name, text in self.model_dump().items() if text is not None}


class Chart(_Strict):
    """What the one chart of a thesis shows."""

    kind: Literal["line", "bar", "table", "area", "scatter"]
    title: Text
    columns: tuple[Name, ...] = ()


class Event(_Strict):
    """A dated event that charts of a thesis mark."""

    date: date
    title: Text


class Thesis(_Strict):
    """One claim. A `built` thesis has a model, legs and a verdict; a `planned` one says what is not there yet."""

    id: str
    slug: Name
    group: Group
    status: Literal["built", "planned"]
    title: Text
    claim: Text
    falsified_by: Text
    measures: tuple[Line, ...] = Field(min_length=1)
    tables: tuple[str, ...] = ()
    model: Name | None = None
    label_column: Name | None = None
    no_data_column: Name | None = None
    oldest_input_column: Name | None = None
    flags: dict[Name, Name] = Field(default_factory=dict)
    legs: tuple[Leg, ...] = ()
    verdict: Verdict | None = None
    planned_reason: Line | None = None
    caveats: tuple[Line, ...] = Field(min_length=1)
    chart: Chart
    events: tuple[Event, ...] = ()
    review: Line

    @model_validator(mode="after")
    def _complete(self) -> Thesis:
        rule = {"model": self.model, "tables": self.tables, "legs": self.legs, "verdict": self.verdict,
                "no_data_column": self.no_data_column, "oldest_input_column": self.oldest_input_column}  # fmt: skip
        if self.status == "planned":
            stray = [name for name, value in rule.items() if value]
            if stray or not self.planned_reason:
                raise ValueError(f"planned: give planned_reason and leave out {', '.join(stray) or 'nothing else'}")
            return self
        absent = [name for name, value in rule.items() if not value]
        if absent or self.planned_reason:
            raise ValueError(f"built: needs {', '.join(absent)}" if absent else "built: has a planned_reason")
        known = [leg.id for leg in self.legs] + list(self.flags)
        if len(known) != len(set(known)):
            raise ValueError("two legs or flags share a name")
        assert self.verdict is not None
        for name, expression in self.verdict.expressions.items():
            if unknown := names(expression) - set(known):
                raise ValueError(f"verdict.{name}: {', '.join(sorted(unknown))} is neither a leg nor a flag")
        if unused := {leg.id for leg in self.legs} - set().union(*map(names, self.verdict.expressions.values())):
            raise ValueError(f"leg {', '.join(sorted(unused))} decides nothing: no verdict expression names it")
        return self

    def verdict_sql(self) -> dict[str, str]:
        """Verdict -> SQL condition over the columns of `model`; `false` where the thesis has no such condition."""
        assert self.verdict is not None
        mapping = {leg.id: leg.passed_sql for leg in self.legs}
        mapping |= {flag: f"coalesce({column}, false)" for flag, column in self.flags.items()}
        found = self.verdict.expressions
        return {name: sql(found[name], mapping) if name in found else "false" for name in Verdict.model_fields}


class Member(_Strict):
    """A member of a basket. It enters at the first month start that is not before `valid_from`, has `min_history_years`
    of prices behind it, and never backwards."""

    bucket: Literal["crypto", "ai_tech", "ai_stocks", "gold", "treasuries"]
    member: Line
    price_prefix: Name  # quantity <price_prefix>_close_usd
    valid_from: date | None = None
    valid_to: date | None = None
    min_history_years: int = Field(ge=0)
    reason: Line


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # a safe loader either way
    except (OSError, yaml.YAMLError) as error:
        raise LowtideError(f"{path.name}: {error}".replace("\n", " ")) from error


def _first_problem(path: Path, error: ValidationError) -> LowtideError:
    problem = error.errors()[0]
    where = ".".join(map(str, problem["loc"])) or "the file"
    return LowtideError(f"{path.name}: {where}: {problem['msg'].removeprefix('Value error, ')}")


@cache
def load_theses(folder: Path = FOLDER) -> dict[str, Thesis]:
    """All sixteen theses by id, in the order of the argument.

    Raises LowtideError, one line naming file and field, on the first mistake, and when a thesis is missing or unknown.
    """
    found: dict[str, Thesis] = {}
    for path in sorted(folder.glob("*.yml")):
        if path.name == BASKETS:
            continue
        try:
            thesis = Thesis.model_validate(_read(path))
        except ValidationError as error:
            raise _first_problem(path, error) from error
        if thesis.id != path.stem:
            raise LowtideError(f"{path.name}: id: says {thesis.id!r}")
        found[thesis.id] = thesis
    if difference := set(found) ^ set(IDS):
        raise LowtideError(f"{folder.name}: missing or unknown: {', '.join(sorted(difference))}")
    return {name: found[name] for name in IDS}


@cache
def load_baskets(folder: Path = FOLDER) -> tuple[Member, ...]:
    """The baskets' members, in file order. Raises LowtideError as `load_theses` does."""
    path = folder / BASKETS

    def members() -> Iterator[Member]:
        for bucket, content in _read(path)["baskets"].items():
            for entry in content:
                yield Member.model_validate({"bucket": bucket, **entry})

    try:
        return tuple(members())
    except ValidationError as error:
        raise _first_problem(path, error) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise LowtideError(f"{path.name}: needs baskets: {{bucket: [members]}} ({error!r})") from error
