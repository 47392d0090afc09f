"""Atlanta Fed: the long sheet, the nearest windows, a dangling drawing."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import pytest

from ingest.errors import Blocked, EmptyPayload, NotFound, SchemaDrift, SourceError

HEADER = ["date", "reference_start", "target_range", "field", "value"]
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def serial(day: str) -> float:
    return float((date.fromisoformat(day) - date(1899, 12, 30)).days)


def workbook(rows: list[list[Any]], sheet: str = "DATA", drawing: bool = True) -> bytes:
    """Text as shared strings, numbers as they are; a LICENSE sheet in front; a drawing that is not in the file."""
    strings: list[str] = []
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for at, value in enumerate(row):
            place = f"{'ABCDEFG'[at]}{number}"
            if isinstance(value, str):
                strings.append(value)
                cells.append(f'<c r="{place}" t="s"><v>{len(strings) - 1}</v></c>')
            elif value is not None:
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    hanging = '<drawing r:id="rId1"/>' if drawing else ""
    start = f'<worksheet xmlns="{MAIN}" xmlns:r="{RELS}"><sheetData>'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets><sheet name="LICENSE" sheetId="1" '
        f'r:id="rId1"/><sheet name="{sheet}" sheetId="2" r:id="rId2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="rId2" Target="worksheets/sheet2.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f"{start}</sheetData>{hanging}</worksheet>",
        "xl/worksheets/sheet2.xml": f"{start}{''.join(lines)}</sheetData>{hanging}</worksheet>",
        "xl/worksheets/_rels/sheet2.xml.rels": '<Relationships><Relationship Id="rId1" '
        'Target="../drawings/drawing2.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{escape(s)}</t></si>" for s in strings)}</sst>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def line(day: str, window: str, name: str, value: Any) -> list[Any]:
    return [day, serial(window), "350bps - 375bps", name, value]


GOOD = [
    HEADER,
    line("2026-05-28", "2026-03-18", "Prob: cut", "99.0"),  # a window that has begun
    line("2026-05-28", "2026-06-17", "Prob: cut", "12.5 "),
    line("2026-05-28", "2026-06-17", "Prob: hike", 3.25),
    line("2026-05-28", "2026-06-17", "Rate: mean", "361.91"),
    line("2026-05-28", "2026-06-17", "Rate: 25th percentile", "355"),
    line("2026-05-28", "2026-06-17", "Prob: 350bps - 375bps", "80"),
    line("2026-05-28", "2026-09-16", "Prob: cut", "25"),
    line("2026-05-28", "2026-09-16", "Prob: hike", ""),
    line("2026-06-17", "2026-06-17", "Prob: cut", "1"),
]


def test_the_nearest_windows(bench: Any) -> None:
    found = bench("atlantafed_mpt").values(workbook(GOOD))
    first, later = date(2026, 5, 28), date(2026, 6, 17)
    assert found == {
        "atlantafed.cut_1": {first: 12.5, later: 1.0},
        "atlantafed.cut_2": {first: 25.0},
        "atlantafed.hike_1": {first: 3.25},
        "atlantafed.hike_2": {first: None},
        "atlantafed.mean_1": {first: pytest.approx(3.6191)},
    }
    assert bench("atlantafed_mpt").values(workbook(GOOD, drawing=False)) == found


def test_dates_may_be_serials_or_text(bench: Any) -> None:
    turned = [
        HEADER,
        *(
            [serial(row[0]), f"{date.fromordinal(date(1899, 12, 30).toordinal() + int(row[1]))}", *row[2:]]
            for row in GOOD[1:]
        ),
    ]
    b = bench("atlantafed_mpt")
    assert b.values(workbook(turned)) == b.values(workbook(GOOD))


def test_columns_by_name(bench: Any) -> None:
    b = bench("atlantafed_mpt")
    assert b.values(workbook([[*reversed(row), "more"] for row in GOOD])) == b.values(workbook(GOOD))


def changed(at: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(row) for row in GOOD]
    rows[at][column] = value
    return rows


FRACTIONS = [HEADER] + [
    line(f"2026-0{1 + n // 28}-{1 + n % 28:02}", "2026-12-16", name, 0.25)
    for n in range(100)
    for name in ("Prob: cut", "Prob: hike", "Rate: mean")
]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"<html>Access Denied</html>", 403, Blocked),
        (b"<html>Access Denied</html>", 200, Blocked),
        (b"<html><title>Page not found</title></html>", 200, NotFound),
        (b"<html>please sign in</html>", 200, SchemaDrift),
        (b"%PDF-1.7", 200, SchemaDrift),
        (b"", 200, EmptyPayload),
        (workbook(GOOD)[:-40], 200, SchemaDrift),
        (workbook(GOOD, sheet="DATEN"), 200, SchemaDrift),
        (workbook([]), 200, SchemaDrift),
        (workbook([HEADER]), 200, SchemaDrift),
        (workbook(changed(0, 3, "name")), 200, SchemaDrift),
        (workbook(changed(0, 0, "value")), 200, SchemaDrift),
        (workbook(changed(2, 0, "28 May 2026")), 200, SchemaDrift),
        (workbook(changed(2, 1, 0.5)), 200, SchemaDrift),
        (workbook(changed(2, 4, "high")), 200, SchemaDrift),
        (workbook(changed(2, 4, 250.0)), 200, SchemaDrift),
        (workbook([row for row in GOOD if row[3] != "Prob: hike"]), 200, SchemaDrift),
        (workbook(FRACTIONS), 200, SchemaDrift),
        (workbook([*GOOD, line("2026-05-28", "2026-06-17", "Prob: cut", "13")]), 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, body: bytes, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("atlantafed_mpt").rows(body, status=status)
