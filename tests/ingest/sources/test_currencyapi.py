"""currency-api: dated files with a mirror, holes, a stale `latest`, inverse rates, the recorded days."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    SchemaDrift,
    SourceError,
    StaleData,
    Unreachable,
)
from ingest.model import Held, Request, Response
from ingest.registry import load
from ingest.sources import get

from .conftest import respond

CDN = "https://cdn.jsdelivr.net/npm/@fawazahmed0/currency-api@{}/v1/currencies/usd.min.json"
MIRROR = "https://{}.currency-api.pages.dev/v1/currencies/usd.min.json"


def day_file(day: str, base: str = "usd", **rates: Any) -> str:
    return json.dumps(
        {"date": day, base: rates or {"twd": 31.46, "jpy": 159.2, "chf": 0.78, "cny": 6.8, "xau": 0.00025}}
    )


GOOD = day_file("2026-06-01")
HELD = Held(newest={"currencyapi.twd": date(2026, 5, 31)})


def served(*days: str, mirror: tuple[str, ...] = (), latest: str | None = None, down: bool = False) -> Any:
    def answer(request: Request) -> Response:
        for day in days:
            if request.url == CDN.format(day):
                return respond(request, day_file(day))
        for day in mirror:
            if request.url == MIRROR.format(day):
                return respond(request, day_file(day))
        if latest and request.url == CDN.format("latest"):
            return respond(request, day_file(latest))
        raise (
            Unreachable("down")
            if down and "jsdelivr" in request.url
            else NotFound("Couldn't find the requested release")
        )

    return answer


def test_rates_and_gold(bench: Any) -> None:
    found = bench("currencyapi_usd").values(GOOD, Request(CDN.format("2026-06-01")))
    assert found["currencyapi.twd"] == {date(2026, 6, 1): 31.46}
    assert found["currencyapi.xau_usd"][date(2026, 6, 1)] == pytest.approx(4000)
    url = CDN.format("2026-06-01").replace("usd", "xau")
    assert bench("currencyapi_xau").values(day_file("2026-06-01", "xau", usd=4005.5), Request(url)) == {
        "currencyapi.xau": {date(2026, 6, 1): 4005.5}
    }


def test_one_file_a_day_within_bounds(bench: Any) -> None:
    b = bench("currencyapi_usd")
    asked = b.all(lambda request: respond(request, day_file(request.url.split("@")[2][:10])))
    assert len(asked) == 120 and asked[-1].url == CDN.format("2026-06-02")
    assert [
        r.url
        for r in b.all(served("2026-05-28", "2026-05-29", "2026-05-30", "2026-05-31", "2026-06-01", "2026-06-02"), HELD)
    ] == [CDN.format(f"2026-{day}") for day in ("05-28", "05-29", "05-30", "05-31", "06-01", "06-02")]


def test_holes_are_passed_over_and_the_mirror_is_asked(bench: Any) -> None:
    asked = [r.url for r in bench("currencyapi_usd").all(served("2026-05-28", mirror=("2026-06-01",)), HELD)]
    assert asked[:3] == [CDN.format("2026-05-28"), CDN.format("2026-05-29"), MIRROR.format("2026-05-29")]
    assert MIRROR.format("2026-06-01") in asked and CDN.format("latest") not in asked


def test_latest_is_the_last_resort(bench: Any) -> None:
    b = bench("currencyapi_usd")
    assert b.all(served("2026-05-30", latest="2026-06-01"), HELD)[-1].url == CDN.format("latest")
    assert b.all(served("2026-05-30"), HELD)[-1].url == CDN.format("latest")
    with pytest.raises(NotFound):
        b.all(served(), HELD)


def test_a_cdn_that_is_down_is_replaced_by_the_mirror(bench: Any) -> None:
    asked = bench("currencyapi_usd").all(served(mirror=("2026-06-01", "2026-06-02"), down=True), HELD)
    assert asked[-1].url == MIRROR.format("2026-06-02")


@pytest.mark.parametrize(
    ("version", "body", "status", "error"),
    [
        ("2026-06-01", "Couldn't find the requested release version 2026.6.1.", 404, NotFound),
        ("2026-06-01", day_file("2026-05-31"), 200, SchemaDrift),
        ("latest", day_file("2026-05-30"), 200, StaleData),
        ("2026-06-01", day_file("2026-06-01", "eur"), 200, SchemaDrift),
        ("2026-06-01", day_file("2026-06-01", xxx=1.0), 200, EmptyPayload),
        ("2026-06-01", day_file("2026-06-01", twd="31"), 200, SchemaDrift),
        ("2026-06-01", day_file("2026-06-01", xau=0), 200, SchemaDrift),
        ("2026-06-01", day_file("2026-06-01", twd=-1), 200, SchemaDrift),
        ("2026-06-01", GOOD.replace("2026-06-01", "June"), 200, SchemaDrift),
        ("2026-06-01", GOOD[:-4], 200, SchemaDrift),
        ("2026-06-01", "<html>Forbidden</html>", 403, Blocked),
        ("2026-06-01", "", 200, EmptyPayload),
    ],
)
def test_faults(bench: Any, version: str, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("currencyapi_usd").rows(body, Request(CDN.format(version)), status=status)


def test_recorded_days(upstream: Path) -> None:
    entries = [e for e in json.loads((upstream / "index.json").read_text()) if "currency-api" in e["series"]]
    seen = 0
    for entry in entries:
        dataset = load().datasets[f"currencyapi_{entry['series'].split()[-1]}"]
        day = date.fromisoformat(entry["last_date"])
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        request = Request(f"https://{entry['host']}{entry['path']}")
        body = (upstream / entry["file"]).read_bytes()
        rows = get("currencyapi").parse(dataset, respond(request, body, fetched_at=moment))
        assert rows and {row.observation_date for row in rows} == {day}
        for row in rows:
            low, high = load().series[row.series_id][1].plausible
            assert row.value is not None and low <= row.value <= high, entry["file"]
        seen += len(rows) == len(dataset.series)
    assert seen == len(entries) > 250


def test_nothing_is_asked_for_before_the_first_day(bench: Any) -> None:
    asked = bench("currencyapi_usd").all(
        lambda request: respond(request, day_file(request.url.split("@")[2][:10])), now=datetime(2024, 3, 4, tzinfo=UTC)
    )
    assert [r.url for r in asked] == [CDN.format(f"2024-03-0{n}") for n in (2, 3, 4)]
