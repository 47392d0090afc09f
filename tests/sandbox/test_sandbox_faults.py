"""The fault catalogue: every fault does what its name says, where it belongs."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from lowtide.errors import LowtideError
from sandbox.faults import CATALOGUE, Fault, parse, spoil
from sandbox.values import days_of
from sandbox.wire import Ask, Reply
from sandbox.world import SimulatedBackend

ASKS = {
    "fred.stlouisfed.org": Ask("fred.stlouisfed.org", "/graph/fredgraph.csv", {"id": "DGS10"}),
    "alfred.stlouisfed.org": Ask("alfred.stlouisfed.org", "/graph/alfredgraph.csv", {"id": "CPIAUCSL", "vintage_date": "2026-05-20"}),
    "api.stlouisfed.org": Ask("api.stlouisfed.org", "/fred/series/observations", {"series_id": "SOFR", "api_key": "k"}),
    "markets.newyorkfed.org": Ask("markets.newyorkfed.org", "/api/rates/secured/sofr/search.json",
                                  {"startDate": "2020-01-01", "endDate": "2026-12-31"}),
    "api.fiscaldata.treasury.gov": Ask(
        "api.fiscaldata.treasury.gov", "/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance",
        {"filter": "record_date:gte:2026-01-01", "sort": "record_date", "page[size]": "10000"}),
    "home.treasury.gov": Ask("home.treasury.gov", "/r/daily-treasury-rates.csv/2026/all", {"type": "daily_treasury_yield_curve"}),
    "query1.finance.yahoo.com": Ask("query1.finance.yahoo.com", "/v8/finance/chart/QQQ",
                                    {"interval": "1d", "period1": "0", "events": "div,splits"}),
    "cdn.cboe.com": Ask("cdn.cboe.com", "/api/global/us_indices/daily_prices/VIX_History.csv"),
    "api.exchange.coinbase.com": Ask("api.exchange.coinbase.com", "/products/BTC-USD/candles", {"granularity": "86400"}),
    "prices.lbma.org.uk": Ask("prices.lbma.org.uk", "/json/gold_pm.json"),
}


def with_fault(backend: SimulatedBackend, host: str, kind: str, **changes: Any) -> Reply:
    ask = ASKS[host]
    return spoil(Ask(ask.host, changes.get("path", ask.path), changes.get("query", ask.query)), backend, [Fault(host, kind)])


@pytest.mark.parametrize("host", ASKS)
def test_every_fault_of_a_host_changes_its_answer(recede: SimulatedBackend, host: str) -> None:
    good = recede.answer(ASKS[host])
    assert good.status == 200 and days_of(ASKS[host], good)
    other_path = {"rp_two_ops", "alfred_shell"}  # tested below
    for kind, entry in CATALOGUE.items():
        if (not entry.hosts or host in entry.hosts) and kind not in other_path:
            if kind == "short_history" and len({day[:4] for day in days_of(ASKS[host], good)}) < 4:
                continue
            if kind == "stale" and host == "home.treasury.gov":
                continue
            assert spoil(ASKS[host], recede, [Fault(host, kind)]) != good, kind


def test_the_catalogue_has_every_fault_of_the_contracts_for_its_hosts() -> None:
    named = ["fred_404", "fred_hang", "fred_403", "fred_504", "fred_short_history", "fred_legacy_header", "alfred_ignored", "fredapi_no_key", "fredapi_bad_key", "fredapi_no_series", "fredapi_not_in_alfred", "fredapi_realtime_end", "fredapi_vintages", "fredapi_429", "fredapi_429_bare", "nyfed_mixed", "nyfed_400", "nyfed_empty", "rp_two_ops", "fiscal_null", "fiscal_pages", "ust_html", "ust_columns", "yahoo_429", "yahoo_null_bars", "yahoo_live_bar", "yahoo_delisted", "coinbase_400", "lbma_zero", "lbma_null", "lbma_saturday", "truncated", "empty_200", "wrong_gzip", "slow_drip", "redirect_login", "unit_x100", "unit_x1000", "short_history", "revised_3pct", "http_500", "503_then_ok"]
    assert not set(named) - set(CATALOGUE)


@pytest.mark.parametrize("host", ASKS)
def test_unit_faults_scale_every_value_and_keep_the_dates(recede: SimulatedBackend, host: str) -> None:
    good, bad = recede.answer(ASKS[host]), with_fault(recede, host, "unit_x1000")
    assert days_of(ASKS[host], good) == days_of(ASKS[host], bad)
    assert numbers(host, bad)[-1] == pytest.approx(1000 * numbers(host, good)[-1])


def numbers(host: str, reply: Reply) -> list[float]:
    """One number per row."""
    if reply.content_type.startswith("text/csv"):
        return [float(row[1]) for row in csv.reader(reply.body.decode().splitlines()[1:]) if row[1]]
    content = json.loads(reply.body)
    if "yahoo" in host:
        return list(content["chart"]["result"][0]["indicators"]["quote"][0]["close"])
    if "coinbase" in host:
        return [row[4] for row in content]
    if "lbma" in host:
        return [row["v"][0] for row in content]
    for key, name in (("refRates", "percentRate"), ("data", "open_today_bal"), ("observations", "value")):
        if key in content:
            return [float(row[name]) for row in content[key] if row[name] not in (".", "null")]
    raise AssertionError(host)


def test_history_faults(recede: SimulatedBackend) -> None:
    ask = ASKS["fred.stlouisfed.org"]
    days = days_of(ask, recede.answer(ask))
    assert days_of(ask, with_fault(recede, ask.host, "fred_short_history"))[0] >= "2023-05-30"
    assert days_of(ask, with_fault(recede, ask.host, "stale"))[-1] < "2026-02-05"
    assert len(days_of(ask, with_fault(recede, ask.host, "vanished"))) == pytest.approx(len(days) * 2 / 3, rel=0.01)


def test_format_faults(recede: SimulatedBackend) -> None:
    legacy = with_fault(recede, "fred.stlouisfed.org", "fred_legacy_header").body
    assert legacy.startswith(b"DATE,DGS10\n") and b"2026-05-25,.\n" in legacy
    assert with_fault(recede, "alfred.stlouisfed.org", "alfred_ignored").body.startswith(b"observation_date,CPIAUCSL\n")
    assert b'"1.5 Month"' not in with_fault(recede, "home.treasury.gov", "ust_columns").body.split(b"\n")[0]
    shell = with_fault(recede, "alfred.stlouisfed.org", "alfred_shell", path="/series/downloaddata", query={"seid": "CPIAUCSL"})
    assert shell.status == 200 and b"<option" not in shell.body
    assert json.loads(with_fault(recede, "prices.lbma.org.uk", "lbma_zero").body)[-1]["v"][0] == 0
    assert "2026-05-30" in days_of(ASKS["prices.lbma.org.uk"], with_fault(recede, "prices.lbma.org.uk", "lbma_saturday"))
    null = json.loads(with_fault(recede, "api.fiscaldata.treasury.gov", "fiscal_null").body)["data"][-4:]
    assert {row["open_today_bal"] for row in null} == {"null"} and len({row["record_date"] for row in null}) == 1
    paged = json.loads(with_fault(recede, "api.fiscaldata.treasury.gov", "fiscal_pages").body)
    assert len(paged["data"]) == 50 and paged["meta"]["total-pages"] > 1 and paged["links"]["next"].startswith("&page%5Bnumber%5D=2")
    mixed = json.loads(with_fault(recede, "markets.newyorkfed.org", "nyfed_mixed").body)["refRates"]
    assert [("percentRate" in row, row["type"]) for row in mixed[:3]] == [(False, "SOFRAI"), (False, "SOFR"), (True, "SOFR")]
    operations = json.loads(with_fault(recede, "markets.newyorkfed.org", "rp_two_ops", path="/api/rp/results/search.json",
                                       query={"startDate": "2026-05-01"}).body)["repo"]["operations"]
    assert [op["releaseTime"] for op in operations[:3]] == ["13:30", "10:30", "08:15"]


def test_times_and_path_limit_a_fault(recede: SimulatedBackend) -> None:
    fault = parse("fred=http_500@id=DGS10*1")
    other = Ask("fred.stlouisfed.org", "/graph/fredgraph.csv", {"id": "DGS2"})
    assert spoil(other, recede, [fault]).status == 200
    assert [spoil(ASKS["fred.stlouisfed.org"], recede, [fault]).status for _ in range(2)] == [500, 200]


def test_parse() -> None:
    assert parse("yahoo=yahoo_429@/chart/QQQ*3") == Fault("query1.finance.yahoo.com", "yahoo_429", "/chart/QQQ", 3)
    assert parse("*=503_then_ok").times == 2
    for text in ("", "fred", "fred=", "fred=nope", "nyfed=fred_404"):
        with pytest.raises(LowtideError):
            parse(text)
