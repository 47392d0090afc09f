"""Charts of an episode: when each bucket broke, how deep it fell, what windows without any claim would show, leverage.

Does not belong here: how lines, rules and marks look (`kit`, `theme`).
"""

from __future__ import annotations

from typing import Any

from report.charts.groups import grouped
from report.charts.kit import Chart, Drawing, chart, series
from report.source import Data, NoData, Source
from report.theme import BLUE, GREEN, GREY, HAIR, INK, PURPLE, SHAPES, VERMILLION

ALL = ("t2_0", "t2_1", "t2_2", "t2_3")
BUCKETS = ("crypto", "ai_tech", "gold", "treasuries")
LADDER = ("break_scaled", "break_10pct", "trough", "half_recovery")
_LADDER = """
select m.episode_id, m.member as bucket, m.depth_pct, m.depth_vols, e.status, {steps}
from marts.episode_members as m join marts.episodes as e using (episode_id)
where m.member_kind in ('bucket', 'reference') and m.depth_pct is not null
  and e.window_open_date >= (select min(window_open_date) from marts.episodes join marts.episode_members using (episode_id) where member = 'crypto')
order by m.episode_id desc, m.member
"""
_DATES = {"break_scaled": "break_scaled_date", "break_10pct": "break_10pct_date", "trough": "trough_date", "half_recovery": "half_recovery_date"}
DEFAULT_ROWS = 5


def _ladder(source: Source) -> Data:
    source.need("marts.episodes", ["window_open_date", "status"])
    source.need("marts.episode_members", [*_DATES.values(), "member_kind", "depth_vols"])
    steps = ", ".join(f"datediff('day', e.window_open_date, m.{column}) as {name}_days" for name, column in _DATES.items())
    found = source.query(_LADDER.format(steps=steps))
    if not len(found):
        raise NoData("no_episode")
    return found


def _choice(drawing: Drawing) -> Any:
    """A list of episodes to choose from, newest first."""
    import altair as alt

    ids = list(dict.fromkeys(drawing.data["episode_id"]))
    return alt.param(name="episode", value=ids[0], bind=alt.binding_select(options=ids, name="@chart.episode"))


def _y() -> Any:
    import altair as alt

    return alt.Y("name:N", sort=alt.SortField("place"), axis=alt.Axis(title=None, labelFontSize=12, ticks=False, domain=False, labelLimit=150))


def _placed(base: Any) -> Any:
    """Rows of the chosen episode, with the bucket's name and its place in the claimed order."""
    order = {b: n for n, b in enumerate((*BUCKETS, "sp500"))}
    chain = " : ".join(f"indexof(lower(datum.bucket), '{b[:2]}') === 0 ? {n}" for b, n in order.items())
    return base.transform_filter("datum.episode_id === episode").transform_calculate(name="names[datum.bucket] || datum.bucket", place=f"{chain} : 9")


def _names(drawing: Drawing) -> dict[str, str]:
    return {b: f"@column.{b}" for b in dict.fromkeys(drawing.data["bucket"])}


def _draw_ladder(drawing: Drawing) -> Any:
    import altair as alt

    fields = [f"{n}_days" for n in LADDER]
    labels = [f"@chart.step_{n}" for n in LADDER]
    base = _placed(chart()).transform_fold(fields, as_=["step", "days"]).transform_filter("isValid(datum.days)").transform_calculate(label="steps[datum.step]")
    line = base.mark_line(color=HAIR, strokeWidth=3).encode(x=alt.X("days:Q", axis=alt.Axis(title="@chart.days_since_open")), y=_y(), detail=alt.Detail("bucket:N"))
    points = base.mark_point(size=120, filled=True, opacity=1).encode(
        x=alt.X("days:Q"), y=_y(),
        shape=alt.Shape("label:N", scale=alt.Scale(domain=labels, range=SHAPES[: len(labels)])),
        color=alt.Color("label:N", scale=alt.Scale(domain=labels, range=[VERMILLION, INK, PURPLE, GREEN])),
        tooltip=[alt.Tooltip("name:N", title="@chart.bucket"), alt.Tooltip("label:N", title="@chart.step"), alt.Tooltip("days:Q", title="@chart.days_since_open")],
    )  # fmt: skip
    made = alt.layer(line, points).add_params(
        _choice(drawing), alt.param(name="names", value=_names(drawing)), alt.param(name="steps", value=dict(zip(fields, labels, strict=True)))
    )
    return made.properties(height=alt.Step(34))


