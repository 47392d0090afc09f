"""The on-chain desks: DefiLlama (free and Pro) and rwa.xyz at one moment.

Belongs here: which days and which parts an endpoint shows. Does not belong here: numbers (`chains`).
DefiLlama's last point is of the running day, under the time of its last update.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np

from sandbox.wire import Ask, Reply, json_reply
from sandbox.world.chains import (
    CHAIN_FROM,
    CHAINS,
    CLASS_NAMES,
    FROM,
    PRICES_SINCE,
    STABLECOINS,
    TVL_FROM,
    Chains,
    protocols,
)
from sandbox.world.days import Floats

PAID = ("rwa", "yields", "api", "emissions", "categories", "inflows", "bridges", "etfs")
UPGRADE = {"message": "Upgrade to the Pro API plan to access this endpoint: https://defillama.com/pro-api"}
MEASURE = {"id": 71, "slug": "total_asset_value_dollar", "name": "Total Asset Value", "unit": "dollar"}


def texts(values: Floats, decimals: int = 2) -> list[str]:
    form = f"%.{decimals}f"
    return [form % value for value in values.tolist()]


class LlamaDesk:
    """stablecoins.llama.fi, api.llama.fi, pro-api.llama.fi and api.rwa.xyz at one moment."""

    def __init__(self, chains: Chains, now: datetime) -> None:
        self.chains, self.now = chains, now
        self.end = chains.at(now.date())  # index of the running day
        self.now_s = int(now.timestamp())

    def _span(self, first: date) -> slice:
        return slice(max(0, self.chains.at(first)), self.end + 1)

    def _stamps(self, span: slice) -> list[int]:
        stamps: list[int] = self.chains.days[span].astype("datetime64[s]").astype(np.int64).tolist()
        return stamps

    def coins(self, ask: Ask) -> Reply | None:
        head, _, name = ask.path.strip("/").partition("/")
        if head == "stablecoincharts":
            return self._chart(name, ask.text("stablecoin"))
        if head == "stablecoinprices" and not name:
            return self._prices()
        if head == "stablecoins" and not name:
            return json_reply({"peggedAssets": [self._asset(coin) for coin in STABLECOINS], "chains": []})
        if head == "stablecoin":
            return self._coin(name)
        return json_reply(UPGRADE, 402) if head in PAID else None

    def _chart(self, chain: str, number: str) -> Reply:
        """One element a day; `date` is text. Minted and bridged may be the number 0."""
        coin = next((c for c in STABLECOINS if str(c.number) == number), None)
        if (number and coin is None) or (chain != "all" and chain not in CHAINS):
            return json_reply({"error": "Pegged asset is not in our database" if number else "Chain not found"}, 404 if number else 400)
        first = max(coin.first if coin else FROM, FROM if chain == "all" else CHAIN_FROM[chain])
        span = self._span(first)
        units = (self.chains.supply(coin.symbol) if coin else self.chains.total)[span]
        price = self.chains.price(coin.symbol)[span] if coin else 1.0
        if chain != "all":
            units = units * self.chains.chain_share(chain)[span]
        rows = [
            f'{{"date":"{stamp}","totalCirculating":{{"peggedUSD":{unit},"peggedEUR":{n}}},"totalUnreleased":{{"peggedUSD":0}},'
            f'"totalCirculatingUSD":{{"peggedUSD":{usd},"peggedEUR":{n}}},"totalMintedUSD":0,"totalBridgedToUSD":{{"peggedUSD":{n}}}}}'
            for n, (stamp, unit, usd) in enumerate(zip(self._stamps(span), texts(units), texts(units * price), strict=True))
        ]
        return Reply(200, "application/json", f"[{','.join(rows)}]".encode())

    def _prices(self) -> Reply:
        """Keys are gecko ids; the last element is of the running day."""
        span = self._span(PRICES_SINCE)
        columns = [texts(self.chains.price(coin.symbol)[span], 6) for coin in STABLECOINS]
        rows = [
            f'{{"date":{stamp},"prices":{{' + ",".join(f'"{coin.gecko}":{cell}' for coin, cell in zip(STABLECOINS, cells, strict=True)) + "}}"
            for stamp, *cells in zip(self._stamps(span), *columns, strict=True)
        ]
        return Reply(200, "application/json", f"[{','.join(rows)}]".encode())

    def _asset(self, coin: Any) -> dict[str, Any]:
        supply = self.chains.supply(coin.symbol)
        past = {name: {"peggedUSD": round(float(supply[self.end - back]), 2)}
                for name, back in (("circulating", 0), ("circulatingPrevDay", 1), ("circulatingPrevWeek", 7), ("circulatingPrevMonth", 30))}
        return {"id": str(coin.number), "name": coin.name, "symbol": coin.symbol, "gecko_id": coin.gecko, "pegType": "peggedUSD",
                "priceSource": "defillama", "pegMechanism": "fiat-backed", **past, "chainCirculating": {}, "chains": [*CHAINS],
                "price": round(float(self.chains.price(coin.symbol)[self.end]), 6)}

    def _coin(self, number: str) -> Reply:
        coin = next((c for c in STABLECOINS if str(c.number) == number), None)
        if coin is None:
            return json_reply({"message": "Pegged asset is not in our database"}, 404)
        span = self._span(coin.first)
        tokens = [{"date": stamp, "circulating": {"peggedUSD": round(value, 2)}, "minted": {"peggedUSD": round(value, 2)}, "unreleased": 0}
                  for stamp, value in zip(self._stamps(span), self.chains.supply(coin.symbol)[span].tolist(), strict=True)]
        return json_reply({**self._asset(coin), "tokens": tokens, "chainBalances": {}, "currentChainBalances": {}})

    def main(self, ask: Ask) -> Reply | None:
        parts = ask.path.strip("/").split("/")
        if parts[:2] == ["v2", "historicalChainTvl"] and len(parts) <= 3:
            if len(parts) == 3 and parts[2] not in CHAINS:
                return Reply(400, "text/plain", b"Chain not found")
            share = CHAINS[parts[2]] if len(parts) == 3 else 1.0
            span = self._span(TVL_FROM)
            rows = [f'{{"date":{stamp},"tvl":{value}}}' for stamp, value in
                    zip(self._stamps(span), texts(self.chains.tvl()[span] * share), strict=True)]
            return Reply(200, "application/json", f"[{','.join(rows)}]".encode())
        if parts == ["protocols"]:
            return json_reply([self._listed(slug) for slug in protocols()] + [
                {"id": "182", "name": "Lido", "slug": "lido", "symbol": "LDO", "category": "Liquid Staking", "chains": ["Ethereum"],
                 "tvl": 2.4e10, "chainTvls": {"Ethereum": 2.4e10}, "mcap": None, "change_1d": 0.1, "change_7d": -1.2},
                {"id": "9999", "name": "Asleep", "slug": "asleep", "symbol": "-", "category": "RWA", "chains": [], "tvl": None,
                 "chainTvls": {}, "mcap": None, "change_1d": None, "change_7d": None}])
        if parts[0] == "protocol" and len(parts) == 2:
            return self._history(parts[1]) if parts[1] in protocols() else Reply(400, "text/plain", b"Protocol not found")
        return json_reply(UPGRADE, 402) if parts[0] in PAID else None

    def _listed(self, slug: str) -> dict[str, Any]:
        spec, tvl = protocols()[slug], round(float(self.chains.protocol(slug)[self.end - 1]), 2)
        return {"id": str(1000 + len(slug)), "name": slug.replace("-", " ").title(), "slug": slug, "symbol": "-", "category": spec.category,
                "chains": ["Ethereum", "Solana"], "tvl": tvl, "chainTvls": {"Ethereum": round(tvl * 0.8, 2), "Solana": round(tvl * 0.2, 2)},
                "mcap": None, "change_1d": 0.02, "change_7d": 0.4}

    def _history(self, slug: str) -> Reply:
        """By chain, with keys beside the chains that must not be added; the last point carries the time of the update."""
        spec, span = protocols()[slug], self._span(protocols()[slug].first)
        stamps, values = self._stamps(span), self.chains.protocol(slug)[span]
        if stamps and self.now_s > stamps[-1]:
            stamps[-1] = self.now_s
        ounces = self.chains.ounces(slug)[span] if spec.kind == "gold" else None

        def points(part: Floats) -> str:
            cells = zip(stamps, texts(part), strict=True)
            return "[" + ",".join(f'{{"date":{stamp},"totalLiquidityUSD":{value}}}' for stamp, value in cells) + "]"

        def tokens(share: float) -> str:
            if ounces is None:
                return "[]"
            cells = zip(stamps, texts(ounces * share, 4), strict=True)
            return "[" + ",".join(f'{{"date":{stamp},"tokens":{{"XAU":{value}}}}}' for stamp, value in cells) + "]"

        chains = ",".join(
            f'"{name}":{{"tvl":{points(values * share)},"tokensInUsd":[],"tokens":{tokens(share)}}}'
            for name, share in (("Ethereum", 0.8), ("Solana", 0.2), ("Ethereum-borrowed", 0.1), ("borrowed", 0.1))
        )
        body = f'{{"id":"{1000 + len(slug)}","name":"{slug}","category":"{spec.category}","chains":["Ethereum","Solana"],' \
               f'"chainTvls":{{{chains}}},"currentChainTvls":{{}},"tvl":{points(values)}}}'
        return Reply(200, "application/json", body.encode())

    def pro(self, ask: Ask) -> Reply | None:
        parts = ask.path.strip("/").split("/")
        if parts[0] == "bad":
            return json_reply({"message": "Invalid API key"}, 401)
        if parts[1:] != ["rwa", "chart", "chain-breakdown"]:
            return None
        share = {"onChainMcap": 1.0, "activeMcap": 0.7, "defiActiveTvl": 0.12}.get(ask.text("key", "onChainMcap"))
        if share is None:
            return json_reply({"message": "key must be one of onChainMcap, activeMcap, defiActiveTvl"}, 400)
        span = self._span(date(2023, 1, 1))
        total = np.sum([self.chains.class_value(name)[span] for name in CLASS_NAMES], axis=0) * share
        cells = zip(self._stamps(span), texts(total * 0.7), texts(total * 0.2), texts(total * 0.1), strict=True)
        rows = [f'{{"timestamp":{stamp},"Ethereum":{a},"Solana":{b},"Polygon":{c}}}' for stamp, a, b, c in cells]
        return Reply(200, "application/json", f"[{','.join(rows)}]".encode())

    def rwa(self, ask: Ask) -> Reply | None:
        if ask.path != "/v4/tokens/aggregates/timeseries":
            return None
        if ask.headers and not ask.headers.get("authorization", "").startswith("Bearer "):
            return json_reply({"message": "Unauthorized"}, 401)
        try:
            since = _since(json.loads(ask.text("query", "{}"))["filter"]["filters"])
        except (ValueError, KeyError, TypeError):
            return json_reply({"message": "query must be a JSON object with a filter"}, 400)
        span = self._span(max(since, date(2020, 1, 1)))
        days = np.datetime_as_string(self.chains.days[span]).tolist()
        results = [
            {"measure": MEASURE, "group": {"type": "asset_class", "id": 20 + n, "name": name},
             "points": [[day, round(value, 2)] for day, value in zip(days, self.chains.class_value(name)[span].tolist(), strict=True)]}
            for n, name in enumerate(CLASS_NAMES)
        ]
        return json_reply({"results": results, "pagination": {"page": 1, "perPage": 100, "pageCount": 1, "resultCount": len(results)}})


def _since(filters: Iterable[dict[str, Any]]) -> date:
    found = [str(part["value"])[:10] for part in filters if part["field"] == "date"]
    return date.fromisoformat(found[0]) if found else TVL_FROM
