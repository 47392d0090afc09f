"""Which charts there are: a registry keyed by the published table that each one draws.

Belongs here: the registry. A chart of a table that is not published is not an error: its page says why it is empty.
Does not belong here: drawing (`kit` and one module per group of theses), writing pages and downloads (`figures`).
"""

from __future__ import annotations

from collections.abc import Iterator

from lowtide.theses import Thesis
from report.charts import forces, gold, liquidation, plumbing
from report.charts.kit import Chart, leg_chart, thesis_chart

REGISTRY: tuple[Chart, ...] = (*forces.CHARTS, *liquidation.CHARTS, *plumbing.CHARTS, *gold.CHARTS)


def charts_of(thesis: Thesis) -> Iterator[Chart]:
    """The thesis' charts in the order of its page: its own, else the one of its file."""
    own = [c for c in REGISTRY if thesis.id in c.theses]
    yield from own
    if not own and thesis.status == "built":
        yield thesis_chart(thesis)


def leg_charts(thesis: Thesis) -> Iterator[Chart]:
    """Every leg of the rule against its threshold."""
    yield from (leg_chart(thesis, leg) for leg in thesis.legs)


def front_chart() -> Chart:
    """The quadrant of the front page."""
    return next(c for c in REGISTRY if c.id == "quadrant")


def chart_of_table(table: str) -> Chart | None:
    """The chart that stands for a table in a preview: of each thesis its first, so that a run pays for one per thesis."""
    firsts = {thesis: chart for chart in reversed(REGISTRY) for thesis in chart.theses}
    return next((c for c in firsts.values() if c.table == table), None)