def _draw_depth(column: str, unit: str) -> Any:
    def draw(drawing: Drawing) -> Any:
        import altair as alt

        base = _placed(chart())
        end = {"domainMin": 0} if column.endswith("vols") else {"domainMax": 0}
        bars = base.mark_bar(color=BLUE, height=14).encode(
            x=alt.X(f"{column}:Q", scale=alt.Scale(padding=40, **end), axis=alt.Axis(title=f"@unit.{unit}")), y=_y(),
            tooltip=[alt.Tooltip("name:N", title="@chart.bucket"), alt.Tooltip(f"{column}:Q", format=".2f", title="@chart.value")],
        )  # fmt: skip
        inside = "left" if column.endswith("vols") else "right"
        text = base.mark_text(align=inside, dx=4 if inside == "left" else -4, color=INK).encode(x=alt.X(f"{column}:Q"), y=_y(), text=alt.Text(f"{column}:Q", format=".1f"))
        return alt.layer(bars, text).add_params(_choice(drawing), alt.param(name="names", value=_names(drawing))).properties(height=alt.Step(28))

    return draw


def _placebo(source: Source) -> Data:
    shares = ["placebo_raw_pass_pct", "placebo_rule_pass_pct", "placebo_crypto_first_pct", "placebo_crypto_deepest_raw_pct"]
    source.need("marts.liquidation_order", [*shares, "placebo_windows"])
    parts = " union all ".join(f"select as_of_date, {n} as place, '{s}' as share, {s} as pct, placebo_windows from last" for n, s in enumerate(shares))
    found = source.query(f"with last as (from marts.liquidation_order where placebo_windows > 0 order by as_of_date desc limit 1) {parts} order by place")
    if not found.filled("pct"):
        raise NoData("all_null")
    return found


def _draw_placebo(drawing: Drawing) -> Any:
    import altair as alt

    base = chart().transform_calculate(name="names[datum.share]")
    y = alt.Y("name:N", sort=alt.SortField("place"), axis=alt.Axis(title=None, labelLimit=190, ticks=False, domain=False))
    bar = base.mark_bar(color=GREY, height=14).encode(x=alt.X("pct:Q", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(title="@chart.of_windows")), y=y)
    text = base.mark_text(align="left", dx=4).encode(x=alt.X("pct:Q"), y=y, text=alt.Text("pct:Q", format=".0f"))
    return alt.layer(bar, text).add_params(alt.param(name="names", value={s: f"@column.{s}" for s in drawing.data["share"]})).properties(height=alt.Step(30))


def _recovery(source: Source) -> Data:
    found = _ladder(source)
    return Data({n: found[n] for n in ("episode_id", "bucket", "status", "trough_days", "half_recovery_days", "depth_vols")})


def _draw_recovery(drawing: Drawing) -> Any:
    import altair as alt

    base = _placed(chart()).transform_calculate(
        needed="isValid(datum.half_recovery_days) ? datum.half_recovery_days - datum.trough_days : 0",
        text="isValid(datum.half_recovery_days) ? format(datum.needed, '.0f') : words.not_yet",
    )
    bars = base.mark_bar(color=GREEN, height=14).encode(x=alt.X("needed:Q", axis=alt.Axis(title="@chart.days_to_half")), y=_y())
    text = base.mark_text(align="left", dx=4, color=INK).encode(x=alt.X("needed:Q"), y=_y(), text=alt.Text("text:N"))
    params = [_choice(drawing), alt.param(name="names", value=_names(drawing)), alt.param(name="words", value={"not_yet": "@chart.not_yet"})]
    return alt.layer(bars, text).add_params(*params).properties(height=alt.Step(28))


LEVERAGE = "marts.crypto_leverage"
_MEMBERS: dict[str, Any] = {"table": "marts.episode_members", "tables": ("marts.episodes",), "day": None}
CHARTS = (
    Chart("ladder", theses=ALL, query=_ladder, draw=_draw_ladder, note="note.ladder", **_MEMBERS),
    Chart("depth_vols", theses=("t2_0", "t2_1", "t2_2"), query=_ladder, draw=_draw_depth("depth_vols", "monthly volatilities"), **_MEMBERS),
    Chart("depth_pct", theses=("t2_0", "t2_2"), query=_ladder, draw=_draw_depth("depth_pct", "pct"), **_MEMBERS),
    Chart("recovery", theses=("t2_3",), query=_recovery, draw=_draw_recovery, **_MEMBERS),
    Chart("placebo", "marts.liquidation_order", ("t2_0", "t2_1"), _placebo, _draw_placebo, note="note.placebo", day=None),
    series("order_history", "marts.liquidation_order", ["t2_0"], ["raw_break_tau", "raw_depth_tau", "scaled_break_tau"], "tau-b", step=True),
    grouped("open_interest", LEVERAGE, ("t2_1",), "coin", "open_interest_fall_pct", "pct", named=True),
    grouped("funding_rates", LEVERAGE, ("t2_1",), "coin", "funding_oi_weighted_pct", "pct a year", named=True),
    grouped("deribit_vol", LEVERAGE, ("t2_1",), "coin", "implied_volatility_pct", "pct a year", named=True),
    series("excess", "marts.liquidation_order", ["t2_2"], ["ai_excess_drawdown_pct"], "pct", step=True),
)  # fmt: skip
