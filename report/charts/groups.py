"""Charts of several things side by side: one line per thing over days, or one row of marks per thing.

Does not belong here: charts of columns over days (`kit`), which chart draws what.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from report.charts.kit import Chart, Drawing, chart, x_axis, y_axis
from report.source import Data, NoData, Source
from report.theme import DASHES, PALETTE, SHAPES


def grouped(id_: str, table: str, theses: Sequence[str], group: str, value: str, unit: str, *, where: str = "true", named: bool = False, height: int = 260, day: str = "as_of_date") -> Chart:
    """One line per value of `group`, its name at its end. named: the groups' names are looked up in the dictionary."""

    def query(source: Source) -> Data:
        source.need(table, [day, group, value])
        found = source.query(f'select "{day}", "{group}" as name, "{value}" as value from {table} where ({where}) and "{value}" is not null order by 2, 1')
        if not len(found):
            raise NoData("all_null")
        return found

    def draw(drawing: Drawing) -> Any:
        import altair as alt

        names = sorted(set(drawing.data["name"]))
        labels = [f"@column.{n}" if named else n for n in names]
        base = chart().transform_calculate(label="labels[datum.name] || datum.name")
        scale = {"domain": labels, "range": [PALETTE[n % len(PALETTE)] for n in range(len(labels))]}
        dash = {"domain": labels, "range": [DASHES[n % len(DASHES)] for n in range(len(labels))]}
        x, y = x_axis(day), alt.Y("value:Q", scale=alt.Scale(zero=False), axis=y_axis(unit))
        many = alt.Legend(columns=4) if len(names) > 3 else alt.Legend()
        colour, dashed = alt.Color("label:N", scale=alt.Scale(**scale), legend=many), alt.StrokeDash("label:N", scale=alt.Scale(**dash), legend=many)
        tip = [alt.Tooltip(f"{day}:T", timeUnit="utcyearmonthdate", title="@chart.day"), alt.Tooltip("label:N", title="@chart.series"), alt.Tooltip("value:Q", format=",.2f", title="@chart.value")]
        made = base.mark_line(strokeWidth=1.4).encode(x=x, y=y, color=colour, strokeDash=dashed, tooltip=tip)
        return made.add_params(alt.param(name="labels", value=dict(zip(names, labels, strict=True)))).properties(height=height)

    return Chart(id_, table, tuple(theses), query, draw, day=day)


def dots(id_: str, table: str, theses: Sequence[str], label: str, columns: Sequence[str], unit: str, *, where: str = "true", order: str | None = None) -> Chart:
    """One row per `label`, one mark per column, told apart by shape and colour."""

    def query(source: Source) -> Data:
        source.need(table, [label, *columns])
        listed = ", ".join(f'"{c}"' for c in columns)
        found = source.query(f'select "{label}" as name, {listed} from {table} where {where} order by {order or 1}')
        if not any(found.filled(c) for c in columns):
            raise NoData("all_null")
        return found

    def draw(drawing: Drawing) -> Any:
        import altair as alt

        used = [c for c in columns if drawing.data.filled(c)]
        labels = [f"@column.{c}" for c in used]
        domain, names = {"domain": labels}, list(dict.fromkeys(drawing.data["name"]))
        base = chart().transform_fold(used, as_=["series", "value"]).transform_filter("isValid(datum.value)").transform_calculate(label="labels[datum.series]")
        y = alt.Y("name:N", scale=alt.Scale(domain=names), axis=alt.Axis(title=None, ticks=False, domain=False, grid=True))
        marks = base.mark_point(size=90, filled=True, opacity=1).encode(
            x=alt.X("value:Q", scale=alt.Scale(padding=14), axis=alt.Axis(title=f"@unit.{unit}")), y=y,
            color=alt.Color("label:N", scale=alt.Scale(**domain, range=PALETTE[: len(used)])), shape=alt.Shape("label:N", scale=alt.Scale(**domain, range=SHAPES[: len(used)])),
            tooltip=[alt.Tooltip("name:N", title="@chart.series"), alt.Tooltip("label:N", title="@chart.value"), alt.Tooltip("value:Q", format=",.2f", title="@chart.value")],
        )  # fmt: skip
        zero = alt.Chart(alt.Data(values=[{}])).mark_rule(color="#9aa1ab").encode(x=alt.XDatum(0))
        return alt.layer(zero, marks).add_params(alt.param(name="labels", value=dict(zip(used, labels, strict=True)))).properties(height=alt.Step(24))

    return Chart(id_, table, tuple(theses), query, draw, day=None)
