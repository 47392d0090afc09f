"""Zips of the archive as typed cells: what is in the file, and no judgement of it.

Belongs here: unzip, header or none, CSV. Does not belong here: which values can be (`tables`). Everything is pure and raises
only SchemaDrift.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
from pyarrow import csv

from ingest.answers import one_line
from ingest.bulk.kinds import MOMENT, File, Kind
from ingest.errors import SchemaDrift
from ingest.sources._zip import member

LARGEST = 64 * 2**20  # bytes of the CSVs read together; a month of one-minute klines is 6 MB


class Zip(NamedTuple):
    """One file of the archive as it came, and the hash that its CHECKSUM proved."""

    file: File
    content: bytes
    sha256: str = ""


class Rows(NamedTuple):
    """The rows of some files, file after file, and how many each has."""

    table: pa.Table
    counts: list[int]


class Text(NamedTuple):
    """The text of one file, and the columns that it has."""

    file: File
    names: list[str]
    header: bool
    text: bytes

    @property
    def lines(self) -> bytes:
        """All but the header, the last line ended too."""
        lines = self.text.partition(b"\n")[2] if self.header else self.text
        return lines if lines.endswith(b"\n") or not lines else lines + b"\n"


def unzipped(zips: Sequence[Zip]) -> list[Text]:
    """What the zips hold, `LARGEST` bytes at the most. Raises SchemaDrift."""
    found, left = [], LARGEST
    for file, content, _ in zips:
        try:
            body = member(content, f"{file.name}.csv", left, alone=True)
            found.append(_text(file, body))
        except SchemaDrift as error:
            raise SchemaDrift(f"{file.name}: {error}") from None
        left -= len(body)
    return found


def _text(file: File, body: bytes) -> Text:
    """The text and its header read. Raises SchemaDrift for a column that is missing or there twice."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    first = text.lstrip(b"\r\n").partition(b"\n")[0]
    cells = [cell.strip().strip('"').strip() for cell in first.decode("utf-8", "replace").split(",")]
    wanted = [column.name for column in file.kind.columns]
    header = cells[0] == file.kind.key
    names = cells if header else wanted
    if header and b"\n" not in text:
        raise SchemaDrift("a header that is cut short")
    if missing := [column.name for column in file.kind.columns if column.required and column.name not in names]:
        raise SchemaDrift(f"no column {missing[0]} in {one_line(','.join(cells), 80)!r}")
    if len(set(names)) != len(names):
        raise SchemaDrift(f"a column stands twice in {one_line(','.join(cells), 80)!r}")
    if not header and len(cells) != len(wanted):
        raise SchemaDrift(f"no header, and {len(cells)} columns where {len(wanted)} are documented: {one_line(','.join(cells), 80)!r}")
    return Text(file, names, header, text)


def parsed(kind: Kind, parts: Sequence[Text]) -> Rows:
    """Columns as typed cells; those that the files do not have are null. Raises SchemaDrift."""
    alone = len(parts) == 1
    lines = [parts[0].text] if alone else [part.lines for part in parts]
    text = b"".join(lines)
    if not alone and (b"\r" in text or any(part.names != parts[0].names for part in parts)):
        raise SchemaDrift("files that are not alike")
    types = {c.name: _wire_type(kind, c.type) for c in kind.columns if c.name != "ignore"}
    if not text:
        return Rows(pa.schema(types.items()).empty_table(), [0] * len(parts))
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, column_names=parts[0].names, skip_rows=int(alone and parts[0].header), block_size=len(text) + 2),
            csv.ParseOptions(),
            csv.ConvertOptions(column_types=types, include_columns=list(types), include_missing_columns=True, null_values=[""]),
        ).combine_chunks()
    except (pa.ArrowException, OverflowError) as error:
        raise SchemaDrift(one_line(str(error), 160)) from None
    counts = [len(table)] if alone else [rows.count(b"\n") for rows in lines]
    if sum(counts) != len(table):  # an empty line, or a quoted one that goes on: equal only where every line is one row
        raise SchemaDrift("rows that are not lines")
    return Rows(table, counts)


def _wire_type(kind: Kind, type: pa.DataType) -> pa.DataType:
    """How a cell is written: moments are digits, in `metrics` a date and a time."""
    if type != MOMENT:
        return type
    return pa.timestamp("s") if kind.name == "metrics" else pa.int64()
