"""What six companies file in the simulated worlds, and the desk of data.sec.gov.

Belongs here: fiscal quarters, filings, facts as EDGAR repeats them. Does not belong here: stock prices.
In `recede` purchases of equipment outgrow operating cash flow; in `counterfactual` they fall behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sandbox.wire import Ask, Reply
from sandbox.world.days import at, step
from sandbox.world.line import rng
from sandbox.world.script import World

FIRST_YEAR, LAST_YEAR = 2009, 2034
_PATH = re.compile(r"^/api/xbrl/(companyfacts|companyconcept)/CIK(\d{10})(?:/us-gaap/(\w+))?(?:\.json)$")
CAPEX, ASSETS = "PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"
OLD_REVENUE, REVENUE = "SalesRevenueNet", "RevenueFromContractWithCustomerExcludingAssessedTax"
OPERATING = "NetCashProvidedByUsedInOperatingActivities"
LEASED, REPAID = "RightOfUseAssetObtainedInExchangeForFinanceLeaseLiability", "FinanceLeasePrincipalPayments"


@dataclass(frozen=True)
class Company:
    """Fiscal year's last month; operating cash flow of a quarter (USD billions in 2015, growth per year), margin, tag switch."""

    name: str
    last_month: int
    cash: float
    growth: float
    margin: float
    capex: float  # purchases over operating cash flow before 2023
    switched: int = 9999  # fiscal year from which purchases are under ASSETS
    last_sunday: bool = False
    restated: int = 0  # fiscal year whose figures are shown 2 % lower a year later
    days_to_file: tuple[int, int] = (28, 34)  # after a quarter, after a year


COMPANIES: dict[int, Company] = {
    789019: Company("MICROSOFT CORPORATION", 6, 7.2, 0.135, 0.40, 0.30, days_to_file=(27, 30)),
    1652044: Company("Alphabet Inc.", 12, 6.5, 0.15, 0.30, 0.36),
    1018724: Company("AMAZON COM INC", 12, 3.0, 0.20, 0.13, 0.45, switched=2017),
    1326801: Company("Meta Platforms, Inc.", 12, 2.2, 0.21, 0.45, 0.30, restated=2024),
    1341439: Company("ORACLE CORP", 5, 3.4, 0.05, 0.38, 0.22, days_to_file=(12, 21)),
    1045810: Company("NVIDIA CORP", 1, 0.30, 0.33, 0.33, 0.09, switched=2020, last_sunday=True, days_to_file=(24, 26)),
}


class Period(NamedTuple):
    """A fiscal quarter: fiscal year, number 1..4, the year's first day, first and last day, day of filing."""

    year: int
    number: int
    year_start: date
    start: date
    end: date
    filed: date


def _end(company: Company, year: int, number: int) -> date:
    """Last day of a fiscal quarter."""
    month = company.last_month - 3 * (4 - number)
    year, month = (year, month) if month > 0 else (year - 1, month + 12)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() + 1) % 7) if company.last_sunday else last


@cache
def quarters(cik: int) -> tuple[Period, ...]:
    company, found = COMPANIES[cik], []
    for year in range(FIRST_YEAR + 1, LAST_YEAR + 1):
        opened = _end(company, year - 1, 4) + timedelta(days=1)
        start = opened
        for number in range(1, 5):
            end = _end(company, year, number)
            filed = step("fed", end + timedelta(days=company.days_to_file[number == 4]), 0)
            found.append(Period(year, number, opened, start, end, filed))
            start = end + timedelta(days=1)
    return tuple(found)


@cache
def figures(recede: bool, seed: int, cik: int) -> dict[str, dict[tuple[int, int], int]]:
    """Measure -> (fiscal year, quarter) -> USD of the quarter alone."""
    company = COMPANIES[cik]
    draw = rng(seed, "filings", str(cik))
    found: dict[str, dict[tuple[int, int], int]] = {name: {} for name in ("cash", "capex", "revenue", "leased", "repaid")}
    for period in quarters(cik):
        years = (period.end - date(2015, 1, 1)).days / 365.25
        season = 1 + 0.06 * np.sin(period.number * np.pi / 2)
        wobble = draw.normal(0, 0.012, 3)
        growth = company.growth * min(years, 12) + 0.06 * max(years - 12, 0)
        cash = company.cash * 1e9 * float(np.exp(growth)) * season * (1 + wobble[0])
        turn = float(np.clip((period.end - date(2023, 1, 1)).days / (365.25 * 7), 0, 1))
        share = company.capex + ((0.85 - company.capex) if recede else -0.55 * company.capex) * turn
        key = (period.year, period.number)
        found["cash"][key] = int(round(cash, -6))
        found["capex"][key] = int(round(cash * share * (1 + wobble[1] / 2), -6))
        found["revenue"][key] = int(round(cash / season / company.margin * (1 + wobble[2] / 2), -6))
        found["leased"][key] = int(round(cash * 0.03 * (1 + wobble[1]), -6))
        found["repaid"][key] = int(round(cash * 0.015 * (1 + wobble[2]), -6))
    return found


