"""The client against a real local server: retries, time, redirects, broken transfers, secrets."""

from __future__ import annotations

import gzip
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote, quote_plus

import pytest

from ingest import answers
from ingest.client import LOCAL, Client, Limits
from ingest.errors import Blocked, NotFound, PlanRestricted, RateLimited, SchemaDrift, SourceError, Unreachable
from ingest.model import Request
from ingest.redaction import redact
from lowtide.clock import Clock
from tests.ingest.ingest_kit import HOST, Host, serve

FAST = Limits(read_s=0.3, connect_s=1.0, transfer_s=1.0, first_wait_s=0.01, pace=False)
REQUEST = Request(f"https://{HOST}/series", {"id": "X"})


def client(
    host: Host, limits: Limits = FAST, deadline_s: float | None = None, env: dict[str, str] | None = None
) -> Client:
    return Client({HOST: 0.2}, host.base_url, Clock(), deadline_s, env or {}, limits=limits)


def replies(*sequence):
    """Answer one after the other; the last one stays."""
    queue = list(sequence)
    return lambda handler: queue.pop(0) if len(queue) > 1 else queue[0]


def test_success_goes_to_the_base_url_under_the_original_host():
    with serve(replies((200, {"ETag": '"1"', "Set-Cookie": "a=b"}, b"body"))) as host, client(host) as c:
        response = c.send(REQUEST, "run.demo.1")
    assert (response.content, response.status, response.fetch_id) == (b"body", 200, "run.demo.1")
    assert response.fetched_at.tzinfo is not None
    assert response.headers["etag"] == '"1"' and "set-cookie" not in response.headers
    path, headers = host.asked[0]
    assert path == "/series?id=X" and headers["host"] == HOST
    assert headers["user-agent"] == "lowtide/0.1 (research; python-httpx)"


def test_user_agent_is_a_setting_per_host():
    env = {"LOWTIDE_USER_AGENT": "general", "LOWTIDE_USER_AGENT_DATA_EXAMPLE_ORG": "desk mail@example.org"}
    with serve(replies((200, {}, b"x"))) as host:
        for given in (env, {"LOWTIDE_USER_AGENT": "general"}):
            with client(host, env=given) as c:
                c.send(REQUEST, "f")
    assert [headers["user-agent"] for _, headers in host.asked] == ["desk mail@example.org", "general"]


def test_503_is_tried_again():
    with serve(replies((503, {}, b""), (502, {}, b""), (200, {}, b"ok"))) as host, client(host) as c:
        assert c.send(REQUEST, "f").content == b"ok"
    assert len(host.asked) == 3


@pytest.mark.parametrize("status", [503, 429])
def test_four_tries_then_the_last_answer_is_kept(status):
    with serve(replies((status, {}, b"busy"))) as host, client(host) as c:
        response = c.fetch(REQUEST, "f")
        assert (response.status, response.content, len(host.asked)) == (status, b"busy", 4)
        with pytest.raises(RateLimited if status == 429 else Unreachable, match=str(status)):
            c.check(response)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, SchemaDrift), (401, Blocked), (402, PlanRestricted), (403, Blocked), (404, NotFound), (410, SchemaDrift),
     (418, RateLimited), (451, Blocked)],
)  # fmt: skip
def test_final_statuses_are_not_tried_again(status, error):
    with (
        serve(replies((status, {}, b"bad\n  request \x1b[31m" + b"y" * 400))) as host,
        client(host) as c,
        pytest.raises(error) as caught,
    ):
        c.send(REQUEST, "f")
    assert len(host.asked) == 1 and "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
    if error is SchemaDrift:
        assert "bad request \\x1b[31m" in str(caught.value) and len(str(caught.value)) < 320


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(form):
    def answer(handler):
        if len(host.asked) > 1:
            return (200, {}, b"ok")
        later = datetime.now(UTC) + timedelta(seconds=2)  # the server's own Date is added by the server
        return (429, {"Retry-After": "1" if form == "seconds" else format_datetime(later, usegmt=True)}, b"")

    with serve(answer) as host, client(host) as c:
        begun = time.monotonic()
        assert c.send(REQUEST, "f").content == b"ok"
    assert 0.95 <= time.monotonic() - begun < 4 and len(host.asked) == 2


def test_a_retry_after_beyond_the_deadline_is_not_waited_for():
    with serve(replies((429, {"Retry-After": "3600"}, b""))) as host, client(host, deadline_s=5) as c:
        begun = time.monotonic()
        with pytest.raises(RateLimited):
            c.send(REQUEST, "f")
    assert time.monotonic() - begun < 2 and len(host.asked) == 1


