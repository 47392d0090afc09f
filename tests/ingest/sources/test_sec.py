"""SEC company facts: quarters out of year-to-date figures, vintages, tags, block pages."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.guards import inspect
from ingest.model import Dataset, Request, Row
from ingest.registry import load
from ingest.sources import get

from .conftest import respond

PPE, ASSETS = "PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"
OCF = "NetCashProvidedByUsedInOperatingActivities"
SALES, OLD_SALES = "RevenueFromContractWithCustomerExcludingAssessedTax", "SalesRevenueNet"
LEASES = "RightOfUseAssetObtainedInExchangeForFinanceLeaseLiability"
Q1, H1, M9, FY = ("01-01", "03-31"), ("01-01", "06-30"), ("01-01", "09-30"), ("01-01", "12-31")


def fact(year: int, span: tuple[str, str], value: Any, filed: str, form: str = "10-Q", **more: Any) -> dict[str, Any]:
    start, end = (f"{year}-{day}" for day in span)
    return {
        "start": start,
        "end": end,
        "val": value,
        "accn": f"a-{filed}",
        "form": form,
        "filed": filed,
        "fy": 1,
        **more,
    }


def year_of(first: float, half: float, nine: float, full: float, year: int = 2024) -> list[dict[str, Any]]:
    """The four filings of a fiscal year that is the calendar's."""
    return [
        fact(year, Q1, first, f"{year}-04-25"),
        fact(year, H1, half, f"{year}-07-25"),
        fact(year, M9, nine, f"{year}-10-25"),
        fact(year, FY, full, f"{year + 1}-02-01", "10-K"),
    ]


def body(cik: Any = 789019, **tags: list[dict[str, Any]]) -> str:
    given_ = {OCF: year_of(100e6, 210e6, 330e6, 460e6), SALES: year_of(1e9, 2e9, 3e9, 4e9), **tags}
    facts = {tag: {"label": tag, "units": {"USD": items}} for tag, items in given_.items()}
    return json.dumps({"cik": cik, "entityName": "X", "facts": {"dei": {}, "us-gaap": facts}})


BOTH_YEARS = {tag: [*year_of(1e9, 2e9, 3e9, 4e9), *year_of(1e9, 2e9, 3e9, 4e9, 2025)] for tag in (OCF, SALES)}


def quarters(bench: Any, text: str, field: str = "capex") -> list[tuple[str, float | None, str]]:
    rows = [row for row in bench("sec_msft").rows(text) if row.series_id == f"sec.MSFT.{field}"]
    return [(str(r.observation_date), r.value, str(r.vintage.date() if r.vintage else None)) for r in rows]


def test_quarters_are_differences_and_the_fourth_is_the_year_less_nine_months(bench: Any) -> None:
    assert quarters(bench, body(**{PPE: year_of(10, 25, 45, 75)})) == [
        ("2024-03-31", 10, "2024-04-26"), ("2024-06-30", 15, "2024-07-26"),
        ("2024-09-30", 20, "2024-10-26"), ("2024-12-31", 30, "2025-02-02"),
    ]  # fmt: skip


def test_a_vintage_is_the_evening_of_the_filing_in_new_york(bench: Any) -> None:
    rows = [
        row for row in bench("sec_msft").rows(body(**{PPE: year_of(1, 2, 3, 4)})) if row.series_id.endswith("capex")
    ]
    assert rows[0].vintage == datetime(2024, 4, 26, 1, 0, tzinfo=UTC)  # summer
    assert rows[3].vintage == datetime(2025, 2, 2, 2, 0, tzinfo=UTC)  # winter


