"""Derives files from the registry, the theses and the calendars, so that nothing is written down twice.

Belongs here: what is derived, in which file, byte for byte the same each time (`lowtide generate`, `--check` in CI).
Does not belong here: the facts themselves, nor how a page reads (`pages`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ingest import registry as registries
from ingest.calendars import FOLDER as CALENDARS
from ingest.registry import Registry
from lowtide import pages
from lowtide.columns import FETCHES, OBSERVATIONS, SEEDS
from lowtide.errors import LowtideError
from lowtide.theses import Member, Thesis, load_baskets, load_theses

ROOT = Path(__file__).resolve().parent.parent
MARK = pages.MARK
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def generate(check: bool = False, root: Path = ROOT) -> list[str]:
    """Write every derived file below `root` that is not as it should be; with `check`, write nothing.

    Returns the paths (relative, sorted) that changed or, with `check`, have drifted; generated pages whose source is gone
    are removed and count too. Raises LowtideError when the sources contradict each other (see `cross_check`).
    """
    registry, theses, baskets = registries.load(), load_theses(), load_baskets()
    cross_check(registry, theses, baskets)
    wanted = {**_dbt(registry, theses, baskets), **pages.write(registry, theses)}
    changed = []
    for name, text in wanted.items():
        path = root / name
        if not path.is_file() or path.read_bytes() != text.encode():
            changed.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
    for path in (*root.glob("docs/theses/*.md"), *root.glob("docs/series/*.md")):
        name = path.relative_to(root).as_posix()
        if name not in wanted and MARK in path.read_text(encoding="utf-8").partition("\n")[0]:
            changed.append(name)
            if not check:
                path.unlink()
    return sorted(changed)


def cross_check(registry: Registry, theses: dict[str, Thesis], baskets: Sequence[Member]) -> None:
    """Every input of a leg, price of a basket member and thesis named by a series exists. Raises LowtideError if not."""
    quantities = {series.quantity for _, series in registry.series.values()}
    for thesis in theses.values():
        for leg in thesis.legs:
            for quantity in leg.inputs:
                if quantity not in quantities:
                    raise LowtideError(f"{thesis.id}.yml: legs.{leg.id}.inputs: no series in the registry gives {quantity}")
    for member in baskets:
        if f"{member.price_prefix}_close_usd" not in quantities:
            raise LowtideError(f"baskets.yml: {member.bucket}.{member.member}: no series gives {member.price_prefix}_close_usd")
    for _, series in registry.series.values():
        if unknown := set(series.theses) - set(theses):
            raise LowtideError(f"registry: {series.id}: theses: no such thesis {', '.join(sorted(unknown))}")


def _dbt(registry: Registry, theses: dict[str, Thesis], baskets: Sequence[Member]) -> dict[str, str]:
    rows: dict[str, Iterable[Sequence[Any]]] = {
        "series": _series(registry, theses),
        "theses": _theses(theses),
        "thesis_legs": _legs(theses),
        "basket_members": ([getattr(m, name) for name in SEEDS["basket_members"][1]] for m in baskets),
    }
    files = {f"dbt_project/seeds/{name}.csv": _csv(SEEDS[name][1], content) for name, content in rows.items()}
    for name, source in (("calendar_holidays", "holidays"), ("release_dates", "release_dates"), ("fed_cycles", "fed_cycles")):
        files[f"dbt_project/seeds/{name}.csv"] = (CALENDARS / f"{source}.csv").read_text(encoding="utf-8")
    files["dbt_project/seeds/seeds.yml"] = _yaml({"version": 2, "seeds": [
        {"name": name, "description": about,
         "config": {"column_types": {column: kind for column, (kind, _) in columns.items()}},
         "columns": [{"name": column, "data_type": kind, "description": text} for column, (kind, text) in columns.items()]}
        for name, (about, columns) in SEEDS.items()
    ]})  # fmt: skip
    files["dbt_project/models/sources.yml"] = _sources(registry)
    files["dbt_project/macros/generated_theses.sql"] = _macros(registry, theses, baskets)
    return files


def _series(registry: Registry, theses: dict[str, Thesis]) -> Iterator[Sequence[Any]]:
    for dataset, series in registry.series.values():
        rule = dataset.publication
        yield (
            series.id, dataset.id, dataset.provider, dataset.domain, series.title, series.field, series.unit, series.kind,
            series.quantity, series.priority, dataset.frequency, dataset.calendar, dataset.carry_days, rule.lag_days, rule.lag_unit,
            f"{rule.at} {rule.tz}", rule.release, rule.reason, dataset.revises, dataset.vintages, dataset.first_date,
            dataset.last_date, *series.plausible, dataset.unofficial, dataset.licence.tier, dataset.licence.citation,
            " ".join(pages.used_by(series, theses)),
        )  # fmt: skip


def _theses(theses: dict[str, Thesis]) -> Iterator[Sequence[Any]]:
    for t in theses.values():
        yield (
            t.id, t.slug, t.group, t.status, t.title.en, t.title.zh_hant, t.claim.en, t.claim.zh_hant, t.falsified_by.en,
            t.falsified_by.zh_hant, t.model, " ".join(t.tables), t.planned_reason, t.review,
        )  # fmt: skip


def _legs(theses: dict[str, Thesis]) -> Iterator[Sequence[Any]]:
    for t in theses.values():
        for leg in t.legs:
            yield (
                t.id, leg.id, leg.title.en, leg.title.zh_hant, leg.column, leg.operator, leg.threshold, leg.unit, leg.reason,
                leg.since, " ".join(leg.inputs),
            )  # fmt: skip


def _csv(columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else value


def _yaml(content: Any) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return f"# {MARK}\n{text}"


def _sources(registry: Registry) -> str:
    """The raw zone as dbt sources; the macro `source` puts `external_location` where one is named, below the run's own raw zone."""

    def table(name: str, about: str, path: str, columns: dict[str, str]) -> dict[str, Any]:
        location = f"read_parquet('raw://{path}')"
        return {"name": name, "description": about, "config": {"meta": {"external_location": location}},
                "columns": [{"name": column, "data_type": kind} for column, kind in columns.items()]}  # fmt: skip

    domains = dict.fromkeys(dataset.domain for dataset in registry.datasets.values())
    tables = [
        table(f"{domain}_observations", f"Change logs of domain {domain}.", f"observations/{domain}/*.parquet", OBSERVATIONS)
        for domain in domains
    ]
    tables.append(table("observations", "All change logs.", "observations/*/*.parquet", OBSERVATIONS))
    tables.append(table("fetches", "One row per response or outcome.", "fetches.parquet", FETCHES))
    about = "The raw zone: append-only change logs and the ledger of fetches."
    return _yaml({"version": 2, "sources": [{"name": "raw", "schema": "main", "description": about, "tables": tables}]})


