"""Whatever bytes come, a parser answers with rows or with a typed error, and the registry stands on its sources."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.calendars import releases
from ingest.dropbox import DropSource
from ingest.errors import SourceError
from ingest.registry import load
from ingest.sources import PROVIDERS, get
from lowtide.errors import LowtideError

from .test_source_fred import CSV, KEY, listing, page
from .test_source_official import PAR, RRP, SOFR, TGA, dts, operations, rates
from .test_source_prices import CANDLE, GOOD, VIX, candles, chart, fixes

SEEDS = {
    "fred_dgs10": CSV,
    "alfred_cpiaucsl": listing("2026-05-12"),
    "nyfed_sofr": rates(SOFR),
    "nyfed_operations": operations(RRP),
    "treasury_par": PAR,
    "fiscaldata_tga": dts(("2025-07-07", f"{TGA} Closing Balance", "332482", "null")),
    "yahoo_nvda": chart(GOOD),
    "cboe_vix": VIX,
    "coinbase_btc_usd": candles(CANDLE),
    "lbma_gold_pm": fixes(("1999-01-04", [1, 2, 3])),
}
OPEN = {  # public domain, or a licence that allows passing figures on with credit
    "alfred", "bis", "bls", "cftc", "currencyapi", "ecb", "eurostat", "fiscaldata", "fred", "imf", "nyfed", "oecd", "ofr",
    "ons", "sec", "treasury", "worldbank",
}  # fmt: skip
KEYED = {
    "fred_dgs10": page([("2026-05-22", "2026-06-02", "4.5")]),
    "alfred_cpiaucsl": page([("2026-05-22", "2026-06-02", "4.5")]),
}
CASES = [(name, body, {}) for name, body in SEEDS.items()] + [(name, body, KEY) for name, body in KEYED.items()]
WHATEVER = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "null", ".", "NaN", "2026-05-29", "R", "Repo", "1e999"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "value", "date"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def check(bench: Any, name: str, env: dict[str, str], body: bytes, status: int = 200) -> None:
    b = bench(name, env)
    try:
        rows = b.rows(body, status=status)
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert len({(r.series_id, r.observation_date, r.vintage) for r in rows}) == len(rows)
    assert all(r.value is None or math.isfinite(r.value) for r in rows)
    assert {r.series_id for r in rows} <= {s.id for s in b.dataset.series}


FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(("name", "body", "env"), CASES)
def test_the_seed_itself_parses(bench: Any, name: str, body: str, env: dict[str, str]) -> None:
    bench(name, env).rows(body)


@pytest.mark.parametrize(("name", "body", "env"), CASES)
@given(noise=st.binary(max_size=80), status=st.sampled_from([200, 200, 200, 400, 404, 429, 500, 302]))
@FUZZ
def test_arbitrary_bytes(bench: Any, name: str, body: str, env: dict[str, str], noise: bytes, status: int) -> None:
    check(bench, name, env, noise, status)


@pytest.mark.parametrize(("name", "body", "env"), CASES)
@given(at=st.integers(0, 10_000), length=st.integers(0, 12), noise=st.binary(max_size=6))
@FUZZ
def test_damaged_answers(
    bench: Any, name: str, body: str, env: dict[str, str], at: int, length: int, noise: bytes
) -> None:
    raw = body.encode()
    at %= len(raw)
    check(bench, name, env, raw[:at] + noise + raw[at + length :])
    check(bench, name, env, raw[:at])


@pytest.mark.parametrize(("name", "body", "env"), [case for case in CASES if case[1][0] in "[{"])
@given(data=st.data())
@FUZZ
def test_foreign_values_in_json(bench: Any, name: str, body: str, env: dict[str, str], data: st.DataObject) -> None:
    tree = json.loads(body)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            places.append((node, key))
            walk(child)

    walk(tree)
    node, key = data.draw(st.sampled_from(places), label="place")
    node[key] = data.draw(WHATEVER, label="value")
    check(bench, name, env, json.dumps(tree).encode())


def test_every_dataset_has_a_source_and_a_first_request(bench: Any) -> None:
    registry = load()
    assert {d.provider for d in registry.datasets.values()} == set(PROVIDERS)
    for dataset in registry.datasets.values():
        if isinstance(get(dataset.provider), DropSource):  # its answers are files
            continue
        request = bench(dataset.id, {dataset.requires_key: "hush"} if dataset.requires_key else None).first()
        host = request.url.split("/")[2]
        assert request.url.startswith("https://") and host in get(dataset.provider).hosts
    with pytest.raises(LowtideError, match="nope"):
        get("nope")


def test_the_registry_says_when_and_under_which_licence() -> None:
    for dataset in load().datasets.values():
        assert dataset.publication.reason and dataset.licence.citation
        assert dataset.publication.release is None or dataset.publication.release in releases()
        assert dataset.unofficial == (dataset.provider == "yahoo")
        assert dataset.licence.tier != "open" or dataset.provider in OPEN


@pytest.mark.parametrize(
    ("quantity", "series"),
    [
        ("sofr_pct", ["nyfed.sofr", "fred.SOFR"]),
        ("effr_pct", ["nyfed.effr", "fred.EFFR"]),
        ("sofr_p99_pct", ["nyfed.sofr_p99"]),
        ("sofr_volume_usd_bn", ["nyfed.sofr_volume"]),
        ("tgcr_pct", ["nyfed.tgcr"]),
        ("iorb_pct", ["fred.IORB", "fred.IOER"]),
        ("onrrp_award_pct", ["nyfed.onrrp_award", "fred.RRPONTSYAWARD"]),
        ("onrrp_usd_bn", ["nyfed.onrrp_accepted", "fred.RRPONTSYD"]),
        ("srf_usd_bn", ["nyfed.srf_accepted", "fred.RPONTTLD"]),
        ("reserves_usd_mn", ["fred.WRESBAL"]),
        ("tga_usd_mn", ["fiscaldata.tga_close"]),
        ("tga_week_avg_usd_mn", ["fred.WTREGEN"]),
        ("ust_1y_pct", ["treasury.par_1y", "fred.DGS1"]),
        ("tips_10y_pct", ["treasury.real_10y", "fred.DFII10"]),
        ("sp500_index", ["yahoo.^GSPC.close", "fred.SP500"]),
        ("vix_close_index", ["cboe.vix", "fred.VIXCLS"]),
        ("btc_close_usd", ["coinbase.BTC-USD", "yahoo.BTC-USD.close", "kraken.BTC-USD", "coingecko.BTC-USD"]),
        ("nvda_split_ratio", ["yahoo.NVDA.split"]),
        ("gold_pm_usd_oz", ["lbma.gold_pm"]),
        ("silver_usd_oz", ["lbma.silver"]),
        ("cpi_sa_index", ["alfred.CPIAUCSL", "fred.CPIAUCSL"]),
    ],
)
def test_quantities_and_their_order(quantity: str, series: list[str]) -> None:
    found = sorted((s.priority, s.id) for _, s in load().series.values() if s.quantity == quantity)
    assert [name for _, name in found] == series
