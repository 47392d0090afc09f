"""DefiLlama: shapes of its endpoints, what is left out, the key in the path, the recorded archive."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.changelog import ChangeLog
from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotConfigured,
    NotFound,
    OutOfRange,
    PlanRestricted,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.guards import inspect
from ingest.intake import Absorbed, absorb
from ingest.model import Request
from ingest.redaction import Redactor
from ingest.sources import get
from ingest.sources.defillama import DefiLlama
from lowtide.home import Home

from .conftest import NOW, respond

KEY = {"DEFILLAMA_PRO_API_KEY": "pro-hush-1"}


def stamp(day: str, clock: str = "00:00") -> int:
    return int(datetime.fromisoformat(f"{day}T{clock}:00+00:00").timestamp())


def supply(day: str, usd: Any = 2.0, text: bool = True, **pegs: Any) -> dict[str, Any]:
    return {
        "date": str(stamp(day)) if text else stamp(day),
        "totalCirculating": {"peggedUSD": usd},
        "totalCirculatingUSD": {"peggedUSD": usd, **pegs},
        "totalBridgedToUSD": {"peggedUSD": 0},
    }


STABLE = json.dumps([supply("2026-05-30", 3e11), supply("2026-05-31", 3.1e11), supply("2026-06-02", 9.0)])
PRICES = json.dumps(
    [
        {"date": stamp("2026-05-31"), "prices": {"tether": 1.001, "usd-coin": 0.9999, "dai": 1, "binance-usd": 1.002, "terrausd": 0.02}},
        {"date": stamp("2026-06-01"), "prices": {"tether": 0.999, "usd-coin": 1}},
        {"date": stamp("2026-06-02", "09:41"), "prices": {"tether": 0.5, "usd-coin": 0.5, "dai": 0.5}},
    ]
)
TVL = json.dumps([{"date": stamp("2026-05-31"), "tvl": 1.5e11}, {"date": stamp("2026-06-02"), "tvl": 1}])


def chain(**days: float) -> dict[str, Any]:
    return {
        "tvl": [{"date": stamp(f"2026-05-{day[1:]}"), "totalLiquidityUSD": usd} for day, usd in days.items()],
        "tokens": [],
    }


PROTOCOL = json.dumps(
    {
        "name": "BlackRock BUIDL",
        "chainTvls": {
            "Ethereum": chain(d28=10, d29=11, d30=12, d31=13),
            "Aptos": chain(d29=1, d31=3),  # May 30th is missing within its span
            "Polygon zkEVM": chain(d28=5),
            "Ethereum-borrowed": chain(d28=1e9),
            "borrowed": chain(d28=1e9),
            "staking": chain(d28=1e9),
            "pool2": chain(d28=1e9),
        },
        "tvl": [],
    }
)
PROTOCOLS = json.dumps(
    [
        {"slug": "blackrock-buidl", "category": "RWA", "tvl": 100},
        {"slug": "tether-gold", "category": "RWA", "tvl": 30.5},
        {"slug": "maple", "category": "RWA Lending", "tvl": 20},
        {"slug": "brand-new", "category": "RWA", "tvl": 5},
        {"slug": "asleep", "category": "RWA", "tvl": 0},
        {"slug": "nothing-known", "category": "RWA", "tvl": None},
        {"slug": "lido", "category": "Liquid Staking", "tvl": 1e10},
    ]
)
COIN = json.dumps(
    {
        "id": "2", "name": "USD Coin", "price": None, "chainBalances": {"Tron": {"tokens": []}}, "currentChainBalances": {},
        "tokens": [
            {"date": stamp("2026-05-30"), "circulating": {"peggedUSD": 7e10}, "minted": {"peggedUSD": 9e10}, "unreleased": 0, "bridgedTo": 0},
            {"date": stamp("2026-05-31"), "circulating": 0},
            {"date": stamp("2026-06-02"), "circulating": {"peggedUSD": 1}},
        ],
    }
)  # fmt: skip
RWA = json.dumps(
    [
        {"timestamp": stamp("2026-05-31"), "Ethereum": 10.5, "Solana": 2},
        {"timestamp": stamp("2026-06-01"), "Ethereum": 11, "Solana": None},
    ]
)


def test_the_page_of_a_coin_where_its_chart_is_not_there(bench: Any) -> None:
    def answer(request: Request) -> Any:
        if "charts" in request.url:
            raise NotFound("404")
        return respond(request, COIN)

    b = bench("defillama_usdc")
    *_, last = b.all(answer)
    assert (last.url, last.params) == ("https://stablecoins.llama.fi/stablecoin/2", {})
    assert b.values(COIN, last) == {"defillama.stablecoins.usdc": {date(2026, 5, 30): 7e10}}
    assert bench("defillama_busd").all(answer)[-1].url.endswith("/stablecoin/4")  # units stand for value
    for name in ("defillama_ustc", "defillama_stablecoins"):  # not for a coin that lost its peg
        assert all("charts" in request.url for request in bench(name).all(lambda request: respond(request, STABLE)))
        with pytest.raises(NotFound):
            bench(name).all(answer)
    with pytest.raises(SchemaDrift, match="coin '2'"):
        bench("defillama_usdt").values(COIN, last)


def test_a_protocol_that_lists_no_chain(bench: Any) -> None:
    text = json.dumps({"name": "BlackRock BUIDL", "tvl": chain(d30=10)["tvl"], "tokens": [], "tokensInUsd": []})
    assert bench("defillama_rwa_blackrock_buidl").values(text) == {"defillama.tvl.blackrock-buidl": {date(2026, 5, 30): 10}}


@pytest.mark.parametrize(
    ("name", "url", "params"),
    [
        ("defillama_stablecoins", "https://stablecoins.llama.fi/stablecoincharts/all", {}),
        ("defillama_usdc", "https://stablecoins.llama.fi/stablecoincharts/all", {"stablecoin": "2"}),
        ("defillama_stablecoins_bsc", "https://stablecoins.llama.fi/stablecoincharts/BSC", {}),
        ("defillama_stablecoin_prices", "https://stablecoins.llama.fi/stablecoinprices", {}),
        ("defillama_tvl", "https://api.llama.fi/v2/historicalChainTvl", {}),
        ("defillama_rwa", "https://api.llama.fi/protocols", {}),
        ("defillama_rwa_blackrock_buidl", "https://api.llama.fi/protocol/blackrock-buidl", {}),
    ],
)
def test_what_is_asked(bench: Any, name: str, url: str, params: dict[str, str]) -> None:
    request = bench(name).first()
    assert (request.url, dict(request.params)) == (url, params)


@pytest.mark.parametrize("text", [True, False])
def test_supply_with_dates_as_text_or_number(bench: Any, text: bool) -> None:
    body = json.dumps([supply("2026-05-31", 3e11, text, peggedEUR=5e8), supply("2026-06-02", 1, text)])
    found = bench("defillama_stablecoins").values(body)
    assert found == {"defillama.stablecoins.total": {date(2026, 5, 31): 3e11}}  # the running day is dropped


def test_a_coin_is_counted_in_units_of_its_peg_and_a_zero_part_is_no_value(bench: Any) -> None:
    body = json.dumps(
        [supply("2026-05-30"), {**supply("2026-05-31"), "totalCirculating": 0}, {**supply("2026-06-01"), "totalCirculating": {}}]
    )
    assert bench("defillama_usdt").values(body) == {"defillama.stablecoins.usdt": {date(2026, 5, 30): 2.0}}


def test_the_total_is_not_taken_for_a_coin(bench: Any) -> None:
    total = json.dumps([{"date": "1780185600", "totalCirculatingUSD": {"peggedUSD": 3e11}}])
    for coin in ("usdt", "busd"):  # also where the value in USD is read, which the total has too
        with pytest.raises(SchemaDrift, match="totalCirculating"):
            bench(f"defillama_{coin}").rows(total)


def test_prices_by_gecko_id(bench: Any) -> None:
    assert bench("defillama_stablecoin_prices").values(PRICES) == {
        "defillama.price.usdt": {date(2026, 5, 31): 1.001, date(2026, 6, 1): 0.999},
        "defillama.price.usdc": {date(2026, 5, 31): 0.9999, date(2026, 6, 1): 1.0},
        "defillama.price.dai": {date(2026, 5, 31): 1.0},
        "defillama.price.busd": {date(2026, 5, 31): 1.002},
        "defillama.price.ustc": {date(2026, 5, 31): 0.02},
    }


def test_the_last_point_of_a_day_stands(bench: Any) -> None:
    body = json.dumps([{"date": stamp("2026-05-31", clock), "tvl": tvl} for clock, tvl in (("00:00", 1), ("18:30", 2))])
    assert bench("defillama_tvl").values(body) == {"defillama.tvl": {date(2026, 5, 31): 2.0}}


def test_a_protocol_is_the_sum_of_its_chains_on_whole_days(bench: Any) -> None:
    assert bench("defillama_rwa_blackrock_buidl").values(PROTOCOL) == {
        "defillama.tvl.blackrock-buidl": {date(2026, 5, 28): 15.0, date(2026, 5, 29): 12.0, date(2026, 5, 31): 16.0}
    }


def test_the_snapshot_sums_classes_and_is_known_from_its_fetch(bench: Any) -> None:
    b = bench("defillama_rwa")
    assert b.values(PROTOCOLS) == {
        f"defillama.rwa.{name}": {NOW.date(): value}
        for name, value in {
            "treasuries": 100.0, "gold": 30.5, "private_credit": 20.0, "unclassified": 5.0, "total": 155.5, "protocols": 4.0,
        }.items()
    }  # fmt: skip
    assert {row.vintage for row in b.rows(PROTOCOLS)} == {NOW}
    assert set(b.dataset.request["classes"].values()) | {"unclassified", "total", "protocols"} == {
        series.field for series in b.dataset.series
    }


def test_pro_sums_chains_and_hides_the_key_in_the_path(bench: Any) -> None:
    b = bench("defillama_pro_rwa_onchain_mcap", KEY)
    request = b.first()
    assert request.url == "https://pro-api.llama.fi/pro-hush-1/rwa/chart/chain-breakdown"
    assert request.params == {"key": "onChainMcap"}
    public = Redactor.of(request, KEY).request(request)
    assert public.url == "https://pro-api.llama.fi/***/rwa/chart/chain-breakdown" and "hush" not in repr(public)
    short = bench("defillama_pro_rwa_onchain_mcap", {"DEFILLAMA_PRO_API_KEY": "q7"})  # too short to be hidden by name
    assert "q7" not in repr(Redactor.of(short.first(), short.env).request(short.first()))
    assert b.values(RWA, public) == {
        "defillama.pro_rwa.onchain_mcap": {date(2026, 5, 31): 12.5, date(2026, 6, 1): 11.0},
        "defillama.pro_rwa.onchain_mcap.ethereum": {date(2026, 5, 31): 10.5, date(2026, 6, 1): 11.0},
    }
    with pytest.raises(NotConfigured, match="DEFILLAMA_PRO_API_KEY"):
        bench("defillama_pro_rwa_onchain_mcap").first()


@pytest.mark.parametrize(
    ("name", "body", "status", "error"),
    [
        ("defillama_stablecoins", "Upgrade to the paid plan", 402, PlanRestricted),
        ("defillama_stablecoins", '{"message":"Please upgrade to a paid plan"}', 200, PlanRestricted),
        ("defillama_rwa_maple", "Protocol not found", 400, NotFound),
        ("defillama_rwa_maple", '{"error":"Protocol not found"}', 200, NotFound),
        ("defillama_usdt", '{"error":"Pegged asset is not in our database"}', 200, NotFound),
        ("defillama_stablecoins", "", 404, NotFound),
        ("defillama_stablecoins", "slow down", 429, RateLimited),
        ("defillama_stablecoins", "<html>cloudflare</html>", 200, Blocked),
        ("defillama_stablecoins", "", 200, EmptyPayload),
        ("defillama_stablecoins", "[]", 200, EmptyPayload),
        ("defillama_stablecoins", "{}", 200, SchemaDrift),
        ("defillama_stablecoins", STABLE[:-4], 200, SchemaDrift),
        ("defillama_stablecoins", STABLE.replace('"date"', '"day"'), 200, SchemaDrift),
        ("defillama_stablecoins", json.dumps([supply("2026-05-31", "much")]), 200, SchemaDrift),
        ("defillama_stablecoins", STABLE.replace("totalCirculatingUSD", "total"), 200, SchemaDrift),
        ("defillama_stablecoin_prices", PRICES.replace('"prices"', '"price"'), 200, SchemaDrift),
        ("defillama_stablecoin_prices", PRICES.replace('"dai"', '"DAI"'), 200, SchemaDrift),
        ("defillama_tvl", TVL.replace('"tvl"', '"value"'), 200, SchemaDrift),
        ("defillama_rwa_maple", '{"chainTvls":[]}', 200, SchemaDrift),
        ("defillama_rwa_maple", '{"chainTvls":{"Ethereum":{"tvl":null}}}', 200, SchemaDrift),
        ("defillama_rwa_maple", '{"chainTvls":{}}', 200, EmptyPayload),
        ("defillama_rwa", '[{"slug":"lido","category":"Dexs","tvl":1}]', 200, EmptyPayload),
        ("defillama_rwa", '[{"slug":"x","category":"RWA"}]', 200, SchemaDrift),
        ("defillama_rwa", '{"chainTvls":{}}', 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, name: str, body: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench(name).rows(body, status=status)


def test_a_recomputed_history_is_a_revision_and_a_wrong_unit_is_refused(bench: Any, tmp_path: Path) -> None:
    home, dataset = Home(tmp_path, "live"), bench("defillama_stablecoins").dataset
    home.prepare()
    changes = ChangeLog(tmp_path / "log.parquet")

    def fetch(factor: float, hour: int) -> Absorbed:
        days = [f"2026-05-{day}" for day in range(20, 32)]
        body = json.dumps([supply(day, 3e11 * factor) for day in days])
        moment = datetime(2026, 6, 2, hour, tzinfo=UTC)
        reply = respond(bench("defillama_stablecoins").first(), body, 200, moment)
        return absorb(home, dataset, DefiLlama(), [reply], changes, [])

    assert fetch(1.0, 1).rows_added == 12
    assert fetch(1.00005, 2).rows_added == 0  # rounding
    assert fetch(1.03, 3).rows_revised == 12
    with pytest.raises(OutOfRange):
        fetch(1030.0, 4)
    versions = [(fact.value, fact.known_at.hour) for fact in changes.facts() if fact.observation_date == date(2026, 5, 31)]
    assert versions == [(3e11, 12), (3e11 * 1.03, 3)]  # known at noon of June 1st, changed on June 2nd


RECORDED = {
    "/stablecoincharts/all": "defillama_stablecoins",
    "/stablecoinprices": "defillama_stablecoin_prices",
    "/v2/historicalChainTvl": "defillama_tvl",
}


def test_recorded_answers(upstream: Path, bench: Any) -> None:
    seen = 0
    for entry in json.loads((upstream / "index.json").read_text()):
        if not entry["host"].endswith("llama.fi") or entry["path"] not in RECORDED:
            continue
        dataset = bench(RECORDED[entry["path"]]).dataset
        request = Request(f"https://{entry['host']}{entry['path']}")
        reply = respond(request, (upstream / entry["file"]).read_bytes(), entry["status"], datetime(2026, 6, 1, 12, tzinfo=UTC))
        rows = get("defillama").parse(dataset, reply)
        lead = [row.observation_date for row in rows if row.series_id == dataset.series[0].id]
        assert len(lead) == entry["rows"]
        assert (str(lead[0]), str(lead[-1])) == (entry["first_date"], entry["last_date"])
        assert inspect(dataset, [], rows) == {}
        seen += 1
    assert seen == len(RECORDED)