def test_a_hanging_host_times_out():
    def hang(handler):
        time.sleep(1.0)
        return (200, {}, b"late")

    with (
        serve(hang) as host,
        client(host, Limits(read_s=0.1, first_wait_s=0.01, tries=2)) as c,
        pytest.raises(Unreachable, match="ReadTimeout.*tries: 2"),
    ):
        c.send(REQUEST, "f")


def test_a_slow_drip_is_given_up():
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        try:
            for _ in range(20):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        handler.close_connection = True

    with (
        serve(drip) as host,
        client(host, Limits(read_s=1, transfer_s=0.2, first_wait_s=0.01, tries=2)) as c,
        pytest.raises(Unreachable, match="too slow"),
    ):
        c.send(REQUEST, "f")


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({"Content-Length": "500", "Connection": "close"}, b"short", "RemoteProtocolError"),
        ({"Content-Encoding": "gzip"}, b"not gzip at all", "wrong gzip"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"one", mtime=0) + b"more, but no gzip", "wrong gzip"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"one", mtime=0) + gzip.compress(b"two" * 500, mtime=0)[:-9], "cut short"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"long enough " * 500, mtime=0)[:-20], "cut short"),
        ({"Content-Encoding": "br"}, b"xx", "not asked for"),
    ],
)
def test_broken_transfers_are_tried_again_then_unreachable(headers, body, reason):
    def answer(handler):
        handler.close_connection = "Connection" in headers
        return (200, headers, body)

    with serve(answer) as host, client(host) as c, pytest.raises(Unreachable, match=reason):
        c.send(REQUEST, "f")
    assert len(host.asked) == 4


def test_gzip_of_several_streams_is_read_to_its_end():
    body = gzip.compress(b"2026-01-01,1\n", mtime=0) + gzip.compress(b"2026-01-02,2\n", mtime=0)
    with serve(replies((200, {"Content-Encoding": "gzip"}, body))) as host, client(host) as c:
        assert c.send(Request(f"https://{HOST}/a"), "f").content == b"2026-01-01,1\n2026-01-02,2\n"


@pytest.mark.parametrize("padding", [b"", b"\0" * 512])
def test_good_gzip_is_decoded(padding):
    with serve(replies((200, {"Content-Encoding": "gzip"}, gzip.compress(b"hello", mtime=0) + padding))) as host, client(host) as c:
        assert c.send(REQUEST, "f").content == b"hello"


def test_connection_refused_is_unreachable():
    with serve(replies((200, {}, b""))) as host:
        pass
    with client(host) as c, pytest.raises(Unreachable, match="ConnectError"):
        c.send(REQUEST, "f")


def test_redirects_stay_on_the_host():
    def answer(handler):
        if handler.path.startswith("/series"):
            return (302, {"Location": "/moved?a=1"}, b"")
        if handler.path.startswith("/moved"):
            return (301, {"Location": f"https://{HOST}/final"}, b"")
        return (200, {}, b"there")

    with serve(answer) as host, client(host) as c:
        assert c.send(REQUEST, "f").content == b"there"
    assert [path for path, _ in host.asked] == ["/series?id=X", "/moved?a=1", "/final"]


@pytest.mark.parametrize("target", ["https://login.example.com/in", f"http://{HOST}/plain", "//evil.example/x"])
def test_a_redirect_elsewhere_is_blocked(target):
    with serve(replies((302, {"Location": target}, b"moved"))) as host, client(host) as c:
        assert c.fetch(REQUEST, "f").content == b"moved"  # landed all the same
        with pytest.raises(Blocked, match="redirect"):
            c.send(REQUEST, "f")


def test_a_redirect_loop_ends():
    with (
        serve(replies((302, {"Location": "/series"}, b""))) as host,
        client(host) as c,
        pytest.raises(Blocked, match="redirect"),
    ):
        c.send(REQUEST, "f")
    assert len(host.asked) == 6


def test_body_size_is_capped():
    limits = Limits(max_bytes=1000, first_wait_s=0.01)
    bomb = gzip.compress(b"0" * 100_000, mtime=0)
    with (
        serve(replies((200, {"Content-Encoding": "gzip"}, bomb))) as host,
        client(host, limits) as c,
        pytest.raises(SchemaDrift, match="larger than 1000"),
    ):
        c.send(REQUEST, "f")
    assert len(host.asked) == 1


def test_pacing_holds_between_requests_when_asked_for():
    with serve(replies((200, {}, b"x"))) as host:
        for limits, least, most in ((Limits(pace=True), 0.4, 5), (LOCAL, 0.0, 0.35)):
            with client(host, limits) as c:
                begun = time.monotonic()
                for _ in range(3):
                    c.send(REQUEST, "f")
                assert least <= time.monotonic() - begun <= most


