"""The live check, against the sandbox: nothing differs from a healthy upstream, and each fault is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ingest.client import Limits
from ingest.live_check import LiveRow, live_check, table
from ingest.registry import load
from lowtide.clock import Clock
from sandbox.faults import Fault
from sandbox.server import SandboxServer
from sandbox.world import SimulatedBackend

NOW = datetime(2026, 6, 2, 23, 30, tzinfo=UTC)
QUICK = Limits(tries=1, read_s=20.0, first_wait_s=0.0, scale=0.0, pace=False)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(SimulatedBackend(now=NOW)) as running:
        yield running


def check(server: SandboxServer, names: list[str], *faults: Fault, env: dict[str, str] | None = None) -> list[LiveRow]:
    server.faults = faults
    server.requests.clear()
    return live_check(load(), server.base_url, Clock(NOW), env or {}, datasets=load().select(names), limits=QUICK)


def test_one_small_request_per_dataset_and_nothing_differs(server: SandboxServer) -> None:
    names = ["fred_dgs10", "nyfed", "treasury", "yahoo_spy", "cboe_vix", "coinbase_btc_usd", "lbma", "fiscaldata"]
    rows = check(server, names)
    assert [row.differs for row in rows] == [()] * len(rows), table(rows)
    assert len(server.requests) == len(rows)
    by_id = {row.dataset_id: row for row in rows}
    assert by_id["fred_dgs10"].status == 200 and 0 < by_id["fred_dgs10"].rows < 150
    assert by_id["nyfed_sofr"].newest == by_id["nyfed_sofr"].expected


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("fred=http_403", "status 403; Blocked: "),
        ("fred=html_200", "SchemaDrift|Blocked"),
        ("fred=truncated", "Unreachable: "),
        ("fred=stale", "newest is 2026-0"),
        ("yahoo=yahoo_429", "status 429; RateLimited: "),
        ("nyfed=nyfed_empty", "EmptyPayload: "),
    ],
)
def test_what_differs_is_named(server: SandboxServer, fault: str, said: str) -> None:
    from sandbox.faults import parse

    rows = check(server, ["fred_dgs10", "yahoo_spy", "nyfed_sofr"], parse(fault))
    spoiled = {"fred": "fred_dgs10", "yahoo": "yahoo_spy", "nyfed": "nyfed_sofr"}[fault.partition("=")[0]]
    assert [row.dataset_id for row in rows if row.differs] == [spoiled]
    text = table(rows)
    assert any(one in text for one in said.split("|")), text
    assert text.endswith("3 asked, 1 differ, 0 not asked")


def test_a_listing_page_is_enough_for_vintages(server: SandboxServer) -> None:
    row = check(server, ["alfred_cpiaucsl"])[0]
    assert (row.differs, row.rows, len(server.requests)) == ((), 0, 1)


def test_what_has_no_key_and_what_is_a_file_is_not_asked(server: SandboxServer) -> None:
    rows = check(server, ["bls_cuur0000sa0", "wgc_official"])
    assert not server.requests
    assert ["BLS_API_KEY" in row.skipped or "drop folder" in row.skipped for row in rows] == [True, True]
    assert table(rows).endswith("0 asked, 0 differ, 2 not asked")


def test_a_key_is_not_shown(server: SandboxServer) -> None:
    rows = check(server, ["fred_dgs10"], Fault("api.stlouisfed.org", "http_403"), env={"FRED_API_KEY": "hush-hush"})
    assert rows[0].host == "api.stlouisfed.org" and rows[0].differs
    assert "hush" not in table(rows, everything=True)


def test_nothing_to_ask() -> None:
    assert live_check(load(), None, Clock(NOW), {}, datasets=[]) == []
