"""Crypto, on-chain, filings, gold and statistics as the stand-in serves them: the raw formats, publication, the script.

Nothing here uses the connectors: bodies are read by hand, after the upstream contracts.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sandbox.wire import Ask, Reply
from sandbox.world import SimulatedBackend
from tests.sandbox.truth import moment

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
VISION = "data.binance.vision"
UM = "/data/futures/um"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def world() -> SimulatedBackend:
    return SimulatedBackend(now=NOW)


@pytest.fixture(scope="module")
def other() -> SimulatedBackend:
    return SimulatedBackend("counterfactual", now=NOW)


def get(backend: SimulatedBackend, host: str, path: str, status: int = 200, /, **query: Any) -> Reply:
    headers = query.pop("headers", {})
    reply = backend.answer(Ask(host, path, query, "POST" if host == "api.bls.gov" else "GET", headers))
    assert reply.status == status, (host, path, reply.status, reply.body[:200])
    return reply


def load(backend: SimulatedBackend, host: str, path: str, status: int = 200, /, **query: Any) -> Any:
    return json.loads(get(backend, host, path, status, **query).body)


def table(reply: Reply) -> list[list[str]]:
    return list(csv.reader(io.StringIO(reply.body.decode())))


def member(reply: Reply) -> str:
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        (name,) = archive.namelist()
        return archive.read(name).decode()


def ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


# -- crypto ---------------------------------------------------------------------------------------------------------


def test_binance_files_are_there_from_their_day_on_with_their_checksum(world: SimulatedBackend) -> None:
    path = f"{UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-10.zip"
    file = get(world, VISION, path)
    assert get(world, VISION, f"{path}.CHECKSUM").body == f"{hashlib.sha256(file.body).hexdigest()}  {path.rpartition('/')[2]}\n".encode()
    lines = member(file).splitlines()
    assert lines[0] == "calc_time,funding_interval_hours,last_funding_rate" and len(lines) == 1 + 31 * 3
    assert all(re.fullmatch(r"\d{13},8,-?0\.\d{8}", line) for line in lines[1:])
    sol = member(get(world, VISION, f"{UM}/monthly/fundingRate/SOLUSDT/SOLUSDT-fundingRate-2026-10.zip")).splitlines()
    assert len(sol) == 1 + 31 * 6 and sol[1].split(",")[1] == "4"
    for missing in (f"{UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-11.zip", f"{UM}/daily/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-10-01.zip",
                    f"{UM}/monthly/fundingRate/SOLUSDT/SOLUSDT-fundingRate-2020-08.zip", f"{UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2026-11-20.zip"):
        assert b"<Code>NoSuchKey</Code>" in get(world, VISION, missing, 404).body
    monday = SimulatedBackend(now=datetime(2026, 11, 2, 9, tzinfo=UTC))  # the first Monday of November
    assert monday.answer(Ask(VISION, path)) == file and SimulatedBackend(now=datetime(2026, 11, 2, 8, tzinfo=UTC)).answer(Ask(VISION, path)).status == 404


def test_binance_klines_and_open_interest(world: SimulatedBackend) -> None:
    new = member(get(world, VISION, f"{UM}/daily/klines/BTCUSDT/1d/BTCUSDT-1d-2026-11-18.zip")).splitlines()
    old = member(get(world, VISION, f"{UM}/monthly/klines/BTCUSDT/1d/BTCUSDT-1d-2021-12.zip")).splitlines()
    assert new[0].startswith("open_time,open,high,low,close,volume,close_time") and new[1].startswith(f"{ms('2026-11-18')},")
    assert len(old) == 31 and old[0].startswith(f"{ms('2021-12-01')},") and len(old[0].split(",")) == 12
    for year, digits in ((2024, 13), (2025, 16)):  # spot turned to microseconds
        spot = member(get(world, VISION, f"/data/spot/monthly/klines/BTCUSDT/1d/BTCUSDT-1d-{year}-01.zip"))
        assert len(spot.split(",")[0]) == digits
    rows = member(get(world, VISION, f"{UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2026-11-18.zip")).splitlines()
    assert len(rows) == 289 and rows[0].startswith("create_time,symbol,sum_open_interest,sum_open_interest_value,")
    assert rows[1].startswith("2026-11-18 00:05:00,BTCUSDT,") and rows[-1].startswith("2026-11-19 00:00:00,BTCUSDT,")


def test_venues_agree_on_the_price_and_leave_the_running_day_unfinished(world: SimulatedBackend) -> None:
    kraken = load(world, "api.kraken.com", "/0/public/OHLC", pair="XBTUSD", interval="1440")
    bars = kraken["result"]["XXBTZUSD"]
    assert kraken["error"] == [] and len(bars) == 721 and kraken["result"]["last"] == bars[-2][0]
    assert all(isinstance(cell, str) for cell in bars[0][1:7]) and all(float(b[3]) <= float(b[4]) <= float(b[2]) for b in bars)
    base = {row[0]: row[4] for row in load(world, "api.exchange.coinbase.com", "/products/BTC-USD/candles", granularity="86400")}
    gecko = load(world, "api.coingecko.com", "/api/v3/coins/bitcoin/market_chart", vs_currency="usd", days="365", interval="daily")["prices"]
    assert len(gecko) == 366 and gecko[-1][0] == int(NOW.timestamp() * 1000) and gecko[-2][0] == ms("2026-11-20")
    close = float(bars[-2][4])
    assert base[bars[-2][0]] == pytest.approx(close, rel=0.005) and gecko[-2][1] == pytest.approx(close, rel=0.005)
    assert load(world, "api.kraken.com", "/0/public/OHLC", pair="NOPE", interval="1440") == {"error": ["EQuery:Unknown asset pair"]}
    assert load(world, "api.coingecko.com", "/api/v3/coins/bitcoin/market_chart", 401, days="366")["error"]["status"]["error_code"] == 10012
    assert load(world, "api.binance.com", "/api/v3/klines", 451)["code"] == 0


def test_okx_pages_and_its_three_months(world: SimulatedBackend) -> None:
    def ask(path: str, **query: str) -> list[Any]:
        body = load(world, "www.okx.com", f"/api/v5/{path}", instId="BTC-USDT-SWAP", **query)
        assert body["code"] == "0"
        return list(body["data"])

    first = ask("public/funding-rate-history", limit="100")
    second = ask("public/funding-rate-history", limit="100", after=first[-1]["fundingTime"])
    times = [int(row["fundingTime"]) for row in first + second]
    assert len(first) == 100 and times == sorted(times, reverse=True) and len(set(times)) == len(times)
    assert int(NOW.timestamp() * 1000) - min(int(row["fundingTime"]) for row in ask("public/funding-rate-history", after=str(times[0] - 80 * DAY_MS))) <= 92 * DAY_MS
    interest = ask("rubik/stat/contracts/open-interest-history", period="1Dutc")
    assert len(interest) == 100 and all(int(row[0]) % DAY_MS == 0 and isinstance(row[2], str) for row in interest)
    assert int(ask("rubik/stat/contracts/open-interest-history", period="1D")[0][0]) % DAY_MS == DAY_MS - 8 * 3_600_000
    orders = load(world, "www.okx.com", "/api/v5/public/liquidation-orders", instType="SWAP", state="filled", uly="BTC-USDT")["data"][0]
    assert {"bkPx", "sz", "posSide", "side", "ts"} <= set(orders["details"][0]) and len(orders["details"]) == 100
    assert load(world, "www.okx.com", "/api/v5/public/funding-rate-history", instId="X")["code"] == "51001"


def test_deribit_and_bitmex_pages(world: SimulatedBackend) -> None:
    def dvol(end: int) -> Any:
        return load(world, "www.deribit.com", "/api/v2/public/get_volatility_index_data", currency="BTC", resolution="1D",
                    start_timestamp="0", end_timestamp=str(end))["result"]

    page = dvol(int(NOW.timestamp() * 1000))
    assert len(page["data"]) == 1000 and page["continuation"] < page["data"][0][0] and page["data"][-1][0] == ms("2026-11-20")
    oldest = dvol(dvol(page["continuation"])["continuation"])
    assert oldest["continuation"] is None and oldest["data"][0][0] == ms("2021-03-24")
    rows = load(world, "www.bitmex.com", "/api/v1/funding", symbol="XBTUSD", count="500", start="500", startTime="2016-05-15T00:00:00.000Z")
    assert len(rows) == 500 and rows[0]["timestamp"] == "2016-10-28T20:00:00.000Z" and set(rows[0]) >= {"symbol", "fundingRate"}


def test_leverage_leaves_where_the_script_lets_crypto_fall(world: SimulatedBackend) -> None:
    def funding(month: str) -> float:
        lines = member(get(world, VISION, f"{UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-{month}.zip")).splitlines()[1:]
        return sum(float(line.split(",")[2]) for line in lines) / len(lines)

    def interest(day: str) -> float:
        return float(member(get(world, VISION, f"{UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-{day}.zip")).splitlines()[-1].split(",")[2])

    assert funding("2025-11") < -0.0001 < 0.00005 < funding("2025-09")
    assert interest("2025-11-22") < 0.6 * interest("2025-10-01")


# -- on chain -------------------------------------------------------------------------------------------------------


def test_stablecoins_grow_through_the_fall_and_shrink_in_the_other_world(world: SimulatedBackend, other: SimulatedBackend) -> None:
    def supply(backend: SimulatedBackend) -> dict[str, float]:
        rows = load(backend, "stablecoins.llama.fi", "/stablecoincharts/all")
        assert all(isinstance(row["date"], str) and len(row["date"]) == 10 for row in rows)
        return {datetime.fromtimestamp(int(row["date"]), UTC).date().isoformat(): row["totalCirculatingUSD"]["peggedUSD"] for row in rows}

    recede, fall = supply(world), supply(other)
    assert min(recede) == "2017-11-29" and max(recede) == "2026-11-20"
    assert recede["2025-12-31"] > recede["2025-10-01"] and recede["2026-11-19"] > 1.1 * recede["2025-11-19"]
    assert fall["2026-11-19"] < 0.95 * fall["2025-11-19"]
    one = load(world, "stablecoins.llama.fi", "/stablecoincharts/all", stablecoin="1")
    assert one[-1]["totalCirculating"]["peggedUSD"] < recede["2026-11-20"]
    assert "not in our database" in load(world, "stablecoins.llama.fi", "/stablecoincharts/all", 404, stablecoin="77")["error"]
    prices = load(world, "stablecoins.llama.fi", "/stablecoinprices")
    assert isinstance(prices[0]["date"], int) and abs(prices[-1]["prices"]["tether"] - 1) < 0.005


def test_tokenised_assets_by_protocol(world: SimulatedBackend, other: SimulatedBackend) -> None:
    listed = load(world, "api.llama.fi", "/protocols")
    assert {"blackrock-buidl", "tether-gold"} <= {row["slug"] for row in listed if row["category"] == "RWA"}
    assert any(row["category"] == "Liquid Staking" for row in listed) and any(row["tvl"] is None for row in listed)
    buidl = load(world, "api.llama.fi", "/protocol/blackrock-buidl")
    parts = buidl["chainTvls"]
    assert {"Ethereum", "Solana", "Ethereum-borrowed", "borrowed"} == set(parts)
    assert parts["Ethereum"]["tvl"][-1]["date"] == int(NOW.timestamp())  # the running day under the time of its update
    assert parts["Ethereum"]["tvl"][-2]["totalLiquidityUSD"] + parts["Solana"]["tvl"][-2]["totalLiquidityUSD"] == pytest.approx(buidl["tvl"][-2]["totalLiquidityUSD"])
    gold = [load(world, "api.llama.fi", "/protocol/tether-gold"), load(other, "api.llama.fi", "/protocol/tether-gold")]
    ounces = [[row["tokens"]["XAU"] for row in body["chainTvls"]["Ethereum"]["tokens"]] for body in gold]
    assert ounces[0][-2] > 1.2 * ounces[0][-366] and ounces[1][-2] < 0.9 * ounces[1][-366]
    assert get(world, "api.llama.fi", "/protocol/nope", 400).body == b"Protocol not found"
    assert "Upgrade" in load(world, "api.llama.fi", "/rwa/current", 402)["message"]
    query = json.dumps({"filter": {"operator": "and", "filters": [{"field": "date", "operator": "onOrAfter", "value": "2026-11-01T00:00:00.000Z"}]}})
    path = "/v4/tokens/aggregates/timeseries"
    results = load(world, "api.rwa.xyz", path, query=query, headers={"authorization": "Bearer k"})["results"]
    assert results[0]["group"]["name"] == "US Treasury Debt" and results[0]["points"][0][0] == "2026-11-01"
    get(world, "api.rwa.xyz", path, 401, query=query, headers={"user-agent": "x"})


# -- filings --------------------------------------------------------------------------------------------------------


def facts(backend: SimulatedBackend, cik: int) -> dict[str, list[dict[str, Any]]]:
    body = load(backend, "data.sec.gov", f"/api/xbrl/companyfacts/CIK{cik:010d}.json")
    assert body["cik"] == cik
    return {tag: entry["units"]["USD"] for tag, entry in body["facts"]["us-gaap"].items()}


CAPEX, ASSETS = "PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"
CASH = "NetCashProvidedByUsedInOperatingActivities"


def test_company_facts_are_year_to_date_repeated_and_framed_once(world: SimulatedBackend) -> None:
    alphabet = facts(world, 1652044)[CASH]
    mine = [fact for fact in alphabet if fact["start"] == "2025-01-01"]
    assert [(fact["end"], fact["form"], fact["filed"][:4]) for fact in mine] == [
        ("2025-03-31", "10-Q", "2025"), ("2025-03-31", "10-Q", "2026"), ("2025-06-30", "10-Q", "2025"), ("2025-06-30", "10-Q", "2026"),
        ("2025-09-30", "10-Q", "2025"), ("2025-09-30", "10-Q", "2026"), ("2025-12-31", "10-K", "2026")]
    assert ["frame" in fact for fact in mine] == [False, True, False, False, False, False, True]  # quarters and years only, the last filed
    assert mine[0]["val"] < mine[2]["val"] < mine[4]["val"] < mine[6]["val"] and mine[1]["fy"] == 2026
    nvidia = facts(world, 1045810)[CASH][-1]
    assert nvidia["end"] == "2026-10-25" and nvidia["filed"] == "2026-11-18"
    before = SimulatedBackend(now=datetime(2026, 11, 18, 21, tzinfo=UTC))  # accepted at 16:20 New York
    assert facts(before, 1045810)[CASH][-1]["end"] == "2026-07-26"


def test_tags_switch_and_a_year_is_restated(world: SimulatedBackend) -> None:
    amazon = facts(world, 1018724)
    assert amazon[CAPEX][-1]["filed"] < "2017-03" and amazon[ASSETS][-1]["end"] == "2026-09-30"
    assert amazon["SalesRevenueNet"][-1]["filed"] < "2018-03"
    meta = [fact["val"] for fact in facts(world, 1326801)[CAPEX] if (fact["start"], fact["end"]) == ("2024-01-01", "2024-12-31")]
    assert len(meta) == 2 and meta[1] == pytest.approx(0.98 * meta[0])
    assert b"NoSuchKey" in get(world, "data.sec.gov", "/api/xbrl/companyconcept/CIK0001018724/us-gaap/Nope.json", 404).body


def test_purchases_outgrow_cash_in_one_world_only(world: SimulatedBackend, other: SimulatedBackend) -> None:
    def share(backend: SimulatedBackend, year: int) -> float:
        totals = {CAPEX: 0.0, CASH: 0.0}
        for cik in (789019, 1652044, 1018724, 1326801, 1341439):
            company = facts(backend, cik)
            for name, tags in ((CAPEX, (CAPEX, ASSETS)), (CASH, (CASH,))):
                annual = [f for tag in tags for f in company.get(tag, []) if f["form"] == "10-K" and f["end"][:4] == str(year)]
                totals[name] += annual[0]["val"]
        return totals[CAPEX] / totals[CASH]

    assert share(world, 2025) > share(world, 2024) > 0.4 and share(other, 2025) < share(other, 2024) < 0.4


# -- gold -----------------------------------------------------------------------------------------------------------


def test_the_trusts_workbook(world: SimulatedBackend) -> None:
    body = get(world, "api.spdrgoldshares.com", "/api/v1/historical-archive", product="gld", exchange="NYSE", lang="en").body
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        assert '"Disclaimer"' in book.read("xl/workbook.xml").decode() and 'name="US GLD Historical Archive"' in book.read("xl/workbook.xml").decode()
        strings = re.findall(r"<t>(.*?)</t>", book.read("xl/sharedStrings.xml").decode())
        rows = re.findall(r"<row .*?</row>", book.read("xl/worksheets/sheet2.xml").decode())
    read = [[strings[int(v)] if kind else float(v) for kind, v in re.findall(r'<c r="[A-Z]+\d+"( t="s")?><v>(.*?)</v>', row)] for row in rows]
    assert read[0][0] == "Date" and read[0][9] == "Tonnes of Gold" and len(read[0]) == 11
    assert read[1][0] == "18-Nov-2004" and read[-1][0] == "19-Nov-2026"
    assert read[-1][8] == pytest.approx(read[-1][9] * 32150.7466, rel=1e-4)
    holiday = next(row for row in read if row[0] == "03-Apr-2026")
    assert holiday[1:] == ["US Holiday"] * 10


def test_official_gold_with_its_holes(world: SimulatedBackend, other: SimulatedBackend) -> None:
    path = "/external/sdmx/2.1/data/IMF.STA,IRFCL/KAZ+POL+XXX.IRFCLDT1_IRFCL56V_FTO.S1XS1311.M"
    rows = table(get(world, "api.imf.org", path, startPeriod="2026", headers={"accept": "text/csv"}))
    assert rows[0] == ["DATAFLOW", "COUNTRY", "INDICATOR", "SECTOR", "FREQUENCY", "TIME_PERIOD", "OBS_VALUE"]
    assert {row[1] for row in rows[1:]} == {"KAZ", "POL"} and rows[1][5] == "2026-M01" and rows[-1][5] == "2026-M09"
    assert next(row[6] for row in rows if row[1] == "KAZ" and row[5] == "2026-M03") == "0.0"
    xml = get(world, "api.imf.org", path, startPeriod="2026").body.decode()
    assert '<Obs TIME_PERIOD="2026-M03" OBS_VALUE="0.0"/>' in xml and 'SECTOR="S1XS1311"' in xml

    def poland(backend: SimulatedBackend) -> list[float]:
        whole = table(get(backend, "api.imf.org", path, startPeriod="2020", headers={"accept": "text/csv"}))
        return [float(row[6]) for row in whole[1:] if row[1] == "POL" and row[6] != "0.0"]

    assert poland(world)[-1] > poland(world)[0] and poland(other)[-1] < poland(other)[0]


def test_commitments_of_traders_and_their_query_language(world: SimulatedBackend) -> None:
    def ask(status: int = 200, /, **query: str) -> Any:
        return load(world, "publicreporting.cftc.gov", "/resource/72hh-3qpy.json", status, **{f"${name}": text for name, text in query.items()})

    gold = "cftc_contract_market_code='088691'"
    rows = ask(where=gold, order="report_date_as_yyyy_mm_dd ASC", limit="5000")
    assert rows[0]["report_date_as_yyyy_mm_dd"] == "2006-06-13T00:00:00.000" and rows[-1]["report_date_as_yyyy_mm_dd"] == "2026-11-17T00:00:00.000"
    assert all(isinstance(cell, str) for cell in rows[-1].values()) and rows[0]["cftc_market_code"] == "CMX "
    assert len(ask(where=gold)) == 1000 and len(ask(where=gold, limit="5000", offset="1000")) == len(rows) - 1000
    late = ask(where=f"{gold} AND report_date_as_yyyy_mm_dd >= '2026-11-01T00:00:00.000'", order="report_date_as_yyyy_mm_dd DESC")
    assert [row["report_date_as_yyyy_mm_dd"][:10] for row in late] == ["2026-11-17", "2026-11-10", "2026-11-03"]
    assert ask(400, where="gold")["errorCode"].startswith("query.soql")
    friday = SimulatedBackend(now=datetime(2026, 11, 20, 20, 29, tzinfo=UTC))
    assert json.loads(friday.answer(Ask("publicreporting.cftc.gov", "/resource/72hh-3qpy.json", {"$where": gold, "$limit": "5000"})).body)[-1] == rows[-2]


# -- prices and rates of other countries ----------------------------------------------------------------------------


def test_bls_windows_refusals_and_the_missing_month(world: SimulatedBackend) -> None:
    path = "/publicAPI/v2/timeseries/data/"
    body = load(world, "api.bls.gov", path, seriesid=["CUUR0000SA0"], startyear="2024", endyear="2026", registrationkey="k")
    data = body["Results"]["series"][0]["data"]
    assert body["status"] == "REQUEST_SUCCEEDED" and data[0] | {"value": ""} == {
        "year": "2026", "period": "M10", "periodName": "October", "latest": "true", "value": "", "footnotes": [{}]}
    lapse = next(row for row in data if (row["year"], row["period"]) == ("2025", "M10"))
    assert lapse["value"] == "-" and lapse["footnotes"][0]["code"] == "X" and "M13" in {row["period"] for row in data}
    fred = dict(line.split(",") for line in get(world, "fred.stlouisfed.org", "/graph/fredgraph.csv", id="CPIAUCNS").body.decode().split())
    assert fred["2026-10-01"] == data[0]["value"]
    assert load(world, "api.bls.gov", path, seriesid=["CUUR0000SA0"], registrationkey="bad")["status"] == "REQUEST_NOT_PROCESSED"
    assert "does not exist" in load(world, "api.bls.gov", path, seriesid=["NOPE"], registrationkey="k")["message"][0]


def test_consumer_prices_abroad(world: SimulatedBackend) -> None:
    path = "/eurostat/api/dissemination/statistics/1.0/data/prc_hicp_"
    hicp = load(world, "ec.europa.eu", f"{path}minr", format="JSON", lang="EN", geo="EA", coicop18="TOTAL", unit="I25", sinceTimePeriod="2025-01")
    assert hicp["class"] == "dataset" and hicp["id"] == ["freq", "unit", "coicop18", "geo", "time"] and hicp["size"] == [1, 1, 1, 1, 22]
    assert hicp["dimension"]["time"]["category"]["index"]["2026-10"] == 21 and hicp["status"] == {"21": "p"} and len(hicp["value"]) == 22
    assert "INVALID_QUERY_DIMENSION" in load(world, "ec.europa.eu", f"{path}minr", 400, format="JSON", coicop="CP00")["error"][0]["label"]
    assert max(load(world, "ec.europa.eu", f"{path}midx", geo="EA")["dimension"]["time"]["category"]["index"]) == "2025-12"
    ons = table(get(world, "www.ons.gov.uk", "/generator", format="csv", uri="/economy/inflationandpriceindices/timeseries/d7bt/mm23"))
    periods = [row[0] for row in ons[8:]]
    assert ons[1] == ["CDID", "D7BT"] and "2025" in periods and "2026 Q3" in periods and periods[-1] == "2026 OCT" and "2026" not in periods
    key = "JPN.M.N.CPI.IX._T.N._Z"
    oecd = table(get(world, "sdmx.oecd.org", f"/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/{key}", startPeriod="2026-01"))
    at = oecd[0].index("TIME_PERIOD")
    assert oecd[0][at - 1] == "Transformation" and {row[at] for row in oecd[1:]} == {f"2026-{n:02d}" for n in range(1, 10)}
    assert [row[at] for row in oecd[1:]] != sorted(row[at] for row in oecd[1:])
    assert get(world, "sdmx.oecd.org", "/public/rest/data/OECD.SDD.TPS,DSD_PRICES@DF_PRICES_ALL,/JPN.M", 404).body == b"NoRecordsFound"
    head, rows = load(world, "api.worldbank.org", "/v2/country/JPN;CHE/indicator/FP.CPI.TOTL", format="json", date="2023:2026", per_page="4", page="2")
    assert head["pages"] == 2 and [row["date"] for row in rows] == ["2024", "2023"] and rows[0]["countryiso3code"] == "CHE"
    assert "message" in load(world, "api.worldbank.org", "/v2/country/JPN/indicator/NOPE", format="json")[0]


def test_bis_rates_come_weekly(world: SimulatedBackend) -> None:
    rows = table(get(world, "stats.bis.org", "/api/v1/data/WS_CBPOL/D.US+XM/all", format="csv", startPeriod="2026-11-01"))
    names = rows[0]
    assert names[:2] == ["FREQ", "REF_AREA"] and len({len(row) for row in rows}) == 1 and {row[1] for row in rows[1:]} == {"US", "XM"}
    assert rows[-1][names.index("TIME_PERIOD")] == "2026-11-18"  # Wednesday; published on Thursday
    eer = table(get(world, "stats.bis.org", "/api/v1/data/WS_EER/M.N.B.US/all", format="csv", startPeriod="2026-01"))
    assert eer[-1][eer[0].index("TIME_PERIOD")] == "2026-10"
    get(world, "stats.bis.org", "/api/v1/data/WS_CBPOL/D.ZZ/all", 404, format="csv")


def test_stress_parts_add_up_and_the_monitor_has_gaps(world: SimulatedBackend) -> None:
    rows = table(get(world, "www.financialresearch.gov", "/financial-stress-index/data/fsi.csv"))
    assert rows[0][:3] == ["Date", "OFR FSI", "Credit"] and rows[1][0] == "2000-01-03" and rows[-1][0] == "2026-11-18"
    for row in rows[1::400]:
        cells = list(map(float, row[1:]))
        assert sum(cells[1:6]) == pytest.approx(cells[0], abs=0.005) and sum(cells[6:]) == pytest.approx(cells[0], abs=0.005)
    assert any("e-" in cell for row in rows[1:] for cell in row)
    volume = load(world, "data.financialresearch.gov", "/v1/series/timeseries", mnemonic="REPO-TRI_TV_TOT-P", start_date="2018-01-01")
    assert volume[0][0] >= "2018-01-01" and volume[-1][0] == "2026-11-19" and volume[-1][1] > 1e12 and None in [value for _, value in volume]
    get(world, "data.financialresearch.gov", "/v1/series/timeseries", 400, mnemonic="NOPE")


def test_the_tracker_names_a_drawing_that_is_not_there(world: SimulatedBackend) -> None:
    path = "/-/media/Project/Atlanta/FRBA/Documents/cenfis/market-probability-tracker/mpt_histdata.xlsx"
    with zipfile.ZipFile(io.BytesIO(get(world, "www.atlantafed.org", path).body)) as book:
        names, sheet = book.namelist(), book.read("xl/worksheets/sheet2.xml").decode()
        assert "drawing2.xml" in book.read("xl/worksheets/_rels/sheet2.xml.rels").decode() and not [n for n in names if "drawings/" in n]
        strings = re.findall(r"<t>(.*?)</t>", book.read("xl/sharedStrings.xml").decode())
    assert strings[1:6] == ["date", "reference_start", "target_range", "field", "value"] and "2026-11-19" in strings and "2026-11-20" not in strings
    assert sheet.rstrip().endswith('<drawing r:id="rId1"/></worksheet>')


def test_exchange_rates(world: SimulatedBackend) -> None:
    lines = member(get(world, "www.ecb.europa.eu", "/stats/eurofxref/eurofxref-hist.zip")).splitlines()
    assert lines[0].startswith("Date,USD,JPY,") and all(line.endswith(",") for line in lines[:50]) and lines[1].startswith("2026-11-20,")
    assert lines[-1].startswith("1999-01-04,") and "N/A" in lines[1] and not any(line.startswith("2026-05-01") for line in lines)
    usd = float(lines[1].split(",")[1])
    cdn = "/npm/@fawazahmed0/currency-api@{}/v1/currencies/{}.min.json"
    day = load(world, "cdn.jsdelivr.net", cdn.format("2026-11-20", "usd"))
    assert day["date"] == "2026-11-20" and {"eur", "twd", "xau", "btc"} <= set(day["usd"])
    assert 1 / day["usd"]["eur"] == pytest.approx(usd, rel=0.03)
    assert load(world, "2026-11-20.currency-api.pages.dev", "/v1/currencies/usd.min.json") == day
    gold = load(world, "prices.lbma.org.uk", "/json/gold_pm.json")
    thursday = next(row["v"][0] for row in gold if row["d"] == "2026-11-19")
    assert load(world, "cdn.jsdelivr.net", cdn.format("2026-11-20", "xau"))["xau"]["usd"] == pytest.approx(thursday, rel=1e-4)
    gone = get(world, "cdn.jsdelivr.net", cdn.format("2024-03-01", "usd"), 404).body
    assert gone.startswith(b"Couldn't find the requested release version 2024-03-01")
    assert load(world, "cdn.jsdelivr.net", cdn.format("latest", "usd"))["date"] == "2026-11-20"
    assert any(world.answer(Ask("cdn.jsdelivr.net", cdn.format(date(2026, 11, 20) - timedelta(days=n), "usd"))).status == 404 for n in range(1, 200))


# -- later moments --------------------------------------------------------------------------------------------------

LATER = [
    ("api.kraken.com", "/0/public/OHLC", {"pair": "XBTUSD", "interval": "1440"}, lambda b: {r[0]: r[4] for r in b["result"]["XXBTZUSD"][:-1]}),
    ("api.llama.fi", "/v2/historicalChainTvl", {}, lambda b: {r["date"]: r["tvl"] for r in b[:-1]}),
    ("stablecoins.llama.fi", "/stablecoincharts/Ethereum", {}, lambda b: {r["date"]: r["totalCirculatingUSD"]["peggedUSD"] for r in b[:-1]}),
    ("www.bitmex.com", "/api/v1/funding", {"symbol": "XBTUSD"}, lambda b: {r["timestamp"]: r["fundingRate"] for r in b}),
    ("data.sec.gov", "/api/xbrl/companyfacts/CIK0000789019.json", {},
     lambda b: {(f["start"], f["end"], f["accn"]): f["val"] for f in b["facts"]["us-gaap"][CASH]["units"]["USD"]}),
    ("publicreporting.cftc.gov", "/resource/72hh-3qpy.json", {"$limit": "9000"}, lambda b: {r["id"]: r["open_interest_all"] for r in b}),
]


@pytest.mark.parametrize(("host", "path", "query", "read"), LATER, ids=[row[0] for row in LATER])
def test_later_moments_do_not_change_what_was_served(host: str, path: str, query: dict[str, str], read: Any) -> None:
    early = read(load(SimulatedBackend(now=moment("2026-06-01")), host, path, **query))
    late = read(load(SimulatedBackend(now=moment("2026-11-20")), host, path, **query))
    common = set(early) & set(late)
    assert len(common) >= min(500, len(early)) and {key: early[key] for key in common} == {key: late[key] for key in common}
