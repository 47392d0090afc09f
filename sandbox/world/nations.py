"""Other currencies of the simulated worlds: consumer prices, policy rates, exchange rates.

Belongs here: the paths and when each is public. Does not belong here: dollar money (`money`), US releases (`macro`),
text formats. In `recede` prices outrun policy rates; in `counterfactual` cash keeps its value outside the dollar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np

from sandbox.world.days import (
    DAY,
    Days,
    Floats,
    Rule,
    at,
    grid,
    in_month,
    same_day,
    step,
)
from sandbox.world.line import Line, noise, on_days, rounded
from sandbox.world.money import Money
from sandbox.world.script import World

FROM, EURO_FROM = date(1996, 1, 1), date(1999, 1, 4)
Steps = tuple[tuple[str, float], ...]
Anchors = tuple[tuple[float, float], ...]  # (year, level), straight in logarithms between


@dataclass(frozen=True)
class Nation:
    """One currency area: index of 2015, growth per year (to 2021, of the surge to 2023, after) and policy rates."""

    name: str
    level: float
    growth: tuple[float, float, float]
    rates: Steps = ()
    bank: str = ""


NATIONS: dict[str, Nation] = {
    "EA": Nation("Euro area", 79.5, (0.014, 0.055, 0.026), (
        ("1999-01-01", 3.0), ("2000-10-06", 3.75), ("2003-06-06", 1.0), ("2007-06-13", 3.0), ("2009-05-13", 0.25), ("2012-07-11", 0.0),
        ("2014-09-10", -0.2), ("2016-03-16", -0.4), ("2019-09-18", -0.5), ("2022-07-27", 0.0), ("2022-11-02", 1.5), ("2023-03-22", 3.0),
        ("2023-09-20", 4.0), ("2024-06-12", 3.75), ("2024-12-18", 3.0), ("2025-06-11", 2.0)), "European Central Bank"),
    "GB": Nation("United Kingdom", 100.0, (0.019, 0.06, 0.034), (
        ("1996-01-01", 6.25), ("1999-01-07", 5.5), ("2003-07-10", 3.5), ("2007-07-05", 5.75), ("2009-03-05", 0.5), ("2016-08-04", 0.25),
        ("2018-08-02", 0.75), ("2020-03-19", 0.1), ("2022-02-03", 0.5), ("2022-08-04", 1.75), ("2023-02-02", 4.0), ("2023-08-03", 5.25),
        ("2024-11-07", 4.75), ("2025-08-07", 4.0), ("2025-12-18", 3.75)), "Bank of England"),
    "JP": Nation("Japan", 98.2, (0.002, 0.022, 0.027), (
        ("1996-01-01", 0.5), ("1999-02-12", 0.15), ("2001-03-19", 0.0), ("2007-02-21", 0.5), ("2008-12-19", 0.1), ("2016-02-16", -0.1),
        ("2024-03-21", 0.1), ("2024-08-01", 0.25), ("2025-01-27", 0.5), ("2025-12-22", 0.75)), "Bank of Japan"),
    "CH": Nation("Switzerland", 94.0, (0.003, 0.02, 0.008), (
        ("1996-01-01", 1.5), ("2000-06-15", 3.5), ("2003-03-06", 0.25), ("2007-09-13", 2.75), ("2009-03-12", 0.25), ("2015-01-15", -0.75),
        ("2022-06-17", -0.25), ("2022-09-23", 0.5), ("2023-06-23", 1.75), ("2024-03-22", 1.5), ("2024-12-13", 0.5), ("2025-06-20", 0.0)),
        "Swiss National Bank"),
    "CN": Nation("China", 101.0, (0.026, 0.03, 0.036), (
        ("1996-01-01", 10.08), ("1999-06-10", 5.85), ("2007-12-21", 7.47), ("2010-10-20", 5.56), ("2015-10-24", 4.35), ("2019-08-20", 4.25),
        ("2020-04-20", 3.85), ("2023-08-21", 3.45), ("2025-05-20", 3.0)), "People's Bank of China"),
    "US": Nation("United States", 108.7, (0.021, 0.05, 0.029)),
    "TW": Nation("Chinese Taipei", 93.0, (0.009, 0.026, 0.022)),
}
ISO3 = {"JPN": "JP", "GBR": "GB", "CHE": "CH", "CHN": "CN", "USA": "US", "EMU": "EA", "DEU": "EA"}
_USD_PER_EUR: Anchors = ((1999, 1.16), (2001, 0.89), (2005, 1.27), (2008, 1.5), (2012, 1.29), (2015.2, 1.09), (2018, 1.19), (2022.7, 0.99),
                         (2025, 1.06), (2026, 1.16))
PER_USD: dict[str, Anchors] = {
    "JPY": ((1971, 300), (1985, 230), (1995, 95), (1999, 115), (2005, 110), (2011.8, 78), (2015.4, 122), (2020, 107), (2024.5, 157),
            (2026, 153)),
    "GBP": ((1971, 0.41), (1985, 0.8), (1999, 0.61), (2007.8, 0.49), (2016, 0.69), (2022.7, 0.9), (2026, 0.75)),
    "CHF": ((1971, 4.2), (1985, 2.6), (1999, 1.45), (2011.6, 0.8), (2015, 0.95), (2022, 0.95), (2026, 0.80)),
    "CNY": ((1981, 1.7), (1994, 8.6), (2005, 8.28), (2014, 6.1), (2020, 7.0), (2022, 6.4), (2026, 7.05)),
    "TWD": ((1983, 40), (1992, 25), (2002, 34.5), (2015, 31.5), (2021, 27.9), (2026, 31.2)),
    "SEK": ((1999, 8.2), (2026, 9.4)), "NOK": ((1999, 7.8), (2026, 10.1)), "DKK": ((1999, 6.4), (2026, 6.4)), "PLN": ((1999, 3.9), (2026, 3.6)),
    "CZK": ((1999, 34.0), (2026, 20.9)), "HUF": ((1999, 230), (2026, 305)), "AUD": ((1999, 1.55), (2026, 1.5)),
    "CAD": ((1999, 1.5), (2026, 1.38)), "HKD": ((1999, 7.75), (2026, 7.8)), "KRW": ((1999, 1180), (2026, 1420)),
    "INR": ((1999, 43), (2026, 94)), "MXN": ((1999, 9.6), (2026, 17.4)), "BRL": ((1999, 1.8), (2026, 5.1)), "ZAR": ((1999, 6.1), (2026, 16.4)),
    "SGD": ((1999, 1.7), (2026, 1.28)), "NZD": ((1999, 1.9), (2026, 1.7)), "THB": ((1999, 38), (2026, 32.4)), "TRY": ((1999, 0.4), (2026, 45)),
}


H10 = {"DEXUSEU": "EUR", "DEXUSUK": "GBP", "DEXJPUS": "JPY", "DEXSZUS": "CHF", "DEXCHUS": "CNY", "DEXTAUS": "TWD"}


def bis_week(day: date) -> datetime:
    """Policy rates to a Wednesday come on the Thursday after it."""
    wednesday = day + timedelta(days=(2 - day.weekday()) % 7)
    return at(wednesday + DAY, "16:00", "Europe/Zurich")


def h10(day: date) -> datetime:
    """The Federal Reserve's H.10: a week of rates on the Monday after it."""
    return at(step("fed", day + timedelta(days=7 - day.weekday()), 0), "16:15")


