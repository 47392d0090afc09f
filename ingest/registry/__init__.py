"""The only list of series: one YAML per domain beside this file, validated on load.

Belongs here: declarations (data). Does not belong here: how a provider is asked (`ingest.sources`).
`retired.yml` holds what was dropped, dated and with a reason: a series cannot disappear silently.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingest.model import Dataset, Series, Strict
from lowtide.errors import LowtideError, WrongUsage

FOLDER = Path(__file__).parent
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Retired(Strict):
    """A series that left the registry."""

    id: str
    retired_on: date
    reason: str


class Registry:
    """All datasets by id, in file order. `series` maps a series id to (dataset, series)."""

    def __init__(self, datasets: list[Dataset], retired: list[Retired]) -> None:
        self.datasets = {dataset.id: dataset for dataset in datasets}
        self.series: dict[str, tuple[Dataset, Series]] = {}
        self.retired = {entry.id: entry for entry in retired}
        if len(self.datasets) != len(datasets):
            raise LowtideError("registry: two datasets share an id")
        ranks: set[tuple[str, int]] = set()
        for dataset in datasets:
            for series in dataset.series:
                if series.id in self.series or series.id in self.retired:
                    raise LowtideError(f"registry: series {series.id} is declared twice or is retired")
                if (series.quantity, series.priority) in ranks:
                    raise LowtideError(f"registry: two series give {series.quantity} at priority {series.priority}")
                ranks.add((series.quantity, series.priority))
                self.series[series.id] = (dataset, series)

    def select(self, names: list[str]) -> list[Dataset]:
        """Datasets named by domain, dataset id, provider or series id; all when empty. Raises WrongUsage on an unknown name."""
        if not names:
            return list(self.datasets.values())
        chosen: dict[str, Dataset] = {}
        for name in names:
            hits = [
                d for d in self.datasets.values()
                if name in (d.id, d.domain, d.provider) or any(name == s.id for s in d.series)
            ]
            if not hits:
                raise WrongUsage(f"nothing in the registry is called {name!r}: name a domain, provider, dataset or series")
            chosen.update({d.id: d for d in hits})
        return list(chosen.values())


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # a safe loader either way
    except (OSError, yaml.YAMLError) as error:
        raise LowtideError(f"{path.name}: {error}".replace("\n", " ")) from error


@cache
def load(folder: Path = FOLDER) -> Registry:
    """Read and validate every `<domain>.yml` and `retired.yml` in `folder`.

    A file may give `defaults:` for its datasets under `providers:`; a dataset's own keys win.
    Raises LowtideError naming file, entry and field on the first mistake.
    """
    datasets: list[Dataset] = []
    retired: list[Retired] = []
    for path in sorted(folder.glob("*.yml")):
        content = _read(path) or {}
        try:
            if path.stem == "retired":
                retired = [Retired.model_validate(entry) for entry in content.get("retired", [])]
                continue
            templates = content.get("templates", {})
            for entry in content["datasets"]:
                base = templates.get(entry.pop("template", ""), {})
                datasets.append(Dataset.model_validate({"domain": content["domain"], **base, **entry}))
        except (ValidationError, KeyError, TypeError) as error:
            if isinstance(error, ValidationError):
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                raise LowtideError(f"{path.name}: {place}: {first['msg']}") from error
            raise LowtideError(f"{path.name}: {error!r}") from error
        if content["domain"] != path.stem:
            raise LowtideError(f"{path.name}: domain says {content['domain']!r}")
    return Registry(datasets, retired)
