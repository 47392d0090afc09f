"""What the rates, funding and inflation files declare, and whatever bytes come to the sources behind them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import Request
from ingest.registry import load

from . import (
    test_atlantafed,
    test_bis,
    test_bls,
    test_currencyapi,
    test_ecb,
    test_eurostat,
    test_oecd,
    test_ofr,
    test_ons,
    test_worldbank,
)
from .test_source_fuzz import FUZZ, WHATEVER, check

SEEDS: dict[str, bytes] = {
    "ofr_fsi": test_ofr.FSI.encode(),
    "ofr_repo_tri_volume": test_ofr.REPO.encode(),
    "bis_policy_ch": test_bis.POLICY.encode(),
    "atlantafed_mpt": test_atlantafed.workbook(test_atlantafed.GOOD),
    "bls_cuur0000sa0": test_bls.GOOD.encode(),
    "eurostat_hicp_ea": test_eurostat.GOOD.encode(),
    "ons_cpi": test_ons.CPI.encode(),
    "oecd_cpi_jpn": test_oecd.CPI.encode(),
    "worldbank_cpi": test_worldbank.GOOD.encode(),
    "ecb_fx": test_ecb.packed(),
    "currencyapi_usd": test_currencyapi.day_file("2026-02-03").encode(),  # the day that its first request asks for
}
CASES = sorted(SEEDS)


@pytest.mark.parametrize("name", CASES)
def test_the_seed_itself_parses(bench: Any, name: str) -> None:
    assert bench(name, test_bls.KEY).rows(SEEDS[name])


@pytest.mark.parametrize("name", CASES)
@given(noise=st.binary(max_size=80), status=st.sampled_from([200, 200, 200, 400, 404, 429, 500, 302]))
@FUZZ
def test_arbitrary_bytes(bench: Any, name: str, noise: bytes, status: int) -> None:
    check(bench, name, test_bls.KEY, noise, status)


@pytest.mark.parametrize("name", CASES)
@given(at=st.integers(0, 10_000), length=st.integers(0, 12), noise=st.binary(max_size=6))
@FUZZ
def test_damaged_answers(bench: Any, name: str, at: int, length: int, noise: bytes) -> None:
    raw = SEEDS[name]
    at %= len(raw)
    check(bench, name, test_bls.KEY, raw[:at] + noise + raw[at + length :])
    check(bench, name, test_bls.KEY, raw[:at])


@pytest.mark.parametrize("name", [name for name in CASES if SEEDS[name][:1] in (b"{", b"[")])
@given(data=st.data())
@FUZZ
def test_foreign_values_in_json(bench: Any, name: str, data: st.DataObject) -> None:
    tree, places = json.loads(SEEDS[name]), []

    def walk(node: Any) -> None:
        for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            places.append((node, key))
            walk(child)

    walk(tree)
    node, key = data.draw(st.sampled_from(places), label="place")
    node[key] = data.draw(WHATEVER, label="value")
    check(bench, name, test_bls.KEY, json.dumps(tree).encode())


GONE = (
    "GOLDPMGBD228NLBM", "GOLDAMGBD228NLBM", "TEDRATE", "USD3MTD156N", "STLFSI", "STLFSI2", "STLFSI3", "DTWEXM",
    "DTWEXB", "TWEXBMTH", "JPNCPIALLMINMEI", "GBRCPIALLMINMEI", "KORCPIALLMINMEI", "CP0000EZ19M086NEST",
)  # fmt: skip
WANTED = (
    "ANFCI", "FEDTARMD", "FEDTARMDLR", "FEDTARRL", "FEDTARRH", "FEDTARCTL", "FEDTARCTH", "DFEDTAR", "ECBDFR", "WDTGAL",
    "WRBWFRBL", "ECBASSETSW", "JPNASSETS", "WM2NS", "DEXUSEU", "DEXJPUS", "DEXUSUK", "DEXTAUS",
)  # fmt: skip


def test_dead_ids_stay_out_and_the_living_are_in() -> None:
    held = load().series
    assert not [name for name in GONE if f"fred.{name}" in held or f"alfred.{name}" in held]
    assert not [name for name in WANTED if f"fred.{name}" not in held]


@pytest.mark.parametrize(
    ("quantity", "series"),
    [
        ("nfci_zscore", ["alfred.NFCI", "fred.NFCI"]),
        ("stlfsi4_zscore", ["alfred.STLFSI4", "fred.STLFSI4"]),
        ("sep_median_year_end_pct", ["alfred.FEDTARMD", "fred.FEDTARMD"]),
        ("sep_median_longer_run_pct", ["fred.FEDTARMDLR"]),
        ("cpi_nsa_index", ["fred.CPIAUCNS", "bls.CUUR0000SA0"]),
        ("cpi_sa_bls_index", ["bls.CUSR0000SA0"]),
        ("cpi_eur_index", ["eurostat.hicp_ea", "fred.CP0000EZCCM086NEST"]),
        ("cpi_chf_index", ["eurostat.hicp_ch", "fred.CP0000CHM086NEST"]),
        ("cpi_gbp_index", ["ons.D7BT"]),
        ("cpi_jpy_index", ["oecd.cpi_jpn"]),
        ("cpi_cny_index", ["oecd.cpi_chn"]),
        ("cpi_cny_annual_index", ["worldbank.cpi_chn"]),
        ("policy_rate_eur_pct", ["bis.policy_xm"]),
        ("usd_per_eur", ["ecb.USD", "fred.DEXUSEU"]),
        ("twd_per_usd", ["fred.DEXTAUS", "currencyapi.twd"]),
        ("xau_usd_oz", ["currencyapi.xau", "currencyapi.xau_usd"]),
        ("repo_triparty_usd_bn", ["ofr.repo_tri_volume"]),
    ],
)
def test_quantities_and_their_order(quantity: str, series: list[str]) -> None:
    found = sorted((s.priority, s.id) for _, s in load().series.values() if s.quantity == quantity)
    assert [name for _, name in found] == series


def test_vintages_of_recomputed_indices_are_bounded(bench: Any) -> None:
    for name in ("alfred_nfci", "alfred_stlfsi4"):
        dataset = bench(name).dataset
        assert (
            dataset.vintages == "native" and dataset.first_date.weekday() == 4 and dataset.request["max_vintages"] <= 60
        )


def test_every_first_request_is_a_plain_address(bench: Any) -> None:
    for name in CASES:
        request = bench(name, test_bls.KEY).first()
        assert isinstance(request, Request) and request.url.startswith("https://") and " " not in request.url