class SecDesk:
    """data.sec.gov at one moment: nothing is there before its filing was accepted."""

    def __init__(self, world: World, seed: int, now: datetime) -> None:
        self.world, self.seed, self.now = world, seed, now
        self._facts = cache(self._company)

    def answer(self, ask: Ask) -> Reply | None:
        match = _PATH.match(ask.path)
        if match is None or int(match[2]) not in COMPANIES:
            return None
        cik = int(match[2])
        tags = self._facts(cik)
        if match[1] == "companyfacts" and match[3] is None:
            body: dict[str, Any] = {"cik": cik, "entityName": COMPANIES[cik].name, "facts": {"dei": {}, "us-gaap": tags}}
        elif match[3] in tags:
            body = {"cik": cik, "taxonomy": "us-gaap", "tag": match[3], "entityName": COMPANIES[cik].name, **tags[match[3]]}
        else:
            return None
        return Reply(200, "application/json", json.dumps(body, separators=(",", ":")).encode())

    def _company(self, cik: int) -> dict[str, Any]:
        tags: dict[str, list[dict[str, Any]]] = {}
        for period in quarters(cik):
            if at(period.filed, "16:20") <= self.now:
                for tag, fact in self._filing(cik, period):
                    tags.setdefault(tag, []).append(fact)
        for facts in tags.values():
            facts.sort(key=lambda fact: (fact["end"], fact["start"], fact["filed"]))
            _frame(facts)
        return {tag: {"label": tag, "description": f"{tag} (simulated)", "units": {"USD": facts}} for tag, facts in sorted(tags.items())}

    def _filing(self, cik: int, period: Period) -> Iterator[tuple[str, dict[str, Any]]]:
        """The facts of one filing: this year and the year before; cash flows from the year's start, revenue also by quarter."""
        company, data = COMPANIES[cik], figures(self.world.funding_stress > 0, self.seed, cik)
        annual = period.number == 4
        about = {"accn": f"{cik:010d}-{period.filed:%y}-{period.number:06d}", "fy": period.year, "fp": "FY" if annual else f"Q{period.number}",
                 "form": "10-K" if annual else "10-Q", "filed": period.filed.isoformat()}
        by_key = {(p.year, p.number): p for p in quarters(cik)}
        for back in (1, 0):
            then = by_key.get((period.year - back, period.number))
            if then is None:
                continue
            lower = 0.98 if back and then.year == company.restated else 1.0
            tags = {OPERATING: "cash", ASSETS if period.year >= company.switched else CAPEX: "capex", LEASED: "leased", REPAID: "repaid",
                    REVENUE if period.year >= 2018 else OLD_REVENUE: "revenue"}
            for tag, measure in tags.items():
                if measure in ("leased", "repaid") and period.year < 2019:
                    continue
                total = sum(data[measure][then.year, n] for n in range(1, then.number + 1))
                value = int(total * lower) if measure in ("capex", "cash") else total
                yield tag, {"start": then.year_start.isoformat(), "end": then.end.isoformat(), "val": value, **about}
                if measure == "revenue" and 1 < then.number < 4:
                    yield tag, {"start": then.start.isoformat(), "end": then.end.isoformat(), "val": data[measure][then.year, then.number], **about}


def _frame(facts: list[dict[str, Any]]) -> None:
    """EDGAR marks one fact of a period, the one last filed, and only quarters and years."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for fact in facts:
        last[fact["start"], fact["end"]] = fact
    for (start, end), fact in last.items():
        first, final = date.fromisoformat(start), date.fromisoformat(end)
        days = (final - first).days + 1
        middle = first + timedelta(days=days // 2)
        if 350 <= days <= 380:
            fact["frame"] = f"CY{middle.year}"
        elif 80 <= days <= 100:
            fact["frame"] = f"CY{middle.year}Q{(middle.month + 2) // 3}"
