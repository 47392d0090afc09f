"""The desks of daily rates: OFR stress and funding, the Atlanta Fed's tracker, euro and dollar exchange rates.

Belongs here: www.financialresearch.gov, data.financialresearch.gov, www.atlantafed.org, www.ecb.europa.eu,
cdn.jsdelivr.net and its mirror. Does not belong here: exchange rates themselves (`nations`).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cached_property
from zlib import crc32

import numpy as np

from sandbox.wire import Ask, Reply, json_reply
from sandbox.wire import stats as wire
from sandbox.wire.xlsx import MPT_HEADER, book, workbook
from sandbox.world.days import DAY, Days, at, grid, next_open, public
from sandbox.world.line import Line, noise, on_days, rounded
from sandbox.world.money import Money
from sandbox.world.nations import EURO_CLOCK, PER_USD, Nations
from sandbox.world.prices import Prices
from sandbox.world.script import hoped

FSI_FROM, MPT_FROM, CURRENCY_FROM = date(2000, 1, 3), date(2023, 3, 29), date(2024, 3, 2)
MPT = "/-/media/Project/Atlanta/FRBA/Documents/cenfis/market-probability-tracker/mpt_histdata.xlsx"
_CDN = re.compile(r"^/npm/@fawazahmed0/currency-api@([\w.-]+)/v1/currencies/(\w+)(\.min)?\.json$")
_MIRROR = re.compile(r"^(\d{4}-\d\d-\d\d|latest)\.currency-api\.pages\.dev$")
MONITOR = {  # mnemonic -> (first day, level, growth per year, unit)
    "REPO-TRI_TV_TOT-P": ("2014-08-22", 1_500.0, 0.06, 1e9), "REPO-DVP_TV_TOT-P": ("2018-01-02", 700.0, 0.13, 1e9),
    "REPO-GCF_TV_TOT-P": ("2014-08-22", 90.0, 0.02, 1e9), "MMF-MMF_RP_TOT-M": ("2010-11-30", 700.0, 0.10, 1e9),
    "MMF-MMF_TOT-M": ("2010-11-30", 2_800.0, 0.09, 1e9),
}
LAST_UPDATE = 2  # hour UTC at which a day's file of currency-api is there


class RateDesk:
    """Daily rates and measures at one moment."""

    def __init__(self, prices: Prices, money: Money, nations: Nations, now: datetime) -> None:
        self.prices, self.money, self.nations, self.now = prices, money, nations, now
        self.seed = prices.seed

    def stress(self, ask: Ask) -> Reply | None:
        if ask.path != "/financial-stress-index/data/fsi.csv":
            return None
        days = grid("nyse", FSI_FROM)
        days = days[: public(days, next_open("nyse", "17:00", 2), self.now)]
        fall = -self.prices.script("sp500", days)
        dear = on_days(self.money.days, self.money.sofr_bp, days)
        calm = {"Credit": (-0.45, 9.0), "Equity": (-0.30, 12.0), "Safe": (0.0, 3.0), "Funding": (-0.25, 4.0), "Volatility": (-0.60, 16.0)}
        parts = [level + rise * fall + noise(self.seed, f"fsi {name}", len(days), 0.03, 0.8) for name, (level, rise) in calm.items()]
        parts[3] = parts[3] + np.where(np.isnan(dear), 0, dear) * 0.01
        whole = np.sum(parts, axis=0)
        regions = [whole * 0.55, whole * 0.30, whole * 0.15]
        columns = [[_short(value) for value in column.tolist()] for column in (whole, *parts, *regions)]
        return wire.fsi(list(zip(np.datetime_as_string(days).tolist(), zip(*columns, strict=True), strict=True)))

    def monitor(self, ask: Ask) -> Reply | None:
        path, name = ask.path.removeprefix("/v1/series/"), ask.text("mnemonic")
        if path not in ("timeseries", "full"):
            return None
        line = self._monitored(name)
        if line is None:
            return json_reply({"error": f"Invalid mnemonic: {name}"}, 400)
        first, last = ask.text("start_date"), ask.text("end_date", "9999")
        pairs = [pair for pair in line.rows(line.known(self.now)) if first <= pair[0] <= last]
        scale = MONITOR[name][3] if name in MONITOR else 1.0
        if path == "full":
            series = {"aggregation": [[day, float(value) * scale if value else None] for day, value in pairs], "disclosure_edits": []}
            return json_reply({name: {"timeseries": series, "metadata": {"mnemonic": name}}})
        return wire.monitor(pairs, scale)

    def _monitored(self, name: str) -> Line | None:
        """One series of the monitor; the newest row of a `-P` one is preliminary."""
        if name in ("REPO-DVP_AR_TOT-P", "FNYR-SOFR-A"):
            source = self.money.rates["sofr"]
            shift = 0.02 if name.startswith("REPO") else 0.0
            return Line(source.days, rounded(source.values + shift, 2), next_open("sifma", "17:00"), 2)
        if name not in MONITOR:
            return None
        first, level, growth, _ = MONITOR[name]
        days = grid("sifma", date(2014, 8, 22))
        rule = next_open("sifma", "17:00")
        if name.endswith("-M"):
            months = np.arange(np.datetime64("2010-12", "M"), np.datetime64("2036-01", "M"))
            days = months.astype("datetime64[D]") - 1

            def rule(day: date) -> datetime:
                return at(day + timedelta(days=27), "16:00")

        days = days[days >= np.datetime64(first)]
        years = (days - np.datetime64("2018-01-01")).astype(float) / 365.25
        values = level * np.exp(growth * years + noise(self.seed, name, len(days), 0.012, 0.5))
        early = values * (1 + noise(self.seed, f"{name} early", len(days), 0.003, 0.0))
        holes = (np.arange(len(days)) % 611 == 600) & (not name.endswith("-M"))
        values = np.where(holes, np.nan, rounded(values, 3))
        return Line(days, values, rule, 3, np.where(holes, np.nan, rounded(early, 3)) if name.endswith("-P") else None)

    def atlanta(self, ask: Ask) -> Reply | None:
        return book(self._tracker) if ask.path == MPT else None

    @cached_property
    def _tracker(self) -> bytes:
        """The long sheet with its windows by quarter; the drawing of its last sheet is not in the file."""
        days = grid("sifma", MPT_FROM)
        days = days[: public(days, next_open("sifma", "16:00"), self.now)]
        upper = self.money.upper(days)
        tone = np.sin((days - days[0]).astype(float) / 55) + noise(self.seed, "mpt", len(days), 0.15, 0.8)
        cuts = hoped(self.money.world, days)
        rows: list[tuple[str | float, ...]] = [MPT_HEADER]
        for day, top, mood, added in zip(days.tolist(), upper.tolist(), (tone - cuts).tolist(), cuts.tolist(), strict=True):
            floor = round(top * 100) - 25
            band, text = f"{floor}bps - {floor + 25}bps", day.isoformat()
            for n, window in enumerate(_windows(day)):
                cut = min(97.0, max(1.0, 22 + 7 * n + 18 * mood))
                hike = min(97.0 - cut, max(0.5, 9 + 2 * n - 7 * mood))
                mean = floor + 12.5 - (cut - hike) * 0.3 * (1 + n / 2) + 100 * added
                serial = (window - date(1899, 12, 30)).days
                for name, value in (("Prob: cut", cut), ("Prob: hike", hike), ("Rate: mean", mean), ("Rate: mode", floor + 12.5),
                                    ("Rate: 25th percentile", mean - 22)):
                    rows.append((text, serial, band, name, round(value, 2)))
        return workbook({"LICENSE": [("For personal and educational use.",)], "DATA": rows}, dangling=True)

    def euro(self, ask: Ask) -> Reply | None:
        if ask.path != "/stats/eurofxref/eurofxref-hist.zip":
            return None
        return self._euro

    @cached_property
    def _euro(self) -> Reply:
        days = self.nations.ecb_days()
        days = days[: public(days, EURO_CLOCK, self.now)]
        columns = {"USD": [f"{value:.4f}" for value in (1 / self.nations.rate("EUR", days)).tolist()]}
        for name in PER_USD:
            form = "%.2f" if name in ("JPY", "HUF", "KRW") else "%.5f" if name == "GBP" else "%.4f"
            columns[name] = [form % value for value in self.nations.per_euro(name, days).tolist()]
        young = int(np.searchsorted(days, np.datetime64("2005-04-01")))
        for name in ("CNY", "HKD", "INR", "MXN", "BRL", "THB", "TRY"):
            columns[name][:young] = ["N/A"] * young
        del columns["TWD"]
        return wire.euro_rates(np.datetime_as_string(days).tolist(), columns)

    def currency(self, ask: Ask) -> Reply | None:
        match = _CDN.match(ask.path)
        return self._currency(match[1], match[2], small=bool(match[3])) if match else None

    def mirror(self, ask: Ask) -> Reply | None:
        """<day>.currency-api.pages.dev"""
        host, path = _MIRROR.match(ask.host), re.match(r"^/v1/currencies/(\w+)(\.min)?\.json$", ask.path)
        return self._currency(host[1], path[1], small=bool(path[2])) if host and path else None

    def _there(self, day: date) -> bool:
        """Whether a day's file exists: one in forty never comes."""
        ready = datetime(day.year, day.month, day.day, LAST_UPDATE, tzinfo=self.now.tzinfo)
        return day >= CURRENCY_FROM and ready <= self.now and crc32(f"{self.seed} {day}".encode()) % 40 != 0

    def _currency(self, version: str, base: str, *, small: bool) -> Reply:
        day = self.now.date()
        if version == "latest":
            while not self._there(day):
                day -= DAY
        else:
            try:
                day = date.fromisoformat(version)
            except ValueError:
                day = date.min
        per_dollar = self._per_dollar(day - DAY) if day > date.min and self._there(day) else {}
        if base not in per_dollar:
            return wire.currency_missing(version, "@fawazahmed0/currency-api")
        return wire.currency_day(day.isoformat(), base, {code: value / per_dollar[base] for code, value in per_dollar.items()}, small=small)

    def _per_dollar(self, day: date) -> dict[str, float]:
        """Units of everything per dollar at the close of a day."""
        one: Days = np.array([day], dtype="datetime64[D]")
        found = {name.lower(): float(self.nations.rate(name, one)[0]) for name in ("USD", "EUR", *PER_USD)}
        found |= {"xau": 1 / float(self.prices.gold(one)[0]), "xag": 80 / float(self.prices.gold(one)[0])}
        for coin in ("btc", "eth", "sol"):
            found[coin] = 1 / float(self.prices.close(f"{coin.upper()}-USD", one)[0])
        return found


def _windows(day: date) -> list[date]:
    """First days of the running quarterly window and the five after it: third Wednesdays of March, June, ..."""
    found = []
    for year in range(day.year - 1, day.year + 3):
        for month in (3, 6, 9, 12):
            first = date(year, month, 1)
            found.append(first + timedelta(days=(2 - first.weekday()) % 7 + 14))
    start = sum(window <= day for window in found) - 1
    return found[start : start + 6]


def _short(value: float) -> float:
    """Three decimals, or three digits of something smaller."""
    return round(value, 3) if abs(value) >= 0.0005 else float(f"{value:.3g}")