def table_warnings(registry: Registry, theses: dict[str, Thesis]) -> dict[str, list[str]]:
    """Table of a built thesis -> usage warnings that follow from the series its theses use, whichever of them gave a value."""
    found: dict[str, set[str]] = {}
    for dataset, series in registry.series.values():
        words = {word for word, applies in (("unofficial_source", dataset.unofficial), ("licence_internal", dataset.licence.tier != "open")) if applies}
        for thesis in (theses[name] for name in pages.used_by(series, theses)):
            for table in thesis.tables:
                found.setdefault(table, set()).update(words)
    return {table: sorted(words, reverse=True) for table, words in sorted(found.items())}


def _macros(registry: Registry, theses: dict[str, Thesis], baskets: Sequence[Member]) -> str:
    built = [
        {
            "id": t.id, "model": t.model, "label_column": t.label_column, "no_data_column": t.no_data_column,
            "oldest_input_column": t.oldest_input_column, "flags": t.flags, "verdict": t.verdict_sql(),
            "legs": [
                {"id": leg.id, "column": leg.column, "operator": leg.operator, "threshold": leg.threshold_sql, "unit": leg.unit,
                 "inputs": list(leg.inputs), "oldest_input_column": leg.oldest_input_column, "passed": leg.passed_sql}
                for leg in t.legs
            ],
        }
        for t in theses.values() if t.status == "built"
    ]  # fmt: skip
    planned = [{"id": t.id, "reason": t.planned_reason} for t in theses.values() if t.status == "planned"]
    instruments = list(dict.fromkeys(member.price_prefix for member in baskets))
    return f"""{{# {MARK}
  The rules of theses/*.yml. built_theses(): id, model, label_column (or none), no_data_column, oldest_input_column,
  flags {{{{name: column}}}}, legs [{{id, column, operator, threshold, unit, inputs, passed}}], verdict {{not_tested, holds, contested}}.
  `passed` and the verdicts are SQL conditions over the model's columns, never null; tried in that order, else the thesis fails.
  `threshold` is SQL too: where it changed, the one in force on as_of_date.
#}}
{{% macro built_theses() %}}
{{{{ return({_literal(built)}) }}}}
{{% endmacro %}}

{{% macro planned_theses() %}}
{{{{ return({_literal(planned)}) }}}}
{{% endmacro %}}

{{# Price prefixes of all basket members: quantities <prefix>_close_usd, _dividend_usd, _split_ratio. #}}
{{% macro instruments() %}}
{{{{ return({_literal(instruments, 3)}) }}}}
{{% endmacro %}}

{{# Table -> usage warnings that follow from the registry: an unofficial interface, or a licence that is not open, among its theses' series. #}}
{{% macro table_warnings() %}}
{{{{ return({_literal(table_warnings(registry, theses), 1)}) }}}}
{{% endmacro %}}
"""


def _literal(value: Any, depth: int = 0) -> str:
    """A Jinja literal, one entry per line down to the legs."""
    if isinstance(value, dict | list | tuple):
        opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
        if isinstance(value, dict):
            parts = [f"{_literal(key)}: {_literal(item, depth + 1)}" for key, item in value.items()]
        else:
            parts = [_literal(item, depth + 1) for item in value]
        if not parts or (depth > 2):
            return opening + ", ".join(parts) + closing
        inside = "\n".join(f"{'  ' * (depth + 1)}{part}," for part in parts)
        return f"{opening}\n{inside}\n{'  ' * depth}{closing}"
    if value is None:
        return "none"
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
