"""Statistical offices and central banks: BLS, Eurostat, ONS, OECD, World Bank, BIS, OFR, ECB, currency-api.

Belongs here: their text formats. Source: sections 4, 10 and 12 of the contracts. Does not belong here: numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.wire import Reply, json_reply, text_reply
from sandbox.wire.vision import pack

Pair = tuple[str, str]  # (ISO date or month, value text; "" = missing)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
LAPSE = {"code": "X", "text": "Data unavailable due to the 2025 lapse in appropriations"}
FSI_HEADER = (
    "Date,OFR FSI,Credit,Equity valuation,Safe assets,Funding,Volatility,United States,Other advanced economies,Emerging markets"
)
EURO_HEADER = ["USD", "JPY", "BGN", "CYP", "CZK", "DKK", "EEK", "GBP", "HUF", "LTL", "LVL", "MTL", "PLN", "ROL", "RON", "SEK", "SIT", "SKK", "CHF", "ISK", "NOK", "HRK", "RUB", "TRL", "TRY", "AUD", "BRL", "CAD", "CNY", "HKD", "IDR", "ILS", "INR", "KRW", "MXN", "MYR", "NZD", "PHP", "SGD", "THB", "ZAR"]


def bls(series: Mapping[str, Sequence[Pair]], newest: Mapping[str, str], means: Mapping[str, Mapping[str, str]], message: Sequence[str]) -> Reply:
    """`Results.series`, newest first; M13 = annual mean, `-` = missing with a footnote."""
    listed = []
    for name, pairs in series.items():
        data: list[dict[str, Any]] = []
        for month, value in reversed(pairs):
            year, number = month[:4], int(month[5:7])
            if number == 12 and year in means.get(name, {}):
                data.append({"year": year, "period": "M13", "periodName": "Annual", "value": means[name][year], "footnotes": [{}]})
            entry: dict[str, Any] = {"year": year, "period": f"M{number:02d}", "periodName": MONTHS[number - 1]}
            if month == newest.get(name):
                entry["latest"] = "true"
            data.append({**entry, "value": value or "-", "footnotes": [{} if value else LAPSE]})
        listed.append({"seriesID": name, "data": data})
    return json_reply({"status": "REQUEST_SUCCEEDED", "responseTime": 120, "message": list(message), "Results": {"series": listed}})


def bls_refusal(message: str) -> Reply:
    """HTTP 200 all the same."""
    return json_reply({"status": "REQUEST_NOT_PROCESSED", "responseTime": 12, "message": [message], "Results": {}})


def jsonstat(label: str, updated: str, dimensions: Sequence[tuple[str, Sequence[str]]], values: Mapping[str, float], status: Mapping[str, str]) -> Reply:
    """JSON-stat 2.0: sparse `value` keyed by the flat index."""
    parts = {
        name: {"label": name, "category": {"index": {code: n for n, code in enumerate(codes)}, "label": {code: code for code in codes}}}
        for name, codes in dimensions
    }
    return json_reply({
        "version": "2.0", "class": "dataset", "label": label, "source": "ESTAT", "updated": updated, "value": dict(values), "status": dict(status),
        "id": [name for name, _ in dimensions], "size": [len(codes) for _, codes in dimensions], "dimension": parts,
    })


def eurostat_error(name: str) -> Reply:
    label = f'INVALID_QUERY_DIMENSION: Dimension "{name}" is not defined'
    return json_reply({"error": [{"status": 400, "id": 150, "label": label}]}, 400)


def ons(title: str, name: str, released: str, rows: Sequence[Pair]) -> Reply:
    """Names and notes, then years, quarters and months in one column."""
    head = [("Title", title), ("CDID", name), ("Source dataset ID", "MM23"), ("PreUnit", ""), ("Unit", "Index, base year = 100"),
            ("Release date", released), ("Next release", "To be announced"), ("Important notes", "")]
    return text_reply("".join(f'"{left}","{right}"\n' for left, right in [*head, *rows]), "text/csv; charset=utf-8")


def oecd(key: Sequence[str], pairs: Sequence[Pair]) -> Reply:
    """Code columns beside label columns, rows in no order."""
    names = ("REF_AREA,Reference area", "FREQ,Frequency of observation", "METHODOLOGY,Methodology", "MEASURE,Measure", "UNIT_MEASURE,Unit of measure",
             "EXPENDITURE,Expenditure", "ADJUSTMENT,Adjustment", "TRANSFORMATION,Transformation")
    header = f"STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,{','.join(names)},TIME_PERIOD,Time period,OBS_VALUE,Observation value,OBS_STATUS,BASE_PER"
    codes = ",".join(f'{code},"{code}, in words"' for code in key)
    structure = 'DATAFLOW,OECD.SDD.TPS:DSD_PRICES@DF_PRICES_ALL(1.0),"Consumer price indices (CPIs, HICPs), COICOP 1999",I'
    mixed = [*pairs[1::2], *pairs[::2]]
    return text_reply("\n".join([header, *(f"{structure},{codes},{month[:7]},,{value},,A,2015" for month, value in mixed)]) + "\n")


def worldbank(rows: Sequence[dict[str, Any]], page: int, pages: int, size: int, total: int, updated: str) -> Reply:
    head = {"page": page, "pages": pages, "per_page": size, "total": total, "sourceid": "2", "lastupdated": updated}
    return json_reply([head, list(rows) or None], content_type="application/json;charset=utf-8")


def worldbank_error() -> Reply:
    """HTTP 200 all the same."""
    about = {"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}
    return json_reply([{"message": [about]}], content_type="application/json;charset=utf-8")


def bis_rates(rows: Sequence[tuple[str, str, str, Pair]]) -> Reply:
    """WS_CBPOL: (frequency, area, bank, pair); v1 of the service."""
    header = ("FREQ,REF_AREA,UNIT_MEASURE,UNIT_MULT,TIME_FORMAT,COMPILATION,DECIMALS,SOURCE_REF,SUPP_INFO_BREAKS,TITLE,TIME_PERIOD,OBS_VALUE,"
              "OBS_STATUS,OBS_CONF,OBS_PRE_BREAK")
    lines = [
        f'{frequency},{area},368,0,,"From 1999 onwards, {bank}: main rate",4,{bank},, Central bank policy rates - {area} - Daily,{when},{value or "NaN"},A,F,'
        for frequency, area, bank, (when, value) in rows
    ]
    return text_reply("\n".join([header, *lines]) + "\n")


def bis_eer(rows: Sequence[tuple[str, Pair]]) -> Reply:
    """WS_EER: (dimensions joined by commas, pair)."""
    header = "FREQ,EER_TYPE,EER_BASKET,REF_AREA,UNIT_MEASURE,COLLECTION,DECIMALS,TITLE,TIME_PERIOD,OBS_VALUE,OBS_STATUS,OBS_CONF"
    lines = [f'{key},882,A,2,"Effective exchange rates, broad",{when[:7]},{value or "NaN"},A,F' for key, (when, value) in rows]
    return text_reply("\n".join([header, *lines]) + "\n")


def fsi(rows: Sequence[tuple[str, Sequence[float]]]) -> Reply:
    """Shortest number texts, so scientific notation occurs."""
    return text_reply("\n".join([FSI_HEADER, *(f"{day},{','.join(map(repr, cells))}" for day, cells in rows)]) + "\n")


def monitor(pairs: Sequence[Pair], scale: float) -> Reply:
    """`[["2018-04-02",1.80],...]`, null for gaps."""
    return json_reply([[day, round(float(value) * scale, 2) if value else None] for day, value in pairs])


def euro_rates(days: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Reply:
    """The zip of the whole history: newest first, N/A, a trailing comma on every line."""
    names = list(EURO_HEADER)
    empty = ["N/A"] * len(days)
    cells = zip(*(columns.get(name, empty) for name in names), strict=True)
    lines = [f"{day},{','.join(line)}," for day, line in zip(days, cells, strict=True)]
    text = "\n".join([f"Date,{','.join(names)},", *reversed(lines)]) + "\n"
    return Reply(200, "application/zip", pack("eurofxref-hist.csv", text))


def currency_day(day: str, base: str, rates: Mapping[str, float], *, small: bool) -> Reply:
    content = {"date": day, base: {code: float(f"{value:.8g}") for code, value in sorted(rates.items())}}
    text = json.dumps(content, separators=(",", ":")) if small else json.dumps(content, indent="\t")
    return Reply(200, "application/json; charset=utf-8", text.encode())


def currency_missing(version: str, name: str) -> Reply:
    return text_reply(f"Couldn't find the requested release version {version} of {name}.", "text/plain; charset=utf-8", 404)
