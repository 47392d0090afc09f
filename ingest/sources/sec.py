"""SEC EDGAR: what companies file about their cash, quarter by quarter, in every vintage (XBRL company facts).

Belongs here: choosing tags, and quarters out of year-to-date figures. Does not belong here: sums over companies,
trailing years. `request:` keys: `cik`, ten digits. A series' `field` is a key of `MEASURES`. Values are whole USD.

* The observation date is the last day of the fiscal quarter (fiscal years differ); the vintage is the day of filing at
  the publication rule's time: filings are taken until 22:00 New York, so one is known in the next mart day.
* A period is repeated in later filings. `fy` and `fp` describe the filing, `frame` marks one fact of many: neither is
  used. A fact's age in its filing (0 = this year, 1 = the year before, as shown again) keeps bases apart: a quarter is
  the difference of two year-to-date figures of one start AND one age, each as last filed at that time. Q4 = year less
  nine months. So a restated year is never mixed with nine months of the old basis.
* A quarter that a filing states itself wins over a difference. Only 10-Q and 10-K (and their amendments) count.
* Several tags of a measure: one series of vintages; within a filing capex takes the tag that so far reached furthest
  (Amazon and NVIDIA switched and left the old tag behind), the others the first in order. A switch within a year leaves
  a quarter that no tag gives: it is the difference across two tags, if every period that both show is the same.
* A required measure that ends 200 days before the others means that its tag was switched: SchemaDrift. Revenue is not
  required: no rule reads it, and a company must not lose its cash flows to it (`lowtide status` tells a late series).
* Two figures that contradict each other in one filing are both left out; more than one in a hundred: SchemaDrift.
The SEC wants a contact in the User-Agent: set LOWTIDE_CONTACT; without one it may refuse.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ingest.errors import Blocked, EmptyPayload, RateLimited, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "data.sec.gov"
CONTACT = "LOWTIDE_CONTACT"
FORMS = frozenset({"10-Q", "10-K", "10-Q/A", "10-K/A", "10-KT", "10-KT/A", "10-QT", "10-QT/A"})
SWITCHED = timedelta(days=200)
_QUARTER_DAYS = range(80, 101)  # 12, 13 and 14 weeks, calendar quarters
_LONGEST_DAYS = 380
_YEAR_DAYS = 365.25
_ROUNDING = 0.01
_CLASHES = 0.01  # share of a tag's facts


class Measure(NamedTuple):
    """Tags of one measure in order. `newest`: prefer the tag that reached furthest. `required`: must keep up."""

    tags: tuple[str, ...]
    newest: bool = False
    required: bool = True


MEASURES = {
    "capex": Measure(("PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"), newest=True),
    "finance_lease_assets": Measure(("RightOfUseAssetObtainedInExchangeForFinanceLeaseLiability",), required=False),
    "finance_lease_principal": Measure(("FinanceLeasePrincipalPayments",), required=False),
    "operating_cash_flow": Measure(
        (
            "NetCashProvidedByUsedInOperatingActivities",
            "NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
        )
    ),
    "revenue": Measure(
        (
            "RevenueFromContractWithCustomerExcludingAssessedTax",
            "Revenues",
            "SalesRevenueNet",
            "RevenueFromContractWithCustomerIncludingAssessedTax",
        ),
        required=False,
    ),
}


class Fact(NamedTuple):
    """A figure for [start, end] as one filing states it. `age`: how many years the filing looks back."""

    start: date
    end: date
    value: float
    filing: str
    filed: date
    age: int


class Sec:
    """`ingest.model.Source` for data.sec.gov."""

    name: str = "sec"
    hosts: Mapping[str, float] = {HOST: 0.15}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """All facts of one company; there is no window. The contact is sent and never stored."""
        contact = env.get(CONTACT, "").strip()
        yield Request(
            url=f"https://{HOST}/api/xbrl/companyfacts/CIK{dataset.request['cik']}.json",
            headers={"User-Agent": f"lowtide {contact}"} if contact else {},
            secrets=frozenset({"User-Agent"}),
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Quarters in USD by filing. Raises Blocked, RateLimited, NotFound, SchemaDrift, EmptyPayload."""
        _refuse_walls(response)
        body = _payload.mapping(_payload.json_body(response), "company facts")
        if str(body.get("cik")).zfill(10) != dataset.request["cik"]:
            raise SchemaDrift(f"facts of company {str(body.get('cik'))[:20]}, wanted {dataset.request['cik']}")
        tags = _payload.mapping(_payload.mapping(body.get("facts"), "facts").get("us-gaap"), "us-gaap")
        wanted = {series.field: MEASURES[series.field] for series in dataset.series}
        facts = _facts(tags, [tag for m in wanted.values() for tag in m.tags], response.fetched_at.date())
        _refuse_switched(wanted, facts)
        rule = dataset.publication
        at, zone = time.fromisoformat(rule.at), ZoneInfo(rule.tz)
        return _payload.unique(
            Row(series.id, end, value, datetime.combine(filed, at, zone).astimezone(UTC))
            for series in dataset.series
            for (end, filed), value in _measure(wanted[series.field], facts).items()
        )


