"""The workbook reader: what it reads, and hostile files."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import SchemaDrift
from ingest.sources._xlsx import Workbook, serial_day

from .xlsx_kit import MAIN, workbook

GOOD = workbook({"One": [["Date", "Value"], [None, None], ["a", 1.5, None, "x & y"]], "Two": [[1]]})


def read(content: bytes, name: str = "One") -> list[list[object]]:
    return [list(row) for row in Workbook(content).rows(name)]


def only(xml: str, strings: str | None = None) -> bytes:
    body = f'<worksheet xmlns="{MAIN}"><sheetData>{xml}</sheetData></worksheet>'
    more = {} if strings is None else {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>'}
    return workbook({"One": []}, **{"xl/worksheets/sheet1.xml": body, **more})


def test_cells_keep_their_column_and_empty_rows_are_left_out() -> None:
    assert Workbook(GOOD).names == ["One", "Two"]
    assert read(GOOD) == [["Date", "Value"], ["a", 1.5, None, "x & y"]]
    assert read(GOOD, "Two") == [[1.0]]


def test_all_kinds_of_cells() -> None:
    strings = "<si><t> plain </t></si><si><r><t>two </t></r><r><t>runs</t></r><rPh><t>no</t></rPh></si>"
    cells = (
        '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="b"><v>1</v></c><c t="str"><v>f</v></c>'
        '<c t="e"><v>#N/A</v></c><c><v>-1e3</v></c><c t="n"><v></v></c><c r="J1"><v>2</v></c></row>'
    )
    assert read(only(cells, strings)) == [["plain", "two runs", True, "f", "#N/A", -1000.0, None, None, None, 2.0]]


def test_a_dangling_drawing_does_not_matter() -> None:
    body = (
        f'<worksheet xmlns="{MAIN}"><sheetData><row><c><v>1</v></c></row></sheetData><drawing id="rId9"/></worksheet>'
    )
    assert read(workbook({"One": []}, **{"xl/worksheets/sheet1.xml": body})) == [[1.0]]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha">]>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an XLSX"),
        (b"%PDF-1.7", "not an XLSX"),
        (GOOD[: len(GOOD) // 2], "not a whole"),
        (workbook({}), "without sheets"),
        (workbook({"One": []}, **{"xl/worksheets/sheet1.xml": BOMB + "<worksheet/>"}), "document type"),
        (workbook({"One": []}, **{"xl/worksheets/sheet1.xml": "<worksheet/>".encode("utf-16")}), "not UTF-8"),
        (workbook({"One": []}, **{"xl/worksheets/sheet1.xml": "<worksheet>"}), "not XML"),
        (workbook({"One": []}, **{"xl/_rels/workbook.xml.rels": "<Relationships/>"}), "without sheets"),
        (only('<row><c t="s"><v>0</v></c></row>'), "no shared string"),
        (only("<row><c><v>1_0</v></c></row>"), "not a number"),
        (only('<row><c r="ZZZ1"><v>1</v></c></row>'), "not a cell"),
        (only('<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'), "after a later one"),
        (GOOD, "no sheet 'Three'"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(SchemaDrift, match=said):
        read(content, "Three" if content is GOOD else "One")


def test_too_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sources._xlsx.MAX_CELLS", 20_000)
    with pytest.raises(SchemaDrift, match="cells"):
        read(only('<row><c r="XFD1"><v>1</v></c></row>' * 3))


def test_a_part_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sources._xlsx.MAX_PART_BYTES", 1000)
    with pytest.raises(SchemaDrift, match="unpacks to"):
        read(only(" " * 2000))


def test_serial_days() -> None:
    assert serial_day(45000.0) == date(2023, 3, 15)
    for bad in (45000.5, "45000", True, None, 12.0, 1e9):
        with pytest.raises(SchemaDrift, match="not an Excel date"):
            serial_day(bad)


@given(at=st.integers(0, 10_000), length=st.integers(0, 20), noise=st.binary(max_size=20))
@settings(max_examples=150, deadline=None)
def test_damaged_workbooks(at: int, length: int, noise: bytes) -> None:
    at %= len(GOOD)
    _try(GOOD[:at] + noise + GOOD[at + length :])
    _try(b"PK\x03\x04" + noise)


@given(noise=st.text(max_size=60))
@settings(max_examples=80, deadline=None)
def test_damaged_sheets(noise: str) -> None:
    _try(only(f'<row><c r="A1">{noise}</c></row>'))
    with zipfile.ZipFile(BytesIO(GOOD)) as file:
        assert file.testzip() is None


def _try(content: bytes) -> None:
    try:
        book = Workbook(content)
        for name in book.names:
            list(book.rows(name))
    except SchemaDrift:
        pass
