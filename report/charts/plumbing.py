"""Charts of what goes on under the prices, and of the filter: stablecoins, tokenised assets, price against structure.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from typing import Any

from report.charts.groups import grouped
from report.charts.kit import Chart, Drawing, chart, rule, series, x_axis
from report.source import Data, NoData, Source
from report.theme import BLACK, BLUE, DASHES, MUTED, PALETTE, VERMILLION

TAIL_DAYS = 365


def _quadrant(source: Source) -> Data:
    table = "marts.price_vs_structure"
    source.need(table, ["as_of_date"])
    held = source.columns_of(table)
    theme = next((c for c in ("theme", "theme_id") if c in held), None)
    price = next((c for c in held if "drawdown" in c and c.endswith("pct")), None)
    structure = next((c for c in held if "struct" in c and "365" in c), None)
    if not (theme and price and structure):
        raise NoData("no_column", table=table, columns="theme, drawdown, structure 365d")
    quadrant = "quadrant" if "quadrant" in held else "null"
    found = source.query(
        f'select as_of_date, "{theme}" as theme, "{price}" as price_drawdown_pct, "{structure}" as structure_365d_pct, {quadrant} as quadrant from {table} '
        f"where as_of_date >= (select max(as_of_date) - {TAIL_DAYS} from {table}) order by 2, 1"
    )
    if not (found.filled("price_drawdown_pct") and found.filled("structure_365d_pct")):
        raise NoData("all_null")
    return found


def _draw_quadrant(drawing: Drawing) -> Any:
    import altair as alt

    themes = list(dict.fromkeys(drawing.data["theme"]))
    base = chart().transform_filter("isValid(datum.price_drawdown_pct) && isValid(datum.structure_365d_pct)").transform_calculate(name="names[datum.theme]")
    x = alt.X("price_drawdown_pct:Q", axis=alt.Axis(title="@chart.price_drawdown"), scale=alt.Scale(nice=True))
    y = alt.Y("structure_365d_pct:Q", axis=alt.Axis(title="@chart.structure_change"))
    labels = [f"@column.{t}" for t in themes]
    colour = alt.Color("name:N", scale=alt.Scale(domain=labels, range=[BLUE, VERMILLION, BLACK, "#009E73"][: len(labels)]))
    shape = alt.Shape("name:N", scale=alt.Scale(domain=labels, range=["circle", "diamond", "square", "cross"][: len(labels)]))
    rules = [
        alt.Chart(alt.Data(values=[{}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y=alt.YDatum(0)),
        alt.Chart(alt.Data(values=[{}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x=alt.XDatum(-10)),
    ]
    last = base.transform_joinaggregate(newest="max(as_of_date)", groupby=["theme"]).transform_filter("datum.newest === datum.as_of_date")
    layers = [
        *rules,
        base.mark_line(strokeWidth=1, opacity=0.45).encode(x=x, y=y, color=colour, order=alt.Order("as_of_date:Q"), detail=alt.Detail("theme:N")),
        last.mark_point(size=140, filled=True, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
        last.mark_text(align="right", dx=-9, dy=-9, fontWeight="bold").encode(x=x, y=y, text=alt.Text("name:N")),
    ]
    return alt.layer(*layers).add_params(alt.param(name="names", value={t: f"@column.{t}" for t in themes})).properties(height=320)


def _pegs(source: Source) -> Data:
    source.need("marts.stablecoin_pegs", ["as_of_date", "coin", "deviation_bp"])
    found = source.query("select as_of_date, coin, deviation_bp from marts.stablecoin_pegs where deviation_bp is not null order by 2, 1")
    if not len(found):
        raise NoData("all_null")
    return found


def _draw_pegs(drawing: Drawing) -> Any:
    """One line per coin, cut at 300 bp so that a lost peg does not flatten the rest; the band is one percent around par."""
    import altair as alt

    coins = sorted(set(drawing.data["coin"]))
    base = chart().transform_calculate(shown="max(-300, min(300, datum.deviation_bp))")
    x, y = x_axis(), alt.Y("shown:Q", axis=alt.Axis(title="@unit.bp"), scale=alt.Scale(domain=[-300, 300]))
    colour = {"domain": coins, "range": [PALETTE[n % len(PALETTE)] for n in range(len(coins))]}
    dash = {"domain": coins, "range": [DASHES[n % len(DASHES)] for n in range(len(coins))]}
    tip = [alt.Tooltip("as_of_date:T", timeUnit="utcyearmonthdate", title="@chart.day"), alt.Tooltip("coin:N", title="@chart.series"), alt.Tooltip("deviation_bp:Q", format=",.0f", title="@unit.bp")]
    lines = base.mark_line(strokeWidth=1.2).encode(
        x=x, y=y, color=alt.Color("coin:N", scale=alt.Scale(**colour), legend=alt.Legend(columns=4)), strokeDash=alt.StrokeDash("coin:N", scale=alt.Scale(**dash), legend=alt.Legend(columns=4)), tooltip=tip
    )
    band = alt.Chart(alt.Data(values=[{}])).mark_rect(color="#dfe9f1", opacity=0.7).encode(y=alt.YDatum(-100), y2=alt.Y2Datum(100))
    return alt.layer(band, lines, *rule("<", -100)).properties(height=260)


RAILS, TOKENS = "marts.stablecoin_rails", "marts.tokenised_assets"
CHARTS = (
    series("stable_supply", RAILS, ["t3_1"], ["stablecoin_supply_usd"], "USD", zero=True),
    series("stable_growth", RAILS, ["t3_1"], ["supply_growth_365d_pct", "supply_growth_90d_pct"], "pct"),
    grouped("stable_coins", "marts.stablecoin_supply", ("t3_1",), "name", "supply_usd", "USD", where="dimension = 'coin'"),
    Chart("peg", "marts.stablecoin_pegs", ("t3_1",), _pegs, _draw_pegs, note="note.peg"),
    series("stable_correlation", RAILS, ["t3_1"], ["supply_btc_weekly_corr_1y"], "correlation"),
    series("stable_concentration", RAILS, ["t3_1"], ["coin_hhi_ratio"], "ratio"),
    series("tokenised_value", TOKENS, ["t3_2"], ["constant_price_value_usd", "market_value_usd"], "USD", zero=True),
    grouped("tokenised_classes", "marts.tokenised_assets_by_class", ("t3_2",), "asset_class", "constant_price_value_usd", "USD", named=True),
    series("tokenised_growth", TOKENS, ["t3_2"], ["constant_price_growth_365d_pct", "market_growth_365d_pct"], "pct"),
    Chart("quadrant", "marts.price_vs_structure", ("t5",), _quadrant, _draw_quadrant, note="note.quadrant"),
)  # fmt: skip
