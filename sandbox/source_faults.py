"""Faults of the crypto, on-chain, filing, gold and statistics upstreams, added to the catalogue on import.

Belongs here: what these upstreams are known to send when they fail. Does not belong here: faults of any host
(`sandbox.catalogue`), of the rates and market upstreams (`sandbox.provider_faults`).
Source: sections 6 to 12 and 15 of the upstream contracts.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sandbox.catalogue import BUCKET, SUM, VISION, Answer, fixed, kind, on_body, on_json
from sandbox.forms import month
from sandbox.provider_faults import CATALOGUE
from sandbox.values import days_of, rewrite
from sandbox.wire import MIRROR, Ask, Reply, crypto, json_reply, stats, text_reply
from sandbox.wire.unknown import html, no_such_key, unknown
from sandbox.wire.vision import pack
from sandbox.wire.xlsx import unzipped, zipped

BINANCE, BINANCE_FUTURES, BYBIT = "api.binance.com", "fapi.binance.com", "api.bybit.com"
KRAKEN, OKX, DERIBIT, GECKO = "api.kraken.com", "www.okx.com", "www.deribit.com", "api.coingecko.com"
COINS, LLAMA, PRO, SEC = "stablecoins.llama.fi", "api.llama.fi", "pro-api.llama.fi", "data.sec.gov"
SPDR, IMF, CFTC, BLS, EUROSTAT = "api.spdrgoldshares.com", "api.imf.org", "publicreporting.cftc.gov", "api.bls.gov", "ec.europa.eu"
ONS, OECD, ATLANTA, ECB, CDN = "www.ons.gov.uk", "sdmx.oecd.org", "www.atlantafed.org", "www.ecb.europa.eu", "cdn.jsdelivr.net"

# Binance and Bybit
fixed("binance_451", "451 from a restricted location", crypto.BINANCE_451, BINANCE, BINANCE_FUTURES, VISION)
fixed("bybit_403", "403 page of CloudFront", crypto.BYBIT_403, BYBIT)
fixed("bybit_retcode", "rate limit inside a success", json_reply({"retCode": 10006, "retMsg": "Too many visits!", "result": {}}), BYBIT)
kind("vision_404", "no such key", VISION)(lambda ask, answer: unknown(ask))


@kind("vision_bad_checksum", "a CHECKSUM of something else", VISION)
def _bad_checksum(ask: Ask, answer: Answer) -> Reply:
    reply = answer(ask)
    if reply.status != 200 or not ask.path.endswith(SUM):
        return reply
    return replace(reply, body=bytes(b"0123456789abcdef"[15 - int(chr(c), 16)] for c in reply.body[:64]) + reply.body[64:])


def _microseconds(ask: Ask, reply: Reply) -> Reply:
    """16-digit times, as spot files have them since 2025."""
    if reply.status != 200 or not reply.body.startswith(b"PK"):
        return reply
    (name, text), = unzipped(reply.body).items()
    return replace(reply, body=pack(name, re.sub(r"(?m)(?<![\d.])(1\d{12})(?=,)", r"\g<1>000", text.decode())))


def _missing_day(ask: Ask, reply: Reply) -> Reply:
    """No file of the fifteenth in the listing."""
    return replace(reply, body=re.sub(rb"<Contents><Key>[^<]*-15\.zip(?:\.CHECKSUM)?</Key>.*?</Contents>", b"", reply.body))


on_body("vision_microseconds", "times in microseconds", _microseconds, VISION)
on_body("vision_cut_zip", "half of the zip, and a CHECKSUM of that half", lambda ask, reply: replace(
    reply, body=reply.body[: len(reply.body) // 2]) if reply.body.startswith(b"PK") else reply, VISION)
on_body("vision_missing_day", "one day of each month is not listed", _missing_day, BUCKET)

# other venues
fixed("kraken_200_error", "an error inside a success", crypto.kraken_error("EGeneral:Too many requests"), KRAKEN)
fixed("kraken_unknown_pair", "an unknown pair inside a success", crypto.kraken_error("EQuery:Unknown asset pair"), KRAKEN)
fixed("okx_code", "an error inside a success", crypto.okx([], "51001", "Instrument ID does not exist"), OKX)
fixed("okx_429", "429 with code 50011", crypto.okx([], "50011", "Too Many Requests", 429), OKX)
fixed("deribit_400", "invalid parameters", crypto.deribit_error(-32602, "Invalid params"), DERIBIT)
fixed("deribit_429", "too many requests", crypto.deribit_error(10028, "too_many_requests", 429), DERIBIT)
fixed("gecko_401", "beyond the plan's range", crypto.GECKO_RANGE, GECKO)
fixed("gecko_429", "rate limit", crypto.GECKO_LIMIT, GECKO)

# DefiLlama
fixed("llama_402", "paid path", json_reply({"message": "Upgrade to the Pro API plan to access this endpoint"}, 402), COINS, LLAMA, PRO)


def _other_dates(ask: Ask, reply: Reply) -> Reply:
    """Dates as text where they were numbers, and the other way round."""
    if reply.status != 200:
        return reply
    text = re.sub(rb'"date":(?:"(\d+)"|(\d+))', lambda m: b'"date":' + (m[1] or b'"' + m[2] + b'"'), reply.body)
    return replace(reply, body=text)


on_body("llama_string_date", "dates as text instead of numbers, and numbers instead of text", _other_dates, COINS, LLAMA)
on_body("llama_revised", "the whole history changed by 3%", lambda ask, reply: rewrite(ask, reply, lambda _, v: v * 1.03), COINS, LLAMA)

# SEC
_UNDECLARED = html(
    "SEC.gov | Your Request Originates from an Undeclared Automated Tool",
    "To allow for equitable access to all users, SEC reserves the right to limit requests originating from undeclared automated tools.", 403,
)
_THRESHOLD = html("SEC.gov | Request Rate Threshold Exceeded", "Your request rate has exceeded the SEC's maximum allowable requests per second.", 429)
fixed("sec_403_html", "403 page: undeclared automated tool", _UNDECLARED, SEC)
fixed("sec_200_html", "the block page as a success", replace(_UNDECLARED, status=200), SEC)
fixed("sec_429_html", "429 page: rate threshold", _THRESHOLD, SEC)
fixed("sec_404_xml", "no such tag", no_such_key("/api/xbrl/companyfacts"), SEC)

# gold
fixed("gld_pdf", "the bar list as PDF", Reply(200, "application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n"), SPDR)


def _holiday(ask: Ask, reply: Reply) -> Reply:
    """`US Holiday` in every value column of the newest row."""
    if reply.status != 200:
        return reply
    parts = unzipped(reply.body)
    name = max(part for part in parts if part.startswith("xl/worksheets/sheet"))
    text = parts[name].decode()
    at = text.rindex("<row ")
    words = re.sub(r'<c r="([B-K]\d+)"(?: t="s")?><v>[^<]*</v></c>', r'<c r="\1" t="inlineStr"><is><t>US Holiday</t></is></c>', text[at:])
    return replace(reply, body=zipped({**parts, name: (text[:at] + words).encode()}))


def _newest(ask: Ask, reply: Reply, new: float) -> Reply:
    newest = (days_of(ask, reply) or [""])[-1]
    return rewrite(ask, reply, lambda day, value: new if day == newest else value)


def _sparse_countries(ask: Ask, reply: Reply) -> Reply:
    """Every second country is not in the answer."""
    text = reply.body.decode()
    if text.lstrip().startswith("<"):
        series = re.findall(r"<Series .*?</Series>", text, re.DOTALL)
        for gone in series[::2]:
            text = text.replace(gone, "")
        return replace(reply, body=text.encode())
    lines = text.splitlines(keepends=True)
    at = lines[0].split(",").index("COUNTRY")
    names = list(dict.fromkeys(line.split(",")[at] for line in lines[1:]))
    return replace(reply, body="".join([lines[0], *(line for line in lines[1:] if line.split(",")[at] not in names[::2])]).encode())


def _absent_field(content: Any) -> Any:
    """The newest report has no managed-money longs."""
    if content:
        newest = max(content, key=lambda row: str(row["report_date_as_yyyy_mm_dd"]))
        newest.pop("m_money_positions_long_all", None)
    return content


on_body("gld_holiday", "the newest row is a holiday", _holiday, SPDR)
on_body("imf_zero", "0.0 in the newest month", lambda ask, reply: _newest(ask, reply, 0.0), IMF)
on_body("imf_sparse", "every second country is missing", _sparse_countries, IMF)
on_body("cot_missing_key", "an absent field in the newest report", on_json(_absent_field), CFTC)
kind("cot_1000", "1000 rows, whatever was asked", CFTC)(lambda ask, answer: answer(replace(ask, query={**ask.query, "$limit": "1000"})))

# statistics
fixed("bls_200", "used-up quota inside a success", stats.bls_refusal(
    "Request could not be serviced, as the daily threshold for total number of requests allocated to the user has been reached."), BLS)
fixed("bls_bad_key", "a refused key inside a success", stats.bls_refusal("The key:xxxx provided by the User is invalid."), BLS)
fixed("estat_400", "an unknown dimension", stats.eurostat_error("COICOP"), EUROSTAT)
fixed("oecd_404", "no records", text_reply("NoRecordsFound", "text/plain", 404), OECD)
fixed("oecd_429", "sixty downloads an hour", text_reply("Too Many Requests", "text/plain", 429), OECD)
on_body("estat_old_dataset", "frozen at December 2025", lambda ask, reply: rewrite(ask, reply, keep=lambda day: day < "2026"), EUROSTAT)
on_body("estat_sparse", "two years without their March", lambda ask, reply: rewrite(
    ask, reply, keep=lambda day: day[:7] not in ("2024-03", "2025-03")), EUROSTAT)


def _mixed_rows(ask: Ask, reply: Reply) -> Reply:
    """Years, quarters and months of a year beside each other, and the running year before its end."""
    lines = reply.body.decode().splitlines(keepends=True)
    start = next((n for n, line in enumerate(lines) if re.match(r'"\d{4}', line)), len(lines))
    body = sorted(lines[start:], key=lambda line: (month(line.split('"')[1]), line.split('"')[1]))
    return replace(reply, body="".join([*lines[:start], *body]).encode())


def _bad_drawing(ask: Ask, reply: Reply) -> Reply:
    """Every sheet names a drawing; none is in the file."""
    if reply.status != 200:
        return reply
    parts = {name: content for name, content in unzipped(reply.body).items() if "/_rels/sheet" not in name}
    for name in [part for part in parts if part.startswith("xl/worksheets/sheet")]:
        text = parts[name].decode().replace('<drawing r:id="rId1"/>', "")
        parts[name] = text.replace("</worksheet>", '<drawing r:id="rId7"/></worksheet>').encode()
    return replace(reply, body=zipped(parts))


def _not_quoted(ask: Ask, reply: Reply) -> Reply:
    """`N/A` in every cell of the newest day; the trailing comma stays."""
    if reply.status != 200:
        return reply
    (name, content), = unzipped(reply.body).items()
    lines = content.decode().splitlines()
    cells = lines[1].split(",")
    lines[1] = ",".join([cells[0], *["N/A"] * (len(cells) - 2), ""])
    return replace(reply, body=pack(name, "\n".join(lines) + "\n"))


on_body("ons_mixed_freq", "years, quarters and months mixed", _mixed_rows, ONS)
on_body("mpt_bad_drawing", "drawings that are not there", _bad_drawing, ATLANTA)
on_body("ecb_na", "no quote on the newest day", _not_quoted, ECB)
_VERSION = re.compile(r"currency-api@([\w.-]+)/")


def _version(ask: Ask) -> str:
    found = _VERSION.search(ask.path)
    return found[1] if found else ask.host.partition(".")[0]


@kind("fx_404", "no dated version is there", CDN, MIRROR)
def _fx_missing(ask: Ask, answer: Answer) -> Reply:
    return answer(ask) if _version(ask) == "latest" else stats.currency_missing(_version(ask), "@fawazahmed0/currency-api")


@kind("fx_stale", "@latest is three days old, and nothing newer is there", CDN, MIRROR)
def _fx_stale(ask: Ask, answer: Answer) -> Reply:
    newest = answer(Ask(CDN, "/npm/@fawazahmed0/currency-api@latest/v1/currencies/usd.min.json"))
    if newest.status != 200:
        return answer(ask)
    old = date.fromisoformat(json.loads(newest.body)["date"]) - timedelta(days=3)
    if _version(ask) != "latest":
        return answer(ask) if _version(ask) <= old.isoformat() else stats.currency_missing(_version(ask), "@fawazahmed0/currency-api")
    reply = answer(ask)
    return replace(reply, body=re.sub(rb'("date":\s*")[\d-]{10}', rb"\g<1>" + old.isoformat().encode(), reply.body))


__all__ = ["CATALOGUE"]
