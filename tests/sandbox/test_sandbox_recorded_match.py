"""Replay of somebody else's archive: other windows, other keys, an index that says less."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.wire import Ask
from tests.sandbox.archive_kit import archive, entry


def test_windows_in_any_unit_and_the_one_nearest(tmp_path: Path) -> None:
    windows = [({"start": "1704067200", "end": "1719791999"}, "a"), ({"start": "2024-07-01T00:00:00Z", "end": "2024-12-31T00:00:00Z"}, "b"),
               ({"startPeriod": "2025", "endPeriod": "2025-06"}, "c"), ({"start_timestamp": "*"}, "d")]  # fmt: skip
    for _, name in windows:
        (tmp_path / name).write_text(f"{name}\n")
    backend = archive(tmp_path, [entry(query={**query, "pair": "x"}, file=name) for query, name in windows])

    def told(**query: str) -> bytes:
        return backend.answer(Ask("h", "/p", {"pair": "x", **query})).body.strip()[:1]

    assert told(start="2024-06-01T00:00:00Z", end="2024-12-01T00:00:00Z") == b"b"
    assert told(start="2024-01-01", end="2024-07-02") == b"a"
    assert told(startPeriod="2025-06", format="csv") == b"c"
    assert told(startPeriod="2025-07") == told(start="2020-01-01", end="2020-12-31") == told(start="7", end="9") == b"<"
    assert told(start_timestamp="5") == b"d"


@pytest.mark.parametrize(
    ("recorded_path", "asked", "answered"),
    [
        ("/external/sdmx/2.1/data/IMF.STA,IRFCL/.GOLD.S1.M", "/external/sdmx/2.1/data/IMF.STA,IRFCL/USA+CHN.GOLD.S1.M", True),
        ("/external/sdmx/3.0/data/dataflow/IMF.STA/IRFCL/+/CHN+TUR.GOLD.*.M", "/external/sdmx/2.1/data/IMF.STA,IRFCL/USA+CHN.GOLD.S1.M", True),
        ("/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,1.0/JPN+GBR.M.N", "/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/JPN.M.N", True),
        ("/api/v1/data/WS_CBPOL/D.US+GB/all", "/api/v1/data/WS_CBPOL/D.GB/all", True),
        ("/api/v1/data/WS_CBPOL/M.US+GB/all", "/api/v1/data/WS_CBPOL/D.GB/all", False),
        ("/external/sdmx/2.1/data/IMF.STA,IRFCL/TUR.GOLD.S1.M", "/external/sdmx/2.1/data/IMF.STA,IRFCL/USA+CHN.GOLD.S1.M", False),
        ("/external/sdmx/2.1/data/IMF.STA,IL/USA.GOLD.FTO.M", "/external/sdmx/2.1/data/IMF.STA,IRFCL/USA.GOLD.FTO.M", False),
        ("/v2/country/all/indicator/FP.CPI.TOTL", "/v2/country/JPN;GBR/indicator/FP.CPI.TOTL", True),
        ("/v2/country/all/indicator/FP.CPI.TOTL.ZG", "/v2/country/JPN;GBR/indicator/FP.CPI.TOTL", False),
        ("/data/futures/um/metrics/BTCUSDT/a.zip", "/data/futures/um/metrics/BTCUSDT/b.zip", False),
    ],
)
def test_an_sdmx_key_answers_what_it_has_in_common(tmp_path: Path, recorded_path: str, asked: str, answered: bool) -> None:
    backend = archive(tmp_path, [entry(path=recorded_path)])
    (tmp_path / "f.csv").write_text("A,B\n")
    assert (backend.answer(Ask("h", asked)).body == b"A,B\n") == answered


def test_the_sum_of_all_coins_is_no_answer_about_one(tmp_path: Path) -> None:
    coins = {"host": "stablecoins.llama.fi", "path": "/stablecoincharts/all"}
    backend = archive(tmp_path, [entry(**coins), entry(**coins, query={"stablecoin": "2"}, file="g.csv")])
    (tmp_path / "f.csv").write_text("all\n")
    (tmp_path / "g.csv").write_text("two\n")
    asked = [backend.answer(Ask("stablecoins.llama.fi", "/stablecoincharts/all", query)) for query in ({}, {"stablecoin": "2"}, {"stablecoin": "1"})]
    assert [reply.body for reply in asked[:2]] == [b"all\n", b"two\n"] and asked[2].status == 404


def test_what_an_index_leaves_out_or_writes_otherwise(tmp_path: Path) -> None:
    bare = {"host": "H", "path": "/v8/chart/%5EGSPC", "file": "f.csv", "query": {"page%5Bsize%5D": "10%2B0"}, "headers": {"x": 1}}
    backend = archive(tmp_path, [bare, {"host": "h", "path": "/q", "file": "f.csv", "method": "get"}])
    (tmp_path / "f.csv").write_bytes(gzip.compress(b"a,b\n"))
    for path, query in (("/v8/chart/^GSPC", {"page[size]": "10+0"}), ("/q", {})):
        reply = backend.answer(Ask("h", path, query))
        assert (reply.status, reply.body) == (200, b"a,b\n")
    (tmp_path / "f.csv").write_bytes(gzip.compress(b"a,b\n")[:-6])
    assert backend.answer(Ask("h", "/q")).body.startswith(b"\x1f\x8b")


PAGES = [
    ("www.okx.com", {"instId": "X"}, {"code": "0", "data": [["1780000000000"]]}, {}, {"after": "1780000000000"}),
    ("www.bitmex.com", {"symbol": "X"}, [{"symbol": "X"}], {"start": "0"}, {"start": "500"}),
    ("www.deribit.com", {"currency": "X", "end_timestamp": "*"}, {"result": {"data": [[5000, 1], [6000, 2]]}}, {"end_timestamp": "9000"},
     {"end_timestamp": "5000"}),
]  # fmt: skip


@pytest.mark.parametrize(("host", "query", "body", "first", "further"), PAGES)
def test_beyond_the_one_recorded_page_there_is_an_empty_one(
    tmp_path: Path, host: str, query: dict[str, str], body: Any, first: dict[str, str], further: dict[str, str]
) -> None:
    backend = archive(tmp_path, [entry(host=host, query=query)])
    (tmp_path / "f.csv").write_text(json.dumps(body))
    assert json.loads(backend.answer(Ask(host, "/p", {**query, **first})).body) == body
    end = json.loads(backend.answer(Ask(host, "/p", {**query, **first, **further})).body)
    assert end in ([], {"code": "0", "msg": "", "data": []}, {"jsonrpc": "2.0", "result": {"data": [], "continuation": None}})
    (tmp_path / "f.csv").write_text("damaged")
    assert backend.answer(Ask(host, "/p", {**query, **further})).body == b"damaged"


def test_a_recording_of_the_asked_page_or_with_a_rule_to_cut_it_wins(tmp_path: Path) -> None:
    rule = {"kind": "json", "at": "", "field": "t", "unit": "epoch_ms", "offset": "start", "limit": "count"}
    backend = archive(tmp_path, [entry(host="www.bitmex.com", slice=rule), entry(host="www.okx.com", query={"after": "7"}, file="g")])
    (tmp_path / "f.csv").write_text('[{"t":1},{"t":2},{"t":3}]')
    (tmp_path / "g").write_text('{"code":"0"}')
    assert backend.answer(Ask("www.bitmex.com", "/p", {"start": "2", "count": "2"})).body == b'[{"t":3}]'
    assert backend.answer(Ask("www.okx.com", "/p", {"after": "7"})).body == b'{"code":"0"}'


def test_a_body_that_is_not_what_the_sums_say_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = hashlib.sha256(b"a,b\n").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{good}  f.csv\n{good} *./g.csv\nnonsense\n")
    (tmp_path / "f.csv").write_bytes(b"a,b\n")
    (tmp_path / "g.csv").write_bytes(b"a,c\n")
    backend = archive(tmp_path, [entry(), entry(path="/g", file="g.csv")])
    assert [backend.answer(Ask("h", path)).body for path in ("/p", "/g", "/g")] == [b"a,b\n", b"a,c\n", b"a,c\n"]
    assert [record.message for record in caplog.records] == ["recorded body g.csv is not what SHA256SUMS says; served as it is"]


def test_an_archive_of_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f.csv").write_text("a\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "h").symlink_to(tmp_path / "real")
    backend = archive(tmp_path / "mine", [entry(file="h/f.csv"), entry(path="/q", file="h/../../real/f.csv"), entry(path="/r", file="/etc/hostname")])
    assert backend.answer(Ask("h", "/p")).body == b"a\n"
    assert [backend.answer(Ask("h", path)).status for path in ("/q", "/r")] == [500, 500]
