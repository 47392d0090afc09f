"""Binance Vision: which files are asked for, what a zip must be, and the recorded archive."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Blocked, EmptyPayload, NotFound, SchemaDrift, SourceError
from ingest.guards import inspect
from ingest.model import Held, Request, Response
from ingest.registry import load
from ingest.sources import get

from .conftest import NOW, Bench, respond

HOST = "https://data.binance.vision/data/futures/um"
GONE = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>'
FUNDING = "calc_time,funding_interval_hours,last_funding_rate\n"
METRICS = "create_time,symbol,sum_open_interest,sum_open_interest_value,count_long_short_ratio\n"
KLINES = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"


def zipped(name: str, text: str | bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.csv"), text)
    return body.getvalue()


def request_of(kind: str, stamp: str, symbol: str = "BTCUSDT") -> Request:
    cadence = "daily" if stamp.count("-") == 2 else "monthly"
    folder = f"{symbol}/1d/{symbol}-1d" if kind == "klines" else f"{symbol}/{symbol}-{kind}"
    return Request(f"{HOST}/{cadence}/{kind}/{folder}-{stamp}.zip")


def values(b: Bench, kind: str, stamp: str, text: str | bytes, **kwargs: Any) -> dict[str, dict[date, float | None]]:
    request = request_of(kind, stamp)
    return b.values(zipped(request.url.split("/")[-1].removesuffix(".zip"), text), request, **kwargs)


def at(day: str, clock: str = "00:00", micro: bool = False) -> int:
    return int(datetime.fromisoformat(f"{day}T{clock}:00+00:00").timestamp()) * (1_000_000 if micro else 1_000)


def archive(files: dict[str, bytes], damaged: str = "") -> Callable[[Request], Response]:
    """Answers as the host does: zip, CHECKSUM, or NoSuchKey."""

    def answer(request: Request) -> Response:
        name = request.url.split("/")[-1]
        body = files.get(name.removesuffix(".CHECKSUM"))
        if body is None:
            raise NotFound(f"404 {name}")
        if name.endswith(".CHECKSUM"):
            digest = hashlib.sha256(body if name.removesuffix(".CHECKSUM") != damaged else b"").hexdigest()
            return respond(request, f"{digest}  {name.removesuffix('.CHECKSUM')}\n")
        return respond(request, body)

    return answer


def month(stamp: str) -> dict[str, bytes]:
    name = f"BTCUSDT-fundingRate-{stamp}"
    return {f"{name}.zip": zipped(name, f"{FUNDING}{at(f'{stamp}-01')},8,0.0001\n")}


@pytest.mark.parametrize("header", [FUNDING, ""])
@pytest.mark.parametrize("micro", [False, True])
def test_a_day_is_the_sum_of_its_settlements(bench: Any, header: str, micro: bool) -> None:
    scale = 1_000 if micro else 1
    lines = [
        f"{at('2026-01-01', '00:00', micro) + 7 * scale},8,0.00010000",
        f"{at('2026-01-01', '08:00', micro)},8,-0.00030000",
        f"{at('2026-01-01', '16:00', micro) - 2 * scale},8,0.00000001",
        f"{at('2026-01-02', '00:00', micro) - 3 * scale},8,0.00020000",  # 23:59:59.997 belongs to the second
        *(f"{at('2026-01-02', clock, micro)},8,0.00000000" for clock in ("08:00", "16:00")),
    ]
    found = values(bench("binance_btc_funding"), "fundingRate", "2026-01", header + "\n".join(lines) + "\n")
    assert found == {
        "binance_vision.BTCUSDT.funding": {date(2026, 1, 1): -0.019999, date(2026, 1, 2): 0.02}
    }


@pytest.mark.parametrize(("hours", "whole"), [
    ({0: 8, 8: 8, 16: 8}, True), ({8: 8, 16: 8}, False), ({0: 8, 16: 8}, False), ({0: 8, 8: 8}, False), ({0: 8}, False),
    (dict.fromkeys(range(0, 24, 4), 4), True), (dict.fromkeys(range(0, 20, 4), 4), False), (dict.fromkeys(range(24), 1), True),
    ({0: 8, 8: 8, 12: 4, 16: 4, 20: 4}, True), ({0: 8, 8: 4, 12: 4, 16: 4, 20: 4}, True),  # to 4 hours; the label before or with it
    ({0: 4, 4: 4, 8: 4, 16: 8}, True), ({0: 4, 4: 4, 8: 8, 16: 8}, True), ({0: 4, 8: 4, 16: 8}, False), ({12: 4, 16: 4, 20: 4}, False),
])  # fmt: skip
def test_a_day_with_settlements_missing_is_no_value(bench: Any, hours: dict[int, int], whole: bool) -> None:
    lines = "".join(f"{at('2026-01-01', f'{hour:02d}:00')},{span},0.0001\n" for hour, span in hours.items())
    found = values(bench("binance_btc_funding"), "fundingRate", "2026-01", FUNDING + lines)
    assert found == {"binance_vision.BTCUSDT.funding": {date(2026, 1, 1): pytest.approx(0.01 * len(hours)) if whole else None}}


@pytest.mark.parametrize(("label", "whole"), [(4, False), (8, True)])
def test_the_next_days_first_interval_tells_whether_the_last_one_changed(bench: Any, label: int, whole: bool) -> None:
    lines = "".join(f"{at('2026-01-01', f'{hour:02d}:00')},4,0.0001\n" for hour in range(0, 20, 4)) + f"{at('2026-01-02')},{label},0.0001\n"
    found = values(bench("binance_btc_funding"), "fundingRate", "2026-01", FUNDING + lines)["binance_vision.BTCUSDT.funding"]
    assert (found[date(2026, 1, 1)] is not None, found[date(2026, 1, 2)]) == (whole, None)


def test_open_interest_is_the_last_value_of_the_day(bench: Any) -> None:
    b, head = bench("binance_btc_oi"), METRICS + "2026-01-01 00:05:00,BTCUSDT,1,2,3\n"
    late = head + '2026-01-01 23:55:00,BTCUSDT,90000.5,8000000000,1\n2026-01-01 23:50:00,BTCUSDT,7,7,1\n'
    coin, usd = "binance_vision.BTCUSDT.oi_coin", "binance_vision.BTCUSDT.oi_usd"
    day = date(2026, 1, 1)
    assert values(b, "metrics", "2026-01-01", late) == {coin: {day: 90000.5}, usd: {day: 8e9}}
    empty = late + '2026-01-02 00:00:00,BTCUSDT,"","",""\n'
    assert values(b, "metrics", "2026-01-01", empty) == {coin: {day: 90000.5}, usd: {day: 8e9}}
    assert values(b, "metrics", "2026-01-01", head) == {coin: {day: None}, usd: {day: None}}  # cut off before 23:00


@pytest.mark.parametrize("header", [KLINES, ""])
def test_klines_give_closes_and_empty_taker_columns_do_not_matter(bench: Any, header: str) -> None:
    line = f"{at('2026-01-01')},10,12,9,11,5,{at('2026-01-02') - 1},50,7,,,0\n"
    found = values(bench("binance_btc_perp"), "klines", "2026-01", header + line)
    assert found == {"binance_vision.BTCUSDT.close": {date(2026, 1, 1): 11.0}}


def test_a_full_refresh_passes_over_leading_gaps_and_stops_after_the_last_month(bench: Any) -> None:
    b = bench("binance_btc_funding")
    asked = b.all(archive({**month("2025-12"), **month("2026-01")}), now=datetime(2026, 6, 2, tzinfo=UTC))
    names = [request.url.split("/")[-1] for request in asked]
    assert names[0] == "BTCUSDT-fundingRate-2020-01.zip.CHECKSUM"
    assert names[-7:] == [
        "BTCUSDT-fundingRate-2025-12.zip.CHECKSUM",
        "BTCUSDT-fundingRate-2025-12.zip",
        "BTCUSDT-fundingRate-2026-01.zip.CHECKSUM",
        "BTCUSDT-fundingRate-2026-01.zip",
        "BTCUSDT-fundingRate-2026-02.zip.CHECKSUM",
        "BTCUSDT-fundingRate-2026-03.zip.CHECKSUM",
        "BTCUSDT-fundingRate-2026-04.zip.CHECKSUM",
    ]


def test_an_increment_begins_with_the_newest_held_month_and_sees_past_a_hole(bench: Any) -> None:
    b = bench("binance_btc_funding")
    held = Held(newest={"binance_vision.BTCUSDT.funding": date(2026, 1, 31)})
    asked = b.all(archive({**month("2026-01"), **month("2026-03")}), held, now=datetime(2026, 4, 20, tzinfo=UTC))
    assert [r.url[-15:] for r in asked] == [
        "01.zip.CHECKSUM", "gRate-2026-01.zip"[-15:], "02.zip.CHECKSUM", "03.zip.CHECKSUM", "gRate-2026-03.zip"[-15:]
    ]  # fmt: skip


def test_klines_go_on_with_daily_files(bench: Any) -> None:
    b, now = bench("binance_btc_perp"), datetime(2026, 3, 4, 6, tzinfo=UTC)
    names = ["BTCUSDT-1d-2026-01", "BTCUSDT-1d-2026-02-01", "BTCUSDT-1d-2026-02-02"]
    asked = b.all(
        archive({f"{name}.zip": zipped(name, "x") for name in names}),
        Held(newest={"binance_vision.BTCUSDT.close": date(2026, 1, 30)}),
        now,
    )
    stamps = [r.url.split("1d-")[-1] for r in asked if not r.url.endswith("CHECKSUM")]
    assert stamps == ["2026-01.zip", "2026-02-01.zip", "2026-02-02.zip"]
    assert [r.url.split("1d-")[-1] for r in asked][-3:] == [f"2026-02-0{n}.zip.CHECKSUM" for n in (3, 4, 5)]


def talk(b: Bench, answer: Callable[[Request], Response], held: Held | None = None) -> None:
    """Drive the source as the runner does, letting its errors out."""
    pages = get("binance_vision").requests(b.dataset, held or Held(), NOW, {})
    request = next(pages)
    while True:
        try:
            response = answer(request)
        except SourceError as error:
            request = pages.throw(error)
        else:
            try:
                request = pages.send(response)
            except StopIteration:
                return


def test_no_file_at_all_is_not_found(bench: Any) -> None:
    for name in ("binance_btc_funding", "binance_btc_perp", "binance_btc_oi"):
        with pytest.raises(NotFound, match="no file"):
            talk(bench(name), archive({}))


def test_a_wrong_checksum_is_refused(bench: Any) -> None:
    with pytest.raises(SchemaDrift, match="CHECKSUM"):
        talk(bench("binance_btc_funding"), archive(month("2026-01"), damaged="BTCUSDT-fundingRate-2026-01.zip"))


def test_other_errors_are_not_taken_for_the_end(bench: Any) -> None:
    def blocked(request: Request) -> Response:
        raise Blocked("451")

    with pytest.raises(Blocked):
        talk(bench("binance_btc_funding"), blocked)


GOOD = f"{FUNDING}{at('2026-01-01')},8,0.0001\n"
NAME = "BTCUSDT-fundingRate-2026-01"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (GONE.encode(), 404, NotFound),
        (GONE.encode(), 200, NotFound),
        (b"<html>Access Denied</html>", 200, Blocked),
        (b"", 200, EmptyPayload),
        (b"restricted location", 451, Blocked),
        (zipped(NAME, GOOD)[:-8], 200, SchemaDrift),
        (zipped("other", GOOD), 200, SchemaDrift),
        (zipped(NAME, b"\xff\xfe\x00"), 200, SchemaDrift),
        (zipped(NAME, FUNDING), 200, EmptyPayload),
        (zipped(NAME, ""), 200, EmptyPayload),
        (zipped(NAME, GOOD.replace("last_funding_rate", "rate")), 200, SchemaDrift),
        (zipped(NAME, GOOD.replace("0.0001", "")), 200, SchemaDrift),
        (zipped(NAME, GOOD.replace(",8,", ",0,")), 200, SchemaDrift),
        (zipped(NAME, GOOD.replace(",8,", ",,")), 200, SchemaDrift),
        (zipped(NAME, GOOD.replace("0.0001", "NaN")), 200, SchemaDrift),
        (zipped(NAME, GOOD.replace(",8,0.0001", ",8")), 200, SchemaDrift),
        (zipped(NAME, f"{FUNDING}{at('2026-02-01')},8,0.0001\n"), 200, SchemaDrift),  # another month
        (zipped(NAME, f"{FUNDING}{at('2026-01-01')}0,8,0.0001\n"), 200, SchemaDrift),  # 14 digits
        (zipped(NAME, f"{GOOD}{at('2026-01-01')},8,0.0002\n"), 200, SchemaDrift),
        (zipped(NAME, b"0" * 70_000_000), 200, SchemaDrift),
    ],
)
def test_funding_files_that_are_refused(bench: Any, body: bytes, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("binance_btc_funding").rows(body, request_of("fundingRate", "2026-01"), status=status)


@pytest.mark.parametrize(
    ("kind", "stamp", "text"),
    [
        ("metrics", "2026-01-01", METRICS + "2026-01-01 23:55:00,ETHUSDT,1,2,3\n"),
        ("metrics", "2026-01-01", METRICS + "2026-01-03 23:55:00,BTCUSDT,1,2,3\n"),
        ("metrics", "2026-01-01", METRICS + "01/01/2026,BTCUSDT,1,2,3\n"),
        ("metrics", "2026-01-01", METRICS + "2026-01-01 23:55:00,BTCUSDT,x,2,3\n"),
        ("klines", "2026-01", f"{at('2026-01-01')},10,12,9,13,5,0,50,7,,,0\n"),
        ("klines", "2026-01", f"{at('2026-01-01', '01:00')},10,12,9,11,5,0,50,7,,,0\n"),
    ],
)
def test_other_files_that_are_refused(bench: Any, kind: str, stamp: str, text: str) -> None:
    with pytest.raises(SchemaDrift):
        values(bench("binance_btc_oi" if kind == "metrics" else "binance_btc_perp"), kind, stamp, text)


@pytest.mark.parametrize(
    "text", ["", "abc  BTCUSDT-fundingRate-2026-01.zip\n", f"{'0' * 64}  other.zip\n", "<html></html>", GONE]
)
def test_checksums_are_proven(bench: Any, text: str) -> None:
    b, request = bench("binance_btc_funding"), request_of("fundingRate", "2026-01")
    with pytest.raises(SourceError):
        b.rows(text, Request(f"{request.url}.CHECKSUM"))
    assert b.rows(f"{'0' * 64}  {NAME}.zip\n", Request(f"{request.url}.CHECKSUM")) == []


def test_recorded_files(upstream: Path) -> None:
    datasets, seen = load().datasets, 0
    for entry in json.loads((upstream / "index.json").read_text()):
        if entry["host"] != "data.binance.vision":
            continue
        kind = "fundingRate" if "/fundingRate/" in entry["path"] else "klines"
        symbol, coin = entry["path"].split("/")[6], entry["path"].split("/")[6].removesuffix("USDT").lower()
        base = datasets.get(f"binance_{coin}_{'perp' if kind == 'klines' else 'funding'}") or datasets[
            f"binance_btc_{'perp' if kind == 'klines' else 'funding'}"
        ].model_copy(update={"request": {"kind": kind, "symbol": symbol}})
        request = Request(f"https://{entry['host']}{entry['path']}")
        body = (upstream / entry["file"]).read_bytes()
        response = respond(request, body, entry["status"])
        if "/1h/" in entry["path"]:
            if not entry["path"].endswith("CHECKSUM") and seen % 40 == 0:  # hourly bars: the drift the parser names
                with pytest.raises(SchemaDrift, match="midnight"):
                    get("binance_vision").parse(base, response)
            continue
        rows = get("binance_vision").parse(base, response)
        seen += 1
        if entry["path"].endswith("CHECKSUM"):
            digest = hashlib.sha256((upstream / entry["file"].removesuffix(".CHECKSUM")).read_bytes()).hexdigest()
            assert rows == [] and body.decode().startswith(digest)
            continue
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            lines = len(archive.read(archive.namelist()[0]).splitlines()) - 1
        assert lines == entry["rows"], entry["path"]
        assert all(row.value is not None for row in rows), entry["path"]
        days = [row.observation_date for row in rows]
        assert (str(days[0]), str(days[-1])) == (entry["first_date"], entry["last_date"]), entry["path"]
        if symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
            assert len(days) == (days[-1] - days[0]).days + 1
            assert inspect(base, [], rows) == {}
    assert seen == 308
