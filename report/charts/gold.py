"""Charts of gold's long-run drivers and of its footnote.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from typing import Any

from report.charts.groups import dots, grouped
from report.charts.kit import Chart, Drawing, chart, lines, series, x_axis
from report.source import Data, NoData, Source
from report.theme import BLUE, GREY, HEIGHT, INK, VERMILLION

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
        x=alt.X("bin_from_pct:Q", bin="binned", axis=alt.Axis(title="@chart.mdd_252_x", grid=False)), x2=alt.X2("bin_to_pct:Q"),
        y=alt.Y("share_pct:Q", axis=alt.Axis(title="@chart.share_of_days")),
        tooltip=[alt.Tooltip("bin_from_pct:Q", title="@chart.from"), alt.Tooltip("bin_to_pct:Q", title="@chart.to"), alt.Tooltip("share_pct:Q", format=".1f", title="@chart.share_of_days")],
    )  # fmt: skip
    side = "right" if today > min(drawing.data["bin_from_pct"]) / 2 else "left"
    one = alt.Data(values=[{"x": today, "text": f"{today:.1f}%  (P{place:.0f})".replace("-", "−")}])
    mark = alt.Chart(one).mark_rule(color=VERMILLION, strokeWidth=2).encode(x=alt.X("x:Q"))
    text = alt.Chart(one).mark_text(align=side, dx=-5 if side == "right" else 5, dy=6, baseline="top", fontWeight="bold", color=INK).encode(x=alt.X("x:Q"), y=alt.YValue(0), text=alt.Text("text:N"))
    return alt.layer(bars, mark, text).properties(height=HEIGHT)


def _band_query(source: Source) -> Data:
    names = ["mdd_252_pct", "mdd_252_p05_pct", "mdd_252_median_pct", "mdd_252_p95_pct"]
    source.need(DRAWDOWN, names)
    return source.query(f"select as_of_date, {', '.join(names)} from {DRAWDOWN} where mdd_252_pct is not null order by 1")


def _draw_band(drawing: Drawing) -> Any:
    import altair as alt

    band = chart().mark_area(opacity=0.22, color=GREY).encode(x=x_axis(), y=alt.Y("mdd_252_p05_pct:Q"), y2=alt.Y2("mdd_252_p95_pct:Q"))
    return alt.layer(band, lines(drawing, ["mdd_252_pct", "mdd_252_median_pct"], "pct", thresholds=False)).properties(height=HEIGHT)


QUARTERLY = "marts.physical_vs_paper_quarterly"


def _chart9(source: Source) -> Data:
    """Physical demand of a quarter in its two parts, the change of fund holdings, and the holdings themselves."""
    names = {"central_banks": "central_banks_tonnes", "bars_and_coins": "bar_coin_tonnes", "etf_change": "etf_flow_tonnes", "etf_holdings": "etf_holdings_tonnes"}
    source.need(QUARTERLY, ["quarter_end_date", *names.values()])
    listed = ", ".join(f"{column} as {part}" for part, column in names.items())
    found = source.query(f"select quarter_end_date as quarter_end, {listed} from {QUARTERLY} where coalesce(central_banks_tonnes, bar_coin_tonnes) is not null order by 1")
    if not found.filled("central_banks") and not found.filled("bars_and_coins"):
        raise NoData("all_null")
    return found


def _draw_chart9(drawing: Drawing) -> Any:
    import altair as alt

    parts = [p for p in ("central_banks", "bars_and_coins") if drawing.data.filled(p)]
    shown = [*parts, "etf_change", *(["etf_holdings"] if drawing.data.filled("etf_holdings") else [])]
    labels = [f"@column.{p}" for p in shown]
    colour = alt.Color("label:N", scale=alt.Scale(domain=labels, range=[BLUE, "#9ecae9", VERMILLION, INK][: len(labels)]))
    base = chart()
    x = x_axis("quarter_end")
    stacked = base.transform_fold(parts, as_=["part", "tonnes"]).transform_calculate(label="labels[datum.part]")
    bars = stacked.mark_bar(size=alt.ExprRef(f"max(1.5, width * 0.6 / {len(drawing.data)})")).encode(x=x, y=alt.Y("tonnes:Q", stack="zero", axis=alt.Axis(title="@chart.tonnes_quarter")), color=colour)
    flow = base.transform_calculate(label="labels.etf_change").mark_line(point={"size": 26, "filled": True}, strokeWidth=1.5).encode(x=x, y=alt.Y("etf_change:Q"), color=colour)
    zero = alt.Chart(alt.Data(values=[{}])).mark_rule(color="#9aa1ab").encode(y=alt.YDatum(0))
    left = alt.layer(bars, flow, zero)
    params = alt.param(name="labels", value={p: f"@column.{p}" for p in shown})
    if "etf_holdings" not in shown:
        return left.add_params(params).properties(height=280)
    hold = base.transform_calculate(label="labels.etf_holdings").mark_line(strokeDash=[5, 3], strokeWidth=1.5)
    right = hold.encode(x=x, color=colour, y=alt.Y("etf_holdings:Q", scale=alt.Scale(zero=False), axis=alt.Axis(
        title="@chart.tonnes_held", orient="right", grid=False, titleAnchor="end", titleAlign="right", titleX=0)))  # fmt: skip
    return alt.layer(left, right).resolve_scale(y="independent").add_params(params).properties(height=280)


CYCLE, MONEY, OFFICIAL, PAPER = "marts.rate_cycle", "marts.purchasing_power_by_currency", "marts.official_buying", "marts.physical_vs_paper"
NEWEST = f"as_of_date = (select max(as_of_date) from {MONEY})"
MONTHLY = f"(currency, as_of_date) in (select (currency, max(as_of_date)) from {MONEY} group by currency, date_trunc('month', as_of_date))"
TOP_TEN = "is_top_ten and month_end_date = (select max(month_end_date) from marts.official_holdings where reporting_countries >= 10)"
CHARTS = (
    series("gold_real_yield", CYCLE, ["t4_1"], ["tips_10y_20d_mean_pct", "tips_10y_250d_mean_pct"], "pct"),
    series("gold_return", CYCLE, ["t4_1"], ["gold_250d_return_pct"], "pct"),
    dots("gold_cycles", "marts.rate_cycles", ["t4_1"], "cycle_id", ["gold_6m_return_pct", "gold_12m_return_pct", "gold_24m_return_pct"], "pct"),
    series("gold_beta", CYCLE, ["t4_1"], ["gold_real_yield_beta_260d", "gold_real_yield_beta_before_2022", "gold_real_yield_beta_since_2022"], "percent per point"),
    series("gold_r2", CYCLE, ["t4_1"], ["gold_real_yield_r2_260d_ratio"], "ratio", zero=True),
    grouped("currencies", MONEY, ["t4_2"], "currency", "purchasing_power_2000", "index 2000", where=MONTHLY, height=300),
    dots("real_cash", MONEY, ["t4_2"], "currency", ["real_cash_1y_pct", "real_cash_10y_pct"], "pct a year", where=NEWEST),
    series("negative_shares", "marts.purchasing_power", ["t4_2"], ["negative_10y_share_pct", "negative_1y_share_pct"], "pct", step=True, zero=True),
    series("official_four_quarters", OFFICIAL, ["t4_3"], ["trailing_4q_tonnes", "trailing_4q_mean_tonnes", "trailing_4q_year_earlier_tonnes"], "tonnes", step=True),
    series("official_parts", OFFICIAL, ["t4_3"], ["reported_4q_tonnes", "estimated_4q_tonnes"], "tonnes", step=True),
    dots("official_top_ten", "marts.official_holdings", ["t4_3"], "country", ["change_12m_tonnes"], "tonnes", where=TOP_TEN, order="holdings_rank"),
    Chart("chart9", QUARTERLY, ("t4_4",), _chart9, _draw_chart9, note="note.chart9", day="quarter_end"),
    series("since_peak", QUARTERLY, ["t4_4"], ["physical_since_peak_tonnes", "etf_since_peak_tonnes"], "tonnes", day="quarter_end_date"),
    series("physical_trailing", PAPER, ["t4_4"], ["physical_4q_tonnes", "physical_4q_mean_tonnes", "etf_4q_tonnes"], "tonnes", step=True),
    series("etf_daily", PAPER, ["t4_4"], ["gld_holdings_tonnes"], "tonnes"),
    series("futures", PAPER, ["t4_4"], ["managed_money_net_contracts", "open_interest_contracts"], "contracts"),
    Chart("drawdown_band", DRAWDOWN, ("t4_5",), _band_query, _draw_band, note="note.band"),
    Chart("drawdown_distribution", DRAWDOWN, ("t4_5",), _distribution, _draw_distribution, note="note.distribution", day=None),
    series("long_returns", DRAWDOWN, ["t4_5"], ["return_10y_pct", "return_5y_pct"], "pct"),
    series("gold_price", DRAWDOWN, ["t4_5"], ["gold_pm_usd_oz"], "USD/oz", log=True, thresholds=False),
)  # fmt: skip
