"""Where the observations sit in each upstream's answer, for changing or dropping them: one form per host.

Belongs here: walking one format. Does not belong here: which fault changes what, and the formats that `sandbox.values`
walks itself. A form gets the body and two callables and returns the new body.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from sandbox.walks import WALKS, Change, Keep, Walk, cell, epoch_day
from sandbox.wire import Ask
from sandbox.wire.stats import MONTHS
from sandbox.wire.vision import pack
from sandbox.wire.xlsx import unzipped, zipped

Form = Callable[[Ask, bytes, Change, Keep], bytes]
_ROW = re.compile(r"<row [^>]*>.*?</row>", re.DOTALL)
_NUMBER = re.compile(r'(<c r="([A-Z]+)\d+"><v>)([^<]*)(</v>)')
_TEXT = re.compile(r'<c r="A\d+" t="s"><v>(\d+)</v>')


def month(text: str) -> str:
    """ISO day of `2026-M02`, `2026-02`, `2026`, `2026 FEB`, `2026 Q1`; else the text's first ten characters."""
    if found := re.fullmatch(r"(\d{4})(?:-M?(\d\d))?", text):
        return f"{found[1]}-{found[2] or '01'}-01"
    if found := re.fullmatch(r"(\d{4}) (?:Q(\d)|([A-Z]{3}))", text):
        names = [name[:3].upper() for name in MONTHS]
        number = int(found[2]) * 3 - 2 if found[2] else names.index(found[3]) + 1 if found[3] in names else 1
        return f"{found[1]}-{number:02d}-01"
    return text[:10]


def table(when: str | int, cells: Sequence[str] | None = None, *, missing: str = "", header: bool = True) -> Form:
    """CSV: the date's column, and the columns of values (None = all the others)."""

    def form(ask: Ask, body: bytes, change: Change, keep: Keep) -> bytes:
        lines = list(csv.reader(io.StringIO(body.decode())))
        names = lines[0] if lines and header else []
        at = names.index(when) if isinstance(when, str) else when
        places = [n for n in range(len(lines[0])) if n != at] if cells is None else [names.index(name) for name in cells]
        kept = lines[:header]
        for line in lines[header:]:
            day = month(line[at])
            if not day[:4].isdigit():  # names and notes before the observations
                kept.append(line)
            elif keep(day):
                for place in places:
                    line[place] = cell(day, line[place], change, missing)
                kept.append(line)
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(kept)
        return out.getvalue().encode()

    return form


def walked(walk: Walk) -> Form:
    """JSON: `walk` returns the new content."""
    return lambda ask, body, change, keep: json.dumps(walk(json.loads(body), change, keep), separators=(",", ":")).encode()


def _euro(ask: Ask, body: bytes, change: Change, keep: Keep) -> bytes:
    (name, text), = unzipped(body).items()
    return pack(name, table("Date", missing="N/A")(ask, text, change, keep).decode())


_VISION_TIME = {"klines": (0, (1, 2, 3, 4)), "fundingRate": (0, (2,)), "metrics": (0, (2, 3))}


def _vision(ask: Ask, body: bytes, change: Change, keep: Keep) -> bytes:
    if not body.startswith(b"PK"):
        return body
    (name, text), = unzipped(body).items()
    _, places = _VISION_TIME[next(kind for kind in _VISION_TIME if f"/{kind}/" in ask.path)]
    kept = []
    for line in text.decode().splitlines():
        cells = line.split(",")
        if cells[0][:1].isdigit():
            day = cells[0][:10] if "-" in cells[0] else epoch_day(cells[0])
            if not keep(day):
                continue
            for place in places:
                cells[place] = cell(day, cells[place], change)
        kept.append(",".join(cells))
    return pack(name, "\n".join(kept) + "\n")


def sheet(columns: str, day_of: Callable[[str], str]) -> Form:
    """XLSX: rows that begin with a date as text, values in `columns` (letters); the last sheet."""

    def form(ask: Ask, body: bytes, change: Change, keep: Keep) -> bytes:
        parts = unzipped(body)
        strings = re.findall(r"<t>([^<]*)</t>", parts["xl/sharedStrings.xml"].decode())
        name = max(part for part in parts if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", part))

        def row(match: re.Match[str]) -> str:
            first = _TEXT.search(match[0])
            day = day_of(strings[int(first[1])]) if first else ""
            if not day:
                return match[0]
            if not keep(day):
                return ""
            return _NUMBER.sub(lambda m: f"{m[1]}{cell(day, m[3], change)}{m[4]}" if m[2] in columns else m[0], match[0])

        return zipped({**parts, name: _ROW.sub(row, parts[name].decode()).encode()})

    return form


def _english(text: str) -> str:
    try:
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""


def _iso(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


_CODES = table("TIME_PERIOD", ["OBS_VALUE"])


def imf(ask: Ask, body: bytes, change: Change, keep: Keep) -> bytes:
    """CSV or SDMX-ML, whichever was asked for."""
    if not body.lstrip().startswith(b"<"):
        return _CODES(ask, body, change, keep)

    def observation(match: re.Match[str]) -> str:
        day = month(match[1])
        return f'<Obs TIME_PERIOD="{match[1]}" OBS_VALUE="{cell(day, match[2], change)}"/>' if keep(day) else ""

    return re.sub(r'<Obs TIME_PERIOD="([^"]*)" OBS_VALUE="([^"]*)"/>', observation, body.decode()).encode()



FORMS: dict[str, Form] = {
    **{host: walked(walk) for host, walk in WALKS.items()},
    "stats.bis.org": _CODES, "sdmx.oecd.org": _CODES, "www.financialresearch.gov": table("Date"), "www.ons.gov.uk": table(0, header=False),
    "www.ecb.europa.eu": _euro, "data.binance.vision": _vision, "api.spdrgoldshares.com": sheet("BCDEFIJK", _english),
    "www.atlantafed.org": sheet("E", _iso), "api.imf.org": imf,
}