def test_the_deadline_holds_for_all_requests():
    with serve(replies((200, {}, b"x"))) as host, client(host, deadline_s=0.05) as c:
        time.sleep(0.06)
        with pytest.raises(Unreachable, match="deadline"):
            c.send(REQUEST, "f")
    assert host.asked == []


def test_post_sends_json():
    request = Request(f"https://{HOST}/api", method="POST", json={"registrationkey": "s3cr3t-key", "id": ["X"]},
                      secrets=frozenset({"registrationkey"}))  # fmt: skip
    bodies = []

    def answer(handler):
        bodies.append(handler.body)
        return (200, {}, b"{}")

    with serve(answer) as host, client(host) as c:
        response = c.send(request, "f")
    assert b"s3cr3t-key" in bodies[0]
    assert response.request.json == {"registrationkey": "***", "id": ["X"]}


SECRET = "abc/def+SECRET=123"


@pytest.mark.parametrize("kind", ["ok", "400", "redirect", "503", "cut"])
def test_a_secret_is_never_shown(kind, caplog):
    caplog.set_level(logging.DEBUG)
    request = Request(
        f"https://{HOST}/series", {"id": "X", "api_key": SECRET}, {"Authorization": SECRET},
        secrets=frozenset({"api_key", "Authorization"}),
    )  # fmt: skip

    def answer(handler):
        echo = handler.path
        handler.close_connection = kind == "cut"
        return {
            "ok": (200, {"X-Echo": echo, "X-Env": "env-secret-value"}, b"fine"),
            "400": (400, {}, f"bad {SECRET} {echo} env-secret-value".encode()),
            "redirect": (302, {"Location": f"https://elsewhere.example{echo}"}, b""),
            "503": (503, {}, echo.encode()),
            "cut": (200, {"Content-Length": "999"}, echo.encode()),
        }[kind]

    shown = []
    with serve(answer) as host, client(host, env={"OTHER_TOKEN": "env-secret-value", "FRED_API_KEY": SECRET}) as c:
        try:
            response = c.fetch(request, "f")
            shown.append(repr((response.request, response.headers)))
            c.check(response)
        except SourceError as error:
            shown.append(str(error))
            assert error.__cause__ is None and error.__suppress_context__
    shown.append(caplog.text)
    for text in shown:
        assert "SECRET" not in text and "env-secret-value" not in text, text
    assert any(SECRET in headers.get("authorization", "") for _, headers in host.asked)


def test_redact_names_and_environment(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "verysecret")
    text = "https://x.org/a?id=1&api_key=zzz&b=2 verysecret"
    assert redact(text, {"api_key"}) == "https://x.org/a?id=1&api_key=***&b=2 ***"
    assert redact("key=1 token", {"api_key"}, {"SHORT_KEY": "1"}) == "key=1 token"


@pytest.mark.parametrize("key", ["a'b\"c\\d e&f=g%h#i+j/k?l", "abcdefgh\n\nijklmnop", "abc\x07d\x00efghijk", "schl\u00fcssel-1234", "%25%20abcdef"])
def test_a_secret_is_hidden_however_it_is_written(key):
    spellings = [
        key, quote(key, safe=""), quote_plus(key), repr(key), repr(f"it's \"{key}\""), repr(f"Bearer {key}".encode()), json.dumps({"k": key}),
        answers.one_line(f"said {key} so"), quote(key, safe="").lower(),
    ]  # fmt: skip
    for text in spellings:
        shown = redact(text, env={"DEMO_API_KEY": key})
        assert "***" in shown and not {"abcd", "ijkl", "k?l", "1234"} & {shown[at : at + n] for n in (3, 4) for at in range(len(shown))}, shown


@pytest.mark.parametrize("pad", range(120, 180, 7))
def test_a_secret_within_which_a_quote_was_cut_is_hidden(pad):
    key = "0123456789abcdef0123456789abcdef"
    with serve(replies((400, {}, f"{'x' * pad} {key} refused".encode()))) as host, client(host) as c, pytest.raises(SchemaDrift) as caught:
        c.send(Request(f"https://{HOST}/a", {"key": key}, secrets=frozenset({"key"})), "f")
    assert key[:8] not in redact(str(caught.value), env={"DEMO_API_KEY": key})
    assert redact("a 0123456 and 'stand'", env={"DEMO_API_KEY": key, "OTHER_KEY": "standing"}) == "a 0123456 and 'stand'"
