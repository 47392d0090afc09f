"""Dropped files of every source that reads files: good ones, changed ones, and ones that cannot be read.

Belongs here: made-up bytes in the layouts that `docs/drop-folder.md` lists. Does not belong here: layouts themselves.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

_KIT = Path(__file__).parent.parent / "ingest" / "sources" / "xlsx_kit.py"
_QUARTERS = [date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31),
             date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31)]  # fmt: skip
_MONTH_ENDS = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
_FRIDAYS = [date(2026, 5, 1) + timedelta(7 * n) for n in range(5)]
_BALANCE = {
    "Jewellery fabrication": 500.0, "Technology": 80.0, "Total bar and coin": 300.0, "ETFs & similar products": -20.0,
    "Central banks & other inst.": 230.0, "Mine production": 900.0, "Net producer hedging": -10.0,
    "Recycled gold": 300.0, "Total supply": 1190.0,
}  # fmt: skip

DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "file_cut_short": lambda content: content[: len(content) // 2],
    "file_empty": lambda content: b"",
    "file_login_page": lambda content: b"<html><title>Sign in</title></html>\n",
    "file_gzip": lambda content: gzip.compress(content, mtime=0),
    "file_pdf": lambda content: b"%PDF-1.7\x80\x81",
}
CHANGES: Mapping[str, Callable[[date, float], float | None]] = {
    "good": lambda day, value: value,
    "missing": lambda day, value: None if day == _QUARTERS[4] else value,
    "revised": lambda day, value: value * 1.004 if day == _QUARTERS[4] else value,
    "unit_x1000": lambda day, value: value * 1000,
    "short_history": lambda day, value: value,
}


def write_files(dropbox: Path, kind: str) -> None:
    """The files of `kind`, a key of CHANGES or DAMAGES, below `dropbox` (once). Changed ones are dated a day later."""
    if dropbox.exists():
        return
    day = "2026-05-31" if kind == "good" else "2026-06-01"
    csv = _official(CHANGES.get(kind, CHANGES["good"]), _QUARTERS[4:] if kind == "short_history" else _QUARTERS)
    _write(dropbox / f"wgc/official_reserves/{day}_by_country.csv", DAMAGES[kind](csv) if kind in DAMAGES else csv)
    if kind != "good":
        return
    book: Any = _workbook()
    table: list[list[Any]] = [["Gold supply and demand (tonnes)"], [], [None, "Q4'25", 2025, "Q1'26"]]
    rows = [[label, value, 4 * value, value] for label, value in _BALANCE.items()]
    _write(dropbox / f"wgc/gdt_tables/{day}_tables.xlsx", book({"Gold Balance": [*table, *rows, ["Notes"]]}))
    for name, days in (("monthly", _MONTH_ENDS), ("weekly", _FRIDAYS)):
        head: list[object] = ["Date", "North America", "Europe", "Asia", "Other"]
        holdings = [head, *([str(one), 2000.0, 1400.0, 500.0, 70.0] for one in days)]
        flows = [head, *([str(one), 20.0, -14.0, 5.0, 0.7] for one in days)]
        content = book({"Holdings tonnes": holdings, "Flows tonnes": flows})
        _write(dropbox / f"wgc/etf_holdings/{day}_{name}.xlsx", content)


def _official(change: Callable[[date, float], float | None], days: list[date]) -> bytes:
    lines = ["Date,Country,Tonnes"]
    for number, day in enumerate(days):
        value = change(day, 500.0 + number)
        lines.append(f"{day},POL,{'' if value is None else f'{value:g}'}")
    return ("\n".join(lines) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _workbook() -> Any:
    spec = importlib.util.spec_from_file_location("conformance_xlsx_kit", _KIT)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(_KIT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.workbook
