"""XLSX workbooks from plain rows, and the gold trust's and the Atlanta Fed's sheets. Source: sections 9.2 and 11.

Belongs here: the container and its XML. Does not belong here: numbers. The same bytes whenever a book is made.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from xml.sax.saxutils import escape

from sandbox.wire import Reply

CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DRAWING = '<drawing r:id="rId1"/>'
GLD_SHEET = "US GLD Historical Archive"
GLD_HEADER = (
    "Date", "Closing Price", "Ounces of Gold per Share", "NAV/Share at 10:30am NYT", "Indicative Price per Share at 4:15pm NYT",
    "Mid point of bid/ask spread at 4:15pm NYT", "Premium/Discount of GLD Mid Point vs Indicative Value of GLD at 4:15pm NYT",
    "Daily Share Volume", "Total Ounces of Gold in the Trust", "Tonnes of Gold", "Total Net Asset Value in the Trust",
)
MPT_HEADER = ("date", "reference_start", "target_range", "field", "value")
Cell = str | float | int | None
_LETTERS = [*ascii_uppercase, *(first + second for first in ascii_uppercase for second in ascii_uppercase)]


def workbook(sheets: Mapping[str, Iterable[Sequence[Cell]]], *, dangling: bool = False) -> bytes:
    """`sheets` in order; text as shared strings, None as no cell. `dangling`: the last sheet names a drawing that is not there."""
    strings: dict[str, int] = {}
    names, parts = list(sheets), {}
    for number, rows in enumerate(sheets.values(), 1):
        last = dangling and number == len(names)
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows, strings, DRAWING if last else "")
        if last:
            link = f'<Relationship Id="rId1" Type="{OFFICE}/drawing" Target="../drawings/drawing{number}.xml"/>'
            parts[f"xl/worksheets/_rels/sheet{number}.xml.rels"] = f'{DECLARED}<Relationships xmlns="{LINKS}">{link}</Relationships>'
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    links = "".join(f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(names) + 1))
    links += f'<Relationship Id="rId{len(names) + 1}" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    book = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{book}.worksheet+xml"/>' for n in range(1, len(names) + 1))
    head = {
        "[Content_Types].xml": f'{DECLARED}<Types xmlns="{TYPES}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        f'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{book}.sheet.main+xml"/>{overrides}<Override PartName="/xl/sharedStrings.xml" ContentType="{book}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'{DECLARED}<Relationships xmlns="{LINKS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{DECLARED}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{DECLARED}<Relationships xmlns="{LINKS}">{links}</Relationships>',
    }
    texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    parts["xl/sharedStrings.xml"] = f'{DECLARED}<sst xmlns="{MAIN}" count="{len(strings)}" uniqueCount="{len(strings)}">{texts}</sst>'
    return zipped({name: text.encode() for name, text in {**head, **parts}.items()})


def zipped(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 1)
    return buffer.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _sheet(rows: Iterable[Sequence[Cell]], strings: dict[str, int], tail: str) -> str:
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for letter, value in zip(_LETTERS[: len(row)], row, strict=True):
            if isinstance(value, str):
                cells.append(f'<c r="{letter}{number}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>')
            elif value is not None:
                cells.append(f'<c r="{letter}{number}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'{DECLARED}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetData>{"".join(lines)}</sheetData>{tail}</worksheet>'


def book(content: bytes) -> Reply:
    return Reply(200, CONTENT, content)