def _refuse_walls(response: Response) -> None:
    head = response.content[:4000].decode("utf-8", "replace")
    if response.status == 200 and head.lstrip().startswith("<"):
        if re.search(r"rate threshold", head, re.IGNORECASE):
            raise RateLimited("'Request Rate Threshold Exceeded' served as a success")
        if re.search(r"automated tool|undeclared", head, re.IGNORECASE):
            raise Blocked(f"the SEC refuses undeclared tools: set {CONTACT} to a name and e-mail address")


def _facts(tags: Mapping[str, Any], names: list[str], today: date) -> dict[str, list[Fact]]:
    """Facts by tag that were filed by `today`, in the order of filing."""
    raw: dict[str, list[tuple[date, date, float, str, date]]] = {}
    reach: dict[str, date] = {}  # filing -> the last day it reports on
    for name in names:
        if name not in tags:
            continue
        units = _payload.mapping(_payload.mapping(tags[name], name).get("units"), f"{name} units")
        for item in _payload.listing(units.get("USD", []), f"{name} in USD"):
            fact = _payload.mapping(item, name)
            filing, form = fact.get("accn"), fact.get("form")
            if not isinstance(filing, str) or not isinstance(form, str):
                raise SchemaDrift(f"{name}: a fact without filing and form")
            start, end, filed = (_payload.iso_day(fact.get(key)) for key in ("start", "end", "filed"))
            value = _payload.number(fact.get("val"))
            if value is None or end < start:
                raise SchemaDrift(f"{name}: no figure, or no period, in {filing[:30]}")
            if form in FORMS and filed <= today and end <= filed:
                raw.setdefault(name, []).append((start, end, value, filing, filed))
                reach[filing] = max(end, reach.get(filing, end))
    if not raw:
        raise EmptyPayload("none of the wanted tags in any 10-Q or 10-K")
    found: dict[str, list[Fact]] = {}
    for name, entries in raw.items():
        once: dict[tuple[date, date, str], Fact] = {}
        clashes: dict[tuple[date, date, str], str] = {}
        for start, end, value, filing, filed in entries:
            age = round((reach[filing] - end).days / _YEAR_DAYS)
            fact_ = Fact(start, end, value, filing, filed, age)
            other = once.setdefault((start, end, filing), fact_)
            if abs(other.value - value) > _ROUNDING * max(abs(other.value), abs(value)):
                clashes[start, end, filing] = f"{name}: {other.value:g} and {value:g} for {end} in {filing[:30]}"
            # of a rounded and an exact figure in one filing the exact one
            once[start, end, filing] = max(other, fact_, key=lambda f: len(f"{f.value:.0f}".rstrip("0")))
        if len(clashes) > _CLASHES * len(entries):
            raise SchemaDrift(next(iter(clashes.values())))
        found[name] = sorted((once[key] for key in once.keys() - clashes.keys()), key=lambda f: (f.filed, f.filing, f.end, f.start))
    return found