def test_a_restated_year_is_never_mixed_with_the_old_basis(bench: Any) -> None:
    """2024 shown again in 2025's filings, one higher in each quarter."""
    again = [
        fact(2024, Q1, 11, "2025-04-25"), fact(2024, H1, 27, "2025-07-25"),
        fact(2024, M9, 48, "2025-10-25"), fact(2024, FY, 79, "2026-02-01", "10-K"),
    ]  # fmt: skip
    this = year_of(5, 10, 15, 20, 2025)
    found = quarters(bench, body(**{PPE: [*year_of(10, 25, 45, 75), *again, *this], **BOTH_YEARS}))
    of_2024 = [row for row in found if row[0].startswith("2024")]
    assert of_2024 == [
        ("2024-03-31", 10, "2024-04-26"), ("2024-03-31", 11, "2025-04-26"),
        ("2024-06-30", 15, "2024-07-26"), ("2024-06-30", 16, "2025-07-26"),
        ("2024-09-30", 20, "2024-10-26"), ("2024-09-30", 21, "2025-10-26"),
        ("2024-12-31", 30, "2025-02-02"), ("2024-12-31", 31, "2026-02-02"),
    ]  # fmt: skip


def test_an_amended_half_year_moves_both_quarters_around_it(bench: Any) -> None:
    amended = fact(2024, H1, 26, "2024-11-20", "10-Q/A", accn="amended")
    found = quarters(bench, body(**{PPE: [*year_of(10, 25, 45, 75), amended]}))
    assert [row for row in found if row[2] == "2024-11-21"] == [
        ("2024-06-30", 16, "2024-11-21"), ("2024-09-30", 19, "2024-11-21"),
    ]  # fmt: skip


def test_trailing_years_and_stated_quarters(bench: Any) -> None:
    """Twelve-month columns are no quarters; a quarter that is stated wins over the difference."""
    year = year_of(10, 25, 45, 75)
    trailing = {"start": "2023-07-01", "end": "2024-06-30", "val": 999, "accn": "a-2024-07-25", "form": "10-Q",
                "filed": "2024-07-25"}  # fmt: skip
    stated = fact(2024, ("04-01", "06-30"), 15.5, "2024-07-25")
    assert [row[1] for row in quarters(bench, body(**{PPE: [*year, trailing, stated]}))] == [10, 15.5, 20, 30]


def test_other_forms_frames_and_future_filings_do_not_count(bench: Any) -> None:
    year = year_of(10, 25, 45, 75)
    year[0]["frame"] = "CY2024Q1"
    other = [fact(2024, Q1, 99, "2024-05-05", "8-K"), fact(2024, Q1, 98, "2026-12-01", "10-K")]
    assert [row[1] for row in quarters(bench, body(**{PPE: [*year, *other]}))] == [10, 15, 20, 30]


def test_capex_takes_the_tag_that_reached_furthest_by_then(bench: Any) -> None:
    """A switch in 2025: the stale tag stays behind; before, both give vintages of the old one."""
    text = body(
        **{
            PPE: year_of(10, 25, 45, 75),
            ASSETS: [fact(2024, Q1, 12, "2025-04-25"), *year_of(20, 50, 90, 150, 2025)],
            **BOTH_YEARS,
        }
    )
    found = quarters(bench, text)
    assert [value for _, value, _ in found] == [10, 12, 15, 20, 30, 20, 30, 40, 60]
    both = {PPE: year_of(10, 25, 45, 75), ASSETS: year_of(20, 40, 60, 80)}  # equally far: the first in order
    assert [row[1] for row in quarters(bench, body(**both))] == [10, 15, 20, 30]


def test_a_switch_within_a_year_is_bridged_only_between_tags_of_one_line(bench: Any) -> None:
    """The year under the new tag, nine months under the old: the year before, shown under both, says whether that is one line."""
    old = [*year_of(8, 16, 24, 32, 2023), *year_of(10, 25, 45, 75)[:3]]
    for again, fourth in ((32, [("2024-12-31", 30, "2025-02-02")]), (40, [])):
        new = [fact(2023, FY, again, "2025-02-01", "10-K"), fact(2024, FY, 75, "2025-02-01", "10-K")]
        found = quarters(bench, body(**{PPE: old, ASSETS: new}))
        assert [row for row in found if row[0] == "2024-12-31"] == fourth
        assert [row for row in found if row[0] != "2024-12-31"] == [
            ("2023-03-31", 8, "2023-04-26"), ("2023-06-30", 8, "2023-07-26"), ("2023-09-30", 8, "2023-10-26"), ("2023-12-31", 8, "2024-02-02"),
            ("2024-03-31", 10, "2024-04-26"), ("2024-06-30", 15, "2024-07-26"), ("2024-09-30", 20, "2024-10-26"),
        ]  # fmt: skip


