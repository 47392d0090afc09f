"""Zips of the archive as Arrow tables: strict, columnar, nothing guessed.

Belongs here: milli- or microseconds, the checks a row must pass, duplicates. Does not belong here: unzip and CSV (`cells`),
which files there are (`listing`), where rows are kept (`store`). Everything is pure; every failure is an `ingest.errors` type.

Files hold some hundred rows, and a call into Arrow costs as much as its work on them. So files are parsed and checked
together; where anything is wrong, the halves by themselves, down to the file that the error names (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.answers import one_line
from ingest.bulk.cells import Rows, Text, Zip, parsed, unzipped
from ingest.bulk.kinds import MOMENT, File, Kind
from ingest.errors import SchemaDrift

_SLACK_US = 60_000_000  # settlements are booked some milliseconds off the hour
_MILLI, _MICRO = (10**12, 10**13), (10**15, 10**16)  # ranges of 13 and of 16 digits


def read(kind: Kind, months: Sequence[Sequence[Zip]]) -> list[Rows | SchemaDrift]:
    """Each month's rows in its kind's schema, in the order of its files, or what is wrong with the first bad one.

    A file with only a header has no rows.
    """
    try:
        table, counts = _together(kind, unzipped([zipped for month in months for zipped in month]))
    except SchemaDrift as error:
        return [error] if len(months) == 1 else [found for month in months for found in read(kind, [month])]
    found: list[Rows | SchemaDrift] = []
    file = row = 0
    for month in months:
        held = counts[file : file + len(month)]
        owner = np.repeat(np.arange(len(month), dtype=np.int32), held)
        label = pa.DictionaryArray.from_arrays(pa.array(owner), pa.array([zipped.file.name for zipped in month], pa.string()))
        found.append(Rows(table.slice(row, len(owner)).append_column("source_file", label), held))
        file, row = file + len(month), row + len(owner)
    return found


def _together(kind: Kind, parts: Sequence[Text]) -> Rows:
    """The rows of files, without `source_file`. Raises SchemaDrift that names a file."""
    try:
        return _checked(kind, parts)
    except SchemaDrift as error:
        if len(parts) == 1:
            raise SchemaDrift(f"{parts[0].file.name}: {error}") from None
    half = len(parts) // 2
    (first, some), (second, others) = _together(kind, parts[:half]), _together(kind, parts[half:])
    return Rows(pa.concat_tables([first, second]).combine_chunks(), some + others)


def _checked(kind: Kind, parts: Sequence[Text]) -> Rows:
    """The rows in the kind's schema, or SchemaDrift naming the first thing that cannot be."""
    table, counts = parsed(kind, parts)
    files, columns = [part.file for part in parts], []
    for column in kind.columns:
        if column.name == "ignore":
            continue
        cells = table[column.name]
        if column.required and cells.null_count:
            raise SchemaDrift(f"{cells.null_count} of {len(cells)} rows without {column.name}")
        if column.name == "symbol":
            wanted = pa.array([file.symbol for file in files], pa.string()).take(np.repeat(np.arange(len(files)), counts))
            if at := pc.index(pc.equal(cells, wanted), False).as_py() + 1:
                raise SchemaDrift(f"a row of {one_line(str(cells[at - 1]), 40)!r}, wanted {files[0].symbol!r}")
            continue
        if column.type == MOMENT:
            cells = _moments(column.name, cells)
        elif pa.types.is_floating(column.type) and pc.all(pc.is_finite(cells)).as_py() is False:
            raise SchemaDrift(f"a value of {column.name} that is no number")
        columns.append(cells)
    schema = kind.schema
    found = pa.Table.from_arrays(columns, schema=schema.remove(len(schema) - 1))
    _inside(files, counts, found[kind.key])
    if kind.folder == "klines":
        _candles(found)
    return Rows(found, counts)


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


def _inside(files: Sequence[File], counts: Sequence[int], keys: pa.ChunkedArray) -> None:
    """Every row belongs to its file's period; a day of metrics may end with the midnight after it."""
    held = [(file, count) for file, count in zip(files, counts, strict=True) if count]
    if not held:
        return
    kind = files[0].kind
    slack = _SLACK_US if kind.folder != "klines" else 0
    moments = keys.cast(pa.int64()).to_numpy()
    starts = np.cumsum([0, *(count for _, count in held[:-1])])
    bounds = [file.span for file, _ in held]
    first, after = (np.array([int(bound[n].timestamp()) * 1_000_000 for bound in bounds]) for n in (0, 1))
    low, high = np.minimum.reduceat(moments, starts), np.maximum.reduceat(moments, starts)
    early, late = low < first - slack, high >= after + max(slack, 1 if kind.name == "metrics" else 0)
    if (early | late).any():
        at = int(np.argmax(early | late))
        worst = low[at] if early[at] else high[at]
        raise SchemaDrift(f"a row of {pa.scalar(int(worst), MOMENT).as_py():%Y-%m-%d %H:%M:%S}")


def _candles(table: pa.Table) -> None:
    for name in ("open", "close"):
        good = pc.and_(pc.less_equal(table["low"], table[name]), pc.less_equal(table[name], table["high"]))
        if pc.all(good).as_py() is False:
            raise SchemaDrift(f"a kline whose {name} lies outside low and high")


def joined(kind: Kind, tables: Sequence[pa.Table]) -> tuple[pa.Table, int]:
    """Files of one month as one table by ascending key, and how many rows were there twice. Raises SchemaDrift on rows that
    contradict each other."""
    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries().combine_chunks()
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
