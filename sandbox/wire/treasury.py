"""US Treasury: yearly yield-curve CSV and FiscalData's daily statement. Source: section 3 of the contracts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from sandbox.wire import Ask, Reply, json_reply, text_reply

FILTER = re.compile(r"^(\w+):(eq|lt|lte|gt|gte|in):(.+)$")
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda have, want: have == want, "lt": lambda have, want: have < want, "lte": lambda have, want: have <= want,
    "gt": lambda have, want: have > want, "gte": lambda have, want: have >= want,
    "in": lambda have, want: have in want.strip("()").split(","),
}


def curve_csv(columns: Sequence[str], rows: Sequence[tuple[date, Sequence[str]]]) -> Reply:
    """`Date,"1 Mo",...`, US dates, newest first, empty = missing. `rows` ascending."""
    header = "Date," + ",".join(f'"{column}"' for column in columns)
    lines = [f"{day:%m/%d/%Y}," + ",".join(cells) for day, cells in reversed(rows)]
    return text_reply("\n".join([header, *lines]) + "\n", "text/csv; charset=UTF-8")


def statement_rows(day: date, opening: int, closing: int, deposits: int) -> list[dict[str, str]]:
    """One day of the operating cash balance, USD millions as text: four rows since 2022-04-18, one before."""
    names: list[tuple[str, str, str]]  # account type, close_today_bal, open_today_bal
    if day >= date(2022, 4, 18):
        names = [
            ("Treasury General Account (TGA) Opening Balance", "null", str(opening)),
            ("Total TGA Deposits (Table II)", "null", str(deposits)),
            ("Total TGA Withdrawals (Table II) (-)", "null", str(opening + deposits - closing)),
            ("Treasury General Account (TGA) Closing Balance", "null", str(closing)),
        ]
    elif day >= date(2021, 10, 1):
        names = [("Treasury General Account (TGA)", str(closing), str(opening))]
    else:
        names = [("Federal Reserve Account", str(closing), str(opening))]
    fiscal = day.year + (day.month >= 10)
    return [
        {
            "record_date": day.isoformat(), "account_type": account, "close_today_bal": close, "open_today_bal": opened,
            "open_month_bal": opened, "open_fiscal_year_bal": opened, "table_nbr": "I", "table_nm": "Operating Cash Balance",
            "sub_table_name": "Cash Balance Details", "src_line_nbr": str(number), "record_fiscal_year": str(fiscal),
            "record_fiscal_quarter": str((day.month + 2) // 3 % 4 + 1), "record_calendar_year": str(day.year),
            "record_calendar_quarter": str((day.month + 2) // 3), "record_calendar_month": f"{day.month:02d}",
            "record_calendar_day": f"{day.day:02d}",
        }
        for number, (account, close, opened) in enumerate(names, 1)
    ]


def fiscal_page(ask: Ask, rows: list[dict[str, str]]) -> Reply:
    """FiscalData's envelope: filter, fields, sort, page[number], page[size] (default 100, at most 10000)."""
    try:
        chosen = [row for row in rows if _passes(row, ask.text("filter"))]
        for name in reversed([part for part in ask.text("sort").split(",") if part]):
            chosen.sort(key=itemgetter(name.removeprefix("-")), reverse=name.startswith("-"))
        size, number = int(ask.text("page[size]", "100")), int(ask.text("page[number]", "1"))
        if not 1 <= size <= 10_000 or number < 1:
            raise ValueError("page[size] or page[number]")
        fields = [name for name in ask.text("fields").split(",") if name]
        page = chosen[(number - 1) * size : number * size]
        data = [{name: row[name] for name in fields} for row in page] if fields else page
    except (KeyError, ValueError) as error:
        return json_reply({"error": "Invalid Query Param", "message": f"Invalid query parameter: {error}"}, 400)
    pages = max(1, -(-len(chosen) // size))

    def link(at: int) -> str:
        return f"&page%5Bnumber%5D={at}&page%5Bsize%5D={size}"

    names = fields or (list(rows[0]) if rows else [])
    meta: dict[str, Any] = {
        "count": len(data), "labels": {}, "dataTypes": {name: _type(name) for name in names}, "dataFormats": {},
        "total-count": len(chosen), "total-pages": pages,
    }
    links = {
        "self": link(number), "first": link(1), "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if number < pages else None, "last": link(pages),
    }
    return json_reply({"data": data, "meta": meta, "links": links})


def _type(name: str) -> str:
    return "DATE" if name == "record_date" else "CURRENCY0" if name.endswith("_bal") else "STRING"


def _passes(row: dict[str, str], text: str) -> bool:
    for part in re.split(r",(?=\w+:)", text) if text else ():
        match = FILTER.match(part)
        if match is None:
            raise ValueError(part)
        name, operator, want = match.groups()
        if not _COMPARE[operator](row[name], want):
            return False
    return True