def test_revenue_is_coalesced_in_order(bench: Any) -> None:
    text = body(**{PPE: year_of(1, 2, 3, 4), OLD_SALES: [*year_of(7, 14, 21, 28, 2017), *year_of(9, 18, 27, 36)]})
    assert [row[:2] for row in quarters(bench, text, "revenue")] == [
        ("2017-03-31", 7), ("2017-06-30", 7), ("2017-09-30", 7), ("2017-12-31", 7),
        ("2024-03-31", 1e9), ("2024-06-30", 1e9), ("2024-09-30", 1e9), ("2024-12-31", 1e9),
    ]  # fmt: skip


def test_leases_are_optional_and_may_have_holes(bench: Any) -> None:
    assert quarters(bench, body(**{PPE: year_of(1, 2, 3, 4)}), "finance_lease_assets") == []
    partly = year_of(5, 9, 12, 20)
    del partly[1]  # the half year is not tagged: neither its quarter nor the next can be told
    found = quarters(bench, body(**{PPE: year_of(1, 2, 3, 4), LEASES: partly}), "finance_lease_assets")
    assert [row[:2] for row in found] == [("2024-03-31", 5), ("2024-12-31", 8)]


def test_a_rounded_and_an_exact_figure_in_one_filing(bench: Any) -> None:
    twice = [fact(2024, Q1, 10_000_000, "2024-04-25"), *year_of(10_034_000, 2e7, 3e7, 4e7)]
    assert quarters(bench, body(**{PPE: twice}))[0][1] == 10_034_000
    with pytest.raises(SchemaDrift, match="for 2024-03-31"):
        quarters(bench, body(**{PPE: [fact(2024, Q1, 1, "2024-04-25"), *year_of(2, 3, 4, 5)]}))


def test_a_contradiction_costs_its_period_and_not_the_company(bench: Any) -> None:
    years = [fact_ for year in range(1990, 2025) for fact_ in year_of(1e9, 2e9, 3e9, 4e9, year)]
    slip = {**years[-2], "val": 3_000_000}  # nine months in thousands, beside the same in dollars
    found = {row[0] for row in quarters(bench, body(**{PPE: [*years, slip]}))}
    whole = {row[0] for row in quarters(bench, body(**{PPE: years}))}
    assert len(whole) == 140 and whole - found == {"2024-09-30", "2024-12-31"}


