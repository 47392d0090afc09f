"""Faults of the crypto, on-chain, filing, gold and statistics upstreams: what they answer, and what it does to a load."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.client import Limits
from ingest.registry import load
from ingest.runner import run_ingest
from lowtide.clock import Clock
from lowtide.home import Home
from sandbox.faults import CATALOGUE, Fault, parse, spoil
from sandbox.server import SandboxServer
from sandbox.values import days_of, rewrite
from sandbox.wire import Ask, Reply
from sandbox.world import SimulatedBackend

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
KEYS = dict.fromkeys(("BLS_API_KEY", "COINGECKO_API_KEY", "DEFILLAMA_PRO_API_KEY", "RWAXYZ_API_KEY"), "k")
METRICS = "/data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2026-11-18.zip"
LATEST = "/npm/@fawazahmed0/currency-api@latest/v1/currencies/usd.min.json"
RWA = json.dumps({"filter": {"filters": [{"field": "date", "operator": "onOrAfter", "value": "2026-01-01"}]}})
ASKS = {ask.host: ask for ask in (
    Ask("data.binance.vision", METRICS), Ask("api.kraken.com", "/0/public/OHLC", {"pair": "XBTUSD", "interval": "1440"}),
    Ask("www.okx.com", "/api/v5/public/funding-rate-history", {"instId": "BTC-USDT-SWAP"}),
    Ask("www.deribit.com", "/api/v2/public/get_volatility_index_data",
        {"currency": "BTC", "resolution": "1D", "start_timestamp": "0", "end_timestamp": "9999999999999"}),
    Ask("www.bitmex.com", "/api/v1/funding", {"symbol": "XBTUSD", "count": "500"}),
    Ask("api.coingecko.com", "/api/v3/coins/bitcoin/market_chart", {"days": "365"}), Ask("stablecoins.llama.fi", "/stablecoincharts/all"),
    Ask("api.llama.fi", "/v2/historicalChainTvl"), Ask("pro-api.llama.fi", "/k/rwa/chart/chain-breakdown"),
    Ask("api.rwa.xyz", "/v4/tokens/aggregates/timeseries", {"query": RWA}), Ask("data.sec.gov", "/api/xbrl/companyfacts/CIK0000789019.json"),
    Ask("api.spdrgoldshares.com", "/api/v1/historical-archive", {"product": "gld"}),
    Ask("api.imf.org", "/external/sdmx/2.1/data/IMF.STA,IL/CHN+POL+USA.RGV_REVS.FTO.M", {}, "GET", {"accept": "text/csv"}),
    Ask("publicreporting.cftc.gov", "/resource/72hh-3qpy.json", {"$where": "cftc_contract_market_code='088691'", "$limit": "5000"}),
    Ask("api.bls.gov", "/publicAPI/v2/timeseries/data/", {"seriesid": ["CUUR0000SA0"], "startyear": "2020", "registrationkey": "k"}, "POST"),
    Ask("ec.europa.eu", "/eurostat/api/dissemination/statistics/1.0/data/prc_hicp_minr", {"geo": "EA"}),
    Ask("www.ons.gov.uk", "/generator", {"uri": "/economy/inflationandpriceindices/timeseries/d7bt/mm23"}),
    Ask("sdmx.oecd.org", "/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/JPN.M.N.CPI.IX._T.N._Z"),
    Ask("api.worldbank.org", "/v2/country/JPN/indicator/FP.CPI.TOTL", {"format": "json", "per_page": "100"}),
    Ask("stats.bis.org", "/api/v1/data/WS_CBPOL/D.US/all", {"format": "csv"}),
    Ask("www.financialresearch.gov", "/financial-stress-index/data/fsi.csv"),
    Ask("data.financialresearch.gov", "/v1/series/timeseries", {"mnemonic": "REPO-TRI_TV_TOT-P"}),
    Ask("www.atlantafed.org", "/-/media/Project/Atlanta/FRBA/Documents/cenfis/market-probability-tracker/mpt_histdata.xlsx"),
    Ask("www.ecb.europa.eu", "/stats/eurofxref/eurofxref-hist.zip"), Ask("cdn.jsdelivr.net", LATEST),
)}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> SimulatedBackend:
    return SimulatedBackend(now=NOW)


def spoiled(backend: SimulatedBackend, host: str, kind: str) -> Reply:
    return spoil(ASKS[host], backend, [Fault(host, kind)])


@pytest.mark.parametrize("host", ASKS)
def test_every_host_says_which_days_it_serves_and_scales_when_told(world: SimulatedBackend, host: str) -> None:
    good = world.answer(ASKS[host])
    days = days_of(ASKS[host], good)
    assert good.status == 200 and days and all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)
    scaled, kept = [], []
    rewrite(ASKS[host], good, lambda day, value: kept.append(value) or value)  # type: ignore[func-returns-value]
    rewrite(ASKS[host], spoiled(world, host, "unit_x1000"), lambda day, value: scaled.append(value) or value)  # type: ignore[func-returns-value]
    assert len(kept) >= len(days) * 0.9 and np.allclose(scaled, 1000 * np.array(kept), rtol=1e-6)


def test_faults_of_a_host_change_its_answer(world: SimulatedBackend) -> None:
    harmless = {"vision_bad_checksum", "vision_microseconds", "fx_404"}  # on other paths or formats: below
    for host, ask in ASKS.items():
        good = world.answer(ask)
        for kind, entry in CATALOGUE.items():
            if host in entry.hosts and kind not in harmless:
                assert spoiled(world, host, kind) != good, (host, kind)


def test_the_catalogue_has_every_fault_of_the_contracts_for_these_hosts() -> None:
    named = ["binance_451", "bybit_403", "vision_404", "vision_bad_checksum", "vision_microseconds", "kraken_200_error", "okx_code", "bybit_retcode", "bls_200", "gecko_401", "gecko_429", "llama_402", "llama_string_date", "llama_revised", "sec_403_html", "sec_200_html", "sec_404_xml", "gld_pdf", "gld_holiday", "imf_zero", "imf_sparse", "cot_missing_key", "cot_1000", "estat_old_dataset", "estat_400", "estat_sparse", "ons_mixed_freq", "mpt_bad_drawing", "ecb_na", "fx_404", "fx_stale"]
    assert not set(named) - set(CATALOGUE)
    assert parse("sec=sec_403_html").host == "data.sec.gov" and parse("currencymirror=fx_404").strikes(
        Ask("2026-11-20.currency-api.pages.dev", "/v1/currencies/usd.json"))


def test_archive_faults_keep_or_break_the_checksum(world: SimulatedBackend) -> None:
    beside = Ask("data.binance.vision", f"{METRICS}.CHECKSUM")
    name = METRICS.rpartition("/")[2]

    def both(kind: str, path: str = METRICS) -> tuple[Reply, Reply]:
        fault = [Fault("data.binance.vision", kind)]
        return spoil(Ask(beside.host, path), world, fault), spoil(Ask(beside.host, f"{path}.CHECKSUM"), world, fault)

    file, proof = both("unit_x1000")
    assert proof.body == f"{hashlib.sha256(file.body).hexdigest()}  {name}\n".encode()
    file, proof = both("vision_bad_checksum")
    assert file == world.answer(Ask(beside.host, METRICS)) and hashlib.sha256(file.body).hexdigest().encode() not in proof.body
    file, proof = both("vision_microseconds", "/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-10.zip")
    with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
        line = archive.read(archive.namelist()[0]).decode().splitlines()[1]
    assert len(line.split(",")[0]) == 16 and proof.body.startswith(hashlib.sha256(file.body).hexdigest().encode())


def test_bodies_of_format_faults(world: SimulatedBackend) -> None:
    first = spoiled(world, "api.llama.fi", "llama_string_date").body
    assert isinstance(json.loads(first)[0]["date"], str)
    assert spoiled(world, "api.spdrgoldshares.com", "gld_pdf").body.startswith(b"%PDF")
    assert spoiled(world, "data.sec.gov", "sec_200_html").status == 200 and b"Undeclared Automated Tool" in spoiled(world, "data.sec.gov", "sec_200_html").body
    assert b",2026-M09,0\n" in spoiled(world, "api.imf.org", "imf_zero").body
    assert b",CHN," not in spoiled(world, "api.imf.org", "imf_sparse").body and b",POL," in spoiled(world, "api.imf.org", "imf_sparse").body
    newest = json.loads(spoiled(world, "publicreporting.cftc.gov", "cot_missing_key").body)[-1]
    assert "m_money_positions_long_all" not in newest and len(json.loads(spoiled(world, "publicreporting.cftc.gov", "cot_1000").body)) == 1000
    with zipfile.ZipFile(io.BytesIO(spoiled(world, "www.ecb.europa.eu", "ecb_na").body)) as archive:
        assert archive.read("eurofxref-hist.csv").decode().splitlines()[1].startswith("2026-11-20,N/A,N/A,")
    stale = days_of(ASKS["ec.europa.eu"], spoiled(world, "ec.europa.eu", "estat_old_dataset"))
    assert stale[-1] == "2025-12-01"
    mixed = spoiled(world, "www.ons.gov.uk", "ons_mixed_freq").body.decode().splitlines()[8:12]
    assert [line.split('"')[1] for line in mixed] == ["1996", "1996 JAN", "1996 Q1", "1996 FEB"]
    assert json.loads(spoiled(world, "cdn.jsdelivr.net", "fx_stale").body)["date"] == "2026-11-17"
    dated = Ask("cdn.jsdelivr.net", LATEST.replace("latest", "2026-11-20"))
    for kind in ("fx_stale", "fx_404"):
        assert spoil(dated, world, [Fault("currencyapi", kind)]).status == 404


LOADS = [  # dataset, faults, what a load after a good one makes of it, values added
    ("kraken_btc_usd", ["kraken=kraken_200_error"], "RateLimited", 0),
    ("okx_btc_oi", ["okx=unit_x1000"], "OutOfRange", 0),
    ("deribit_btc_dvol", ["deribit=deribit_429"], "RateLimited", 0),
    ("coingecko_btc_usd", ["coingecko=gecko_401"], "PlanRestricted", 0),
    ("defillama_usdt", ["stablecoins=llama_402"], "PlanRestricted", 0),
    ("defillama_usdt", ["stablecoins=llama_string_date"], None, 0),
    ("defillama_usdt", ["stablecoins=vanished"], "SchemaDrift", 0),
    ("defillama_tvl", ["llama=llama_revised"], None, 3341),
    ("sec_msft", ["sec=sec_403_html"], "Blocked", 0),
    ("sec_msft", ["sec=sec_200_html"], "Blocked", 0),
    ("sec_msft", ["sec=unit_x1000"], "OutOfRange", 0),
    ("imf_irfcl", ["imf=imf_zero"], None, 35),
    ("cftc_gold", ["cftc=cot_missing_key"], None, 2),
    ("bls_cuur0000sa0", ["bls=bls_200"], "RateLimited", 0),
    ("eurostat_hicp_ea", ["eurostat=estat_old_dataset"], "StaleData", 0),
    ("eurostat_hicp_ea", ["eurostat=estat_400"], "SchemaDrift", 0),
    ("eurostat_hicp_ea", ["eurostat=estat_sparse"], None, 2),
    ("ons_cpi", ["ons=ons_mixed_freq"], None, 0),
    ("oecd_cpi_jpn", ["oecd=stale"], "StaleData", 0),
    ("ecb_fx", ["ecb=ecb_na"], None, 5),
    ("currencyapi_xau", ["currencyapi=fx_stale", "currencymirror=fx_stale"], "StaleData", 0),
    ("ofr_repo_tri_volume", ["ofr=truncated"], "Unreachable", 0),
]


def test_what_the_connectors_make_of_them(world: SimulatedBackend, tmp_path: Path) -> None:
    home, registry = Home(tmp_path, "sandbox"), load()
    datasets = [registry.datasets[name] for name in dict.fromkeys(row[0] for row in LOADS)]

    def run(chosen: Any, faults: list[Fault]) -> Any:
        limits = Limits(read_s=5.0, transfer_s=10.0, scale=0.0, pace=False)
        with SandboxServer(world, faults=faults) as server:
            return run_ingest(home, Clock(NOW), chosen, base_url=server.base_url, full=True, env=KEYS, limits=limits).outcomes

    good = run(datasets, [])
    assert {outcome.outcome for outcome in good} == {"ok"} and not any(outcome.rows_quarantined for outcome in good)
    for name, faults, error, added in LOADS:
        (outcome,) = run([registry.datasets[name]], list(map(parse, faults)))
        assert (outcome.error_type, outcome.rows_added) == (error, added), (name, faults, outcome)
        if added:
            run([registry.datasets[name]], [])  # back to what it was
