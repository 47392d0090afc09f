"""The simulated worlds: determinism, publication times, formats, and the scripted truth measured independently."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lowtide.errors import LowtideError
from sandbox.wire import Ask, Reply
from sandbox.world import WORLDS, SimulatedBackend
from sandbox.world.days import as_date, grid, holidays
from tests.sandbox import truth, truth_quarters
from tests.sandbox.truth import moment

NY = ZoneInfo("America/New_York")
FRED, NYFED, YAHOO = "fred.stlouisfed.org", "markets.newyorkfed.org", "query1.finance.yahoo.com"


def at(text: str, zone: ZoneInfo = NY) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def answer(now: datetime, host: str, path: str, world: str = "recede", **query: str) -> Reply:
    return SimulatedBackend(world, now=now).answer(Ask(host, path, query))


def newest_fred(now: datetime, name: str) -> str:
    """Date of the newest row with a value."""
    lines = answer(now, FRED, "/graph/fredgraph.csv", id=name).body.decode().split()
    return next(line.split(",")[0] for line in reversed(lines) if not line.endswith(","))


def test_the_same_world_and_seed_serve_the_same_bytes(recede: SimulatedBackend) -> None:
    again = SimulatedBackend("recede", now=recede.now)
    other = SimulatedBackend("recede", 7, now=recede.now)
    ask = Ask(FRED, "/graph/fredgraph.csv", {"id": "SOFR"})
    assert again.answer(ask) == recede.answer(ask) != other.answer(ask)


@pytest.mark.parametrize("name", ["SOFR", "DGS10", "WRESBAL", "CPIAUCNS", "GVZCLS", "NFCI", "VIXCLS", "RRPONTSYD", "BAA10Y"])
def test_later_moments_only_add(name: str) -> None:
    early = answer(moment("2026-06-01"), FRED, "/graph/fredgraph.csv", id=name).body
    late = answer(moment("2027-08-11"), FRED, "/graph/fredgraph.csv", id=name).body
    assert late.startswith(early) and len(late) > len(early)


def test_raw_prices_do_not_move_when_a_split_comes() -> None:
    bars = {}
    for day in ("2023-05-04", "2023-05-05"):
        body = answer(moment(day), YAHOO, "/v8/finance/chart/SMH", interval="1d", period1="0", events="div,splits").body
        result = json.loads(body)["chart"]["result"][0]
        bars[day] = (result["indicators"]["quote"][0]["close"], result["events"])
    before, after = bars["2023-05-04"], bars["2023-05-05"]
    assert "splits" not in before[1] and [s["splitRatio"] for s in after[1]["splits"].values()] == ["2:1"]
    assert after[0][100] * 2 == pytest.approx(before[0][100], rel=1e-6)
    key = min(before[1]["dividends"])
    assert after[1]["dividends"][key]["amount"] * 2 == pytest.approx(before[1]["dividends"][key]["amount"])


@pytest.mark.parametrize(
    ("name", "day", "hidden", "shown"),
    [
        ("SOFR", "2026-06-04", "2026-06-05 07:59", "2026-06-05 08:00"),
        ("SOFR", "2026-06-18", "2026-06-22 07:59", "2026-06-22 08:00"),  # a holiday and a weekend between
        ("DGS10", "2026-06-04", "2026-06-05 16:14", "2026-06-05 16:15"),
        ("WRESBAL", "2026-06-03", "2026-06-04 16:29", "2026-06-04 16:30"),
        ("WRESBAL", "2026-11-25", "2026-11-26 18:00", "2026-11-27 16:30"),  # Thanksgiving
        ("IORB", "2026-06-04", "2026-06-03 23:59", "2026-06-04 00:00"),
        ("ICSA", "2026-05-30", "2026-06-04 08:29", "2026-06-04 08:30"),
        ("UNRATE", "2026-05-01", "2026-06-05 08:29", "2026-06-05 08:30"),
        ("SP500", "2026-06-04", "2026-06-04 16:14", "2026-06-04 16:15"),
        ("PCEPILFE", "2025-09-01", "2025-12-05 08:29", "2025-12-05 08:30"),  # the lapse of October 2025 delayed it
        ("CPIAUCNS", "2025-09-01", "2025-10-24 08:29", "2025-10-24 08:30"),
        ("PAYEMS", "2025-11-01", "2025-12-16 08:29", "2025-12-16 08:30"),
    ],
)
def test_nothing_is_served_before_its_publication(name: str, day: str, hidden: str, shown: str) -> None:
    assert newest_fred(at(hidden), name) < day
    assert newest_fred(at(shown), name) == day


def test_first_print_is_revised_a_month_later() -> None:
    def vintage(day: str) -> dict[str, str]:
        body = answer(moment("2026-06-20"), "alfred.stlouisfed.org", "/graph/alfredgraph.csv", id="PAYEMS", vintage_date=day).body
        lines = body.decode().split()
        assert lines[0] == f"observation_date,PAYEMS_{day.replace('-', '')}"
        return dict(line.split(",") for line in lines[1:])

    page = answer(moment("2026-06-20"), "alfred.stlouisfed.org", "/series/downloaddata", seid="PAYEMS").body.decode()
    days = sorted(part.split('"')[0] for part in page.split('<option value="')[1:])
    assert days[0] >= "2025-01-01" and days[-1] == "2026-06-05"
    first, second = vintage("2026-05-08"), vintage("2026-06-05")
    assert max(first) == "2026-04-01" and max(second) == "2026-05-01"
    changed = {day for day in first if first[day] != second[day]}
    assert changed == {"2026-04-01"}
    assert abs(float(first["2026-04-01"]) / float(second["2026-04-01"]) - 1) < 0.002
    assert vintage("2026-06-20") == second
    gone = answer(moment("2026-06-20"), "alfred.stlouisfed.org", "/graph/alfredgraph.csv", id="PAYEMS", vintage_date="2026-06-21")
    assert gone.status == 404
    shown = answer(moment("2026-06-20"), FRED, "/graph/fredgraph.csv", id="PAYEMS").body.decode().split()
    assert dict(line.split(",") for line in shown[1:]) == second


def test_fred_api_versions_and_errors(recede: SimulatedBackend) -> None:
    def api(path: str = "observations", **query: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        query = {"api_key": "k", "series_id": "PAYEMS", **query}
        reply = recede.answer(Ask("api.stlouisfed.org", f"/fred/series/{path}".rstrip("/"), query))
        return reply.status, json.loads(reply.body)

    _, latest = api(observation_start="2026-03-01")
    assert [row["date"] for row in latest["observations"]] == ["2026-03-01", "2026-04-01"]
    _, history = api(observation_start="2026-03-01", realtime_start="1776-07-04", realtime_end="9999-12-31")
    march = [row for row in history["observations"] if row["date"] == "2026-03-01"]
    assert len(march) == 2 and march[0]["realtime_end"] < march[1]["realtime_start"] and march[1]["realtime_end"] == "9999-12-31"
    assert api("vintagedates")[1]["vintage_dates"][-1] == "2026-05-08"
    assert api("")[1]["seriess"][0]["units"] == "Thousands of Persons"
    assert api(limit="1", offset="1", observation_start="2026-03-01")[1]["observations"][0]["date"] == "2026-04-01"
    for query, text in (
        ({"api_key": "bad"}, "not registered"), ({"series_id": "NOPE"}, "The series does not exist."),
        ({"series_id": "SP500", "realtime_start": "2026-01-01"}, "does not exist in ALFRED"),
        ({"realtime_end": "2027-01-01"}, "today's date (2026-06-01)"),
        ({"series_id": "SOFR", "realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}, "maximum number of vintage dates"),
    ):
        status, body = api(**query)
        assert status == 400 and text in body["error_message"] and body["error_message"].startswith("Bad Request.  ")


def test_new_york_fed_operations() -> None:
    now = at("2026-06-30 09:00")
    body = answer(now, NYFED, "/api/rp/results/search.json", startDate="2026-06-01", endDate="2026-06-30").body
    rows = json.loads(body)["repo"]["operations"]
    assert {row["operationType"] for row in rows} == {"Repo", "Reverse Repo"}
    assert [row["closeTime"] for row in rows if row["operationDate"] == "2026-06-30"] == ["08:30"]  # the rest is still to come
    day = [row for row in rows if row["operationDate"] == "2026-06-10"]
    assert sorted(row["releaseTime"] for row in day if row["operationType"] == "Repo") == ["08:15", "10:30", "13:30"]
    end = [row for row in rows if row["operationDate"] == "2026-05-29"]
    assert not end
    mirror = dict(line.split(",") for line in answer(now, FRED, "/graph/fredgraph.csv", id="RPONTTLD").body.decode().split())
    for day_text in ("2026-06-10", "2026-06-24"):
        summed = sum(r["totalAmtAccepted"] for r in rows if r["operationDate"] == day_text and r["operationType"] == "Repo"
                     and r["releaseTime"] != "10:30")
        assert summed == pytest.approx(float(mirror[day_text]) * 1e9)
    repo = answer(now, NYFED, "/api/rp/results/search.json", startDate="2026-06-01", endDate="2026-06-30", operationTypes="Repo").body
    assert {row["operationType"] for row in json.loads(repo)["repo"]["operations"]} == {"Repo"}
    assert answer(now, NYFED, "/api/rp/srf/results/latest.json").status == 400
    assert answer(now, NYFED, "/api/rates/secured/sofr/search.json", startDate="2031-01-01", endDate="2031-02-01").body == b'{"refRates": []}'


def test_new_york_fed_rates_match_fred_and_mix_types() -> None:
    now = moment("2026-06-05")
    rows = json.loads(answer(now, NYFED, "/api/rates/secured/all/search.json", startDate="2026-06-01", endDate="2026-06-05").body)
    kinds = {row["type"] for row in rows["refRates"]}
    assert kinds == {"SOFR", "BGCR", "TGCR", "SOFRAI"}
    fred = dict(line.split(",") for line in answer(now, FRED, "/graph/fredgraph.csv", id="SOFR").body.decode().split())
    for row in rows["refRates"]:
        if row["type"] == "SOFR":
            assert f"{row['percentRate']:.2f}" == fred[row["effectiveDate"]]
            assert row["percentPercentile1"] < row["percentPercentile75"] <= row["percentPercentile99"]
    last = json.loads(answer(now, NYFED, "/api/rates/unsecured/effr/last/3.json").body)["refRates"]
    assert [row["effectiveDate"] for row in last] == ["2026-06-04", "2026-06-03", "2026-06-02"] and "targetRateTo" in last[0]


def test_treasury_year_files_and_statement() -> None:
    now = moment("2026-06-05")

    def curve(year: int, kind: str = "daily_treasury_yield_curve") -> list[str]:
        path = f"/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{year}/all"
        return answer(now, "home.treasury.gov", path, type=kind, field_tdr_date_value=str(year), _format="csv").body.decode().split("\n")

    assert '"1.5 Month"' in curve(2026)[0] and '"1.5 Month"' not in curve(2024)[0] and '"4 Mo"' not in curve(2021)[0]
    assert curve(2026)[1].startswith("06/05/2026,") and curve(2025)[1].startswith("12/31/2025,")
    assert curve(2026, "daily_treasury_real_yield_curve")[0] == 'Date,"5 YR","7 YR","10 YR","20 YR","30 YR"'
    assert curve(1999)[0] == "<!DOCTYPE html>" and curve(2027)[0] == "<!DOCTYPE html>"

    def cash(**query: str) -> dict:  # type: ignore[type-arg]
        path = "/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance"
        found: dict = json.loads(answer(now, "api.fiscaldata.treasury.gov", path, **query).body)  # type: ignore[type-arg]
        return found

    days = cash(**{"filter": "record_date:gte:2026-06-01,record_date:lte:2026-06-30", "sort": "-record_date", "page[size]": "4"})
    assert days["meta"]["total-pages"] == 4 and days["data"][0]["record_date"] == "2026-06-04"
    opening, deposits, withdrawals, closing = (int(row["open_today_bal"]) for row in sorted(days["data"], key=lambda r: r["src_line_nbr"]))
    assert opening + deposits - withdrawals == closing
    old = cash(filter="record_date:eq:2021-06-01")["data"]
    assert [row["account_type"] for row in old] == ["Federal Reserve Account"] and old[0]["close_today_bal"] != "null"
    assert "error" in cash(filter="nonsense")


def test_yahoo_live_bar_window_and_errors() -> None:
    def chart(now: datetime, symbol: str = "SPY", **query: str) -> dict:  # type: ignore[type-arg]
        query = {"interval": "1d", "period1": "1780000000", **query}
        found: dict = json.loads(answer(now, YAHOO, f"/v8/finance/chart/{symbol}", **query).body)["chart"]  # type: ignore[type-arg]
        return found

    during, after = (chart(at(f"2026-06-05 {clock}"))["result"][0] for clock in ("11:00", "16:00"))
    assert len(during["timestamp"]) == len(after["timestamp"]) and during["timestamp"][:-1] == after["timestamp"][:-1]
    assert during["timestamp"][-1] == during["meta"]["regularMarketTime"] == int(at("2026-06-05 11:00").timestamp())
    assert during["indicators"]["quote"][0]["close"][-1] != after["indicators"]["quote"][0]["close"][-1]
    assert len(chart(at("2026-06-05 09:00"))["result"][0]["timestamp"]) == len(after["timestamp"]) - 1
    empty = chart(at("2026-06-05 16:00"), period1="1", period2="2")["result"][0]
    assert "timestamp" not in empty and empty["indicators"] == {"quote": [{}], "adjclose": [{}]}
    assert chart(at("2026-06-05 16:00"), "NOPE")["error"]["code"] == "Not Found"
    last = chart(at("2026-06-05 16:00"), "BTC-USD")["result"][0]
    assert datetime.fromtimestamp(last["timestamp"][-2], UTC) == datetime(2026, 6, 4, tzinfo=UTC)  # then today's unfinished bar


def test_coinbase_limits_order_and_unfinished_bucket() -> None:
    def candles(now: datetime, product: str = "BTC-USD", **query: str) -> object:
        return json.loads(answer(now, "api.exchange.coinbase.com", f"/products/{product}/candles", granularity="86400", **query).body)

    now = datetime(2026, 6, 5, 12, tzinfo=UTC)
    rows = candles(now, start="2026-06-01T00:00:00Z", end="2026-06-05T00:00:00Z")
    assert isinstance(rows, list) and [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True) and len(rows) == 5
    assert all(low <= min(o, c) and max(o, c) <= high for _, low, high, o, c, _ in rows)
    later = candles(now + timedelta(days=1), start="2026-06-01T00:00:00Z", end="2026-06-05T00:00:00Z")
    assert isinstance(later, list) and later[1:] == rows[1:] and later[0] != rows[0]
    assert "exceeds 300" in candles(now, start="2025-01-01T00:00:00Z", end="2026-01-01T00:00:00Z")["message"]  # type: ignore[index,call-overload]
    assert candles(now, "NOPE-USD") == {"message": "NotFound"}


def test_calendars_agree_with_known_days() -> None:
    assert {date(2025, 1, 9), date(2026, 4, 3), date(2026, 6, 19)} <= holidays("nyse")
    assert date(2021, 12, 31) not in holidays("nyse") and date(2026, 4, 3) not in holidays("fed")
    assert len([d for d in grid("nyse") if as_date(d).year == 2026]) == 251


def test_speed() -> None:
    started = time.perf_counter()
    backend = SimulatedBackend("counterfactual", 3, now=moment("2026-06-01"))
    assert time.perf_counter() - started < 1.5
    ask = Ask(FRED, "/graph/fredgraph.csv", {"id": "DGS10"})
    backend.answer(ask)
    started = time.perf_counter()
    backend.answer(ask)
    assert time.perf_counter() - started < 0.02


def test_bad_arguments_are_one_line() -> None:
    for world, now in (("nope", moment("2026-06-01")), ("recede", datetime(2026, 6, 1)), ("recede", moment("2040-01-01"))):
        with pytest.raises(LowtideError):
            SimulatedBackend(world, now=now)


def assert_the_truth(backend: SimulatedBackend) -> None:
    """What `truth` measures from the served bytes is what the script says."""
    assert truth.verdicts(backend) == backend.ground_truth


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("day", ["2026-09-16", "2026-11-20"])
def test_the_scripted_truth_comes_out_of_an_independent_measurement(world: str, day: str) -> None:
    backend = SimulatedBackend(world, now=moment(day))
    assert_the_truth(backend)


@pytest.mark.parametrize("world", WORLDS)
def test_another_seed_has_the_same_truth_with_room_to_spare(world: str) -> None:
    backend = SimulatedBackend(world, 4, now=moment("2027-03-01"))
    assert_the_truth(backend)
    measured, funding, gold = truth.liquidation(backend), truth.funding(backend), truth.gold(backend)
    sign = 1 if world == "recede" else -1
    assert sign * measured["excess"] > 0.02 and sign * (funding["index"] - 1) > 0.5 and sign * funding["level_bp"] > 3
    spent, metal = truth_quarters.cash_flow(backend), truth_quarters.gold_demand(backend)
    assert sign * spent["growth_gap"] > 0.03 and sign * (spent["ratio"] - 0.5) > 0.05 and (sign < 0 or spent["rate_gap"] > 0.1)
    assert sign * metal["more"] > 100 and sign * metal["above"] > 100
    assert sign * gold["return_10y"] > 0.2 and measured["end"] < truth.pd.Timestamp("2026-03-01")


def test_the_drop_folder_only_grows(tmp_path: Path) -> None:
    """Files never change, none is from the future, and a second drop writes nothing."""
    early = SimulatedBackend(now=moment("2026-06-01")).drop(tmp_path / "a")
    before = {path.relative_to(early): path.read_bytes() for path in early.rglob("*.xlsx")}
    assert len(before) > 40 and max(path.name[:10] for path in before) <= "2026-06-01"
    times = {path: path.stat().st_mtime_ns for path in early.rglob("*.xlsx")}
    assert SimulatedBackend(now=moment("2026-06-01")).drop(early) == early and times == {path: path.stat().st_mtime_ns for path in times}
    late = SimulatedBackend(now=moment("2027-08-11")).drop(tmp_path / "b")
    after = {path.relative_to(late): path.read_bytes() for path in late.rglob("*.xlsx")}
    assert before.items() < after.items()


def test_the_recede_world_has_its_episodes_and_no_other() -> None:
    sp500 = truth.yahoo(SimulatedBackend(now=moment("2028-12-29")), "^GSPC")["adj"]
    assert [start.year for start, _, _ in truth.episodes(sp500)] == [2018, 2020, 2021, 2025]  # 2022's high falls in the last days of 2021


def test_outside_the_scripted_span_nothing_is_claimed() -> None:
    assert SimulatedBackend(now=moment("2025-11-21")).ground_truth == {}
