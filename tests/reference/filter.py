"""Price against structure (t5): drawdowns, the state with two thresholds, quadrants and the share that stands.

Belongs here: the state machine and the count of one day. Does not belong here: the structural measures (each thesis' own topic).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from .observations import Snapshot
from .prices import Level, levels

DOWN, RECOVERED, YEAR = -10.0, -5.0, dt.timedelta(days=364)
STRUCTURES = (("crypto", "stablecoin_supply"), ("crypto", "tokenised_value"), ("ai_tech", "operating_cash_flow"), ("gold", "physical_demand"))
THEMES = ("crypto", "ai_tech", "gold")


def price_state(level: Level, sessions: Sequence[dt.date]) -> tuple[float | None, bool]:
    """Drawdown (pct) of the last session from the highest of the last 365 days, this one among them; None without a price, and whether it is down."""
    down, drawdown = False, None
    for i in range(len(sessions)):
        drawdown = None
        if level[i] is None:
            continue
        window = [level[k] for k in range(i + 1) if sessions[k] >= sessions[i] - YEAR and level[k] is not None]
        drawdown = round((level[i] / max(window) - 1) * 100, 9)  # type: ignore[operator, type-var]
        down = True if drawdown <= DOWN else False if drawdown > RECOVERED else down
    return drawdown, down


def quadrant(down: bool, change: float | None) -> str | None:
    if change is None:
        return None
    return ("stands" if change >= 0 else "receding") if down else ("expansion" if change >= 0 else "speculation")


def structure_day(
    snapshot: Snapshot, day: dt.date, sessions: Sequence[dt.date], changes: Mapping[str, float | None]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows per structure and the row of the day. `changes`: structure -> its 365-day change (pct), None = unknown."""
    known = [session for session in sessions if session <= day]
    paths = levels(snapshot, known)
    states = {theme: price_state(paths[theme], known) for theme in THEMES}
    rows = []
    for theme, structure in STRUCTURES:
        drawdown, down = states[theme]
        priced = drawdown is not None
        rows.append({
            "as_of_date": day, "theme": theme, "structure": structure, "price_drawdown_pct": drawdown,
            "is_price_down": down if priced else None, "structure_change_365d_pct": changes[structure],
            "quadrant": quadrant(down, changes[structure]) if priced else None,
        })  # fmt: skip
    tested = [row for row in rows if row["is_price_down"]]
    standing = sum(row["quadrant"] == "stands" for row in tested)
    known_all = all(row["quadrant"] for row in tested) and all(row["price_drawdown_pct"] is not None for row in rows)
    share = 100 * standing / len(tested) if tested and known_all else None
    priced = all(row["price_drawdown_pct"] is not None for row in rows)
    total = {"as_of_date": day, "is_tested": bool(tested) if priced else None, "structures_tested": len(tested) if priced else None,
             "structures_standing": standing if priced else None, "standing_share_pct": share, "is_known": known_all}  # fmt: skip
    return rows, total