def years_of(days: Days) -> Floats:
    return np.asarray(1970 + days.astype("datetime64[D]").astype(float) / 365.2425)


class Nations:
    """All series of other currencies in one world. Lines are made on demand and kept."""

    def __init__(self, world: World, seed: int, money: Money) -> None:
        self.world, self.seed, self.money = world, seed, money
        self.months = np.arange(np.datetime64(FROM, "M"), np.datetime64("2036-01", "M")).astype("datetime64[D]")
        self.weekdays = grid("weekdays", EURO_FROM)
        self.cpi = cache(self._cpi)
        self.per_usd = cache(self._per_usd)

    def index(self, area: str, days: Days, core: bool = False) -> Floats:
        """Consumer prices of an area on any days, unrounded and without noise; 2015 = its level."""
        nation, years = NATIONS[area], years_of(days)
        early, surge, late = nation.growth
        if self.world.funding_stress < 0 and area != "US":  # money keeps its value
            early, surge, late = min(early, 0.004) - 0.004, 0.002, -0.002
        spans = np.minimum(years, 2021) - 2015, np.clip(years, 2021, 2023) - 2021, np.maximum(years, 2023) - 2023
        log = early * spans[0] + surge * (0.7 if core else 1.0) * spans[1] + late * spans[2]
        return np.asarray(nation.level * np.exp(log))

    def _cpi(self, area: str, kind: str, decimals: int, rule: Rule) -> Line:
        """Monthly prices with a season and some noise."""
        core = kind == "core"
        season = 0.003 * np.sin(2 * np.pi * years_of(self.months))
        wobble = noise(self.seed, f"cpi {area} {core}", len(self.months), 0.0008, 0.5)
        return Line(self.months, rounded(self.index(area, self.months, core) * np.exp(season + wobble), decimals), rule, decimals)

    def policy(self, area: str) -> Line:
        """Policy rate on weekdays, percent. Raises KeyError for another area."""
        days = grid("weekdays", FROM)
        if area in ("US",):
            values = np.round(self.money.upper(days) - 0.125, 4)
        else:
            steps = NATIONS["EA" if area == "XM" else area].rates
            since = np.array([day for day, _ in steps], dtype="datetime64[D]")
            values = on_days(since, np.array([level for _, level in steps]), days)
        kept = ~np.isnan(values)
        return Line(days[kept], values[kept], bis_week, 4)

    def deposit_rate(self) -> Line:
        """FRED's copy of the ECB's deposit rate: every day, known in advance."""
        days = grid("24x7", EURO_FROM)
        source = self.policy("XM")
        return Line(days, on_days(source.days, source.values, days), same_day("00:00"))

    def _per_usd(self, currency: str) -> Floats:
        """Units per dollar (USD per euro for 'EUR') on `weekdays`."""
        anchors = _USD_PER_EUR if currency == "EUR" else PER_USD[currency]
        at_, levels = zip(*anchors, strict=True)
        calm = np.interp(years_of(self.weekdays), at_, np.log(levels))
        slow = 0.02 * np.sin(years_of(self.weekdays) * (2.1 + 0.1 * (sum(map(ord, currency)) % 9)))
        return np.asarray(np.exp(calm + slow + noise(self.seed, f"fx {currency}", len(self.weekdays), 0.004)))

    def rate(self, currency: str, days: Days) -> Floats:
        """Units per dollar on any days from 1999-01-04, carried over closed ones."""
        if currency in ("USD", "EUR"):
            return np.asarray(1 / on_days(self.weekdays, self.per_usd("EUR"), days)) if currency == "EUR" else np.ones(len(days))
        return on_days(self.weekdays, self.per_usd(currency), days)

    def per_euro(self, currency: str, days: Days) -> Floats:
        return np.asarray(self.rate(currency, days) / self.rate("EUR", days))

    def h10_line(self, name: str) -> Line:
        """FRED's DEX ids; holidays are empty cells. Raises KeyError for another id."""
        currency = H10[name]
        values = self.per_usd(currency)
        values = 1 / values if currency == "GBP" else values
        decimals = 2 if currency in ("JPY", "TWD") else 4
        open_ = np.isin(self.weekdays, grid("fed", EURO_FROM))
        return Line(self.weekdays, np.where(open_, rounded(values, decimals), np.nan), h10, decimals)

    def effective(self, real: bool) -> Line:
        """The dollar's broad effective rate, monthly, 2020 = 100 or so."""
        days = self.months[self.months >= np.datetime64(EURO_FROM)]
        basket = -0.45 * np.log(self.rate("EUR", days) ** -1 / 1.15) + 0.25 * np.log(self.rate("JPY", days) / 110)
        drift = 0.01 * (years_of(days) - 2020) if not real else 0.0
        wobble = noise(self.seed, f"eer {real}", len(days), 0.004, 0.7)
        return Line(days, rounded(100 * np.exp(basket + drift + wobble), 2), in_month("14:00", "Europe/Zurich", day=17), 2)

    def ecb_days(self) -> Days:
        return grid("target", EURO_FROM)


HICP = in_month("11:00", "Europe/Brussels", day=17)
ONS = in_month("07:00", "Europe/London", weekday=2)
OECD = in_month("12:00", "Europe/Paris", day=5, months=2)
HICP_ON_FRED = in_month("12:00", "America/New_York", day=18)
EURO_CLOCK = same_day("16:00", "Europe/Berlin")

__all__ = ["EURO_CLOCK", "H10", "HICP", "HICP_ON_FRED", "ISO3", "NATIONS", "OECD", "ONS", "PER_USD", "Nations"]
