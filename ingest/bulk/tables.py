"""A zip of the archive as an Arrow table: strict, columnar, nothing guessed.

Belongs here: unzip, header or none, milli- or microseconds, duplicates, the checks a row must pass. Does not belong here:
which files there are (`listing`), where rows are kept (`store`). Everything is pure; every failure is an `ingest.errors` type.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ingest.answers import one_line
from ingest.bulk.kinds import MOMENT, File, Kind
from ingest.errors import SchemaDrift
from ingest.sources._zip import member

LARGEST = 64 * 2**20  # bytes of one CSV; a month of one-minute klines is 6 MB
_SLACK_US = 60_000_000  # settlements are booked some milliseconds off the hour
_MILLI, _MICRO = (10**12, 10**13), (10**15, 10**16)  # ranges of 13 and of 16 digits


def read(file: File, zipped: bytes) -> pa.Table:
    """Rows of one file in `file.kind.schema`, in the file's order; none where it has only a header. Raises SchemaDrift."""
    try:
        return _checked(file, _parsed(file.kind, member(zipped, f"{file.name}.csv", LARGEST, alone=True)))
    except SchemaDrift as error:
        raise SchemaDrift(f"{file.name}: {error}") from None


def _parsed(kind: Kind, text: bytes) -> pa.Table:
    """Columns as typed cells; those that the file does not have are null."""
    body = text.removeprefix(b"\xef\xbb\xbf")
    first = body.lstrip(b"\r\n").partition(b"\n")[0]
    cells = [cell.strip().strip('"').strip() for cell in first.decode("utf-8", "replace").split(",")]
    wanted = [column.name for column in kind.columns]
    header = cells[0] == kind.key
    names = cells if header else wanted
    required = [column.name for column in kind.columns if column.required]
    if missing := [name for name in required if name not in names]:
        raise SchemaDrift(f"no column {missing[0]} in {one_line(','.join(cells), 80)!r}")
    if len(set(names)) != len(names):
        raise SchemaDrift(f"a column stands twice in {one_line(','.join(cells), 80)!r}")
    if not header and len(cells) != len(wanted):
        raise SchemaDrift(f"no header, and {len(cells)} columns where {len(wanted)} are documented: {one_line(','.join(cells), 80)!r}")
    types = {c.name: _wire_type(kind, c.type) for c in kind.columns if c.name != "ignore"}
    try:
        return csv.read_csv(
            pa.BufferReader(body),
            csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1 if header else 0, block_size=max(len(body), 1) + 1),
            csv.ParseOptions(),
            csv.ConvertOptions(column_types=types, include_columns=list(types), include_missing_columns=True, null_values=[""]),
        )
    except (pa.ArrowException, OverflowError) as error:
        raise SchemaDrift(one_line(str(error), 160)) from None


def _wire_type(kind: Kind, type: pa.DataType) -> pa.DataType:
    """How a cell is written: moments are digits, in `metrics` a date and a time."""
    if type != MOMENT:
        return type
    return pa.timestamp("s") if kind.name == "metrics" else pa.int64()


def _checked(file: File, table: pa.Table) -> pa.Table:
    """The table in the kind's schema, or SchemaDrift naming the first thing that cannot be."""
    kind, columns = file.kind, []
    for column in kind.columns:
        if column.name == "ignore":
            continue
        cells = table[column.name]
        if column.required and cells.null_count:
            raise SchemaDrift(f"{cells.null_count} of {len(cells)} rows without {column.name}")
        if column.name == "symbol":
            if len(cells) and (others := [s for s in pc.unique(cells).to_pylist() if s != file.symbol]):
                raise SchemaDrift(f"a row of {one_line(str(others[0]), 40)!r}, wanted {file.symbol!r}")
            continue
        if column.type == MOMENT:
            cells = _moments(column.name, cells)
        elif pa.types.is_floating(column.type) and pc.all(pc.is_finite(cells)).as_py() is False:
            raise SchemaDrift(f"a value of {column.name} that is no number")
        columns.append(cells)
    names = [field.name for field in kind.schema][:-1]
    found = pa.Table.from_arrays(columns, names=names)
    _inside(file, found[kind.key])
    if kind.folder == "klines":
        _candles(found)
    label = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), len(found)), pa.array([file.name]))
    return found.append_column("source_file", label).cast(kind.schema)


