"""What may be shown in public: the strictest licence of everything a table stands on.

Belongs here: tiers and the rule. Does not belong here: laying out what stays and what is left out (templates).
The rule: series tier `open` may be shown; `internal` and `restricted` may not, nor may numbers computed from them. Verdicts,
since when, and whether a leg passes stay: they are opinions about many numbers, and no price can be computed back from them.
A thesis whose inputs cannot be found counts as restricted: what is not known to be allowed is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from report.charts.kit import Chart
from report.source import NoData, Source

ORDER = ("open", "internal", "restricted")


def without_reasons(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest without the gate's reasons, which quote what it saw."""
    theses = {t: {**state, "reason": None} for t, state in manifest["theses"].items()}
    return {**manifest, "theses": theses, "left_out": dict.fromkeys(manifest["left_out"], "")}


@dataclass(frozen=True)
class Policy:
    """May a thesis' or a table's numbers be shown? Everything may in the private report that lies in a build."""

    source: Source
    public: bool = False

    @cached_property
    def series(self) -> list[dict[str, Any]]:
        """meta.series, or nothing where the build has none."""
        try:
            return self.source.query("select * from meta.series order by domain, series_id").rows()
        except NoData:
            return []

    def inputs(self, thesis: str) -> list[dict[str, Any]]:
        """Series that the thesis stands on: its legs' inputs and those that the registry gives to it."""
        quantities = {q for leg in self.source.theses[thesis].legs for q in leg.inputs} if thesis in self.source.theses else set()
        return [s for s in self.series if s["quantity"] in quantities or thesis in str(s["theses"] or "").split()]

    def tier(self, theses: Iterable[str]) -> str:
        """The strictest tier of these theses' inputs; restricted when none of them is known."""
        tiers = []
        for thesis in theses:
            found = [str(s["licence_tier"]) for s in self.inputs(thesis)]
            tiers += found or ["restricted"]
        return max(tiers or ["restricted"], key=lambda t: ORDER.index(t) if t in ORDER else len(ORDER))

    def shows(self, *theses: str) -> bool:
        """Numbers of these theses may be shown."""
        return not self.public or self.tier(theses) == "open"

    def shows_chart(self, chart: Chart) -> bool:
        """Every table of the chart is free: a mart's tier is the strictest of its inputs, whichever thesis asks."""
        if not self.public:
            return True
        users = set(chart.theses)
        for table in (chart.table, *chart.tables):
            users |= set(self.source.manifest["tables"].get(table, {}).get("theses", ())) if table.startswith("marts.") else set()
        return self.tier(sorted(users)) == "open"

    def shows_dataset(self, dataset: str) -> bool:
        tiers = {s["licence_tier"] for s in self.series if s["dataset_id"] == dataset}
        return not self.public or tiers == {"open"}
