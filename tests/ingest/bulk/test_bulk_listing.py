"""The bucket's pages: what they hold, how they go on, and what is no listing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bulk import listing
from ingest.bulk.kinds import KINDS
from ingest.client import Client
from ingest.errors import NotFound, SchemaDrift
from sandbox.server import SandboxServer
from sandbox.wire import vision as wire
from tests.ingest.bulk.bulk_kit import Archive, file_of

FUNDING = KINDS["funding_rate"]


@pytest.fixture
def archive():
    archive = Archive()
    with SandboxServer(archive) as server, Client({}, server.base_url) as client:
        archive.client = client
        yield archive


def test_perpetuals_of_every_script_but_no_delivery_contracts(archive):
    for symbol in ("BTCUSDT", "BTCUSDT_260327", "1000PEPEUSDT", "币安人生USDT", "ETHUSDC", "..", "A B"):
        archive.put(file_of("funding_rate", "2026-01", symbol), "x")
    assert listing.symbols(archive.client, FUNDING) == ["1000PEPEUSDT", "BTCUSDT", "ETHUSDC", "币安人生USDT"]
    with pytest.raises(NotFound):
        listing.symbols(archive.client, KINDS["metrics"])


def test_pages_go_on_and_the_window_is_kept(archive, monkeypatch):
    monkeypatch.setattr(wire, "PAGE", 3)
    for year in (2024, 2025):
        for month in range(1, 13):
            archive.put(file_of("funding_rate", f"{year}-{month:02d}"), "x")
    months = listing.files(archive.client, FUNDING, "BTCUSDT")
    assert [m[0].period for m in months] == [f"{y}-{m:02d}" for y in (2024, 2025) for m in range(1, 13)]
    months = listing.files(archive.client, FUNDING, "BTCUSDT", "2024-11", "2025-02")
    assert [m[0].period for m in months] == ["2024-11", "2024-12", "2025-01", "2025-02"]
    assert months[0][0].size > 0 and len(months[0][0].version) == 32


def test_a_months_own_file_comes_before_its_days(archive):
    for period in ("2026-01", "2026-01-30", "2026-02-01", "2026-02-02", "2026-02-31"):
        archive.put(file_of("klines_1h", period), "x")
    assert [[f.period for f in month] for month in listing.files(archive.client, KINDS["klines_1h"], "BTCUSDT")] == [
        ["2026-01"], ["2026-02-01", "2026-02-02"],
    ]  # fmt: skip


PREFIX = FUNDING.prefix("monthly", "BTCUSDT")
GOOD = wire.listing(PREFIX, "", [], [f"{PREFIX}BTCUSDT-fundingRate-2026-01.zip"], lambda _: b"x").body


@pytest.mark.parametrize(("body", "message"), [
    (b"", "not XML"), (b"<html><body>Access Denied</body></html>", "not a listing"), (GOOD[:-30], "not XML"),
    (GOOD.replace(b"false", b"maybe"), "not a listing"), (GOOD.replace(b"<Key>data/", b"<Key>other/"), "holds 'other/"),
    (GOOD.replace(b"<Size>1<", b"<Size>-1<"), "without name or size"), (GOOD.replace(b"BTCUSDT/<", b"ETHUSDT/<"), "not a listing"),
])  # fmt: skip
def test_what_is_no_listing_is_refused(body, message):
    with pytest.raises(SchemaDrift, match=message):
        listing.read(body, PREFIX)


def test_a_listing_that_stands_still_is_refused(archive, monkeypatch):
    body = GOOD.replace(b"false", b"true")
    monkeypatch.setattr(archive, "answer", lambda ask: wire.Reply(200, "application/xml", body))
    with pytest.raises(SchemaDrift, match="stands still"):
        listing.files(archive.client, FUNDING, "BTCUSDT")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD)), st.binary(max_size=5))
def test_property_damage_is_a_page_or_schema_drift(at, junk):
    try:
        page = listing.read(GOOD[:at] + junk + GOOD[at + len(junk) :], PREFIX)
    except SchemaDrift:
        return
    assert all(item.key.startswith(PREFIX) for item in page.items)
