"""DefiLlama: stablecoin supply and prices, value locked, and protocols of tokenised real-world assets.

Belongs here: daily totals by coin, chain, protocol and class. Does not belong here: yields, volumes, token lists, and
how coins or protocols are weighed against each other (marts).
`request:` keys: `kind` and what it needs:
* stablecoins: `path` (all, or a chain's name), `stablecoin` (id, optional). Field = dotted place, such as
  totalCirculatingUSD.peggedUSD (value in USD) or totalCirculating.peggedUSD (units of the peg). Where the chart of a coin
  is not there, its own page is asked: it tells units only, which stand for the value unless the coin `lost_peg`.
* prices: field = gecko id. tvl: `chain` (optional). protocol: `slug`.
* protocols: `classes` {slug: class}: what category RWA adds up to now, by class. Fields: a class, `unclassified`,
  `total`, `protocols` (their number). A snapshot: dated on the day of the fetch, known from the moment of the fetch.
* rwa: `metric`; needs DEFILLAMA_PRO_API_KEY, which travels in the path. Fields: a chain's name, or `total`.
Upstream recomputes whole histories when an adapter changes. Dates are epoch seconds, as text or number. The running
day is dropped; of several points of one day (old intraday ones) the last stands. Paid endpoints answer 402.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, date, datetime
from math import fsum
from typing import Any
from urllib.parse import quote

from ingest.errors import (
    EmptyPayload,
    NotConfigured,
    NotFound,
    PlanRestricted,
    SchemaDrift,
)
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload

COINS, MAIN, PRO = "stablecoins.llama.fi", "api.llama.fi", "pro-api.llama.fi"
KEY = "DEFILLAMA_PRO_API_KEY"
NOT_CHAINS = frozenset(
    {"borrowed", "staking", "pool2", "vesting", "treasury", "owntokens", "offers", "doublecounted", "liquidstaking", "dcandlsoverlap"}
)
_CATEGORY = "RWA"  # and its kin, such as "RWA Lending"
Points = dict[date, tuple[datetime, Any]]


class DefiLlama:
    """`ingest.model.Source` for DefiLlama, free and Pro."""

    name: str = "defillama"
    hosts: Mapping[str, float] = {COINS: 0.3, MAIN: 0.3, PRO: 0.3}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One request: upstream only serves whole histories. Raises NotConfigured for Pro without a key, NotFound."""
        ask, params, secrets = dataset.request, {}, frozenset[str]()
        match ask["kind"]:
            case "stablecoins":
                url = f"https://{COINS}/stablecoincharts/{_quoted(ask['path'])}"
                if "stablecoin" in ask:
                    params["stablecoin"] = str(ask["stablecoin"])
            case "prices":
                url = f"https://{COINS}/stablecoinprices"
            case "tvl":
                chain = f"/{_quoted(ask['chain'])}" if "chain" in ask else ""
                url = f"https://{MAIN}/v2/historicalChainTvl{chain}"
            case "protocol":
                url = f"https://{MAIN}/protocol/{_quoted(ask['slug'])}"
            case "protocols":
                url = f"https://{MAIN}/protocols"
            case _:
                if not (key := env.get(KEY)):
                    raise NotConfigured(f"{dataset.id} needs {KEY} (DefiLlama Pro)")
                url = f"https://{PRO}/{_quoted(key)}/rwa/chart/chain-breakdown"
                params["key"], secrets = ask["metric"], frozenset({KEY})
        try:
            yield Request(url=url, params=params, secrets=secrets)
        except NotFound:
            if "stablecoin" not in ask or ask.get("lost_peg"):
                raise
            yield Request(url=f"https://{COINS}/stablecoin/{ask['stablecoin']}")

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows of finished UTC days. Raises PlanRestricted, NotFound, RateLimited, SchemaDrift, EmptyPayload, Blocked."""
        if response.status == 400 and b"not found" in response.content[:300].lower():
            raise NotFound(" ".join(response.content[:150].decode("utf-8", "replace").split()))
        body = _payload.json_body(response)
        if isinstance(body, dict) and not body.keys() & {"chainTvls", "tvl", "tokens"}:
            said = " ".join(str(body.get("error") or body.get("message") or "an object without data")[:150].split())
            if "upgrade" in said.lower() or "paid" in said.lower():
                raise PlanRestricted(said)
            raise (NotFound if "not in our database" in said or "not found" in said.lower() else SchemaDrift)(said)
        match dataset.request["kind"]:
            case "protocols":
                return _snapshot(dataset, body, response)
            case "protocol":
                rows = _protocol_rows(dataset, body, response)
            case "stablecoins" if isinstance(body, dict):
                rows = _coin_rows(dataset, body, response)
            case kind:
                key = "timestamp" if kind == "rwa" else "date"
                points = _points(_payload.listing(body, "answer"), key, response)
                if points and "stablecoin" in dataset.request and not any("totalCirculating" in item for _, item in points.values()):
                    raise SchemaDrift("no point has totalCirculating: the sum of all coins, not one of them")
                rows = _rows(dataset, points)
        if not rows:
            raise EmptyPayload("no finished day in the answer")
        return _payload.unique(rows)


def _quoted(text: Any) -> str:
    return quote(str(text), safe="")


def _points(entries: Iterable[Any], key: str, response: Response) -> Points:
    """Entries by finished day, the last of each."""
    found: Points = {}
    running = _days.running(response)
    for entry in entries:
        item = _payload.mapping(entry, "point")
        stamp = _days.moment(item.get(key))
        if stamp.date() < running and (stamp.date() not in found or found[stamp.date()][0] <= stamp):
            found[stamp.date()] = (stamp, item)
    return found


def _rows(dataset: Dataset, points: Points) -> list[Row]:
    """One row per series and day that has the field. Raises SchemaDrift for a field that no day has."""
    if not points:
        return []
    rows = []
    for series in dataset.series:
        mine = [
            Row(series.id, day, value)
            for day, (_, item) in points.items()
            if (value := _field(dataset, item, series.field)) is not None
        ]
        if not mine:
            raise SchemaDrift(f"no point has {series.field!r}")
        rows += mine
    return rows


def _field(dataset: Dataset, item: Mapping[str, Any], field: str) -> float | None:
    match dataset.request["kind"]:
        case "tvl":
            return _payload.number(item.get(field))
        case "prices":
            return _payload.number(_payload.mapping(item.get("prices"), "prices").get(field))
        case "rwa":
            chains = [_payload.number(value) or 0.0 for name, value in item.items() if name != "timestamp"]
            return fsum(chains) if field == "total" else _payload.number(item.get(field))
    return _place(item, field)


def _place(item: Mapping[str, Any], place: str) -> float | None:
    value: Any = item
    for name in place.split("."):
        if value is None or value == 0:  # a part may be the number 0 instead of an object
            return None
        value = _payload.mapping(value, name).get(name)
    return _payload.number(value)


def _coin_rows(dataset: Dataset, body: Mapping[str, Any], response: Response) -> list[Row]:
    """Units in the world from a coin's own page."""
    if str(body.get("id")) != str(dataset.request.get("stablecoin")):
        raise SchemaDrift(f"the page of coin {str(body.get('id'))[:20]!r}, wanted {dataset.request.get('stablecoin')}")
    series = dataset.series[0]
    place = f"circulating.{series.field.rpartition('.')[2]}"
    points = _points(_payload.listing(body.get("tokens"), "tokens"), "date", response)
    found = [(day, _place(item, place)) for day, (_, item) in points.items()]
    return [Row(series.id, day, units) for day, units in found if units is not None]


