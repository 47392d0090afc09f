"""The JSON answers of the upstreams: where each observation sits, for changing or dropping it.

Belongs here: one walk per host over decoded JSON. Does not belong here: CSV, zip and XLSX (`sandbox.forms`).
A walk gets the content and two callables, `change` (ISO day, value) and `keep` (ISO day), and returns the new content.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

Change = Callable[[str, float], float | None]
Keep = Callable[[str], bool]
Walk = Callable[[Any, Change, Keep], Any]


def epoch_day(stamp: float | str) -> str:
    """ISO day of seconds, milli- or microseconds."""
    number = float(stamp)
    while number > 1e11:
        number /= 1000
    return datetime.fromtimestamp(number, UTC).date().isoformat()


def cell(day: str, text: str, change: Change, missing: str = "") -> str:
    """A number as text, changed; other texts as they are."""
    try:
        number = float(text)
    except ValueError:
        return text
    new = change(day, number)
    return text if new == number else missing if new is None else f"{new:.12g}"


def value(day: str, number: Any, change: Change) -> Any:
    if isinstance(number, bool) or not isinstance(number, (int, float, str)):
        return number
    return cell(day, number, change) if isinstance(number, str) else change(day, number)


def rows(content: list[Any], day_of: Callable[[Any], str], places: Callable[[Any], Sequence[Any]], change: Change, keep: Keep) -> list[Any]:
    """Rows (lists or objects) that stay, the values at `places` changed."""
    kept = [row for row in content if keep(day_of(row))]
    for row in kept:
        for place in places(row):
            row[place] = value(day_of(row), row[place], change)
    return kept


def _pairs(content: Any, change: Change, keep: Keep) -> Any:
    return rows(content, lambda row: str(row[0])[:10], lambda row: [1], change, keep) if isinstance(content, list) else content


def _bls(content: Any, change: Change, keep: Keep) -> Any:
    for series in content["Results"].get("series", []):
        series["data"] = rows(series["data"], lambda row: f"{row['year']}-{row['period'][1:].replace('13', '12')}-01", lambda row: ["value"], change, keep)
    return content


def _eurostat(content: Any, change: Change, keep: Keep) -> Any:
    months = {str(at): f"{name}-01" for name, at in content["dimension"]["time"]["category"]["index"].items()}
    content["value"] = {at: change(months[at], number) for at, number in content["value"].items() if keep(months[at])}
    return content


def _worldbank(content: Any, change: Change, keep: Keep) -> Any:
    if len(content) == 2 and content[1]:
        content[1] = rows(content[1], lambda row: f"{row['date']}-01-01", lambda row: ["value"], change, keep)
    return content


def _currency(content: Any, change: Change, keep: Keep) -> Any:
    for rates in content.values():
        if isinstance(rates, dict):
            rates.update({code: change(content["date"], number) for code, number in rates.items()})
    keep(content["date"])
    return content


def _kraken(content: Any, change: Change, keep: Keep) -> Any:
    for name, bars in (content.get("result") or {}).items():
        if isinstance(bars, list):
            content["result"][name] = rows(bars, lambda row: epoch_day(row[0]), lambda row: range(1, 6), change, keep)
    return content


def _okx(content: Any, change: Change, keep: Keep) -> Any:
    for entry in content["data"]:
        if isinstance(entry, dict) and "details" in entry:
            entry["details"] = rows(entry["details"], lambda row: epoch_day(row["ts"]), lambda row: ["sz"], change, keep)
            return content
    content["data"] = rows(content["data"], lambda row: epoch_day(row[0] if isinstance(row, list) else row["fundingTime"]),
                           lambda row: range(1, 4) if isinstance(row, list) else ["fundingRate", "realizedRate"], change, keep)
    return content


def _deribit(content: Any, change: Change, keep: Keep) -> Any:
    result = content.get("result") or {}
    if "data" in result:
        result["data"] = rows(result["data"], lambda row: epoch_day(row[0]), lambda row: range(1, 5), change, keep)
    return content


def _bitmex(content: Any, change: Change, keep: Keep) -> Any:
    return rows(content, lambda row: row["timestamp"][:10], lambda row: ["fundingRate"], change, keep) if isinstance(content, list) else content


def _gecko(content: Any, change: Change, keep: Keep) -> Any:
    for name in ("prices", "market_caps", "total_volumes"):
        content[name] = rows(content[name], lambda row: epoch_day(row[0]), lambda row: [1], change, keep)
    return content


def _llama(content: Any, change: Change, keep: Keep) -> Any:
    """Points of any endpoint; the list of protocols has no dates and is today's."""
    if isinstance(content, dict):
        for name, part in content.items():
            if isinstance(part, (dict, list)) and name not in ("chains", "currentChainTvls"):
                content[name] = _llama(part, change, keep)
        return content
    if not content or not isinstance(content[0], dict):
        return content
    stamp = next((name for name in ("date", "timestamp") if name in content[0]), None)
    if stamp is None:
        return [_numbers(row, "9999-12-31", change) if "tvl" in row else row for row in content]
    kept = [row for row in content if keep(epoch_day(row[stamp]))]
    return [{stamp: row[stamp], **_numbers({k: v for k, v in row.items() if k != stamp}, epoch_day(row[stamp]), change)} for row in kept]


def _numbers(content: Any, day: str, change: Change) -> Any:
    if isinstance(content, dict):
        return {name: _numbers(part, day, change) for name, part in content.items()}
    return change(day, content) if isinstance(content, (int, float)) and not isinstance(content, bool) and content else content


def _rwa(content: Any, change: Change, keep: Keep) -> Any:
    for result in content.get("results", []):
        result["points"] = _pairs(result["points"], change, keep)
    return content


def _sec(content: Any, change: Change, keep: Keep) -> Any:
    """By day of filing: a filing is there or not."""
    for tag in content["facts"]["us-gaap"].values():
        tag["units"]["USD"] = rows(tag["units"]["USD"], lambda row: row["filed"], lambda row: ["val"], change, keep)
    return content


def _cftc(content: Any, change: Change, keep: Keep) -> Any:
    if not isinstance(content, list):
        return content
    return rows(content, lambda row: row["report_date_as_yyyy_mm_dd"][:10],
                lambda row: [name for name in row if "positions" in name or name.startswith("open_interest")], change, keep)


WALKS: dict[str, Walk] = {
    "data.financialresearch.gov": _pairs, "api.bls.gov": _bls, "ec.europa.eu": _eurostat, "api.worldbank.org": _worldbank,
    "cdn.jsdelivr.net": _currency, "currency-api.pages.dev": _currency, "api.kraken.com": _kraken, "www.okx.com": _okx,
    "www.deribit.com": _deribit, "www.bitmex.com": _bitmex, "api.coingecko.com": _gecko, "stablecoins.llama.fi": _llama,
    "api.llama.fi": _llama, "pro-api.llama.fi": _llama, "api.rwa.xyz": _rwa, "data.sec.gov": _sec, "publicreporting.cftc.gov": _cftc,
}