def _moments(name: str, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """UTC moments of epoch milli- or microseconds, told apart by their digits, even inside one file."""
    if cells.type != pa.int64():
        return cells.cast(pa.timestamp("us")).cast(MOMENT)
    extent = pc.min_max(cells)
    low, high = extent["min"].as_py(), extent["max"].as_py()
    if low is None:
        return cells.cast(MOMENT)
    if _MILLI[0] <= low and high < _MILLI[1]:
        return pc.multiply(cells, 1000).cast(MOMENT)
    if _MICRO[0] <= low and high < _MICRO[1]:
        return cells.cast(MOMENT)
    milli = pc.and_(pc.greater_equal(cells, _MILLI[0]), pc.less(cells, _MILLI[1]))
    micro = pc.and_(pc.greater_equal(cells, _MICRO[0]), pc.less(cells, _MICRO[1]))
    if pc.all(pc.or_(milli, micro)).as_py() is False:
        raise SchemaDrift(f"{name}: a time stamp of neither 13 nor 16 digits")
    return pc.if_else(milli, pc.multiply(pc.if_else(milli, cells, 0), 1000), cells).cast(MOMENT)


def _inside(file: File, keys: pa.ChunkedArray) -> None:
    """Every row belongs to the file's period; a day of metrics may end with the midnight after it."""
    extent = pc.min_max(keys.cast(pa.int64()))
    if extent["min"].as_py() is None:
        return
    first, after = (int(moment.timestamp()) * 1_000_000 for moment in file.span)
    low, high = extent["min"].as_py(), extent["max"].as_py()
    slack = _SLACK_US if file.kind.folder != "klines" else 0
    if low < first - slack or high >= after + max(slack, 1 if file.kind.name == "metrics" else 0):
        worst = low if low < first - slack else high
        raise SchemaDrift(f"a row of {pa.scalar(worst, MOMENT).as_py():%Y-%m-%d %H:%M:%S}")


def _candles(table: pa.Table) -> None:
    for name in ("open", "close"):
        good = pc.and_(pc.less_equal(table["low"], table[name]), pc.less_equal(table[name], table["high"]))
        if pc.all(good).as_py() is False:
            raise SchemaDrift(f"a kline whose {name} lies outside low and high")


def joined(kind: Kind, tables: Sequence[pa.Table]) -> tuple[pa.Table, int]:
    """Files of one month as one table by ascending key, and how many rows were there twice. Raises SchemaDrift on rows that
    contradict each other."""
    table = pa.concat_tables(tables).unify_dictionaries() if tables else kind.schema.empty_table()
    table = table.combine_chunks()
    if len(table) < 2:
        return table, 0
    keys = table[kind.key].combine_chunks()
    if pc.all(pc.greater(keys[1:], keys[:-1])).as_py():
        return table, 0
    order = pc.sort_indices(table, sort_keys=[(kind.key, "ascending")])  # stable: of equals, the first stays
    table = table.take(order)
    keys = table[kind.key].combine_chunks()
    twice = pc.equal(keys[1:], keys[:-1])
    for name in kind.schema.names[:-1]:
        cells = table[name].combine_chunks()
        left, right = cells[:-1], cells[1:]
        same = pc.fill_null(pc.equal(left, right), False)
        same = pc.or_(same, pc.and_(pc.is_null(left), pc.is_null(right)))
        if pc.any(pc.and_(twice, pc.invert(same))).as_py():
            at = pc.index(pc.and_(twice, pc.invert(same)), True).as_py()
            raise SchemaDrift(f"{table['source_file'][at + 1].as_py()}: two rows of {keys[at + 1].as_py():%Y-%m-%d %H:%M:%S} that differ in {name}")
    fresh = pa.concat_arrays([pa.array([True]), pc.invert(twice)])
    kept = table.filter(fresh)
    return kept, len(table) - len(kept)