def _protocol_rows(dataset: Dataset, body: Any, response: Response) -> list[Row]:
    """Sum over chains; a day that some chain leaves out in its own span is left out (a partial sum would look real)."""
    chains: list[Points] = []
    protocol = _payload.mapping(body, "protocol")
    parts = _payload.mapping(protocol.get("chainTvls", {}), "chainTvls")
    for name, part in (parts or {"all": {"tvl": protocol.get("tvl", [])}}).items():  # a protocol that lists no chain has its total only
        if name.rsplit("-", 1)[-1].lower() in NOT_CHAINS:
            continue
        tvl = _payload.listing(_payload.mapping(part, name).get("tvl"), "tvl")
        if points := _points(tvl, "date", response):
            chains.append(points)
    days = sorted(set[date]().union(*chains))
    spans = [(chain, min(chain), max(chain)) for chain in chains]
    rows = []
    for day in days:
        here = [chain for chain, first, last in spans if first <= day <= last]
        if all(day in chain for chain in here):
            values = [_payload.number(chain[day][1].get("totalLiquidityUSD")) for chain in here]
            if all(value is not None for value in values):
                rows.append(Row(dataset.series[0].id, day, fsum(value or 0.0 for value in values)))
    return rows


def _snapshot(dataset: Dataset, body: Any, response: Response) -> list[Row]:
    classes: Mapping[str, str] = dataset.request["classes"]
    values: dict[str, list[float]] = {}
    for entry in _payload.listing(body, "protocols"):
        item = _payload.mapping(entry, "protocol")
        if not str(item.get("category")).startswith(_CATEGORY):
            continue
        if not isinstance(slug := item.get("slug"), str) or "tvl" not in item:
            raise SchemaDrift("a protocol without slug or tvl")
        if (tvl := _payload.number(item["tvl"])) is None:
            continue
        for name in (classes.get(slug, "unclassified"), "total"):
            values.setdefault(name, []).append(tvl)
    if not values:
        raise EmptyPayload(f"no protocol of category {_CATEGORY}")
    sums = {name: fsum(parts) for name, parts in values.items()}
    sums["protocols"] = float(sum(tvl > 0 for tvl in values["total"]))
    seen = response.fetched_at.astimezone(UTC)
    return _payload.unique(
        Row(series.id, seen.date(), sums[series.field], seen) for series in dataset.series if series.field in sums
    )


SOURCE = DefiLlama()
