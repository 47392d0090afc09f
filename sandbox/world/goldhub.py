"""What a person would have fetched from the World Gold Council in the simulated worlds: files of the drop folder.

Belongs here: supply and demand by quarter, funds by month, and the dated files that show them. Does not belong here: official
holdings as the IMF shows them, the trust's metal (`bullion`), reading files (`ingest.dropbox`).
In `recede` official and private buyers take more metal each year and funds little; in `counterfactual` buying dries up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from sandbox.wire.xlsx import Cell, workbook
from sandbox.world.days import DAY, Floats, is_open
from sandbox.world.line import rng
from sandbox.world.script import World

FIRST_QUARTER, LAST_QUARTER = 2010 * 4, 2035 * 4 + 3  # year * 4 + quarter from 0
FIRST_EDITION = 2015 * 4  # the quarter that the oldest file in the folder ends with
FUNDS_FROM, FUNDS_FILES_FROM = 2018 * 12 + 11, 2020 * 12 + 2  # months, from 0
REGIONS = {"North America": 0.5, "Europe": 0.38, "Asia": 0.1, "Other": 0.02}
FUNDS_2018 = 2440.0  # tonnes before the first month
LABELS = ("Jewellery fabrication", "Technology", "Total bar and coin", "ETFs & similar products", "Central banks & other inst.",
          "Mine production", "Net producer hedging", "Recycled gold", "Total supply")


def files(world: World, seed: int, now: datetime) -> Iterator[tuple[str, bytes]]:
    """(path below the drop folder, content) of every file published by `now`, always with the same bytes."""
    for last in range(FIRST_EDITION, LAST_QUARTER + 1):
        day = _open_day(_quarter_start(last + 1) + timedelta(days=29))
        if datetime.combine(day, time(9), UTC) > now:
            break
        yield f"wgc/gdt_tables/{day}_GDT_Tables.xlsx", _edition(world, seed, last)
    for month in range(FUNDS_FILES_FROM, LAST_QUARTER * 3, 3):
        day = _open_day(_month_end(month) + timedelta(days=9))
        if datetime.combine(day, time(9), UTC) > now:
            break
        yield f"wgc/etf_holdings/{day}_ETF_holdings_monthly.xlsx", _funds(world, month)


def drop(world: World, seed: int, now: datetime, folder: Path) -> Path:
    """Put the files published by `now` into `folder`, those that are not there yet; returns `folder`."""
    for name, content in files(world, seed, now):
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f".{path.name}")
            scratch.write_bytes(content)
            scratch.replace(path)
    return folder


def demand(world: World, seed: int, quarters: range) -> dict[str, Floats]:
    """Label -> tonnes of each quarter, as finally known; the total is the sum of its three parts."""
    draw = rng(seed, "gold demand").normal(0, 0.03, (len(LABELS), LAST_QUARTER + 1 - FIRST_QUARTER))
    noise = 1 + np.clip(draw[:, quarters.start - FIRST_QUARTER : quarters.stop - FIRST_QUARTER], -0.06, 0.06)
    years = np.array([quarter / 4 - 2022 for quarter in quarters])
    before, after = np.minimum(years, 0), np.clip(years, 0, 12)
    taken = 1.0 if _receding(world) else -2.5
    flows = np.array([sum(_flow(world, month) for month in range(quarter * 3, quarter * 3 + 3)) for quarter in quarters])
    found = {
        "Jewellery fabrication": 520 * noise[0], "Technology": 82 * noise[1],
        "Total bar and coin": 280 * np.exp(0.005 * before + 0.05 * taken * after) * noise[2],
        "ETFs & similar products": flows,
        "Central banks & other inst.": 125 * np.exp(0.03 * before + 0.09 * taken * after) * (1.7 if taken > 0 else 1.0) ** (years >= 0) * noise[4],
        "Mine production": 860 * np.exp(0.005 * (years + 12)) * noise[5], "Net producer hedging": 40 * (noise[6] - 1.02),
        "Recycled gold": 300 * noise[7],
    }  # fmt: skip
    found = {label: np.round(values, 4) for label, values in found.items()}
    found["Total supply"] = np.round(found["Mine production"] + found["Net producer hedging"] + found["Recycled gold"], 4)
    return found


def _receding(world: World) -> bool:
    return world.funding_stress > 0


def _flow(world: World, month: int) -> float:
    """Change of all funds in a month (year * 12 + month from 0), tonnes."""
    for until, flow in ((2013 * 12, 12.0), (2016 * 12, -25.0), (2019 * 12, 15.0), (2020 * 12, 33.0), (2020 * 12 + 10, 95.0), (2021 * 12, -60.0),
                        (2024 * 12, -18.0), (2025 * 12, 0.0)):  # fmt: skip
        if month < until:
            return flow
    return 14.0 if _receding(world) else -10.0


def _edition(world: World, seed: int, last: int) -> bytes:
    """Gold Demand Trends up to quarter `last`, whose official purchases are a first print, up to a tenth off."""
    quarters = range(FIRST_QUARTER, last + 1)
    figures = demand(world, seed, quarters)
    off = float(rng(seed, "first print", str(last)).uniform(-0.1, 0.1))
    figures["Central banks & other inst."][-1] = round(figures["Central banks & other inst."][-1] * (1 + off), 4)
    header: list[Cell] = [None, *(f"Q{quarter % 4 + 1}'{quarter // 4 % 100:02d}" for quarter in quarters)]
    rows: list[list[Cell]] = [[label, *figures[label].tolist()] for label in LABELS]
    return workbook({"Gold Balance": [["Gold supply and demand (tonnes)"], header, *rows, ["Simulated."]]})


def _funds(world: World, last: int) -> bytes:
    header: list[Cell] = ["Date", *REGIONS]
    held, holdings, flows = FUNDS_2018, list[list[Cell]](), list[list[Cell]]()
    for month in range(FUNDS_FROM, last + 1):
        held += _flow(world, month)
        day = _month_end(month).isoformat()
        holdings.append([day, *(round(held * share, 2) for share in REGIONS.values())])
        flows.append([day, *(round(_flow(world, month) * share, 4) for share in REGIONS.values())])
    return workbook({"Holdings tonnes": [header, *holdings], "Flows tonnes": [header, *flows]})


def _quarter_start(quarter: int) -> date:
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def _month_end(month: int) -> date:
    return date((month + 1) // 12, (month + 1) % 12 + 1, 1) - DAY


def _open_day(day: date) -> date:
    while not is_open("london", day):
        day += DAY
    return day
