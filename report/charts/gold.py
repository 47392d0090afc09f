"""Charts of gold's long-run drivers and of its footnote.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from typing import Any

from report.charts.kit import Chart, Drawing, chart, lines, pick, series, x_axis
from report.source import Data, NoData, Source
from report.theme import BLUE, GREY, HEIGHT, INK, PALETTE, VERMILLION

DRAWDOWN = "marts.gold_drawdown"


def _distribution(source: Source) -> Data:
    source.need(DRAWDOWN, ["mdd_252_pct", "mdd_252_place_pct"])
    found = source.query(
        f"""with last as (select mdd_252_pct, mdd_252_place_pct from {DRAWDOWN} where mdd_252_pct is not null order by as_of_date desc limit 1)
        select floor(t.mdd_252_pct / 2) * 2 as bin_from_pct, floor(t.mdd_252_pct / 2) * 2 + 2 as bin_to_pct, 100.0 * count(*) / sum(count(*)) over () as share_pct,
          any_value(last.mdd_252_pct) as today_pct, any_value(last.mdd_252_place_pct) as place_pct
        from {DRAWDOWN} as t, last where t.mdd_252_pct is not null group by 1, 2 order by 1"""
    )
    if not len(found):
        raise NoData("all_null")
    return found


def _draw_distribution(drawing: Drawing) -> Any:
    import altair as alt

    today, place = drawing.data["today_pct"][0], drawing.data["place_pct"][0]
    bars = chart().mark_bar(color="#b9c0c9").encode(
        x=alt.X("bin_from_pct:Q", bin="binned", axis=alt.Axis(title="@chart.mdd_252_x", grid=False)), x2="bin_to_pct:Q",
        y=alt.Y("share_pct:Q", axis=alt.Axis(title="@chart.share_of_days")),
        tooltip=[alt.Tooltip("bin_from_pct:Q", title="@chart.from"), alt.Tooltip("bin_to_pct:Q", title="@chart.to"), alt.Tooltip("share_pct:Q", format=".1f", title="@chart.share_of_days")],
    )  # fmt: skip
    one = alt.Data(values=[{"x": today, "text": f"{today:.1f}%  (P{place:.0f})".replace("-", "−")}])
    mark = alt.Chart(one).mark_rule(color=VERMILLION, strokeWidth=2).encode(x="x:Q")
    text = alt.Chart(one).mark_text(align="right", dx=-5, dy=6, baseline="top", fontWeight="bold", color=INK).encode(x="x:Q", y=alt.value(0), text="text:N")
    return alt.layer(bars, mark, text).properties(height=HEIGHT)


def _band_query(source: Source) -> Data:
    names = ["mdd_252_pct", "mdd_252_p05_pct", "mdd_252_median_pct", "mdd_252_p95_pct"]
    source.need(DRAWDOWN, names)
    return source.query(f"select as_of_date, {', '.join(names)} from {DRAWDOWN} where mdd_252_pct is not null order by 1")


def _draw_band(drawing: Drawing) -> Any:
    import altair as alt

    band = chart().mark_area(opacity=0.22, color=GREY).encode(x=x_axis(), y=alt.Y("mdd_252_p05_pct:Q"), y2="mdd_252_p95_pct:Q")
    return alt.layer(band, lines(drawing, ["mdd_252_pct", "mdd_252_median_pct"], "pct", thresholds=False)).properties(height=HEIGHT)


QUARTERLY = "marts.physical_vs_paper_quarterly"
_PARTS = {
    "central_banks": ("central_bank*tonnes*", "official*tonnes*"), "bars_and_coins": ("bar*coin*tonnes*", "bars*tonnes*"),
    "etf_change": ("etf_change*tonnes*", "etf_flow*", "etf_demand*tonnes*", "etf*change*", "etf_tonnes"),
    "etf_holdings": ("etf_holding*tonnes*", "*etf_cumulative*", "*etf*since_peak*"),
}


def _chart9(source: Source) -> Data:
    """Physical demand of a quarter in its two parts, the change of fund holdings, and the holdings themselves."""
    source.need(QUARTERLY)
    held = source.columns_of(QUARTERLY)
    day = next((c for c in held if c in ("quarter_end", "quarter", "quarter_date", "observation_date", "period_end", "quarter_end_date")), None)
    found: dict[str, str] = {}
    for part, patterns in _PARTS.items():
        try:
            found[part] = next(c for c in pick(source, QUARTERLY, patterns) if c not in found.values())
        except (NoData, StopIteration):
            continue
    if day is None or not {"central_banks", "bars_and_coins", "etf_change"} <= set(found):
        raise NoData("no_column", table=QUARTERLY, columns=", ".join(sorted({"quarter_end", *_PARTS} - set(found))))
    listed = ", ".join(f'"{column}" as {part}' for part, column in found.items())
    latest = f' qualify row_number() over (partition by "{day}" order by "as_of_date" desc) = 1' if "as_of_date" in held and day != "as_of_date" else ""
    return source.query(f'select "{day}" as quarter_end, {listed} from {QUARTERLY} where "{found["central_banks"]}" is not null{latest} order by 1')


def _draw_chart9(drawing: Drawing) -> Any:
    import altair as alt

    parts = [p for p in ("central_banks", "bars_and_coins") if drawing.data.filled(p)]
    shown = [*parts, "etf_change", *(["etf_holdings"] if drawing.data.filled("etf_holdings") else [])]
    labels = [f"@column.{p}" for p in shown]
    colour = alt.Color("label:N", scale=alt.Scale(domain=labels, range=[BLUE, "#9ecae9", VERMILLION, INK][: len(labels)]))
    base = chart()
    x = x_axis("quarter_end")
    stacked = base.transform_fold(parts, as_=["part", "tonnes"]).transform_calculate(label="labels[datum.part]")
    bars = stacked.mark_bar(width={"band": 0.8}, size=5).encode(x=x, y=alt.Y("tonnes:Q", stack="zero", axis=alt.Axis(title="@chart.tonnes_quarter")), color=colour)
    flow = base.transform_calculate(label="labels.etf_change").mark_line(point={"size": 26, "filled": True}, strokeWidth=1.5).encode(x=x, y=alt.Y("etf_change:Q"), color=colour)
    zero = alt.Chart(alt.Data(values=[{}])).mark_rule(color="#9aa1ab").encode(y=alt.datum(0))
    left = alt.layer(bars, flow, zero)
    params = alt.param(name="labels", value={p: f"@column.{p}" for p in shown})
    if "etf_holdings" not in shown:
        return left.add_params(params).properties(height=280)
    hold = base.transform_calculate(label="labels.etf_holdings").mark_line(strokeDash=[5, 3], strokeWidth=1.5)
    right = hold.encode(x=x, color=colour, y=alt.Y("etf_holdings:Q", scale=alt.Scale(zero=False), axis=alt.Axis(
        title="@chart.tonnes_held", orient="right", grid=False, titleAnchor="end", titleAlign="right", titleX=0)))  # fmt: skip
    return alt.layer(left, right).resolve_scale(y="independent").add_params(params).properties(height=280)


def _currencies(source: Source) -> Data:
    table = "marts.purchasing_power_by_currency"
    source.need(table, ["as_of_date", "currency"])
    held = source.columns_of(table)
    column = next((c for c in held if "purchasing_power" in c), None)
    if column is None:
        raise NoData("no_column", table=table, columns="purchasing_power")
    found = source.query(
        f'select as_of_date, currency, "{column}" as purchasing_power from {table} where "{column}" is not null '
        "qualify row_number() over (partition by currency, date_trunc('month', as_of_date) order by as_of_date desc) = 1 order by 1, 2"
    )
    if not len(found):
        raise NoData("all_null")
    return found


def _draw_currencies(drawing: Drawing) -> Any:
    import altair as alt

    names = sorted(set(drawing.data["currency"]))
    scale = {"domain": names, "range": [*PALETTE][: len(names)]}
    base = chart()
    x, y = x_axis(), alt.Y("purchasing_power:Q", scale=alt.Scale(zero=False), axis=alt.Axis(title="@chart.purchasing_power_y"))
    line = base.mark_line().encode(x=x, y=y, color=alt.Color("currency:N", scale=alt.Scale(**scale), legend=None), detail="currency:N")
    last = base.transform_joinaggregate(newest="max(as_of_date)", groupby=["currency"]).transform_filter("datum.newest === datum.as_of_date")
    text = last.mark_text(align="left", dx=4, fontWeight="bold").encode(x=x, y=y, text="currency:N", color=alt.Color("currency:N", scale=alt.Scale(**scale), legend=None))
    return alt.layer(line, text).properties(height=300)


CHARTS = (
    series("gold_real_yield", "marts.rate_cycle", ["t4_1"], ["*real_yield*20d*", "*real_yield*250d*", "*tips*mean*", "real_yield*pct"], "pct"),
    series("gold_return", "marts.rate_cycle", ["t4_1"], ["*gold*return*250*", "*gold*return*pct"], "pct"),
    series("gold_beta", "marts.rate_cycle", ["t4_1"], ["*beta*"], "value"),
    series("gold_r2", "marts.rate_cycle", ["t4_1"], ["*r2*", "*r_squared*"], "ratio"),
    Chart("currencies", "marts.purchasing_power_by_currency", ("t4_2",), _currencies, _draw_currencies),
    series("real_cash", "marts.purchasing_power", ["t4_2"], ["*negative*", "*share*", "*count*"], "value", step=True, zero=True),
    series("official_four_quarters", "marts.official_buying", ["t4_3"], ["*trailing*tonnes*", "*four_quarter*tonnes*", "*4q*tonnes*"], "tonnes", step=True),
    Chart("chart9", QUARTERLY, ("t4_4",), _chart9, _draw_chart9, note="note.chart9", day="quarter_end"),
    series("physical_trailing", "marts.physical_vs_paper", ["t4_4"], ["*physical*tonnes*"], "tonnes", step=True),
    series("etf_daily", "marts.physical_vs_paper", ["t4_4"], ["*etf*tonnes*"], "tonnes"),
    series("futures", "marts.physical_vs_paper", ["t4_4"], ["*managed_money*", "*open_interest*"], "contracts"),
    Chart("drawdown_band", DRAWDOWN, ("t4_5",), _band_query, _draw_band, note="note.band"),
    Chart("drawdown_distribution", DRAWDOWN, ("t4_5",), _distribution, _draw_distribution, note="note.distribution", day=None),
    series("long_returns", DRAWDOWN, ["t4_5"], ["return_10y_pct", "return_5y_pct"], "pct"),
    series("gold_price", DRAWDOWN, ["t4_5"], ["gold_pm_usd_oz"], "USD/oz", log=True, thresholds=False),
)  # fmt: skip
