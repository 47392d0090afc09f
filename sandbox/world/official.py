"""The official desks: New York Fed rates and operations, Treasury curves, the daily Treasury statement.

Belongs here: which rows are public at `now` for a request. Does not belong here: numbers (`money`), text (`sandbox.wire`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from sandbox.wire import Ask, Reply, json_reply, nyfed, treasury
from sandbox.world.days import as_date, at, grid, step
from sandbox.world.line import Line, day_range, on_days
from sandbox.world.money import REAL_TENORS, SRF_FROM, TENORS, TWO_WINDOWS_FROM, Money

SECURED, UNSECURED = ("sofr", "bgcr", "tgcr"), ("effr", "obfr")
_RATES = re.compile(r"^/api/rates/(secured|unsecured|all)(?:/(\w+))?/(search|latest|last/(\d+))\.json$")
_OPERATIONS = re.compile(r"^/api/rp/(?:(all|repo|reverserepo)/\w+/)?results/(search|latest|lastTwoWeeks|last/(\d+))\.json$")
_CURVE = re.compile(r"/daily-treasury-rates\.csv/(?:(\d{4})/all|all/(\d{4})(\d\d))$")
_BALANCE = "/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance"


class OfficialDesk:
    """markets.newyorkfed.org, home.treasury.gov and api.fiscaldata.treasury.gov at one moment."""

    def __init__(self, money: Money, now: datetime) -> None:
        self.money, self.now = money, now

    def nyfed(self, ask: Ask) -> Reply | None:
        rates, operations = _RATES.match(ask.path), _OPERATIONS.match(ask.path)
        if rates is None and operations is None:
            known = ask.path.startswith(("/api/rates/", "/api/rp/"))
            return json_reply({"message": "Bad Request"}, 400, nyfed.CONTENT) if known else None
        form, count = (rates or operations).group(3 if rates else 2, 4 if rates else 3)  # type: ignore[union-attr]
        try:
            first = date.fromisoformat(ask.text("startDate", "2000-01-01")) if form == "search" else None
            last = date.fromisoformat(ask.text("endDate", self.now.date().isoformat())) if form == "search" else None
        except ValueError:
            return json_reply({"message": "Bad Request"}, 400, nyfed.CONTENT)
        if rates:
            return self._rates(rates.group(1), rates.group(2) or "all", first, last, int(count or 1))
        assert operations is not None
        kinds = {"repo": {"Repo"}, "reverserepo": {"Reverse Repo"}}.get(operations.group(1), {"Repo", "Reverse Repo"})
        if "operationTypes" in ask.query:
            kinds &= set(ask.text("operationTypes").replace("ReverseRepo", "Reverse Repo").split(","))
        if form == "search":
            rows = list(self._operations(kinds, first, last))
        else:
            rows = list(self._operations(kinds, self.now.date() - timedelta(days=13 if form == "lastTwoWeeks" else 40), None))
            rows = rows if form == "lastTwoWeeks" else rows[: int(count or 1)]
        return nyfed.operations(rows)

    def _rates(self, side: str, name: str, first: date | None, last: date | None, count: int) -> Reply | None:
        names = {"secured": (*SECURED, "sofrai"), "unsecured": UNSECURED, "all": (*SECURED, "sofrai", *UNSECURED)}[side]
        if name != "all" and name not in names:
            return json_reply({"message": "Bad Request"}, 400, nyfed.CONTENT)
        chosen = names if name == "all" else (name,)
        rows = [row for one in chosen for row in self._rate_rows(one, first, last, count)]
        rows.sort(key=lambda row: str(row["effectiveDate"]), reverse=True)
        return nyfed.rates(rows)

    def _rate_rows(self, name: str, first: date | None, last: date | None, count: int) -> Iterator[dict[str, Any]]:
        line = self.money.rates["sofr" if name == "sofrai" else name]
        known = line.known(self.now)
        window = day_range(line, first, last) if first and last else slice(max(0, known - count), known)
        span = range(window.start, min(window.stop, known))
        volume = self.money.volume("sofr" if name == "sofrai" else name, line.days)
        upper = self.money.upper(line.days)
        for i in reversed(span):
            row: dict[str, Any] = {"effectiveDate": line.day_texts[i], "type": name.upper()}
            if name == "sofrai":
                growth = self._sofr_index
                for days, key in ((30, "average30day"), (90, "average90day"), (180, "average180day")):
                    row[key] = float((growth[i] / growth[max(0, i - days * 5 // 7)] - 1) * 36_000 / days)
                row["index"] = float(growth[i])
            else:
                row["percentRate"] = float(line.values[i])
                for share, key in (("p1", "1"), ("p25", "25"), ("p75", "75"), ("p99", "99")):
                    row[f"percentPercentile{key}"] = float(self.money.rates[f"{name}_{share}"].values[i])
                if name == "effr":
                    row |= {"targetRateFrom": float(upper[i] - 0.25), "targetRateTo": float(upper[i])}
                row["volumeInBillions"] = int(volume[i])
            yield {**row, "revisionIndicator": ""}

    @cached_property
    def _sofr_index(self) -> np.ndarray:
        line = self.money.rates["sofr"]
        gaps = np.append(1, np.diff(line.days).astype(int))
        return np.cumprod(1 + line.values * gaps / 36_000)

    def _operations(self, kinds: set[str], first: date | None, last: date | None) -> Iterator[dict[str, Any]]:
        """Results public at `now`, newest first."""
        days = self.money.onrrp.days
        low = int(np.searchsorted(days, np.datetime64(first or days[0])))
        high = int(np.searchsorted(days, np.datetime64(min(last or self.now.date(), self.now.date())), side="right"))
        award = self.money.award(days[low:high])
        upper = self.money.upper(days[low:high])
        for i in range(high - 1, low - 1, -1):
            day = as_date(days[i])
            matures = step("fed", day)
            for row in self._of_day(day, matures, i, float(award[i - low]), float(upper[i - low])):
                if row["operationType"] in kinds and at(day, row["closeTime"]) + timedelta(minutes=5) <= self.now:
                    yield row

    def _of_day(self, day: date, matures: date, i: int, award: float, upper: float) -> Iterator[dict[str, Any]]:
        common = {"day": day.isoformat(), "matures": matures.isoformat(), "term_days": (matures - day).days}
        taken = round(float(self.money.onrrp.values[i]) * 1000) * 1_000_000
        yield nyfed.operation("Reverse Repo", "Fixed Rate", number=26, release="12:45", close="13:15", accepted=taken, rate=award,
                              counterparties=max(1, taken // 10**10), **common)  # type: ignore[arg-type]
        if day < SRF_FROM:
            return
        taken = round(float(self.money.srf.values[i]) * 1000) * 1_000_000
        if day < TWO_WINDOWS_FROM:
            yield nyfed.operation("Repo", "Multiple Price", number=25, release="13:30", close="13:45", accepted=taken, rate=upper,
                                  **common)  # type: ignore[arg-type]
        else:
            morning = taken * 2 // 5 // 1_000_000 * 1_000_000
            yield nyfed.operation("Repo", "Full Allotment", number=25, release="13:30", close="13:45", accepted=taken - morning,
                                  rate=upper, **common)  # type: ignore[arg-type]
            yield nyfed.operation("Repo", "Full Allotment", number=24, release="08:15", close="08:30", accepted=morning, rate=upper,
                                  **common)  # type: ignore[arg-type]
        if day.month % 3 == 0 and 8 <= day.day <= 14 and day.weekday() == 2:  # one test a quarter; its note is sometimes empty
            note = "" if day.month == 6 else "Small Value Exercise"
            yield nyfed.operation("Repo", "Multiple Price", number=90, release="10:30", close="10:45", accepted=75_000_000,
                                  rate=upper, note=note, **common)  # type: ignore[arg-type]

    def treasury(self, ask: Ask) -> Reply | None:
        match = _CURVE.search(ask.path)
        kind = ask.text("type")
        if match is None or kind not in ("daily_treasury_yield_curve", "daily_treasury_real_yield_curve"):
            return None
        year, month = int(match.group(1) or match.group(2)), match.group(3)
        real = "real" in kind
        columns = [c for c in (REAL_TENORS if real else TENORS) if year >= {"2 Mo": 2018, "4 Mo": 2022, "1.5 Month": 2025}.get(c, 0)]
        lines = [self.curves[real][column] for column in columns]
        count = lines[0].known(self.now)
        window = day_range(lines[0], date(year, 1, 1), date(year, 12, 31))
        rows = [
            (day, [line.texts[i] for line in lines])
            for i in range(window.start, min(window.stop, count))
            if (day := as_date(lines[0].days[i])) and (month is None or day.month == int(month))
        ]
        return treasury.curve_csv(columns, rows) if rows else None

    @cached_property
    def curves(self) -> dict[bool, dict[str, Line]]:
        return {real: {c: self.money.curve(c, real) for c in (REAL_TENORS if real else TENORS)} for real in (False, True)}

    def fiscaldata(self, ask: Ask) -> Reply | None:
        return treasury.fiscal_page(ask, list(self._statement)) if ask.path == _BALANCE else None

    @cached_property
    def _statement(self) -> list[dict[str, str]]:
        line = self.money.tga
        deposits = on_days(grid("weekdays"), 30_000 + 5_000 * np.sin(np.arange(len(grid("weekdays")))), line.days)
        rows = []
        for i in range(1, line.known(self.now)):
            rows += treasury.statement_rows(as_date(line.days[i]), int(line.values[i - 1]), int(line.values[i]), int(deposits[i]))
        return rows
