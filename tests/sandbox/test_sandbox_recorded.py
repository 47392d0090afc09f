"""Replay of recorded responses: exact bytes, matching, windows, unknown keys, hostile archives."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lowtide.errors import LowtideError
from sandbox.recorded import RecordedBackend, cut
from sandbox.wire import Ask
from tests.sandbox.archive_kit import archive, entry

HOSTS = {
    "fred.stlouisfed.org", "alfred.stlouisfed.org", "markets.newyorkfed.org", "api.fiscaldata.treasury.gov", "home.treasury.gov",
    "query1.finance.yahoo.com", "cdn.cboe.com", "prices.lbma.org.uk",
}


def test_every_entry_answers_byte_for_byte_without_a_window(recorded: RecordedBackend) -> None:
    checked = 0
    for one in recorded.entries:
        if one.host in HOSTS:
            query = {name: "any" if value == "*" else value for name, value in one.query.items()}
            if one.slice and "*" in one.query.values():  # a window is required: ask for all of it
                query |= {one.slice["from"]: "1900-01-01", one.slice["to"]: "2099-12-31"}
            reply = recorded.answer(Ask(one.host, one.path, {**query, "unlisted": "ignored"}))
            assert (reply.status, reply.content_type) == (one.status, one.content_type), one
            assert reply.body == (recorded.folder / one.file).read_bytes(), one
            checked += 1
    assert checked > 150


def test_csv_window_keeps_the_lines_as_they_are(recorded: RecordedBackend) -> None:
    ask = {"id": "DGS10", "cosd": "2025-12-24", "coed": "2025-12-26"}
    whole = recorded.answer(Ask("fred.stlouisfed.org", "/graph/fredgraph.csv", {"id": "DGS10"})).body
    part = recorded.answer(Ask("fred.stlouisfed.org", "/graph/fredgraph.csv", ask)).body
    lines = part.splitlines(keepends=True)
    assert len(lines) == 4 and lines[0] == whole.splitlines(keepends=True)[0]
    assert all(line in whole for line in lines)


def test_json_window_keeps_the_number_text(recorded: RecordedBackend) -> None:
    ask = {"startDate": "2026-05-26", "endDate": "2026-05-29"}
    body = recorded.answer(Ask("markets.newyorkfed.org", "/api/rates/unsecured/effr/search.json", ask)).body
    rows = json.loads(body)["refRates"]
    assert [row["effectiveDate"] for row in rows] == ["2026-05-29", "2026-05-28", "2026-05-27", "2026-05-26"]
    assert b'"targetRateFrom":3.50' in body


def test_yahoo_window_cuts_all_arrays(recorded: RecordedBackend) -> None:
    ask = {"interval": "1d", "period1": "1767225600", "period2": "1769904000", "events": "div,splits"}
    result = json.loads(recorded.answer(Ask("query1.finance.yahoo.com", "/v8/finance/chart/GLD", ask)).body)["chart"]["result"][0]
    stamps = result["timestamp"]
    assert 15 < len(stamps) < 25 and stamps[0] >= 1767225600 and stamps[-1] <= 1769904000
    assert {len(values) for values in result["indicators"]["quote"][0].values()} == {len(stamps)}


def test_limit_offset_year_and_milliseconds() -> None:
    rows = [{"day": f"2026-01-0{n}", "year": str(2020 + n), "t": n * 1000, "v": 1.50} for n in range(1, 6)]
    text = json.dumps({"a": [rows]}).replace("1.5", "1.50").encode()
    rule = {"kind": "json", "at": "a.0", "limit": "$limit", "offset": "$offset"}

    def days(field: str, unit: str, query: dict[str, Any]) -> list[str]:
        body = cut(text, {**rule, "field": field, "unit": unit, "from": "f", "to": "t"}, query)
        assert b"1.50" in body
        return [row["day"][-1] for row in json.loads(body)["a"][0]]

    assert days("day", "date", {"$limit": "2", "$offset": "1"}) == ["2", "3"]
    assert days("year", "year", {"f": "2022", "t": "2023"}) == ["2", "3"]
    assert days("t", "epoch_ms", {"f": "4000"}) == ["4", "5"]
    assert cut(text, {**rule, "field": "day"}, {}) == text


def test_alfred_page_lists_the_vintages_of_the_index(recorded: RecordedBackend) -> None:
    page = recorded.answer(Ask("alfred.stlouisfed.org", "/series/downloaddata", {"seid": "CPIAUCSL"})).body.decode()
    assert '<option value="2026-03-22">' in page and page.count("<option") == 3
    assert recorded.answer(Ask("alfred.stlouisfed.org", "/series/downloaddata", {"seid": "NOPE"})).status == 404


def test_literal_window_answers_one_that_overlaps_it(recorded: RecordedBackend) -> None:
    path = "/api/rates/secured/sofr/search.json"
    for first in ("2018-01-01", "2024-06-04"):
        wide = recorded.answer(Ask("markets.newyorkfed.org", path, {"startDate": first, "endDate": "2026-05-31"}))
        assert wide.status == 200 and b"2024-06-06" in wide.body
    assert recorded.answer(Ask("markets.newyorkfed.org", path, {"startDate": "2024-06-07", "endDate": "2026-05-31"})).status == 404


@pytest.mark.parametrize(
    ("host", "path", "status", "text"),
    [
        ("fred.stlouisfed.org", "/graph/fredgraph.csv", 404, b"Error - St. Louis Fed"),
        ("query1.finance.yahoo.com", "/v8/finance/chart/NOPE", 404, b"No data found, symbol may be delisted"),
        ("data.binance.vision", "/data/nope.zip", 404, b"NoSuchKey"),
        ("api.exchange.coinbase.com", "/products/NO/candles", 404, b'{"message":"NotFound"}'),
        ("home.treasury.gov", "/x/daily-treasury-rates.csv/1950/all", 200, b"<!DOCTYPE html>"),
        ("example.org", "/", 404, b"404"),
    ],
)
def test_unknown_keys_get_the_hosts_own_answer(recorded: RecordedBackend, host: str, path: str, status: int, text: bytes) -> None:
    reply = recorded.answer(Ask(host, path, {"id": "NOPE"}))
    assert reply.status == status and text in reply.body


def test_newest_date(recorded: RecordedBackend) -> None:
    assert recorded.newest_date == date(2026, 5, 31)


@pytest.mark.parametrize("content", ["{", "{}", [entry(query=None)], [{"host": "h"}], [entry(status="x")], [entry(slice=3)], [1], "[" * 100_000, [entry(status=99)],
                                     [entry(content_type="text/csv\r\nX: y")], '[{"host":"h","path":"/","file":"f","status":1e999}]'])
def test_a_broken_index_is_one_clear_line(tmp_path: Path, content: Any) -> None:
    with pytest.raises(LowtideError) as error:
        archive(tmp_path, content)
    assert "index.json" in str(error.value) and "\n" not in str(error.value)


def test_a_missing_index_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LowtideError, match="does not exist"):
        RecordedBackend(tmp_path)


def test_a_folder_of_links_in_a_circle_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(LowtideError, match="index.json cannot be read"):
        RecordedBackend(tmp_path / "round")


def test_missing_or_escaping_body_is_a_500(tmp_path: Path) -> None:
    backend = archive(tmp_path, [entry(), entry(path="/q", file="../../etc/hostname"), entry(path="/d", file=".")])
    for path in ("/p", "/q", "/d"):
        reply = backend.answer(Ask("h", path))
        assert reply.status == 500 and reply.body.count(b"\n") == 1


def test_a_corrupt_body_is_served_as_it_is(tmp_path: Path) -> None:
    rule = {"kind": "csv", "field": "observation_date", "from": "a", "to": "b", "unit": "date"}
    backend = archive(tmp_path, [entry(slice=rule), entry(path="/j", slice={**rule, "kind": "json", "at": "x.y"})])
    (tmp_path / "f.csv").write_bytes(b"\xff\xfe<html>")
    for path in ("/p", "/j"):
        assert backend.answer(Ask("h", path, {"a": "2026-01-01"})).body == b"\xff\xfe<html>"


def test_nonsense_last_dates_do_not_move_newest_date(tmp_path: Path) -> None:
    backend = archive(tmp_path, [entry(), entry(), entry(last_date="9999-12-31"), entry(last_date="2062-02-30"), entry(last_date=None),
                                 entry(last_date="2026-06-30", status=404), entry(last_date="2026-07-01", method="FILE")])
    assert backend.newest_date == date(2026, 5, 29)


def test_one_entry_far_ahead_does_not_move_the_clock_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hosts = [entry(host="q1.yahoo.com"), entry(host="stlouisfed.org", last_date="2026-05-31"), entry(host="llama.fi", last_date="2026-05-30")]
    backend = archive(tmp_path, [*hosts, entry(host="q1.yahoo.com", path="/slip", last_date="2031-01-05"), entry(host="q2.yahoo.com", last_date="2031-01-05")])
    assert backend.newest_date == date(2026, 5, 31)
    assert "q1.yahoo.com/slip (2031-01-05)" in caplog.messages[0] and len(caplog.messages) == 1
    caplog.clear()
    assert archive(tmp_path, [*hosts, entry(host="bls.gov", last_date="2026-04-01")]).newest_date == date(2026, 5, 31) and not caplog.messages
    two = archive(tmp_path, [entry(host="a.org", last_date="2026-05-31"), entry(host="b.org", last_date="2025-01-01")])
    assert two.newest_date == date(2026, 5, 31)  # nobody vouches for anybody


def test_a_malformed_entry_is_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    backend = archive(tmp_path, [entry(), entry(path="/odd", status="x"), 7, entry(path="/q", query=None)])
    assert [e.path for e in backend.entries] == ["/p"] and backend.newest_date == date(2026, 5, 29)
    assert ["entry 1 (h/odd)" in caplog.messages[0], "entry 2 is" in caplog.messages[1], "entry 3 (h/q)" in caplog.messages[2]] == [True] * 3
    assert len(caplog.messages) == 3 and not any("\n" in line for line in caplog.messages)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_recordings_of_one_request_the_newer_answers(tmp_path: Path, first: int) -> None:
    pair = [entry(file="a", last_date="2026-05-29"), entry(file="b", last_date="2026-06-05")]
    backend = archive(tmp_path, [*(pair if first == 0 else pair[::-1]), entry(file="c", status=404, last_date=None)])
    for name in "abc":
        (tmp_path / name).write_text(name)
    assert backend.answer(Ask("h", "/p")).body == b"b"


@pytest.mark.parametrize("damage", ["2026-05", "05/28/2026,2", "2026-05-2\x008,2", "2026-13-28,2", "2026-05-28x,2", ",2", "2026-W22-4,2"])
def test_a_window_never_hides_a_damaged_line(tmp_path: Path, damage: str) -> None:
    lines = ["day,value", "2026-05-26,1", damage, "2026-05-29,3", "2026-06-01,4", ""]
    backend = archive(tmp_path, [entry(slice={"kind": "csv", "field": "day", "from": "a", "to": "b", "unit": "date"})])
    (tmp_path / "f.csv").write_text("\n".join(lines))
    part = backend.answer(Ask("h", "/p", {"a": "2026-05-29", "b": "2026-05-31"})).body.decode().splitlines()
    assert part == ["day,value", damage, "2026-05-29,3"]


def test_a_window_keeps_json_rows_without_a_date() -> None:
    rows = [{"day": "2026-05-26"}, {"day": "26 May"}, {"day": None}, {"day": "2026-05-29T00:00:00"}]
    rule = {"kind": "json", "at": "", "field": "day", "from": "a", "unit": "date"}
    assert json.loads(cut(json.dumps(rows).encode(), rule, {"a": "2026-05-29"})) == rows[1:]


def test_a_missing_body_is_named_in_the_error_a_user_sees(tmp_path: Path) -> None:
    from ingest.client import LOCAL, Client
    from ingest.errors import Unreachable
    from ingest.model import Request
    from sandbox.server import SandboxServer

    with (
        SandboxServer(archive(tmp_path, [entry(file="h/gone.csv")])) as server,
        Client({}, server.base_url, env={}, limits=LOCAL) as client,
        pytest.raises(Unreachable, match=r"^h answered 500 to GET /p: recorded body h/gone.csv: No such file or directory$"),
    ):
        client.send(Request("https://h/p"), "f")


def test_the_most_specific_entry_wins(tmp_path: Path) -> None:
    backend = archive(tmp_path, [entry(file="a"), entry(query={"x": "*"}, file="b"), entry(query={"x": "1"}, file="c")])
    for name in "abc":
        (tmp_path / name).write_text(name)
    assert [backend.answer(Ask("h", "/p", q)).body for q in ({}, {"x": "2"}, {"x": "1"})] == [b"a", b"b", b"c"]
