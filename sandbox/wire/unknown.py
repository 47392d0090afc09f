"""How each host answers a key it does not know. Source: sections 1 to 12 of the upstream contracts, recorded bodies."""

from __future__ import annotations

from sandbox.wire import Ask, Reply, json_reply

FRED_HOSTS = frozenset({"fred.stlouisfed.org", "alfred.stlouisfed.org"})
YAHOO_HOSTS = frozenset({"query1.finance.yahoo.com", "query2.finance.yahoo.com"})
BUCKETS = frozenset({"data.binance.vision", "data.sec.gov", "s3-ap-northeast-1.amazonaws.com"})
TREASURY = "home.treasury.gov"


def html(title: str, text: str, status: int) -> Reply:
    """An HTML page, as walls and error pages send it."""
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1><p>{text}</p></body>\n</html>\n"
    )
    return Reply(status, "text/html; charset=UTF-8", page.encode())


def no_such_key(path: str) -> Reply:
    """What an S3 bucket says of a key it does not hold."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        f"<Message>The specified key does not exist.</Message><Key>{path.lstrip('/')}</Key></Error>"
    )
    return Reply(404, "application/xml", body.encode())


def unknown(ask: Ask) -> Reply:
    """The answer to a request this host has nothing for; never an empty success."""
    if ask.host in FRED_HOSTS:
        return html("Error - St. Louis Fed", "The page you requested could not be found.", 404)
    if ask.host in YAHOO_HOSTS:
        error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
        return json_reply({"chart": {"result": None, "error": error}}, 404, "application/json;charset=utf-8")
    if ask.host in BUCKETS:
        return no_such_key(ask.path)
    if ask.host == "api.exchange.coinbase.com":
        return json_reply({"message": "NotFound"}, 404, "application/json; charset=utf-8")
    if ask.host == TREASURY and "daily-treasury-rates.csv" in ask.path:
        return html("Daily Treasury Rates | U.S. Department of the Treasury", "No data is available.", 200)
    if ask.host == "markets.newyorkfed.org":
        return json_reply({"message": "Not Found"}, 404, "application/json; charset=utf-8")
    return html("404 Not Found", "The requested resource was not found.", 404)
