"""The scripted truth of filings and gold demand, from the served bytes: quarters out of year-to-date figures, sheets out of XML.

Belongs here: t1_3, t4_3, t4_4 at one moment, in plain Python. Does not belong here: any parser of the project.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sandbox.wire import Backend
from tests.sandbox import truth

CIKS = (789019, 1652044, 1018724, 1326801, 1341439)
CAPEX = ("PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets")
CASH = ("NetCashProvidedByUsedInOperatingActivities",)


def quarters(tags: dict[str, Any], names: tuple[str, ...]) -> pd.Series:
    """End of quarter -> USD: the newest filing's year to date less the one a quarter before."""
    facts = [fact for name in names for fact in tags.get(name, {"units": {"USD": []}})["units"]["USD"]]
    totals: dict[tuple[str, str], float] = {}
    for fact in sorted(facts, key=lambda fact: str(fact["filed"])):
        totals.setdefault((fact["start"], fact["end"]), fact["val"])  # as first filed
    found = {}
    for (start, end), total in totals.items():
        before = [v for (s, e), v in totals.items() if s == start and 80 <= (date.fromisoformat(end) - date.fromisoformat(e)).days <= 100]
        days = (date.fromisoformat(end) - date.fromisoformat(start)).days
        if before or days < 100:
            found[pd.Timestamp(end)] = total - (before[0] if before else 0.0)
    return pd.Series(found).sort_index()


def cash_flow(backend: Backend) -> dict[str, Any]:
    """Verdict of t1_3; restatements of two percent are left out."""
    now, before = np.zeros(2), np.zeros(2)
    for cik in CIKS:
        tags = json.loads(truth.get(backend, "data.sec.gov", f"/api/xbrl/companyfacts/CIK{cik:010d}.json"))["facts"]["us-gaap"]
        both = [quarters(tags, names) for names in (CAPEX, CASH)]
        now += [s.iloc[-4:].sum() for s in both]
        before += [s.iloc[-8:-4].sum() for s in both]
    growth = now / before - 1
    real = truth.fred(backend, "DFII10")
    gap = float(real.iloc[-1] - real.iloc[-500:].mean())
    legs = [growth[0] > growth[1], now[0] / now[1] >= 0.5, gap > 0]
    verdict = "holds" if all(legs) else "contested" if legs[0] and any(legs[1:]) else "fails"
    return {"verdict": verdict, "growth_gap": float(growth[0] - growth[1]), "ratio": float(now[0] / now[1]), "rate_gap": gap}


def table(path: Path) -> dict[str, list[float]]:
    """Label -> numbers of a row, from the first sheet's XML."""
    with zipfile.ZipFile(path) as archive:
        texts = re.findall(r"<t>(.*?)</t>", archive.read("xl/sharedStrings.xml").decode())
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    found = {}
    for row in re.findall(r"<row .*?>(.*?)</row>", sheet):
        cells = re.findall(r'<c r="[A-Z]+\d+"( t="s")?><v>(.*?)</v></c>', row)
        if cells and cells[0][0]:
            found[texts[int(cells[0][1])].replace("&amp;", "&")] = [float(value) for text, value in cells[1:] if not text]
    return found


def gold_demand(backend: Any) -> dict[str, Any]:
    """Verdicts of t4_3 and t4_4 from the newest edition in the drop folder."""
    with tempfile.TemporaryDirectory() as folder:
        newest = max(backend.drop(Path(folder)).glob("wgc/gdt_tables/*.xlsx"))
        rows = {label: pd.Series(values) for label, values in table(newest).items()}
    official, coins, funds = (rows[name] for name in ("Central banks & other inst.", "Total bar and coin", "ETFs & similar products"))
    sums, physical, paper = (s.rolling(4).sum() for s in (official, official + coins, funds))
    more, kept = sums.iloc[-1] - sums.iloc[-41:-1].mean(), sums.iloc[-1] / sums.iloc[-5] - 1
    above, share = physical.iloc[-1] - physical.iloc[-40:].mean(), paper.iloc[-1] / physical.iloc[-1]
    return {
        "t4_3": "fails" if more <= 0 else "holds" if kept >= -0.2 else "contested",
        "t4_4": "fails" if above <= 0 else "holds" if share <= 0.25 else "contested",
        "more": float(more), "above": float(above),
    }  # fmt: skip


def verdicts(backend: Backend) -> dict[str, str]:
    demand = gold_demand(backend)
    return {"t1_3": cash_flow(backend)["verdict"], "t4_3": demand["t4_3"], "t4_4": demand["t4_4"]}
