"""Crypto venues: Kraken, OKX, Deribit, BitMEX, CoinGecko, and the refusals of Binance and Bybit. Source: section 6.

Belongs here: envelopes and error bodies. Does not belong here: which rows exist (`sandbox.world.venues`).
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.wire import Reply, json_reply

UTF8 = "application/json; charset=utf-8"
RESTRICTED = {
    "code": 0,
    "msg": "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms. "
    "Please contact customer service if you believe you received this message in error.",
}
CLOUDFRONT = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n<HTML><HEAD>'
    '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">\n<TITLE>ERROR: The request could not be satisfied</TITLE>\n'
    "</HEAD><BODY>\n<H1>403 ERROR</H1>\n<H2>The request could not be satisfied.</H2>\nThe Amazon CloudFront distribution is configured to "
    "block access from your country.\n</BODY></HTML>"
)
BYBIT_403 = Reply(403, "text/html", CLOUDFRONT.encode())
BINANCE_451 = json_reply(RESTRICTED, 451)


def kraken(pair: str, bars: list[list[Any]], last: int) -> Reply:
    """OHLC; times in seconds, prices as text, the last bar unfinished."""
    return json_reply({"error": [], "result": {pair: bars, "last": last}})


def kraken_error(*errors: str) -> Reply:
    """Errors come with HTTP 200."""
    return json_reply({"error": list(errors)})


def okx(data: list[Any], code: str = "0", message: str = "", status: int = 200) -> Reply:
    """The envelope of every endpoint; all values are text."""
    return json_reply({"code": code, "data": data, "msg": message}, status)


def deribit(data: list[list[Any]], continuation: int | None, now_us: int) -> Reply:
    result = {"data": data, "continuation": continuation}
    return json_reply({"jsonrpc": "2.0", "result": result, "usIn": now_us, "usOut": now_us + 812, "usDiff": 812, "testnet": False})


def deribit_error(code: int, message: str, status: int = 400, **data: Any) -> Reply:
    error = {"message": message, "code": code, **({"data": data} if data else {})}
    return json_reply({"jsonrpc": "2.0", "error": error, "usIn": 0, "usOut": 0, "usDiff": 0, "testnet": False}, status)


def bitmex_row(symbol: str, moment: str, rate: float) -> dict[str, Any]:
    return {
        "timestamp": moment, "symbol": symbol, "fundingInterval": "2000-01-01T08:00:00.000Z", "fundingRate": rate,
        "fundingRateDaily": round(rate * 3, 8),
    }


def gecko(prices: list[list[Any]], caps: list[list[Any]], volumes: list[list[Any]]) -> Reply:
    return json_reply({"prices": prices, "market_caps": caps, "total_volumes": volumes}, content_type=UTF8)


GECKO_RANGE = json_reply({"error": {"status": {
    "timestamp": "2026-03-05T08:16:12.383+00:00", "error_code": 10012,
    "error_message": "Your request exceeds the allowed time range. Public API users are limited to querying historical data within the past 365 days.",
}}}, 401, UTF8)
GECKO_LIMIT = Reply(429, UTF8, json.dumps({"status": {
    "error_code": 429,
    "error_message": "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API "
    "plans for higher rate limits.",
}}).encode(), {"retry-after": "1"})
GECKO_UNKNOWN = json_reply({"error": "coin not found"}, 404, UTF8)
