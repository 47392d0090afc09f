"""How every chart looks: one Altair theme, the Okabe-Ito palette in a fixed order, dashes and shapes beside every colour.

Belongs here: colours, fonts, sizes, marks. Does not belong here: what is drawn (`charts`).
"""

from __future__ import annotations

from typing import Any

# Okabe and Ito's palette, told apart with any common colour vision; yellow is left out: too light for lines on white.
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, GREY = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#1b1f24", "#6b7280",
)  # fmt: skip
PALETTE = [BLUE, VERMILLION, GREEN, BLACK, PURPLE, ORANGE, SKY, GREY]
DASHES = [[1, 0], [6, 2], [2, 2], [1, 0], [8, 3, 2, 3], [4, 4], [1, 3], [10, 2]]
SHAPES = ["circle", "diamond", "triangle-down", "triangle-up", "square", "cross"]
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'PingFang TC', 'Microsoft JhengHei', 'Noto Sans CJK TC', sans-serif"
INK, MUTED, HAIR = "#1b1f24", "#59616b", "#d9dde2"
HEIGHT = 230


def config() -> dict[str, Any]:
    """The Vega-Lite config of every chart."""
    axis = {
        "labelFont": FONT, "titleFont": FONT, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelColor": MUTED,
        "titleColor": MUTED, "domainColor": HAIR, "tickColor": HAIR, "gridColor": "#eceef1", "tickSize": 4, "labelOverlap": True,
    }  # fmt: skip
    return {
        "font": FONT,
        "background": "#ffffff",
        "aria": False,  # the page labels each chart as one image; a symbol per mark would only be noise
        "view": {"stroke": None},
        "axis": axis,
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": 0, "titleY": -10, "titleBaseline": "bottom", "tickCount": 5, "domain": False, "ticks": False},
        "axisX": {"grid": False, "tickCount": 7},
        "legend": {
            "orient": "top", "title": None, "labelFontSize": 11, "labelColor": INK, "symbolSize": 90, "symbolStrokeWidth": 2,
            "labelLimit": 320, "columnPadding": 14, "rowPadding": 2, "offset": 26, "columns": 3,
        },
        "header": {"labelFontSize": 11, "titleFontSize": 11},
        "line": {"strokeWidth": 1.6, "strokeCap": "butt"},
        "rule": {"color": MUTED},
        "bar": {"color": BLUE},
        "text": {"fontSize": 11, "color": INK},
        "range": {"category": PALETTE},
    }  # fmt: skip


def register() -> None:
    """Make it the theme of every chart built from now on, and leave validation to the tests (half of altair's time)."""
    import altair
    from altair.utils import schemapi

    schemapi.DEBUG_MODE = False

    altair.theme.register("lowtide", enable=True)(lambda: {"config": config()})
