"""The conformance table: provider x property, from the reports of the tests.

Belongs here: collecting and rendering. Does not belong here: testing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .expected import PROPERTIES

NOT_APPLICABLE = "n.a."


@dataclass
class Cell:
    """One property of one provider: rows that passed, reasons why it does not apply, rows that failed."""

    passed: int = 0
    reasons: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)  # (row, what was seen)

    @property
    def verdict(self) -> str:
        if self.failed:
            return "FAIL"
        return "ok" if self.passed else NOT_APPLICABLE if self.reasons else ""


Table = dict[str, dict[str, Cell]]


def collect(reports: Iterable[Any]) -> Table:
    """Provider -> property -> cell, from finished test reports (`user_properties`: provider, property, row, ...)."""
    table: Table = defaultdict(lambda: {name: Cell() for name in PROPERTIES})
    for report in reports:
        said = dict(getattr(report, "user_properties", ()))
        if "provider" not in said or (report.when != "call" and not report.failed):
            continue
        cell, row = table[said["provider"]][said["property"]], said["row"]
        if report.failed:
            lines = [line[2:].strip() for line in str(report.longrepr).splitlines() if line.startswith("E ")]
            cell.failed.append(f"{row}: {lines[0] if lines else 'failed'}")
        elif "na" in said:
            cell.reasons.append(said["na"])
        else:
            cell.passed += 1
            cell.notes.append((row, said.get("note", "")))
    return dict(sorted(table.items()))


def lines(table: Table) -> list[str]:
    """The table as text, then every failing row."""
    width = max(map(len, table), default=8)
    out = [" ".join([" " * width, *(f"{name:9}" for name in PROPERTIES)])]
    for provider, cells in table.items():
        shown = [f"{cell.verdict or '-'}{f' {cell.passed}' if cell.verdict == 'ok' else ''}" for cell in cells.values()]
        out.append(" ".join([f"{provider:{width}}", *(f"{text:9}" for text in shown)]).rstrip())
    for provider, cells in table.items():
        for name, cell in cells.items():
            out += [f"FAIL {provider} {name}: {text}" for text in cell.failed]
    return out


def page(table: Table) -> str:
    """`docs/conformance.md`."""
    reasons: dict[str, int] = {}
    head = ["provider", *PROPERTIES]
    rows = []
    for provider, cells in table.items():
        row = [f"`{provider}`"]
        for cell in cells.values():
            text = cell.verdict or "-"
            if cell.verdict == "ok":
                text += f" {cell.passed}" if cell.passed > 1 else ""
            numbers = sorted({reasons.setdefault(reason, len(reasons) + 1) for reason in cell.reasons})
            row.append(text + "".join(f" [{number}]" for number in numbers))
        rows.append(row)
    out = [
        "# Conformance of the sources", "",
        "Written by `python -m tests.conformance`. Every connector runs against the simulated upstreams, healthy and",
        "spoiled; a connector without a passing row, or a reason, for each property does not land. A number beside ok is",
        "how many rows were tested.", "",
        _row(head), _row(["---"] * len(head)), *map(_row, rows), "",
        "## Properties", "", *(f"* **{name}**: {text}" for name, text in PROPERTIES.items()), "",
        "## Reasons", "", *(f"{number}. {reason}" for reason, number in reasons.items()), "",
        "## Faults", "", "How each fault ends, by provider. A harmless one says why.", "",
        _row(["provider", "fault", "ends in"]), _row(["---"] * 3),
        *(_row([f"`{provider}`", f"`{row}`", note])
          for provider, cells in table.items() for row, note in sorted(cells["faults"].notes)),
        "",
    ]  # fmt: skip
    failing = [line for line in lines(table) if line.startswith("FAIL")]
    return "\n".join([*out, *(["## Failing", "", *(f"* {line}" for line in failing), ""] if failing else [])])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
