"""Rate cycle, purchasing power, price against structure (t4_1, t4_2, t5) measured from the served bytes, apart from the warehouse's SQL."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Container
from typing import Any

import numpy as np
import pandas as pd

from sandbox.wire import Backend
from sandbox.world.goldhub import files
from sandbox.world.script import WORLDS
from tests.sandbox import truth, truth_plumbing


def rate_cycle(backend: Backend) -> dict[str, Any]:
    """Verdict of t4_1 inside the phase of cuts: gold over 250 fixings, 20- against 250-day mean of the real yield."""
    rows = json.loads(truth.get(backend, "prices.lbma.org.uk", "/json/gold_pm.json"))
    gold = [row["v"][0] for row in rows if row["v"][0]]
    tips = truth.fred(backend, "DFII10")
    up, gap = gold[-1] / gold[-251] - 1, float(tips.iloc[-20:].mean() - tips.iloc[-250:].mean())
    return {"verdict": truth._three([up > 0, gap < 0]), "gold": up, "gap": gap}


def _index(backend: Backend, currency: str) -> pd.Series:
    if currency in ("USD", "EUR"):
        return truth.fred(backend, {"USD": "CPIAUCNS", "EUR": "CP0000EZCCM086NEST"}[currency])
    if currency == "GBP":
        uri = "/economy/inflationandpriceindices/timeseries/d7bt/mm23"
        cells = re.findall(r'"(\d{4} [A-Z]{3})","([\d.]+)"', truth.get(backend, "www.ons.gov.uk", "/generator", format="csv", uri=uri).decode())
        return pd.Series({pd.Timestamp(month.title()): float(value) for month, value in cells}).sort_index()
    area = {"JPY": "JPN", "CHF": "CHE", "CNY": "CHN"}[currency]
    path = f"/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/{area}.M.N.CPI.IX._T.N._Z"
    frame = pd.read_csv(io.BytesIO(truth.get(backend, "sdmx.oecd.org", path, format="csvfile")))
    return pd.Series(frame["OBS_VALUE"].to_numpy(), index=pd.to_datetime(frame["TIME_PERIOD"])).dropna().sort_index()


def _rates(backend: Backend, currency: str) -> pd.Series:
    if currency in ("USD", "EUR"):
        return truth.fred(backend, {"USD": "DFF", "EUR": "ECBDFR"}[currency])
    area = {"GBP": "GB", "JPY": "JP", "CHF": "CH", "CNY": "CN"}[currency]
    frame = pd.read_csv(io.BytesIO(truth.get(backend, "stats.bis.org", f"/api/v1/data/WS_CBPOL/D.{area}/all", format="csv")))
    return pd.Series(frame["OBS_VALUE"].to_numpy(), index=pd.to_datetime(frame["TIME_PERIOD"])).dropna()


def purchasing_power(backend: Backend) -> dict[str, Any]:
    """Verdict of t4_2 and the real returns (per year) of the currencies that have both."""
    real: dict[str, list[float]] = {}
    for currency in ("USD", "EUR", "GBP", "JPY", "CHF", "CNY"):
        prices, rates = _index(backend, currency), _rates(backend, currency)
        month = prices.index[-1]
        every_day = np.log1p(rates.reindex(pd.date_range(rates.index[0], month)).ffill() / 36_000)
        spans = []
        for years in (10, 1):
            base = month - pd.DateOffset(years=years)
            if base in prices.index:
                earned = float(every_day[base : month - pd.Timedelta(days=1)].sum())
                spans.append((np.exp(earned) / (prices[month] / prices[base])) ** (1 / years) - 1)
        if len(spans) == 2:
            real[currency] = spans
    assert len(real) >= 4
    a, b = (np.mean([spans[i] < 0 for spans in real.values()]) > 0.5 for i in (0, 1))
    return {"verdict": "fails" if not a else "holds" if b else "contested", "real": real}


def _state(path: pd.Series) -> tuple[float, bool]:
    """Drawdown from the highest of 365 days, and whether it is down: from -10 percent until above -5."""
    drawdown = path / path.rolling("366D").max() - 1
    down = False
    for value in drawdown:
        down = True if value <= -0.10 else False if value > -0.05 else down
    return float(drawdown.iloc[-1]), down


def physical_growth(backend: Backend) -> float:
    """Central banks, bars and coins: four quarters against the four before, in the newest file of the drop folder."""
    found = [content for name, content in files(WORLDS[backend.world], backend.seed, backend.now) if "gdt_tables" in name]  # type: ignore[attr-defined]
    book = zipfile.ZipFile(io.BytesIO(found[-1]))
    texts = re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode())
    total = np.zeros(8)
    for sheet in (name for name in book.namelist() if name.startswith("xl/worksheets/sheet")):
        for row in re.findall(r"<row.*?</row>", book.read(sheet).decode(), flags=re.S):
            label = re.search(r't="s"[^>]*><v>(\d+)</v>', row)
            if label and texts[int(label[1])].replace("&amp;", "&") in ("Total bar and coin", "Central banks & other inst."):
                total += np.array([float(v) for v in re.findall(r'<c(?![^>]*t="s")[^>]*><v>([-\d.eE]+)</v>', row)][-8:])
    return float(total[4:].sum() / total[:4].sum() - 1)


def structure(backend: Backend) -> dict[str, Any]:
    """Verdict of t5; AI is never down on the days that are claimed, which is asserted."""
    all_prices = truth.prices(backend)
    states = {name: _state(all_prices[name]["adj"].dropna()) for name in ("crypto", "ai", "gold")}
    assert not states["ai"][1]
    changes = [truth_plumbing.stablecoins(backend)["growth"], truth_plumbing.tokenised(backend)["growth"]] if states["crypto"][1] else []
    changes += [physical_growth(backend)] if states["gold"][1] else []
    standing = [change >= 0 for change in changes]
    verdict = "not_tested" if not standing else "holds" if all(standing) else "contested" if any(standing) else "fails"
    return {"verdict": verdict, "states": states, "changes": changes}


def verdicts(backend: Backend, claimed: Container[str]) -> dict[str, str]:
    """Measured only where claimed: outside the phase of cuts t4_1 has no rule."""
    measures = {"t4_1": rate_cycle, "t4_2": purchasing_power, "t5": structure}
    return {thesis: measure(backend)["verdict"] for thesis, measure in measures.items() if thesis in claimed}
