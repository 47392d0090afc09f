"""XLSX workbooks as rows of plain cells: sheet XML and shared strings, nothing else in the file is opened.

Belongs here: the container. Does not belong here: what a sheet means. No drawing, style or formula is read, so a
workbook with a dangling drawing reads like any other; a date that upstream stores as a number stays a number
(`serial_day` turns it into one). Hostile files end in SchemaDrift: entities are refused, sizes are bounded.
Every function raises only SchemaDrift.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from typing import cast
from xml.etree import ElementTree

from ingest.errors import SchemaDrift
from ingest.sources import _payload
from ingest.sources._zip import UNREADABLE

Cell = str | float | bool | None
MAX_PART_BYTES = 256 * 2**20  # one unpacked part; the largest sheet known here has about 100 MB
MAX_CELLS = 8_000_000  # of one sheet, empty ones before a filled one included
_CHUNK = 1 << 20
_PLACE = re.compile(r"([A-Z]{1,3})[1-9]\d*", re.ASCII)
_DOCTYPE = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_SERIAL_ZERO = date(1899, 12, 30)  # right from 1900-03-01 on: the format believes in 1900-02-29
_LAST_SERIAL = 2_958_465.0


def is_xlsx(content: bytes) -> bool:
    """Whether `content` is a ZIP container, which every workbook is."""
    return content.startswith(b"PK\x03\x04")


def serial_day(value: Cell) -> date:
    """The date of an Excel serial (1900 system, whole days)."""
    if (
        isinstance(value, bool)
        or not isinstance(value, float)
        or not value.is_integer()
        or not 61 <= value <= _LAST_SERIAL
    ):
        raise SchemaDrift(f"not an Excel date: {str(value)[:40]!r}")
    return _SERIAL_ZERO + timedelta(days=int(value))


def xml_text(content: bytes, what: str) -> str:
    """Text of an XML document that is UTF-8 and declares no entities."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SchemaDrift(f"{what}: XML that is not UTF-8") from None
    if _DOCTYPE.search(text):
        raise SchemaDrift(f"{what}: XML with a document type, which could hide anything")
    return text


def xml_root(content: bytes, what: str) -> ElementTree.Element:
    """The root element of an XML document; see `xml_text`."""
    try:
        return ElementTree.fromstring(xml_text(content, what))
    except (ElementTree.ParseError, ValueError) as error:
        raise SchemaDrift(f"{what}: not XML ({error})") from None


def local(element: ElementTree.Element) -> str:
    """An element's name without its namespace (there is a strict and a transitional one)."""
    return element.tag.rpartition("}")[2]


