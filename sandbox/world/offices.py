"""The desks of statistical offices and the OFR: BLS, Eurostat, ONS, OECD, World Bank, BIS.

Belongs here: which observations each shows at one moment for a request. Does not belong here: numbers (`nations`,
`macro`), text formats (`sandbox.wire.stats`).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import Any

import numpy as np

from sandbox.wire import Ask, Reply, html_404, text_reply
from sandbox.wire import stats as wire
from sandbox.world.days import at, local_day
from sandbox.world.line import Line
from sandbox.world.macro import CPI, RELEASES, Release, release_line, released
from sandbox.world.nations import HICP, ISO3, NATIONS, OECD, ONS, Nations

BLS_LINES: dict[str, Release] = {
    "CUUR0000SA0": RELEASES["CPIAUCNS"], "CUSR0000SA0": RELEASES["CPIAUCSL"], "CUSR0000SA0L1E": RELEASES["CPILFESL"],
    "CUUR0000SA0L1E": Release(239.2, 0.028, 0.001, 3, 0.0, CPI), "CUSR0000SAH1": Release(248.0, 0.033, 0.0004, 3, 0.0004, CPI),
    "CUSR0000SAF1": Release(246.0, 0.028, 0.0008, 3, 0.0004, CPI), "CUSR0000SA0E": Release(205.0, 0.024, 0.01, 3, 0.0004, CPI),
}
_ON_FRED = {"CUUR0000SA0": "CPIAUCNS", "CUSR0000SA0": "CPIAUCSL", "CUSR0000SA0L1E": "CPILFESL"}
_HICP = "/eurostat/api/dissemination/statistics/1.0/data/prc_hicp_"
_HICP_AREAS = {"EA": "EA", "EA20": "EA", "EA21": "EA", "DE": "EA", "CH": "CH"}
_OECD = re.compile(r"^/public/rest/data/OECD\.SDD\.TPS,DSD_PRICES@DF_PRICES_ALL,/([\w.+]+)$")
_BIS = re.compile(r"^/api/v1/data/(WS_CBPOL|WS_EER)/([\w.+]+)/all$")
_WORLD_BANK = re.compile(r"^/v2/country/([\w;]+)/indicator/([\w.]+)$")
_FRONT = ("freq", "unit", "coicop18", "geo")
_COUNTRIES = {"USA": "US", "JPN": "JP", "GBR": "GB", "CHE": "CH", "CHN": "CN"}


class OfficeDesk:
    """Consumer prices and policy rates at one moment."""

    def __init__(self, nations: Nations, now: datetime) -> None:
        self.nations, self.now = nations, now
        self._bls_rows = cache(self._bls)

    def _rows(self, line: Line, since: str = "") -> list[wire.Pair]:
        rows = line.rows(line.known(self.now))
        return [pair for pair in rows if pair[0][: len(since)] >= since] if since else rows

    def _bls(self, name: str) -> list[wire.Pair] | None:
        if name == "CUUR0000SA0R":  # what a dollar of 1982-84 buys
            return [(day, f"{10_000 / float(value):.1f}" if value else "") for day, value in self._bls_rows("CUUR0000SA0") or []]
        if name not in BLS_LINES:
            return None
        seed = self.nations.seed
        return self._rows(release_line(_ON_FRED[name], seed) if name in _ON_FRED else released(name, BLS_LINES[name], seed))

    def bls(self, ask: Ask) -> Reply | None:
        if ask.path != "/publicAPI/v2/timeseries/data/":
            return None
        names, key = ask.query.get("seriesid"), ask.text("registrationkey")
        if not isinstance(names, list) or not names or key == "bad":
            return wire.bls_refusal(f"The key:{key} provided by the User is invalid." if key else "No seriesid was given.")
        today = local_day(self.now)
        first, last = int(ask.text("startyear", str(today.year - 2))), int(ask.text("endyear", str(today.year)))
        if last < first:
            return wire.bls_refusal("Invalid year range.")
        reach, message = 20 if key else 10, []
        if last - first >= reach:
            last = first + reach - 1
            message.append(f"Year range has been reduced to the system-allowed limit of {reach} years.")
        series, newest, means = {}, {}, {}
        for name in map(str, names[: 50 if key else 25]):
            rows = self._bls_rows(name)
            if rows is None:
                message.append(f"Series does not exist for Series {name}")
            rows = rows or []
            series[name] = [(day, value) for day, value in rows if first <= int(day[:4]) <= last]
            if rows:
                newest[name] = rows[-1][0]
                message += [f"No Data Available for Series {name} Year: {year}" for year in range(first, last + 1) if str(year) < rows[0][0][:4]]
            if name.startswith("CUUR"):
                means[name] = _means(series[name])
        return wire.bls(series, newest, means, message)

    def eurostat(self, ask: Ask) -> Reply | None:
        name = ask.path.removeprefix(_HICP)
        if not ask.path.startswith(_HICP) or name not in ("minr", "midx"):
            return None
        old = name == "midx"
        item, wanted = ("coicop", "CP00") if old else ("coicop18", "TOTAL")
        odd = next((p for p in ask.query if p not in ("format", "lang", "geo", "unit", "sinceTimePeriod", "untilTimePeriod", "freq", item)), None)
        if odd:
            return wire.eurostat_error(odd.upper())
        area, kind, unit = _HICP_AREAS.get(ask.text("geo")), ask.text(item, wanted), ask.text("unit", "I25")
        if area is None or kind not in (wanted, "TOT_X_NRG_FOOD") or unit not in ("I25", "I15", "RCH_A"):
            return wire.jsonstat("HICP", "", [("time", [])], {}, {})
        line = self.nations.cpi(area, "core" if kind == "TOT_X_NRG_FOOD" else "all", 2, HICP)
        rows = [(day[:7], float(value)) for day, value in self._rows(line)]
        if unit == "I15":
            rows = [(month, round(value * 1.25, 2)) for month, value in rows]
        elif unit == "RCH_A":
            rows = [(month, round((value / before - 1) * 100, 1)) for (month, value), (_, before) in zip(rows[12:], rows, strict=False)]
        since, until = ask.text("sinceTimePeriod"), "2025-12" if old else "9999"
        rows = [(month, value) for month, value in rows if since <= month <= until]
        codes = [("freq", ["M"]), ("unit", [unit]), (item, [kind]), ("geo", [ask.text("geo")]), ("time", [month for month, _ in rows])]
        values = {str(n): value for n, (_, value) in enumerate(rows)}
        status = {str(len(rows) - 1): "p"} if rows else {}
        return wire.jsonstat("HICP - monthly data (index)", f"{self.now:%Y-%m-%dT11:00:00+0200}", codes, values, status)

    def ons(self, ask: Ask) -> Reply | None:
        if ask.path != "/generator" or ask.text("uri") != "/economy/inflationandpriceindices/timeseries/d7bt/mm23":
            return None
        line = self.nations.cpi("GB", "all", 1, ONS)
        months = self._rows(line)
        years: dict[str, list[float]] = {}
        quarters: dict[str, list[float]] = {}
        for day, value in months:
            years.setdefault(day[:4], []).append(float(value))
            quarters.setdefault(f"{day[:4]} Q{(int(day[5:7]) + 2) // 3}", []).append(float(value))
        rows = [(year, f"{np.mean(cells):.1f}") for year, cells in years.items() if len(cells) == 12]
        rows += [(quarter, f"{np.mean(cells):.1f}") for quarter, cells in quarters.items() if len(cells) == 3]
        rows += [(f"{day[:4]} {wire.MONTHS[int(day[5:7]) - 1][:3].upper()}", value) for day, value in months]
        released_on = ONS(date.fromisoformat(months[-1][0])).date()
        return wire.ons("CPI INDEX 00: ALL ITEMS 2015=100", "D7BT", f"{released_on:%d-%m-%Y}", rows)

    def oecd(self, ask: Ask) -> Reply | None:
        match = _OECD.match(ask.path)
        if match is None:
            return None
        key = match[1].split(".")
        if len(key) != 8 or key[1:] != ["M", "N", "CPI", "IX", "_T", "N", "_Z"] or key[0] not in ISO3:
            return text_reply("NoRecordsFound", "text/plain", 404)
        line = self.nations.cpi(ISO3[key[0]], "oecd", 4, OECD)
        return wire.oecd(key, self._rows(line, ask.text("startPeriod")))

    def worldbank(self, ask: Ask) -> Reply | None:
        match = _WORLD_BANK.match(ask.path)
        if match is None:
            return None
        countries = match[1].split(";")
        if match[2] != "FP.CPI.TOTL" or not set(countries) <= set(_COUNTRIES) or ask.text("format") != "json":
            return wire.worldbank_error()
        first, _, last = ask.text("date", "1960:2035").partition(":")
        newest = self.now.year - 1
        found: list[dict[str, Any]] = []
        for country in countries:
            for year in range(min(int(last or first), newest), max(int(first), 1960) - 1, -1):
                found.append(self._year(country, year))
        size, page = int(ask.text("per_page", "50")), int(ask.text("page", "1"))
        pages = max(1, -(-len(found) // size))
        updated = self.now.date().replace(day=1).isoformat()
        return wire.worldbank(found[(page - 1) * size : page * size], page, pages, size, len(found), updated)

    def _year(self, country: str, year: int) -> dict[str, Any]:
        """A year's mean, 2010 = 100; null until the middle of the next year."""
        area = _COUNTRIES[country]
        levels = self.nations.index(area, np.array([f"{year}-07-01", "2010-07-01"], dtype="datetime64[D]"))
        value = round(float(levels[0] / levels[1] * 100), 6) if at(date(year + 1, 7, 1), "12:00") <= self.now else None
        return {"indicator": {"id": "FP.CPI.TOTL", "value": "Consumer price index (2010 = 100)"},
                "country": {"id": area, "value": NATIONS[area].name}, "countryiso3code": country, "date": str(year), "value": value, "unit": "",
                "obs_status": "", "decimal": 0}

    def bis(self, ask: Ask) -> Reply | None:
        match = _BIS.match(ask.path)
        if match is None or ask.text("format") != "csv":
            return None
        flow, key = match[1], match[2].split(".")
        areas, since = key[-1].split("+"), ask.text("startPeriod")
        if flow == "WS_EER":
            if len(key) != 4 or key[0] != "M" or key[1] not in "NR" or key[2] != "B" or areas != ["US"]:
                return html_404()
            line = self.nations.effective(key[1] == "R")
            return wire.bis_eer([(",".join([*key[:3], "US"]), pair) for pair in self._rows(line, since)])
        if len(key) != 2 or key[0] != "D" or not set(areas) <= {"US", "XM", "GB", "JP", "CH", "CN"}:
            return html_404()
        banks = {"US": "Federal Reserve Bank of New York", "XM": NATIONS["EA"].bank, **{a: NATIONS[a].bank for a in ("GB", "JP", "CH", "CN")}}
        rows = [("D", area, banks[area], pair) for area in areas for pair in self._rows(self.nations.policy(area), since)]
        return wire.bis_rates(rows)


def _means(pairs: list[wire.Pair]) -> dict[str, str]:
    """Annual means of whole years."""
    years: dict[str, list[float]] = {}
    for day, value in pairs:
        if value:
            years.setdefault(day[:4], []).append(float(value))
    return {year: f"{np.mean(values):.3f}" for year, values in years.items() if len(values) >= 11}
