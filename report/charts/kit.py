"""What charts are made of: a query, a drawing, and helpers for time series with thresholds, gaps and dated marks.

Belongs here: shapes that several charts share. Does not belong here: which chart draws what.
Data are drawn by column with dates as days since 1970; text that people read is a key ("@chart.x") until a language is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from lowtide.theses import Leg, Thesis
from report.source import Data, NoData, Source
from report.theme import DASHES, HEIGHT, INK, MUTED, PALETTE

if TYPE_CHECKING:
    import altair as alt

ROWS = "rows"
THIN_AFTER = 3000  # rows: about twelve years of sessions


@dataclass(frozen=True)
class Drawing:
    """What a drawing function gets: its data and the facts it may mark."""

    data: Data
    thresholds: tuple[tuple[str, str, float], ...] = ()  # (column, operator, threshold) of the thesis' legs
    events: tuple[date, ...] = ()  # of the thesis file, numbered from 1


@dataclass(frozen=True)
class Chart:
    """One chart. `query` fetches what is drawn and offered for download, `draw` makes an Altair chart of it."""

    id: str
    table: str  # published table it stands on
    theses: tuple[str, ...]
    query: Callable[[Source], Data]
    draw: Callable[[Drawing], alt.TopLevelMixin]
    title: str = ""  # key of the dictionary; empty: chart.<id>
    note: str = ""
    day: str | None = "as_of_date"  # the column of days, where rows are days: long histories are drawn weekly
    tables: tuple[str, ...] = field(default=())  # further tables whose licence counts
    titles: Any = None  # a thesis file's own title

    @property
    def key(self) -> str:
        return self.title or f"chart.{self.id}"


def days(value: Any) -> Any:
    """A date as days since 1970: half the bytes, and no time zone to get wrong."""
    if isinstance(value, datetime):
        value = value.date()
    return (value - date(1970, 1, 1)).days if isinstance(value, date) else value


def pick(source: Source, table: str, patterns: Sequence[str]) -> list[str]:
    """The table's columns that match, in the order of the patterns. Raises NoData when there is none."""
    source.need(table)
    held = source.columns_of(table)
    found = list(dict.fromkeys(c for p in patterns for c in held if fnmatch(c, p)))
    if not found:
        raise NoData("no_column", table=table, columns=", ".join(patterns))
    return found


def columns_query(table: str, patterns: Sequence[str], day: str = "as_of_date", extra: Sequence[str] = ()) -> Callable[[Source], Data]:
    """The day and the columns that match, from the first day on which one of them has a value."""

    def run(source: Source) -> Data:
        names = pick(source, table, patterns)
        also = [c for c in extra if c in source.columns_of(table)]
        source.need(table, [day])
        listed = ", ".join(f'"{c}"' for c in dict.fromkeys([*names, *also]))
        some = " or ".join(f'"{c}" is not null' for c in names)
        return source.query(f'select "{day}", {listed} from {table} where "{day}" >= (select min("{day}") from {table} where {some}) order by 1')

    return run


def chart() -> Any:
    """A chart of the figure's rows, which come with the page, not with the spec."""
    import altair as alt

    return alt.Chart(alt.NamedData(ROWS))


def x_axis(column: str = "as_of_date", title: str | None = None) -> Any:
    import altair as alt

    return alt.X(f"{column}:T", scale=alt.Scale(type="utc"), axis=alt.Axis(title=title, labelFlush=True))


def y_axis(unit: str) -> Any:
    """The axis of a unit; dollars are shortened to billions and millions."""
    import altair as alt

    money = {"labelExpr": "replace(format(datum.value, '~s'), 'G', ' bn')"} if unit in ("USD", "USD/oz") else {}
    return alt.Axis(title=f"@unit.{unit}", **money)


def lines(drawing: Drawing, columns: Sequence[str], unit: str, *, day: str = "as_of_date", zero: bool = False, marks: str | None = None,
          thresholds: bool = True, step: bool = False, height: int = HEIGHT, log: bool = False, faint: str | None = None) -> alt.LayerChart:  # fmt: skip
    """Lines of columns over days, told apart by colour and dash, with leg thresholds, dated events and marked days.

    unit: key of the dictionary, the axis title. faint: a column drawn grey behind the others. marks: a boolean column; its days get a thin rule. Gaps stay gaps.
    """
    import altair as alt

    used = [c for c in columns if drawing.data.filled(c)]
    if not used:
        raise NoData("all_null")
    labels = [f"@column.{c}" for c in used]
    base, strong = chart(), [c for c in used if c != faint]
    look = {c: (PALETTE[n % len(PALETTE)], DASHES[n % len(DASHES)]) for n, c in enumerate(strong)} | {faint: ("#aab1ba", [1, 0])}
    colour: dict[str, Any] = {
        "color": alt.Color("label:N", scale=alt.Scale(domain=labels, range=[look[c][0] for c in used])),
        "strokeDash": alt.StrokeDash("label:N", scale=alt.Scale(domain=labels, range=[look[c][1] for c in used])),
    }
    scale = alt.Scale(type="log", nice=True) if log else alt.Scale(zero=zero)
    line = base.transform_fold(used, as_=["series", "value"]).transform_calculate(label="labels[datum.series]")
    line = line.mark_line(interpolate="step-after") if step else line.mark_line()
    encoded = line.encode(
        x=x_axis(day), y=alt.Y("value:Q", scale=scale, axis=y_axis(unit)),
        tooltip=[alt.Tooltip(f"{day}:T", timeUnit="utcyearmonthdate", title="@chart.day"), alt.Tooltip("label:N", title="@chart.series"), alt.Tooltip("value:Q", format=",.2f", title="@chart.value")],
        **colour,
    )  # fmt: skip
    layers: list[Any] = []
    if marks and drawing.data.filled(marks):
        marked = base.transform_filter(f"datum.{marks}").mark_rule(strokeWidth=1, color="#c9ced6", strokeDash=[1, 2])
        layers.append(marked.encode(x=alt.X(f"{day}:T")))
    layers.append(line_with_zero(encoded, drawing, used, log))
    if thresholds:
        wanted = sorted({(value, operator) for column, operator, value in drawing.thresholds if column in used})
        layers += [rule(operator, value) for value, operator in wanted]
    layers += events(drawing, day)
    made = alt.layer(*[part for group in layers for part in (group if isinstance(group, list) else [group])])
    return made.add_params(alt.param(name="labels", value={c: f"@column.{c}" for c in used})).properties(height=height)