def _refuse_switched(wanted: Mapping[str, Measure], facts: Mapping[str, list[Fact]]) -> None:
    ends = {
        field: max((fact.end for tag in measure.tags for fact in facts.get(tag, [])), default=date.min)
        for field, measure in wanted.items()
        if measure.required
    }
    if not ends:
        return
    behind, ahead = min(ends, key=lambda f: ends[f]), max(ends.values())
    if ahead == date.min:
        raise SchemaDrift(f"no fact of {', '.join(ends)}: their tags were switched, name the new ones")
    if ahead - ends[behind] > SWITCHED:
        raise SchemaDrift(f"{behind} ends {ends[behind]}, other facts {ahead}: its tag was switched, name the new one")


def _measure(measure: Measure, facts: Mapping[str, list[Fact]]) -> dict[tuple[date, date], float]:
    """(quarter's end, day of filing) -> value, over the measure's tags."""
    by_tag = {tag: dict(_quarters(facts[tag])) for tag in measure.tags if tag in facts}
    found: dict[tuple[date, date], float] = {}
    for key in sorted({key for quarters in by_tag.values() for key in quarters}):
        having = [tag for tag in measure.tags if key in by_tag.get(tag, {})]
        if measure.newest:  # judged by what was filed by then: a later switch does not rewrite an old vintage
            having.sort(key=lambda tag: max(f.end for f in facts[tag] if f.filed <= key[1]), reverse=True)
        found[key] = by_tag[having[0]][key]
    first = dict(sorted(found, reverse=True))
    for (end, filed), value in _across([facts[tag] for tag in measure.tags if tag in facts]):
        if filed < first.get(end, date.max):  # a tag's own figures win as soon as there are any
            found.setdefault((end, filed), value)
    return found


def _across(tags: list[list[Fact]]) -> Iterator[tuple[tuple[date, date], float]]:
    """Quarters out of several tags, for a switch within a year: where what was filed by then shows them to be one line."""
    merged = sorted((fact for facts in tags for fact in facts), key=lambda f: (f.filed, f.filing, f.end, f.start))
    for key, value in _quarters(merged) if len(tags) > 1 else ():
        shown = [{(f.start, f.end): f.value for f in facts if f.filed <= key[1]} for facts in tags]
        pairs = [(a[span], b[span]) for a, b in combinations(shown, 2) for span in a.keys() & b.keys()]
        if pairs and all(abs(left - right) <= _ROUNDING * max(abs(left), abs(right)) for left, right in pairs):
            yield key, value


def _quarters(facts: list[Fact]) -> Iterator[tuple[tuple[date, date], float]]:
    """Every quarter that a filing states or changes, in the order of filing. `facts` in that order."""
    totals: dict[tuple[date, int], dict[date, float]] = defaultdict(dict)  # (start, age) -> end -> year to date
    filings: dict[date, list[Fact]] = defaultdict(list)
    for fact in facts:
        filings[fact.filed].append(fact)
    for filed, batch in filings.items():
        stated: dict[tuple[date, int], float] = {}
        touched: dict[tuple[date, int], set[date]] = defaultdict(set)
        for fact in batch:
            days = (fact.end - fact.start).days + 1
            if days > _LONGEST_DAYS:
                continue
            if days in _QUARTER_DAYS:
                stated[fact.end, fact.age] = fact.value
            totals[fact.start, fact.age][fact.end] = fact.value
            touched[fact.start, fact.age].add(fact.end)
        derived: dict[tuple[date, int], float] = {}
        for chain, ends in touched.items():
            for end, earlier in _steps(totals[chain]):
                if end in ends or earlier in ends:
                    derived[end, chain[1]] = totals[chain][end] - totals[chain][earlier]
        quarters = {**derived, **stated}
        for end, age in sorted(quarters, key=lambda key: (key[0], -key[1])):  # of two ages the filing's own year last
            yield (end, filed), quarters[end, age]


def _steps(ends: Mapping[date, float]) -> Iterator[tuple[date, date]]:
    """Pairs of ends a quarter apart, later one first."""
    ordered = sorted(ends)
    for at, end in enumerate(ordered):
        for earlier in ordered[:at]:
            if (end - earlier).days in _QUARTER_DAYS:
                yield end, earlier


SOURCE = Sec()
