"""Charts of what goes on under the prices, and of the filter: stablecoins, tokenised assets, price against structure.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from typing import Any

from report.charts.kit import Chart, Drawing, chart, series
from report.source import Data, NoData, Source
from report.theme import BLACK, BLUE, MUTED, VERMILLION

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
        alt.Chart(alt.Data(values=[{}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y=alt.datum(0)),
        alt.Chart(alt.Data(values=[{}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x=alt.datum(-10)),
    ]
    last = base.transform_joinaggregate(newest="max(as_of_date)", groupby=["theme"]).transform_filter("datum.newest === datum.as_of_date")
    layers = [
        *rules,
        base.mark_line(strokeWidth=1, opacity=0.45).encode(x=x, y=y, color=colour, order="as_of_date:Q", detail="theme:N"),
        last.mark_point(size=140, filled=True, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
        last.mark_text(align="right", dx=-9, dy=-9, fontWeight="bold").encode(x=x, y=y, text="name:N"),
    ]
    return alt.layer(*layers).add_params(alt.param(name="names", value={t: f"@column.{t}" for t in themes})).properties(height=320)


CHARTS = (
    series("stable_supply", "marts.stablecoin_rails", ["t3_1"], ["supply_usd_bn", "*total*supply*", "supply_usd*", "*supply*usd_bn"], "USD bn", zero=True),
    series("stable_growth", "marts.stablecoin_rails", ["t3_1"], ["*growth_365d*", "*growth_90d*", "*growth_30d*"], "pct"),
    series("peg", "marts.stablecoin_rails", ["t3_1"], ["*peg*_bp", "*par*_bp"], "bp", zero=True),
    series("stable_correlation", "marts.stablecoin_rails", ["t3_1"], ["*corr*"], "correlation"),
    series("stable_concentration", "marts.stablecoin_rails", ["t3_1"], ["*hhi*", "*concentration*"], "index points"),
    series("tokenised_value", "marts.tokenised_assets", ["t3_2"], ["*constant_price*usd*", "*market*usd*", "value_*usd*", "*value*usd*"], "value", zero=True),
    series("tokenised_growth", "marts.tokenised_assets", ["t3_2"], ["*growth_365d*", "*growth_90d*"], "pct"),
    Chart("quadrant", "marts.price_vs_structure", ("t5",), _quadrant, _draw_quadrant, note="note.quadrant"),
)  # fmt: skip