HTML = "<html><head><title>SEC.gov | {}</title></head></html>"
TOOL = HTML.format("Your Request Originates from an Undeclared Automated Tool")
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>'


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        (TOOL, 403, Blocked),
        (TOOL, 200, Blocked),
        (HTML.format("Request Rate Threshold Exceeded"), 200, RateLimited),
        (HTML.format("Request Rate Threshold Exceeded"), 429, RateLimited),
        (HTML.format("Hello"), 200, SchemaDrift),
        (XML, 404, NotFound),
        (XML, 200, NotFound),
        ("", 200, EmptyPayload),
        (body(**{PPE: year_of(1, 2, 3, 4)})[:-20], 200, SchemaDrift),
        (body(cik=1, **{PPE: year_of(1, 2, 3, 4)}), 200, SchemaDrift),
        (json.dumps({"cik": 789019, "facts": {"us-gaap": {}}}), 200, EmptyPayload),
        (
            json.dumps({"cik": 789019, "facts": {"us-gaap": {LEASES: {"units": {"USD": year_of(1, 2, 3, 4)}}}}}),
            200,
            SchemaDrift,
        ),
        (body(), 200, SchemaDrift),  # no capex tag at all
        (body(**{PPE: year_of(1, 2, 3, 4, 2022)}), 200, SchemaDrift),  # capex stopped, the others went on
        (body(**{PPE: [{**fact(2024, Q1, 1, "2024-04-25"), "val": "1e999"}]}), 200, SchemaDrift),
        (body(**{PPE: [{**fact(2024, Q1, 1, "2024-04-25"), "end": "31.03.2024"}]}), 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, text: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("sec_msft").rows(text, status=status)


def test_the_contact_is_sent_and_never_stored(bench: Any) -> None:
    request = bench("sec_msft", {"LOWTIDE_CONTACT": "Jo Doe jo@example.org"}).first()
    assert request.url == "https://data.sec.gov/api/xbrl/companyfacts/CIK0000789019.json"
    assert request.headers == {"User-Agent": "lowtide Jo Doe jo@example.org"} and "User-Agent" in request.secrets
    assert bench("sec_msft").first().headers == {}


def subset(*fields: str) -> Dataset:
    base = load().datasets["sec_msft"]
    series = tuple(
        s.model_copy(update={"id": f"sec.SNOW.{s.field}", "plausible": (-1e12, 1e12)})
        for s in base.series
        if s.field in fields
    )
    return base.model_copy(update={"id": "test_snow", "request": {"cik": "0001640147"}, "series": series})


def test_the_recorded_company(upstream: Path) -> None:
    """Three tags, 24 facts each; the revenue's end a year earlier, which does not stop the others."""
    content = (upstream / "data.sec.gov/api/xbrl/companyfacts/CIK0001640147.json").read_bytes()
    request = Request("https://data.sec.gov/api/xbrl/companyfacts/CIK0001640147.json")

    def rows(*fields: str) -> list[Row]:
        dataset = subset(*fields)
        found = get("sec").parse(dataset, respond(request, content))
        assert not inspect(dataset, [], found)
        return found

    entry = next(e for e in json.loads((upstream / "index.json").read_text()) if e["host"] == "data.sec.gov")
    cash = rows("capex", "operating_cash_flow")
    assert str(max(row.observation_date for row in cash)) == entry["last_date"]
    capex = {
        (r.observation_date, r.vintage.date()): r.value for r in cash if r.vintage and r.series_id.endswith("capex")
    }
    assert capex[date(2020, 1, 31), date(2021, 4, 1)] == 18583000 - 14504000
    assert capex[date(2021, 1, 31), date(2021, 4, 1)] == 35037000 - 24018000
    assert capex[date(2022, 1, 31), date(2022, 3, 31)] == 16221000 - 12209000
    revenue = {(r.observation_date, r.vintage.date()): r.value for r in rows("revenue") if r.vintage}
    assert revenue[date(2021, 7, 31), date(2021, 9, 3)] == 272198000
    assert revenue[date(2021, 1, 31), date(2021, 4, 1)] == 592049000 - 401584000
    assert {row.series_id for row in rows("capex", "revenue")} == {"sec.SNOW.capex", "sec.SNOW.revenue"}


WHATEVER = (
    st.none() | st.integers() | st.floats() | st.text(max_size=12) | st.dates().map(str) | st.just([]) | st.just({})
)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes(bench: Any, data: st.DataObject) -> None:
    tree = json.loads(body(**{PPE: year_of(1, 2, 3, 4)}))
    tags = tree["facts"]["us-gaap"]
    items = tags[data.draw(st.sampled_from(sorted(tags)))]["units"]["USD"]
    item = items[data.draw(st.integers(0, 3))]
    item[data.draw(st.sampled_from(["start", "end", "val", "filed", "accn", "form"]))] = data.draw(WHATEVER)
    cut = data.draw(st.integers(0, 4000))
    for text in (json.dumps(tree), json.dumps(tree)[:cut]):
        try:
            rows = bench("sec_msft").rows(text)
        except SourceError as error:
            assert "\n" not in str(error)
        else:
            assert len({row[:2] + row[3:] for row in rows}) == len(rows)
