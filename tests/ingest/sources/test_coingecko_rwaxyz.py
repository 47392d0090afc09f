"""CoinGecko and rwa.xyz: keyed, reported as not configured without."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotConfigured,
    NotFound,
    PlanRestricted,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.model import Held
from ingest.redaction import Redactor
from ingest.registry import load
from ingest.sources import get

from .conftest import NOW

KEYS = {"COINGECKO_API_KEY": "CG-demo-hush", "RWAXYZ_API_KEY": "rwa-hush"}


def ms(day: str, clock: str = "00:00:00") -> int:
    return int(datetime.fromisoformat(f"{day}T{clock}+00:00").timestamp()) * 1_000


def chart(*points: list[Any]) -> str:
    return json.dumps({"prices": points, "market_caps": [], "total_volumes": []})


GECKO = chart([ms("2026-06-01"), 70000.5], [ms("2026-06-02"), 71000], [ms("2026-06-02", "20:59:58"), 65000])
RANGE = {
    "status": {
        "error_code": 10012,
        "error_message": "Your request exceeds the allowed time range. Upgrade to a paid plan.",
    }
}
RATE = '{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit."}}'


def test_a_price_at_midnight_is_the_day_before(bench: Any) -> None:
    found = bench("coingecko_btc_usd", KEYS).values(GECKO)
    assert found == {"coingecko.BTC-USD": {date(2026, 5, 31): 70000.5, date(2026, 6, 1): 71000.0}}


def test_the_demo_key_is_a_hidden_header(bench: Any) -> None:
    b = bench("coingecko_btc_usd", KEYS)
    request = b.first()
    assert request.headers == {"x-cg-demo-api-key": "CG-demo-hush"}
    assert request.params == {"vs_currency": "usd", "days": "365", "interval": "daily"}
    assert "hush" not in repr(Redactor.of(request, {}).request(request))
    assert b.first(Held(newest={"coingecko.BTC-USD": date(2026, 5, 30)})).params["days"] == "19"


def test_a_refused_key_is_the_plan(bench: Any) -> None:
    b = bench("coingecko_btc_usd", KEYS)
    for said, error in (("answered 401 to GET /", PlanRestricted), ("answered 403 to GET /", Blocked)):
        talk = get("coingecko").requests(b.dataset, Held(), NOW, KEYS)
        next(talk)
        with pytest.raises(error):
            talk.throw(Blocked(f"api.coingecko.com {said}"))


def test_coingecko_is_the_last_resort() -> None:
    registry = load()
    for dataset, series in registry.series.values():
        if dataset.provider == "coingecko":
            others = [s.priority for _, s in registry.series.values() if s.quantity == series.quantity]
            assert series.priority == max(others) and len(others) > 1
            assert dataset.licence.tier == "restricted"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (json.dumps({"error": RANGE}), 401, PlanRestricted),
        (json.dumps({"error": RANGE}), 200, PlanRestricted),
        (json.dumps(RANGE), 200, PlanRestricted),
        (RATE, 429, RateLimited),
        (RATE, 200, RateLimited),
        ('{"error":"Could not find coin with the given id"}', 404, NotFound),
        ('{"error":"coin not found"}', 404, SchemaDrift),
        ('{"status":{"error_code":500,"error_message":"?"}}', 200, SchemaDrift),
        ("{}", 200, SchemaDrift),
        (chart(), 200, EmptyPayload),
        (chart([ms("2026-06-02", "20:59:58"), 1]), 200, EmptyPayload),
        (chart([ms("2026-06-01", "01:00:00"), 1], [ms("2026-06-02"), 1]), 200, SchemaDrift),
        (chart([ms("2026-06-02")]), 200, SchemaDrift),
        (chart([ms("2026-06-02"), "dear"]), 200, SchemaDrift),
        (GECKO[:-30], 200, SchemaDrift),
        ("<html>cloudflare</html>", 403, Blocked),
        ("Throttled", 429, RateLimited),
        ("", 200, EmptyPayload),
    ],
)
def test_coingecko_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("coingecko_btc_usd", KEYS).rows(body, status=status)


def classes(*results: tuple[str, list[Any]]) -> str:
    group = {"id": 1, "type": "asset_class"}
    return json.dumps(
        {"results": [{"measure": {"id": 71}, "group": {**group, "name": name}, "points": points} for name, points in results]}
    )


RWAXYZ = classes(
    ("US Treasury Debt", [["2026-05-31", 7.5e9], ["2026-06-01T00:00:00.000Z", 7.6e9], ["2026-06-02", 7.7e9]]),
    ("Private Credit", [["2026-06-01", 1.4e10]]),
    ("Cryptocurrencies", [["2026-06-01", 1]]),
)


def test_rwaxyz_values_by_class(bench: Any) -> None:
    assert bench("rwaxyz_classes", KEYS).values(RWAXYZ) == {
        "rwaxyz.us-treasury-debt": {date(2026, 5, 31): 7.5e9, date(2026, 6, 1): 7.6e9},
        "rwaxyz.private-credit": {date(2026, 6, 1): 1.4e10},
    }


def test_rwaxyz_asks_by_class_with_a_hidden_key(bench: Any) -> None:
    request = bench("rwaxyz_classes", KEYS).first()
    query = json.loads(request.params["query"])
    assert query["aggregate"]["groupBy"] == "asset_class"
    assert {"field": "asset_class_id", "operator": "notEquals", "value": 28} in query["filter"]["filters"]
    assert request.headers == {"Authorization": "Bearer rwa-hush"}
    assert "hush" not in repr(Redactor.of(request, {}).request(request))


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"message":"Unauthorized"}', 401, Blocked),
        ('{"message":"pay"}', 402, PlanRestricted),
        ("", 429, RateLimited),
        ('{"results":[]}', 200, EmptyPayload),
        ("{}", 200, SchemaDrift),
        (classes(("US Treasury Debt", [["May 31st", 1]])), 200, SchemaDrift),
        (classes(("US Treasury Debt", [["2026-05-31"]])), 200, SchemaDrift),
        (classes(("US Treasury Debt", [["2026-05-31", "x"]])), 200, SchemaDrift),
        (classes(("US Treasury Debt", [["2026-05-31", 1], ["2026-05-31", 2]])), 200, SchemaDrift),
        (RWAXYZ.replace('"name": "Private Credit"', '"name": 5'), 200, SchemaDrift),
        (RWAXYZ[:-9], 200, SchemaDrift),
        ("", 200, EmptyPayload),
        ("<html>captcha</html>", 200, Blocked),
    ],
)
def test_rwaxyz_faults(bench: Any, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("rwaxyz_classes", KEYS).rows(body, status=status)


@pytest.mark.parametrize("name", ["coingecko_btc_usd", "coingecko_sol_usd", "rwaxyz_classes"])
def test_without_a_key_they_are_not_configured(bench: Any, name: str) -> None:
    b = bench(name)
    with pytest.raises(NotConfigured, match=str(b.dataset.requires_key)):
        b.first()
