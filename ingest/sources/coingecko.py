"""CoinGecko: daily prices of coins, with a demo key. A last resort beside venues, never a base.

Belongs here: the daily price of the last 365 days. Does not belong here: anything the venues give; CoinGecko's terms ask
for refreshed caches and allow no long storage, so its series have the last priority.
`request:` keys: `id`, such as bitcoin. Needs COINGECKO_API_KEY.
Points are [ms, price] at 00:00 UTC: the price at the end of the day before, under whose date it is kept. The last point
is "now" and dropped. Errors sit under `status` or `error.status`, with or without an HTTP status of their own.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotConfigured,
    NotFound,
    PlanRestricted,
    RateLimited,
    SchemaDrift,
)
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload

HOST = "api.coingecko.com"
KEY, HEADER = "COINGECKO_API_KEY", "x-cg-demo-api-key"
_DAYS = 365  # the demo plan's reach
_PLAN = frozenset({10002, 10005, 10010, 10011, 10012})  # missing or wrong key, pro only, beyond the plan's time range


class CoinGecko:
    """`ingest.model.Source` for CoinGecko."""

    name: str = "coingecko"
    hosts: Mapping[str, float] = {HOST: 2.5}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One request. Raises NotConfigured without a key, PlanRestricted when the key does not reach so far (401)."""
        key = env.get(KEY)
        if not key:
            raise NotConfigured(f"{dataset.id} needs {KEY} (a free demo key)")
        wanted = (now.date() - _payload.since(dataset, held)).days + 1
        try:
            yield Request(
                url=f"https://{HOST}/api/v3/coins/{dataset.request['id']}/market_chart",
                params={"vs_currency": "usd", "days": str(max(2, min(wanted, _DAYS))), "interval": "daily"},
                headers={HEADER: key},
                secrets=frozenset({HEADER}),
            )
        except Blocked as error:
            if " answered 401 " in str(error):
                raise PlanRestricted(str(error)) from error
            raise

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Prices in USD. Raises PlanRestricted, RateLimited, NotFound, SchemaDrift, EmptyPayload, Blocked."""
        body = _body(response)
        series, running, rows = dataset.series[0], _days.running(response), []
        points = _payload.listing(body.get("prices"), "prices")
        for point in points:
            cells = _payload.listing(point, "point")
            if len(cells) != 2:
                raise SchemaDrift(f"a point of {len(cells)} cells, wanted 2")
            stamp, price = _days.moment(cells[0]), _payload.number(cells[1])
            if stamp.time() == time() and stamp.date() <= running:
                rows.append(Row(series.id, stamp.date() - timedelta(days=1), price))
            elif point is not points[-1]:
                raise SchemaDrift(f"a point that is not at midnight UTC: {stamp.isoformat()}")
        if not rows:
            raise EmptyPayload("no daily point in the answer")
        return _payload.unique(rows)


def _body(response: Response) -> Mapping[str, Any]:
    """The answer. An error object is looked for first, whatever the HTTP status."""
    if response.status in (200, 400, 401, 403, 404, 429) and response.content.lstrip()[:1] == b"{":
        body = _payload.mapping(_payload.json_body(_as_success(response)), "answer")
        error = body.get("error")
        status = error.get("status") if isinstance(error, dict) else body.get("status")
        if isinstance(status, dict) and "error_code" in status:
            code = _payload.number(status["error_code"])
            message = f"{code or 0:.0f}: {' '.join(str(status.get('error_message')).split())[:150]}"
            raise (PlanRestricted if code in _PLAN else RateLimited if code == 429 else SchemaDrift)(message)
        if isinstance(error, str):
            raise (NotFound if "not find" in error else SchemaDrift)(" ".join(error.split())[:150])
    return _payload.mapping(_payload.json_body(response), "answer")


def _as_success(response: Response) -> Response:
    return Response(**{**vars(response), "status": 200})


SOURCE = CoinGecko()
