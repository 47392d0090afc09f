"""What each published table is made of: the dbt models between it and the raw zone, and the quantities they read.

Belongs here: reading dbt's graph and the SQL it compiled. Does not belong here: what follows for licences (`publish.export`), tracing.
A quantity is asked for by its name, so the names in the SQL of a model that reads the change log are its inputs; `like` patterns
count with all they match. A model that reads the log and names none hands everything on (a relay), and so do those it is read by.
Where that misses something, the registry's own word (which theses use a series) is added: too many inputs are safe, too few are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from expectations.model import TableMeta, ThesisLike, theses_of
from expectations.tables import parquet_path

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LIKE = re.compile(r"(\bnot\s+)?\b(?:i?like)\s+'([^']*)'(?:\s+escape\s+'(.)')?", re.IGNORECASE)
_TEXT = re.compile(r"'([^']*)'")


def named(sql: str, quantities: Iterable[str]) -> set[str]:
    """The quantities whose names, or patterns that match them, stand in a query."""
    plain = _COMMENT.sub(" ", sql)
    known = set(quantities)
    found = known & set(_TEXT.findall(plain))
    for negated, pattern, escape in _LIKE.findall(plain):
        if not negated:
            found |= {q for q in known if _pattern(pattern, escape).fullmatch(q)}
    return found


def _pattern(text: str, escape: str) -> re.Pattern[str]:
    parts, letters = [], iter(text)
    for letter in letters:
        if escape and letter == escape:
            parts.append(re.escape(next(letters, "")))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter, re.escape(letter)))
    return re.compile("".join(parts))


class Graph:
    """dbt's manifest as a graph of models. `compiled`: folder of the SQL that a build ran, where there is one."""

    def __init__(self, manifest: Mapping[str, Any], compiled: Path | None, quantities: Iterable[str]) -> None:
        self.nodes = {i: n for i, n in manifest["nodes"].items() if n["resource_type"] == "model"}
        self.compiled = compiled
        self.quantities = frozenset(quantities)
        self.read: dict[str, frozenset[str] | None] = {}

    def above(self, unique_id: str) -> list[str]:
        """The model and all models it is built from, nearest first."""
        found, todo = [unique_id], [unique_id]
        while todo:
            for parent in self.nodes[todo.pop(0)]["depends_on"]["nodes"]:
                if parent in self.nodes and parent not in found:
                    found.append(parent)
                    todo.append(parent)
        return found

    def reads(self, unique_id: str) -> frozenset[str] | None:
        """Quantities that the model itself takes from the log; None for a relay, which hands on whatever there is."""
        if unique_id not in self.read:
            node = self.nodes[unique_id]
            self.read[unique_id] = frozenset()
            if node["schema"] == "staging" or any(p not in self.nodes or self.reads(p) is None for p in self._data(node)):
                self.read[unique_id] = frozenset(named(self.sql(node), self.quantities)) or None
        return self.read[unique_id]

    def _data(self, node: Mapping[str, Any]) -> list[str]:
        """Parents that bring observations: models and raw sources, not seeds."""
        return [p for p in node["depends_on"]["nodes"] if not p.startswith("seed.")]

    def inputs(self, unique_id: str) -> set[str]:
        """Quantities that the model stands on, through all models above it; everything where it is a relay itself."""
        if self.reads(unique_id) is None:
            return set(self.quantities)
        return set().union(*(self.reads(i) or () for i in self.above(unique_id)))

    def sql(self, node: Mapping[str, Any]) -> str:
        path = self.compiled / node["original_file_path"] if self.compiled else None
        return path.read_text(encoding="utf-8") if path is not None and path.is_file() else str(node.get("raw_code") or "")


def complete(
    tables: Sequence[TableMeta], manifest: Mapping[str, Any], *, compiled: Path | None, series: Path, theses: Mapping[str, ThesisLike]
) -> list[TableMeta]:
    """The tables with `inputs` and `lineage` filled in. series: folder that holds meta.series.parquet. Tables of meta have no inputs."""
    path = parquet_path(series, "meta.series")
    if not path.is_file():
        return list(tables)  # the gate fails such a candidate; there is nothing to publish
    with duckdb.connect() as connection:
        rows = connection.execute(f"select quantity, theses from read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')").fetchall()
    used: dict[str, set[str]] = {}
    for quantity, users in rows:
        for thesis in (users or "").split():
            used.setdefault(thesis, set()).add(quantity)
    graph = Graph(manifest, compiled, (q for q, _ in rows))
    ids = {f"{n['schema']}.{n.get('alias') or n['name']}": i for i, n in graph.nodes.items()}
    done = []
    for table in tables:
        unique_id = ids.get(table.table)
        if unique_id is None:
            done.append(table)
            continue
        inputs: set[str] = set()
        if table.schema != "meta":
            inputs = graph.inputs(unique_id).union(*(used.get(t, ()) for t in theses_of(table, theses)))
        models = [f"{graph.nodes[i]['schema']}.{graph.nodes[i].get('alias') or graph.nodes[i]['name']}" for i in graph.above(unique_id)]
        done.append(replace(table, inputs=tuple(sorted(inputs)), lineage=tuple(models)))
    return done
