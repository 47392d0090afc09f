"""Whatever bytes come, the crypto and on-chain parsers answer with rows or with a typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceError
from ingest.model import Request

from .test_binance_vision import FUNDING, METRICS, at, request_of, zipped
from .test_coingecko_rwaxyz import GECKO, KEYS, RWAXYZ
from .test_defillama import KEY, PRICES, PROTOCOL, PROTOCOLS, RWA, STABLE, TVL
from .test_kraken_deribit_bitmex import BITMEX, DERIBIT, KRAKEN
from .test_okx import FUNDING as OKX_FUNDING
from .test_okx import INTEREST, LIQUIDATIONS
from .test_source_fuzz import FUZZ, WHATEVER, check

CASES = [
    ("kraken_btc_usd", KRAKEN), ("deribit_btc_dvol", DERIBIT), ("bitmex_xbtusd_funding", BITMEX),
    ("okx_btc_funding", OKX_FUNDING), ("okx_btc_oi", INTEREST), ("okx_btc_liquidations", LIQUIDATIONS),
    ("coingecko_btc_usd", GECKO), ("rwaxyz_classes", RWAXYZ), ("defillama_stablecoins", STABLE),
    ("defillama_usdt", STABLE), ("defillama_stablecoin_prices", PRICES), ("defillama_tvl", TVL),
    ("defillama_rwa_blackrock_buidl", PROTOCOL), ("defillama_rwa", PROTOCOLS), ("defillama_pro_rwa_onchain_mcap", RWA),
]  # fmt: skip
ENV = {**KEYS, **KEY}
ZIPS = [
    ("binance_btc_funding", request_of("fundingRate", "2026-01"), f"{FUNDING}{at('2026-01-01')},8,0.0001\n"),
    ("binance_btc_oi", request_of("metrics", "2026-01-01"), f"{METRICS}2026-01-01 23:55:00,BTCUSDT,1,2,3\n"),
    ("binance_btc_perp", request_of("klines", "2026-01"), f"{at('2026-01-01')},10,12,9,11,5,0,50,7,,,0\n"),
]


@pytest.mark.parametrize(("name", "body"), CASES)
def test_the_seed_itself_parses(bench: Any, name: str, body: str) -> None:
    assert bench(name, ENV).rows(body)


@pytest.mark.parametrize(("name", "body"), CASES)
@given(noise=st.binary(max_size=80), status=st.sampled_from([200, 200, 200, 400, 401, 404, 429, 500, 302]))
@FUZZ
def test_arbitrary_bytes(bench: Any, name: str, body: str, noise: bytes, status: int) -> None:
    check(bench, name, ENV, noise, status)


@pytest.mark.parametrize(("name", "body"), CASES)
@given(at=st.integers(0, 10_000), length=st.integers(0, 12), noise=st.binary(max_size=6))
@FUZZ
def test_damaged_answers(bench: Any, name: str, body: str, at: int, length: int, noise: bytes) -> None:
    raw = body.encode()
    at %= len(raw)
    check(bench, name, ENV, raw[:at] + noise + raw[at + length :])
    check(bench, name, ENV, raw[:at])


@pytest.mark.parametrize(("name", "body"), CASES)
@given(data=st.data())
@FUZZ
def test_foreign_values_in_json(bench: Any, name: str, body: str, data: st.DataObject) -> None:
    tree = json.loads(body)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            places.append((node, key))
            walk(child)

    walk(tree)
    node, key = data.draw(st.sampled_from(places), label="place")
    node[key] = data.draw(WHATEVER, label="value")
    check(bench, name, ENV, json.dumps(tree).encode())


def refuse(bench: Any, name: str, request: Request, body: bytes) -> None:
    try:
        rows = bench(name).rows(body, request)
    except SourceError as error:
        assert "\n" not in str(error)
    else:
        assert {row.series_id for row in rows} <= {series.id for series in bench(name).dataset.series}


@pytest.mark.parametrize(("name", "request_", "text"), ZIPS)
@given(at=st.integers(0, 10_000), length=st.integers(0, 12), noise=st.binary(max_size=8))
@FUZZ
def test_damaged_zips_and_tables(
    bench: Any, name: str, request_: Request, text: str, at: int, length: int, noise: bytes
) -> None:
    stem, raw = request_.url.split("/")[-1].removesuffix(".zip"), text.encode()
    whole = zipped(stem, raw)
    assert bench(name).rows(whole, request_)
    refuse(bench, name, request_, whole[: at % len(whole)] + noise + whole[at % len(whole) + length :])
    refuse(bench, name, request_, zipped(stem, raw[: at % len(raw)] + noise + raw[at % len(raw) + length :]))
    refuse(bench, name, request_, noise)
    refuse(bench, name, Request(f"{request_.url}.CHECKSUM"), noise)
