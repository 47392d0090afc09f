"""The HTTP server: routing, bytes, compression, keep-alive, stopping."""

from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.faults import Fault, parse
from sandbox.server import SandboxServer
from sandbox.wire import Ask, Reply

BODY = b"observation_date,X\r\n2026-01-01,1.50\r\n" * 50


class Echo:
    """Answers with fixed bytes; /boom fails."""

    def answer(self, ask: Ask) -> Reply:
        if ask.path == "/boom":
            raise ValueError("no")
        return Reply(200, "text/csv", BODY + repr(sorted(ask.query.items())).encode())


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Echo()) as running:
        yield running


def get(server: SandboxServer, path: str, host: str = "Fred.stlouisfed.org", **headers: str) -> httpx.Response:
    return httpx.get(server.base_url + path, headers={"Host": host, **headers}, timeout=5)


def test_routes_on_host_and_decoded_query_whatever_its_order(server: SandboxServer) -> None:
    one = get(server, "/a%3Db?page%5Bnumber%5D=2&filter=x%3Agte%3A1")
    two = get(server, "/a=b?filter=x:gte:1&page[number]=2")
    assert one.content == two.content
    assert server.requests == [("fred.stlouisfed.org", "/a=b", {"page[number]": "2", "filter": "x:gte:1"})] * 2
    assert server.hits == {"fred.stlouisfed.org": 2}


def test_exact_bytes_and_gzip_only_when_accepted(server: SandboxServer) -> None:
    plain = get(server, "/x", **{"Accept-Encoding": "identity"})
    assert plain.content == BODY + b"[]" and "content-encoding" not in plain.headers
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc)
    for _ in range(2):  # keep-alive: one connection, two requests
        connection.request("GET", "/x", headers={"Host": "h", "Accept-Encoding": "gzip"})
        packed = connection.getresponse()
        assert packed.version == 11 and packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.read()) == BODY + b"[]"


def test_post_fields_are_part_of_the_query_and_a_broken_body_is_refused(server: SandboxServer) -> None:
    headers = {"Host": "api.bls.gov"}
    assert b"('seriesid', ['A'])" in httpx.post(server.base_url, json={"seriesid": ["A"]}, headers=headers).content
    assert httpx.post(server.base_url, content=b"{", headers=headers).status_code == 400


def test_a_defect_of_the_backend_is_a_500_with_one_line(server: SandboxServer) -> None:
    reply = get(server, "/boom")
    assert reply.status_code == 500 and reply.text == "sandbox error: ValueError: no\n"


def test_stops_at_once_even_with_a_hanging_request() -> None:
    with SandboxServer(Echo(), faults=[parse("fred=hang")]) as server:
        connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=5)
        connection.request("GET", "/", headers={"Host": "fred.stlouisfed.org"})
        time.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.base_url


def test_transport_faults_reach_the_client() -> None:
    faults = [Fault("a", "truncated"), Fault("b", "wrong_gzip"), Fault("c", "503_then_ok"), Fault("d", "redirect_login")]
    with SandboxServer(Echo(), faults=faults) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            get(server, "/", host="a")
        with pytest.raises(httpx.DecodingError):
            get(server, "/", host="b")
        assert [get(server, "/", host="c").status_code for _ in range(4)] == [503, 503, 200, 200]
        login = get(server, "/", host="d")
        assert (login.status_code, login.headers["location"]) == (302, "https://d/login")


def test_slow_drip_and_latency_delay_the_answer() -> None:
    with SandboxServer(Echo(), faults=[Fault("a", "slow_drip")], latency_s=0.2) as server:
        started = time.monotonic()
        assert get(server, "/", host="b").status_code == 200
        assert time.monotonic() - started >= 0.2
        with pytest.raises(httpx.ReadTimeout), httpx.stream(
            "GET", server.base_url, headers={"Host": "a", "Accept-Encoding": "identity"}, timeout=0.1
        ) as reply:
            reply.read()
