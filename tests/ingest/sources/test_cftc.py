"""CFTC gold futures: text values, absent keys, pages."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import calendars
from ingest.errors import Blocked, EmptyPayload, RateLimited, SchemaDrift, SourceError
from ingest.guards import inspect
from ingest.model import Held, Request, Response

from .conftest import respond

LONG, SHORT = "m_money_positions_long_all", "m_money_positions_short_all"
TUESDAY = date(2026, 5, 19)


def report(day: date = TUESDAY, **changes: Any) -> dict[str, Any]:
    text = f"{day}T00:00:00.000"
    whole = {"report_date_as_yyyy_mm_dd": text, "cftc_contract_market_code": "088691", "open_interest_all": "400000",
             LONG: "150000", SHORT: "30000", "futonly_or_combined": "FutOnly", **changes}  # fmt: skip
    return {key: value for key, value in whole.items() if value is not None}


def page(*reports: dict[str, Any]) -> str:
    return json.dumps(list(reports))


def test_positions_and_their_net(bench: Any) -> None:
    found = bench("cftc_gold").values(page(report(), report(TUESDAY + timedelta(7), **{SHORT: None})))
    assert found == {
        "cftc.gold_open_interest": {date(2026, 5, 19): 400000, date(2026, 5, 26): 400000},
        "cftc.gold_managed_money_long": {date(2026, 5, 19): 150000, date(2026, 5, 26): 150000},
        "cftc.gold_managed_money_short": {date(2026, 5, 19): 30000, date(2026, 5, 26): None},
        "cftc.gold_managed_money_net": {date(2026, 5, 19): 120000, date(2026, 5, 26): None},
    }


def test_published_on_friday_except_when_a_shutdown_says_otherwise(bench: Any) -> None:
    dataset = bench("cftc_gold").dataset
    assert calendars.released_at(dataset, TUESDAY).isoformat() == "2026-05-22T19:30:00+00:00"
    assert calendars.released_at(dataset, date(2025, 11, 10)).date() == date(2025, 12, 12)
    assert calendars.released_at(dataset, date(2026, 6, 16)).date() == date(2026, 6, 22)  # Juneteenth is a Friday


def serve(total: int, most: int, *, ignore_offset: bool = False) -> Any:
    days = [date(2006, 6, 13) + timedelta(7 * n) for n in range(total)]

    def answer(request: Request) -> Response:
        offset = 0 if ignore_offset else int(request.params["$offset"])
        part = days[offset : offset + min(most, int(request.params["$limit"]))]
        return respond(request, page(*(report(day) for day in part)))

    return answer


@pytest.mark.parametrize(("total", "most", "offsets"), [
    (10, 5000, ["0"]), (1042, 5000, ["0"]), (1042, 1000, ["0", "1000"]), (1000, 5000, ["0", "1000"]),
    (6001, 5000, ["0", "5000"]),
])  # fmt: skip
def test_pages(bench: Any, total: int, most: int, offsets: list[str]) -> None:
    b = bench("cftc_gold")
    requests = b.all(serve(total, most))
    assert [request.params["$offset"] for request in requests] == offsets
    assert requests[0].params["$where"] == "cftc_contract_market_code='088691'"
    if total == 1000:  # the empty page at the end says nothing
        assert b.rows("[]", requests[-1]) == []


def test_an_offset_that_is_ignored(bench: Any) -> None:
    from ingest.sources import get

    b, answer = bench("cftc_gold"), serve(3000, 1000, ignore_offset=True)
    talk = get("cftc").requests(b.dataset, Held(), None, {})  # type: ignore[arg-type]
    request = talk.send(answer(next(talk)))
    with pytest.raises(SchemaDrift, match="the offset was ignored"):
        talk.send(answer(request))


def test_an_increment(bench: Any) -> None:
    request = bench("cftc_gold").first(Held({"cftc.gold_managed_money_net": TUESDAY}))
    assert request.params["$where"].endswith("AND report_date_as_yyyy_mm_dd >= '2026-03-20T00:00:00.000'")


REFUSED = '{"message":"Query coordinator error","errorCode":"query.soql.no-such-column","data":{}}'


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        (REFUSED, 400, SchemaDrift),
        (REFUSED, 200, SchemaDrift),
        ("", 429, RateLimited),
        ("<html>Access Denied</html>", 200, Blocked),
        ("", 200, EmptyPayload),
        ("[]", 200, EmptyPayload),
        (page(report())[:-9], 200, SchemaDrift),
        (page(report(cftc_contract_market_code="001602")), 200, SchemaDrift),
        (page(report(futonly_or_combined="Combined")), 200, SchemaDrift),
        (page(report(report_date_as_yyyy_mm_dd="2026-05-19")), 200, SchemaDrift),
        (page(report(report_date_as_yyyy_mm_dd=None)), 200, SchemaDrift),
        (page(report(open_interest_all="1,000")), 200, SchemaDrift),
        (page(report(), report(open_interest_all="1")), 200, SchemaDrift),
        (page(*(report(TUESDAY - timedelta(7 * n), **{LONG: None}) for n in range(5))), 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, text: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("cftc_gold").rows(text, status=status)


def test_the_recorded_answer(upstream: Path, bench: Any) -> None:
    entry = next(
        e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "publicreporting.cftc.gov"
    )
    b = bench("cftc_gold")
    rows = b.rows((upstream / entry["file"]).read_bytes())
    for series in b.dataset.series:
        days = [row.observation_date for row in rows if row.series_id == series.id and row.value is not None]
        assert (len(days), str(days[0]), str(days[-1])) == (entry["rows"], entry["first_date"], entry["last_date"])
    assert not inspect(b.dataset, [], rows)


@given(data=st.data(), cut=st.integers(0, 400), noise=st.binary(max_size=30))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes(bench: Any, data: st.DataObject, cut: int, noise: bytes) -> None:
    item = report()
    item[data.draw(st.sampled_from(sorted(item)))] = data.draw(
        st.none() | st.integers() | st.floats() | st.text(max_size=9)
    )
    for content in (noise, page(item), page(item)[:cut]):
        try:
            bench("cftc_gold").rows(content)
        except SourceError as error:
            assert "\n" not in str(error)