class Workbook:
    """`names` of the sheets in their order, and `rows(name)`."""

    def __init__(self, content: bytes) -> None:
        if not is_xlsx(content):
            raise SchemaDrift(f"not an XLSX workbook: begins with {content[:8]!r}")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except UNREADABLE as error:
            raise SchemaDrift(f"not a whole XLSX workbook: {error}") from None
        self._parts = self._sheets()
        self._strings: list[str] | None = None

    @property
    def names(self) -> list[str]:
        return list(self._parts)

    def rows(self, name: str) -> Iterator[list[Cell]]:
        """The rows of a sheet that hold anything, cells at their column, None where empty; text is stripped."""
        part = self._parts.get(name)
        if part is None:
            raise SchemaDrift(f"no sheet {name!r} but {', '.join(self.names)[:120]}")
        if self._strings is None:
            self._strings = self._shared()
        text, cells = xml_text(self._read(part), name), 0
        parent: ElementTree.Element | None = None
        for event, element in _events(text, name):
            kind = local(element)
            if event == "start":
                parent = element if kind == "sheetData" else parent
            elif kind == "row":
                row = self._row(element)
                cells += len(row)
                if cells > MAX_CELLS:
                    raise SchemaDrift(f"{name}: more than {MAX_CELLS} cells")
                if any(cell is not None for cell in row):
                    yield row
                if parent is not None:
                    parent.clear()

    def _row(self, element: ElementTree.Element) -> list[Cell]:
        row: list[Cell] = []
        for cell in element:
            if local(cell) != "c":
                continue
            if place := cell.get("r"):
                at = _column(place)
                if at < len(row):
                    raise SchemaDrift(f"cell {place} stands after a later one")
                row.extend([None] * (at - len(row)))
            row.append(self._value(cell))
        return row

    def _value(self, cell: ElementTree.Element) -> Cell:
        kind, raw = cell.get("t", "n"), None
        for child in cell:
            name = local(child)
            if name == "is":
                return _rich(child).strip() or None
            if name == "v":
                raw = (child.text or "").strip()
        if not raw:
            return None
        if kind == "n":
            return _payload.number(raw)
        if kind == "s":
            strings = self._strings or []
            if not raw.isascii() or not raw.isdigit() or len(raw) > 9 or int(raw) >= len(strings):
                raise SchemaDrift(f"no shared string {raw[:20]!r}")
            return strings[int(raw)].strip() or None
        if kind == "b":
            return raw == "1"
        return raw  # str: of a formula; e: an error such as #N/A; d: an ISO date

    def _shared(self) -> list[str]:
        try:
            self._zip.getinfo("xl/sharedStrings.xml")
        except KeyError:
            return []
        return [
            _rich(item)
            for item in xml_root(self._read("xl/sharedStrings.xml"), "shared strings")
            if local(item) == "si"
        ]

    def _sheets(self) -> dict[str, str]:
        links = xml_root(self._read("xl/_rels/workbook.xml.rels"), "workbook links")
        targets = {link.get("Id", ""): link.get("Target", "") for link in links}
        found: dict[str, str] = {}
        for element in xml_root(self._read("xl/workbook.xml"), "workbook").iter():
            if local(element) != "sheet":
                continue
            link = next((value for key, value in element.items() if key.endswith("}id")), "")
            if targets.get(link):
                found[element.get("name", "")] = posixpath.normpath(posixpath.join("/xl", targets[link])).lstrip("/")
        if not found:
            raise SchemaDrift("a workbook without sheets")
        return found

    def _read(self, part: str) -> bytes:
        try:
            info = self._zip.getinfo(part)
            if info.file_size > MAX_PART_BYTES:
                raise SchemaDrift(f"{part} unpacks to {info.file_size} bytes")
            return self._zip.read(info)
        except KeyError:
            raise SchemaDrift(f"the workbook has no part {part}") from None
        except UNREADABLE as error:
            raise SchemaDrift(f"{part}: cannot be unpacked ({error})") from None


def _events(text: str, what: str) -> Iterator[tuple[str, ElementTree.Element]]:
    """Starts and ends of elements as the text is read: a large sheet is never whole in memory."""
    parser = ElementTree.XMLPullParser(("start", "end"))
    try:
        for at in range(0, len(text), _CHUNK):
            parser.feed(text[at : at + _CHUNK])
            yield from cast(Iterator[tuple[str, ElementTree.Element]], parser.read_events())
        parser.close()
    except (ElementTree.ParseError, ValueError) as error:
        raise SchemaDrift(f"{what}: not XML ({error})") from None
    yield from cast(Iterator[tuple[str, ElementTree.Element]], parser.read_events())


def _rich(element: ElementTree.Element) -> str:
    """Text of a plain or formatted string; phonetic hints are left out."""
    pieces = []
    for child in element:
        if local(child) == "t":
            pieces.append(child.text or "")
        elif local(child) == "r":
            pieces += [run.text or "" for run in child if local(run) == "t"]
    return "".join(pieces)


def _column(place: str) -> int:
    found = _PLACE.fullmatch(place)
    at = 0
    for letter in found.group(1) if found else "":
        at = at * 26 + ord(letter) - 64
    if not 1 <= at <= 16_384:
        raise SchemaDrift(f"not a cell: {place[:20]!r}")
    return at - 1
