"""Every recorded answer of these hosts: as many rows as the archive says, its first and last date, plausible values."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import SchemaDrift
from ingest.model import Dataset, Request, Row
from ingest.registry import load
from ingest.sources import get

from .conftest import respond

HOSTS = {
    "fred.stlouisfed.org": "fred",
    "alfred.stlouisfed.org": "alfred",
    "markets.newyorkfed.org": "nyfed",
    "home.treasury.gov": "treasury",
    "api.fiscaldata.treasury.gov": "fiscaldata",
    "query1.finance.yahoo.com": "yahoo",
    "cdn.cboe.com": "cboe",
    "prices.lbma.org.uk": "lbma",
}

ELSEWHERE = {  # host -> the test that reads its answers
    "api.bls.gov": "test_bls",
    "api.llama.fi": "test_defillama",
    "api.spdrgoldshares.com": "test_spdr",
    "cdn.jsdelivr.net": "test_currencyapi",
    "currency-api.pages.dev": "test_currencyapi",  # behind a date
    "data.binance.vision": "test_binance_vision",
    "data.sec.gov": "test_sec",
    "dropbox": "test_wgc",
    "ec.europa.eu": "test_eurostat",
    "publicreporting.cftc.gov": "test_cftc",
    "stablecoins.llama.fi": "test_defillama",
    "stats.bis.org": "test_bis",
    "www.ecb.europa.eu": "test_ecb",
}
UNREAD = {  # host -> why no source asks it
    "api.binance.com": "refuses US addresses (451): the archive stands in for it",
    "fapi.binance.com": "refuses US addresses (451): the archive stands in for it",
    "api.coinbase.com": "the retail API; candles come from api.exchange.coinbase.com",
    "query2.finance.yahoo.com": "the same answers as query1",
    "www.spdrgoldshares.com": "the website; the workbook comes from api.spdrgoldshares.com",
}


@cache
def entries(folder: Path) -> tuple[dict[str, Any], ...]:
    return tuple(e for e in json.loads((folder / "index.json").read_text()) if e["host"] in HOSTS)


def like(dataset_id: str, provider: str, field: str, **request: str) -> Dataset:
    """A registered dataset, turned to an id the registry does not hold."""
    base = load().datasets[dataset_id]
    series = base.series[0].model_copy(update={"id": f"{provider}.{field}", "field": field})
    return base.model_copy(update={"id": f"test_{field}", "request": {**base.request, **request}, "series": (series,)})


def dataset_of(entry: dict[str, Any]) -> Dataset:
    provider, datasets = HOSTS[entry["host"]], load().datasets
    name = entry["path"].split("/")[-1]
    match provider:
        case "fred" | "alfred":
            fid = entry["query"]["id"]
            return datasets.get(f"{provider}_{fid.lower()}") or like(f"{provider}_cpiaucsl", provider, fid, id=fid)
        case "nyfed":
            return datasets[f"nyfed_{entry['path'].split('/')[4]}"]
        case "yahoo":
            known = next((d for d in datasets.values() if d.request.get("symbol") == name), None)
            coin = name.endswith("-USD")
            return known or like("yahoo_btc_usd" if coin else "yahoo_gspc", provider, "close", symbol=name)
    return datasets[
        {"treasury": "treasury_par", "fiscaldata": "fiscaldata_tga", "cboe": "cboe_vix", "lbma": f"lbma_{name[:-5]}"}[
            provider
        ]
    ]


def rows_of(folder: Path, entry: dict[str, Any]) -> tuple[Dataset, list[Row]]:
    dataset = dataset_of(entry)
    request = Request(f"https://{entry['host']}{entry['path']}", entry["query"])
    body = (folder / entry["file"]).read_bytes()
    return dataset, get(dataset.provider).parse(dataset, respond(request, body, entry["status"]))


@pytest.mark.parametrize("provider", sorted(HOSTS.values()))
def test_recorded_answers(upstream: Path, provider: str) -> None:
    seen = 0
    for entry in entries(upstream):
        if HOSTS[entry["host"]] != provider:
            continue
        if entry["query"].get("interval", "1d") != "1d":  # monthly and quarterly bars: the drift that the parser names
            with pytest.raises(SchemaDrift, match="dataGranularity"):
                rows_of(upstream, entry)
            continue
        dataset, rows = rows_of(upstream, entry)
        lead = [row for row in rows if row.series_id == dataset.series[0].id]
        valued = [row.observation_date for row in rows if row.value is not None]
        about = f"{entry['series']} {entry['file']}"
        want = 2 if provider == "fiscaldata" else entry["rows"]  # the archive counts the four rows of each day
        assert len(lead) == want, about
        assert (str(min(valued)), str(max(valued))) == (entry["first_date"], entry["last_date"]), about
        for row in rows:
            if row.series_id in load().series and row.value is not None:
                low, high = load().series[row.series_id][1].plausible
                assert low <= row.value <= high, f"{about} {row}"
        seen += 1
    assert seen


def test_every_recorded_host_is_read_or_named(upstream: Path) -> None:
    hosts = {entry["host"] for entry in json.loads((upstream / "index.json").read_text())}
    hosts = {"currency-api.pages.dev" if host.endswith(".currency-api.pages.dev") else host for host in hosts}
    assert hosts <= HOSTS.keys() | ELSEWHERE.keys() | UNREAD.keys()
    for module in ELSEWHERE.values():
        assert "upstream" in (Path(__file__).parent / f"{module}.py").read_text(), f"{module} does not read the archive"