def line_with_zero(line: Any, drawing: Drawing, used: Sequence[str], log: bool) -> list[Any]:
    """The lines, over a zero rule where values lie on both sides of it."""
    import altair as alt

    values = [v for c in used for v in drawing.data[c] if isinstance(v, (int, float))]
    if log or not (min(values, default=0) < 0 < max(values, default=0)):
        return [line]
    return [alt.Chart(alt.Data(values=[{}])).mark_rule(color="#9aa1ab", strokeWidth=1).encode(y=alt.YDatum(0)), line]


def rule(operator: str, value: float) -> list[Any]:
    """A threshold: dashed, with its condition at the left."""
    import altair as alt

    sign = {">=": "≥", "<=": "≤"}.get(operator, operator)
    one = alt.Data(values=[{"y": value, "text": f"{sign} {value:g}".replace("-", "−")}])
    dashed = alt.Chart(one).mark_rule(strokeDash=[5, 4], color=MUTED, strokeWidth=1).encode(y=alt.Y("y:Q"))
    label = alt.Chart(one).mark_text(align="left", baseline="bottom", dx=3, dy=-2, color=MUTED).encode(x=alt.XValue(0), y=alt.Y("y:Q"), text=alt.Text("text:N"))
    return [dashed, label]


def events(drawing: Drawing, day: str) -> list[Any]:
    """The thesis file's dated events that lie in the data's span: a rule and a number that the caption explains."""
    import altair as alt

    span = [d for d in drawing.data.columns.get(day, []) if d is not None]
    inside = [(n, e) for n, e in enumerate(drawing.events, 1) if span and min(span) <= e <= max(span)]
    if not inside:
        return []
    values = [{day: days(e) * 86_400_000, "n": str(n)} for n, e in inside]
    marks = alt.Chart(alt.Data(values=values)).encode(x=alt.X(f"{day}:T"))
    return [
        marks.mark_rule(color="#9aa1ab", strokeWidth=1),
        marks.mark_text(baseline="top", align="left", dx=3, fontSize=10, color=MUTED).encode(y=alt.YValue(0), text=alt.Text("n:N")),
    ]


def series(id_: str, table: str, theses: Sequence[str], patterns: Sequence[str], unit: str, *, marks: str | None = None, day: str = "as_of_date", **how: Any) -> Chart:
    """A chart of a table's columns over days."""

    def draw(drawing: Drawing) -> alt.TopLevelMixin:
        names = [c for c in drawing.data.columns if c not in (day, marks)]
        return lines(drawing, names, unit, marks=marks, day=day, **how)

    query = columns_query(table, patterns, day, [marks] if marks else [])
    return Chart(id_, table, tuple(theses), query, draw, day=day)


def thesis_chart(thesis: Thesis) -> Chart:
    """The chart that a thesis file asks for, where no module draws it specially."""
    table = thesis.tables[0]
    made = series(f"{thesis.id}_own", table, (thesis.id,), thesis.chart.columns or [leg.column for leg in thesis.legs], "value")
    return replace(made, titles=thesis.chart.title, title="chart.own")


def leg_chart(thesis: Thesis, leg: Leg) -> Chart:
    """A leg's value over time against its threshold; the side that passes and the one that does not are filled apart."""

    def query(source: Source) -> Data:
        source.need("scorecard.legs", ["value", "passed"])
        found = source.query(
            "select as_of_date, value, threshold, passed from scorecard.legs where thesis_id = ? and leg_id = ? order by 1", [thesis.id, leg.id]
        )
        if not found.filled("value"):
            raise NoData("all_null")
        return found

    def draw(drawing: Drawing) -> Any:
        import altair as alt

        base, across = chart(), {"interpolate": "step-after", "opacity": 0.45}
        low = alt.Y2Datum(leg.threshold)
        y = alt.Y("shown:Q", axis=alt.Axis(title=f"@unit.{leg.unit}", tickCount=4), scale=alt.Scale(zero=False))
        tip = [alt.Tooltip("as_of_date:T", timeUnit="utcyearmonthdate", title="@chart.day"), alt.Tooltip("value:Q", format=",.2f", title="@chart.value")]

        def side(passes: bool, colour: str) -> Any:
            shown = base.transform_calculate(shown=f"datum.passed === {str(passes).lower()} ? datum.value : (isValid(datum.value) ? {leg.threshold!r} : null)")
            return shown.mark_area(color=colour, **across).encode(x=x_axis(), y=y, y2=low)

        line = base.transform_calculate(shown="datum.value").mark_line(color=INK, strokeWidth=1).encode(x=x_axis(), y=y, tooltip=tip)
        parts = [side(True, PALETTE[0]), side(False, PALETTE[1]), line, *rule(leg.operator, leg.threshold)]
        return alt.layer(*parts).properties(height=110)

    return Chart(f"{thesis.id}_leg_{leg.id}", "scorecard.legs", (thesis.id,), query, draw, title="chart.leg", titles=leg.title)
