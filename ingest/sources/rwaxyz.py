"""rwa.xyz: value of tokenised real-world assets by class, with a key.

Belongs here: daily aggregates of the API. Does not belong here: the website, whose terms bar reading it by machine.
`request:` keys: `measure` (id of the value measure), `exclude` (ids of asset classes that are not wanted: stablecoins).
Needs RWAXYZ_API_KEY. The query is a JSON object in the parameter `query`. Field = the class's name in lower case with
hyphens, such as us-treasury-debt; classes that no series names are passed over. The running day is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.errors import EmptyPayload, NotConfigured, SchemaDrift
from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _days, _payload

HOST = "api.rwa.xyz"
PATH = "/v4/tokens/aggregates/timeseries"
KEY = "RWAXYZ_API_KEY"


class RwaXyz:
    """`ingest.model.Source` for rwa.xyz."""

    name: str = "rwaxyz"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """One request. Raises NotConfigured without a key."""
        key, ask = env.get(KEY), dataset.request
        if not key:
            raise NotConfigured(f"{dataset.id} needs {KEY} (given on request by rwa.xyz)")
        since = f"{_payload.since(dataset, held)}T00:00:00.000Z"
        wanted = [("measure_id", "equals", ask["measure"]), ("date", "onOrAfter", since)]
        wanted += [("asset_class_id", "notEquals", number) for number in ask["exclude"]]
        query = {
            "filter": {
                "operator": "and",
                "filters": [{"field": name, "operator": how, "value": value} for name, how, value in wanted],
            },
            "aggregate": {"groupBy": "asset_class", "aggregateFunction": "sum", "interval": "day"},
            "sort": {"field": "date", "direction": "asc"},
            "pagination": {"page": 1, "perPage": 100},
        }
        yield Request(
            url=f"https://{HOST}{PATH}",
            params={"query": json.dumps(query, separators=(",", ":"))},
            headers={"Authorization": f"Bearer {key}"},
            secrets=frozenset({"Authorization"}),
        )

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Values in USD by class. Raises Blocked, PlanRestricted, RateLimited, SchemaDrift, EmptyPayload."""
        results = _payload.listing(_payload.mapping(_payload.json_body(response), "answer").get("results"), "results")
        fields, running, rows = _payload.by_field(dataset), _days.running(response), []
        for entry in results:
            result = _payload.mapping(entry, "result")
            name = _payload.mapping(result.get("group"), "group").get("name")
            if not isinstance(name, str):
                raise SchemaDrift("a class without a name")
            series = fields.get(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
            for point in _payload.listing(result.get("points"), "points"):
                cells = _payload.listing(point, "point")
                if len(cells) != 2:
                    raise SchemaDrift(f"a point of {len(cells)} cells, wanted 2")
                day, value = _payload.iso_day(str(cells[0])[:10]), _payload.number(cells[1])
                if series is not None and day < running:
                    rows.append(Row(series.id, day, value))
        if not rows:
            raise EmptyPayload("no class that is asked for has a finished day")
        return _payload.unique(rows)


SOURCE = RwaXyz()
