"""Who holds gold in the simulated worlds: the trust, official holders, futures traders; and the desks that say so.

Belongs here: api.spdrgoldshares.com, api.imf.org, publicreporting.cftc.gov. Does not belong here: the price (`prices`).
In `recede` official holders buy and the trust sells only while gold is sold for cash; in `counterfactual` both sell.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np

from sandbox.wire import Ask, Reply, text_reply
from sandbox.wire import metal as wire
from sandbox.wire.xlsx import GLD_HEADER, GLD_SHEET, book, workbook
from sandbox.world.days import (
    Floats,
    as_date,
    at,
    grid,
    in_month,
    is_open,
    next_open,
    public,
    step,
)
from sandbox.world.line import noise, rounded
from sandbox.world.prices import Prices

OUNCES_PER_TONNE = 32_150.7466
GLD_FROM, COT_FROM, OFFICIAL_FROM = date(2004, 11, 18), date(2006, 6, 13), date(2000, 1, 1)
TONNES = {  # official holdings of 2015
    "USA": 8133.5, "DEU": 3381.0, "ITA": 2451.8, "FRA": 2435.6, "RUS": 1415.1, "CHN": 1762.3, "CHE": 1040.0, "JPN": 765.2, "IND": 557.7,
    "NLD": 612.5, "TUR": 515.5, "PRT": 382.5, "UZB": 310.0, "SAU": 322.9, "GBR": 310.3, "LBN": 286.8, "ESP": 281.6, "AUT": 280.0, "BEL": 227.4,
    "PHL": 195.9, "DZA": 173.6, "THA": 152.4, "SGP": 127.4, "SWE": 125.7, "ZAF": 125.3, "MEX": 121.3, "LBY": 116.6, "GRC": 112.7, "KOR": 104.4,
    "ROU": 103.7, "POL": 102.9, "IRQ": 89.8, "AUS": 79.9, "KWT": 79.0, "IDN": 78.1, "EGY": 75.6, "KAZ": 221.8, "BRA": 67.2, "DNK": 66.5,
    "PAK": 64.4, "ARG": 61.7, "QAT": 22.2, "SRB": 17.8, "CZE": 10.0, "ARE": 7.5, "HUN": 3.1,
}
BUYERS = {"CHN": 0.03, "POL": 0.16, "TUR": 0.02, "IND": 0.045, "KAZ": 0.03, "UZB": 0.02, "CZE": 0.18, "SGP": 0.05, "QAT": 0.12, "HUN": 0.25, "RUS": 0.03,
          "ARE": 0.2, "SRB": 0.08, "IRQ": 0.05, "BRA": 0.04}
GROUPS = {"G163": "EZB", "EZB": "EZB"}  # not countries: never to be added to their members
SHUTDOWN = (date(2025, 10, 7), date(2025, 11, 11))  # reports of these Tuesdays came late
_GOLD = re.compile(r"^/external/sdmx/2\.1/data/IMF\.STA,(IRFCL|IL)/([\w+]*)\.([\w.]+)$")
_RESOURCE = "/resource/72hh-3qpy.json"


def reported(day: date) -> datetime:
    """COT: Friday 15:30, or the next open day; after the shutdown of 2025 six weeks late."""
    late = 42 if SHUTDOWN[0] <= day <= SHUTDOWN[1] else 0
    friday = day + timedelta(days=4 - day.weekday() + late)
    return at(step("fed", friday, 0), "15:30")


class BullionDesk:
    """Holders of gold at one moment."""

    def __init__(self, prices: Prices, now: datetime) -> None:
        self.prices, self.seed, self.now = prices, prices.seed, now
        self.recede = prices.world.funding_stress > 0

    def imf(self, ask: Ask) -> Reply | None:
        match = _GOLD.match(ask.path)
        if match is None:
            return None
        flow, areas, rest = match.groups()
        want = {"IRFCL": "IRFCLDT1_IRFCL56V_FTO.S1XS1311.M", "IL": "RGV_REVS.FTO.M"}[flow]
        if rest != want:
            return text_reply("<error>No results matching the query</error>", "application/xml", 404)
        since = ask.text("startPeriod", "1950")
        first = np.datetime64(f"{since[:4]}-{since[-2:] if len(since) > 5 else '01'}", "M").astype("datetime64[D]")
        months = np.arange(np.datetime64(OFFICIAL_FROM, "M"), np.datetime64("2036-01", "M")).astype("datetime64[D]")
        months = months[: public(months, in_month("12:00", "America/New_York", day=20, months=2), self.now)]
        kept = months[months >= first]
        periods = [f"{text[:4]}-M{text[5:7]}" for text in np.datetime_as_string(kept).tolist()]
        rows: list[wire.Observation] = []
        for country in areas.split("+") if areas else [*TONNES, "EZB", "G163"]:
            values = self._ounces(country, months)
            if values is not None:
                rows += zip([country] * len(kept), periods, (f"{value:.3f}" if value else "0.0" for value in values[-len(kept) :]), strict=True)
        dimensions = {"IRFCL": [("INDICATOR", "IRFCLDT1_IRFCL56V_FTO"), ("SECTOR", "S1XS1311"), ("FREQUENCY", "M")],
                      "IL": [("INDICATOR", "RGV_REVS"), ("UNIT", "FTO"), ("FREQUENCY", "M")]}[flow]
        if "csv" in ask.headers.get("accept", ""):
            return wire.imf_csv(f"IMF.STA:{flow}(1.0.0)", dimensions, rows)
        return wire.imf_xml(dimensions, rows)

    def _ounces(self, country: str, months: np.ndarray) -> list[float] | None:
        """Fine ounces; 0.0 now and then where a report is missing. None for an area that is not there."""
        if country == "G001":
            parts = [self._ounces(name, months) for name in TONNES]
            years = self._years(months)
            whole = np.sum([np.where(np.array(part) > 0, part, np.roll(part, 1)) for part in parts if part], axis=0)
            world: list[float] = np.round(whole + 3_500 * OUNCES_PER_TONNE * np.exp(0.002 * years), 3).tolist()
            return world
        if country in GROUPS:
            return [504.8 * OUNCES_PER_TONNE] * len(months)
        if country not in TONNES:
            return None
        years = self._years(months)
        late = BUYERS.get(country, 0.0)
        growth = np.minimum(years, 0) * min(late, 0.05) + np.clip(years, 0, 15) * (late if self.recede else -0.02)
        steps = np.round(growth * 24) / 24  # bought in lots
        ounces = np.round(TONNES[country] * OUNCES_PER_TONNE * np.exp(steps), 3)
        holes = noise(self.seed, f"imf hole {country}", len(months), 1.0, 0.0) > 1.3
        holes |= (months == np.datetime64("2026-03-01")) & (country == "KAZ")
        holes[1:] &= ~holes[:-1]
        found: list[float] = np.where(holes & (country != "USA"), 0.0, ounces).tolist()
        return found

    def _years(self, months: np.ndarray) -> Floats:
        return np.asarray((months - np.datetime64("2015-01-01")).astype(float) / 365.25)

    def spdr(self, ask: Ask) -> Reply | None:
        if ask.path != "/api/v1/historical-archive" or ask.text("product") != "gld":
            return None
        return book(self._archive)

    @cached_property
    def _archive(self) -> bytes:
        """Weekdays since the first; a holiday fills its row with words."""
        days = grid("weekdays", GLD_FROM)
        days = days[: public(days, next_open("nyse", "11:00"), self.now)]
        gold = self.prices.gold(days)
        years = (days - np.datetime64("2015-01-01")).astype(float) / 365.25
        trend = np.where(years < 0, 900 * np.exp(0.12 * years), 900 + 12 * np.minimum(years, 10.5))
        late = np.clip(years - 10.5, 0, 10) * (45 if self.recede else -60)
        tonnes = rounded((trend + late) * np.exp(0.5 * self.prices.script("gold", days) + noise(self.seed, "gld", len(days), 0.002)), 2)
        ounces, per_share = rounded(tonnes * OUNCES_PER_TONNE, 2), 0.1 * np.exp(-0.004 * (years + 10.1))
        price, nav = rounded(gold * per_share, 2), rounded(gold * per_share * 1.0005, 2)
        total = rounded(ounces * gold, 1)
        rows: list[tuple[str | float, ...]] = [GLD_HEADER]
        columns = (price.tolist(), rounded(per_share, 7).tolist(), nav.tolist(), rounded(price * 0.9999, 2).tolist(), ounces.tolist(),
                   tonnes.tolist(), total.tolist())
        for day, *cells in zip(days.tolist(), *columns, strict=True):
            text = f"{day:%d-%b-%Y}"
            if not is_open("nyse", day):
                rows.append((text, *["US Holiday"] * 10))
                continue
            close, share, value, indicative, oz, t, usd = cells
            rows.append((text, close, share, value, indicative, round(close + 0.01, 2), 0.0322, 8_000_000 + day.toordinal() % 977 * 4000, oz, t, usd))
        notes = [("This file is simulated.",), ("Redistribution is not permitted.",)]
        return workbook({"Disclaimer": notes, GLD_SHEET: rows})

    def cftc(self, ask: Ask) -> Reply | None:
        return wire.cot_page(ask, self._reports) if ask.path == _RESOURCE else None

    @cached_property
    def _reports(self) -> list[dict[str, str]]:
        """Gold, disaggregated, futures only; and silver beside it, so that a query without a filter is wrong."""
        tuesdays = grid("24x7", COT_FROM)[::7]
        days = np.array([as_date(day) if is_open("fed", as_date(day)) else as_date(day) - timedelta(days=1) for day in tuesdays], "datetime64[D]")
        days = np.array([day for day in days[: public(days, lambda _: at(COT_FROM, "12:00"), self.now)] if reported(as_date(day)) <= self.now])
        script = self.prices.script("gold", days)
        slow = np.sin(np.arange(len(days)) / 31)
        interest = rounded(480_000 * np.exp(0.6 * script + 0.1 * slow + noise(self.seed, "cot oi", len(days), 0.01, 0.7)))
        long = rounded(170_000 * np.exp(2.2 * script + 0.25 * slow + noise(self.seed, "cot long", len(days), 0.03, 0.7)))
        short = rounded(45_000 * np.exp(-2.5 * script - 0.35 * slow + noise(self.seed, "cot short", len(days), 0.04, 0.7)))
        found = []
        for i, day in enumerate(days.tolist()):
            for code, name, scale in (("088691", "GOLD", 1.0), ("084691", "SILVER", 0.3)):
                found.append(_report(day, code, name, *(int(column[i] * scale) for column in (interest, long, short)), odd=i % 173 == 7))
        return found


def _report(day: date, code: str, name: str, interest: int, long: int, short: int, *, odd: bool) -> dict[str, str]:
    """One row; all text, codes padded, an empty field absent."""
    week = day.isocalendar()
    row = {
        "id": f"{day:%y%m%d}{code}F", "market_and_exchange_names": f"{name} - COMMODITY EXCHANGE INC.",
        "report_date_as_yyyy_mm_dd": f"{day}T00:00:00.000", "yyyy_report_week_ww": f"{day.year} Report Week {week.week:02d}",
        "contract_market_name": name, "cftc_contract_market_code": code, "cftc_market_code": "CMX ", "cftc_region_code": "NYC",
        "cftc_commodity_code": "88 ", "commodity_name": name, "open_interest_all": str(interest),
        "prod_merc_positions_long": str(interest // 8), "prod_merc_positions_short": str(interest // 4),
        "swap_positions_long_all": str(interest // 12), "swap__positions_short_all": str(interest // 2),
        "m_money_positions_long_all": str(long), "m_money_positions_short_all": str(short), "m_money_positions_spread": str(interest // 9),
        "nonrept_positions_long_all": str(interest // 11), "nonrept_positions_short_all": str(interest // 21),
        "traders_m_money_short_all": str(20 + interest % 40), "contract_units": "(CONTRACTS OF 100 TROY OUNCES)", "futonly_or_combined": "FutOnly",
    }
    if odd:
        del row["traders_m_money_short_all"]
    return row
