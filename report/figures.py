"""A chart and its data for one build: fetched, thinned, drawn without a language, offered for download.

Belongs here: from a `Chart` to what a page needs of it. Does not belong here: what a chart looks like (`charts`), HTML (templates).
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lowtide.theses import Thesis
from report.charts.kit import THIN_AFTER, Chart, Drawing, days
from report.licences import Policy
from report.source import Data, NoData, Source
from report.words import Words, number


@dataclass(frozen=True)
class Figure:
    """A chart ready for a page. `spec` is None where there is nothing to draw; `reason` then says why."""

    chart: Chart
    spec: dict[str, Any] | None = None
    data: Data | None = None  # all of it, as offered for download
    drawn: Data | None = None  # what the browser draws
    reason: NoData | None = None
    events: tuple[Any, ...] = ()
    newest: list[tuple[str, Any, Any]] = field(default_factory=list)  # column, value, day

    @property
    def thinned(self) -> bool:
        return bool(self.data and self.drawn and len(self.drawn) < len(self.data))

    def title(self, words: Words) -> str:
        return words.text(self.chart.titles) if self.chart.titles is not None else words(self.chart.key)

    def alt(self, words: Words) -> str:
        """The chart in words: its title, its span and its newest values."""
        parts = [f"{words.column(c)} {number(v)} ({d})" for c, v, d in self.newest]
        return words("page.chart_alt", title=self.title(words), values="; ".join(parts) or words("page.see_table"))


def make(chart: Chart, source: Source, policy: Policy, thesis: Thesis | None = None) -> Figure:
    """Query and draw. Never raises for what is missing: the figure says so."""
    events = tuple(thesis.events) if thesis else ()
    if not policy.shows_chart(chart):
        return Figure(chart, reason=NoData("withheld", tier=policy.tier(chart.theses)))
    try:
        data = chart.query(source)
        if not len(data):
            raise NoData("all_null")
        drawn = thin(data, chart.day)
        drawing = Drawing(drawn, tuple((leg.column, leg.operator, leg.threshold) for leg in thesis.legs) if thesis else (), tuple(e.date for e in events))
        spec = chart.draw(drawing).to_dict(validate=False)  # tests validate every chart; here it would be most of the time
    except NoData as reason:
        return Figure(chart, reason=reason)
    spec.pop("$schema", None)
    used = drawn.columns.get(chart.day, []) if chart.day else []
    inside = tuple((n, e) for n, e in enumerate(events, 1) if used and min(used) <= e.date <= max(used)) if "leg" not in chart.key else ()
    return Figure(chart, spec, data, drawn, None, inside, _newest(data, chart.day))


def thin(data: Data, day: str | None) -> Data:
    """Of long daily histories the last row of each week, and every row with a mark; else all rows."""
    if day is None or day not in data.columns or len(data) <= THIN_AFTER:
        return data
    weeks = [d.isocalendar()[:2] if d else None for d in data[day]]
    flags = [v for v in data.columns.values() if any(isinstance(x, bool) for x in v[-50:])] if "passed" not in data.columns else []
    keep = [n for n, week in enumerate(weeks) if n + 1 == len(weeks) or week != weeks[n + 1] or any(f[n] for f in flags)]
    return Data({name: [values[n] for n in keep] for name, values in data.columns.items()})


def _newest(data: Data, day: str | None) -> list[tuple[str, Any, Any]]:
    """The newest value of every numeric column, where rows are days."""
    if day is None or day not in data.columns:
        return []
    for group in ("name", "coin", "theme"):
        if group in data.columns:
            value = next(n for n in data.columns if n not in (day, group))
            last_of = {g: (g, v, d) for g, v, d in zip(data[group], data[value], data[day], strict=True) if v is not None}
            return list(last_of.values())[:12]
    found = []
    for name, values in data.columns.items():
        last = next((n for n in range(len(values) - 1, -1, -1) if values[n] is not None), None)
        if name != day and last is not None and isinstance(values[last], (int, float)) and not isinstance(values[last], bool):
            found.append((name, values[last], data[day][last]))
    return found[:8]


def payload(data: Data) -> dict[str, Any]:
    """Columns as the browser gets them: dates as days since 1970 (named in `days`), numbers to six digits."""
    dated = [n for n, values in data.columns.items() if any(isinstance(v, (date, datetime)) for v in values)]
    return {"days": dated, "columns": {n: [_value(v) for v in values] for n, values in data.columns.items()}}


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return days(value)


def rows(data: Data) -> list[dict[str, Any]]:
    """The payload as rows with milliseconds, for rendering without a browser."""
    told = payload(data)
    columns = {n: [v * 86_400_000 if v is not None and n in told["days"] else v for v in values] for n, values in told["columns"].items()}
    return Data(columns).rows()


def script(content: Any) -> str:
    """JSON that may stand inside a script element or file: nothing in it can end the element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)
    for bad, good in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(bad, good)
    return text


def write(figure: Figure, folder: Path) -> None:
    """`<chart>.csv` and `<chart>.parquet` with all rows, `<chart>.js` with the drawn ones."""
    assert figure.data is not None and figure.drawn is not None
    name = figure.chart.id
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(figure.data.columns)
        writer.writerows([f"{v:.10g}" if isinstance(v, float) else v for v in row] for row in zip(*figure.data.columns.values(), strict=True))
    pq.write_table(pa.table(figure.data.columns), folder / f"{name}.parquet", compression="zstd")
    (folder / f"{name}.js").write_text(f"LOWTIDE.data[{script(name)}]={script(payload(figure.drawn))};\n", encoding="utf-8")
