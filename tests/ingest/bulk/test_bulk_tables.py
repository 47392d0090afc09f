"""Zips to tables: headers or none, units of time, duplicates, and that nothing but the truth or a typed error comes out."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bulk import tables
from ingest.bulk.cells import Zip
from ingest.bulk.kinds import KINDS
from ingest.errors import SchemaDrift, SourceError
from tests.ingest.bulk.bulk_kit import FUNDING_HEADER, HOUR, JANUARY, file_of, funding, packed

FUNDING = file_of("funding_rate", "2026-01")
DAY = file_of("metrics", "2026-01-31")
METRICS_HEADER = ",".join(column.name for column in KINDS["metrics"].columns)
KLINES_HEADER = ",".join(column.name for column in KINDS["klines_1h"].columns)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(file, text, **more):
    return unzip(file, packed(file, text, **more))


def unzip(file, zipped):
    (found,) = tables.read(file.kind, [[Zip(file, zipped)]])
    if isinstance(found, SchemaDrift):
        raise found
    assert found.counts == [len(found.table)]
    return found.table


def kline(at: int, unit: int = 1, close: str = "2.5") -> str:
    return f"{at * unit},2,3,1,{close},10.5,{(at + HOUR) * unit - 1},26.25,7,,,0"


def test_the_header_may_be_there_or_not():
    text = funding()
    with_header, without = read(FUNDING, text), read(FUNDING, text.partition("\n")[2])
    assert with_header.equals(without) and len(with_header) == 93
    assert with_header.schema == KINDS["funding_rate"].schema
    assert with_header["calc_time"][1].as_py() == datetime(2026, 1, 1, 8, 0, 0, 1000, tzinfo=UTC)
    assert with_header["source_file"].to_pylist() == [FUNDING.name] * 93
    assert read(FUNDING, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()).equals(with_header)


def test_columns_are_found_by_name():
    text = "calc_time,mark,last_funding_rate,funding_interval_hours\n" + f"{JANUARY},1,0.0002,4\n"
    row = read(FUNDING, text).to_pylist()[0]
    assert (row["funding_interval_hours"], row["last_funding_rate"]) == (4, 0.0002)


def test_times_are_milli_or_microseconds_also_mixed():
    hours = file_of("klines_1h", "2026-01")
    milli = read(hours, "\n".join(kline(JANUARY + n * HOUR) for n in range(4)))
    micro = read(hours, "\n".join(kline(JANUARY + n * HOUR, 1000) for n in range(4)))
    mixed = read(hours, "\n".join(kline(JANUARY + n * HOUR, 1000 if n % 2 else 1) for n in range(4)))
    assert milli["open_time"] == micro["open_time"] == mixed["open_time"]
    assert milli["close_time"][0].as_py() == datetime(2026, 1, 1, 0, 59, 59, 999000, tzinfo=UTC)
    assert micro["taker_buy_volume"].null_count == 4
    with pytest.raises(SchemaDrift, match="neither 13 nor 16"):
        read(hours, kline(JANUARY // 1000))


def test_metrics_have_their_own_times_and_empty_cells():
    lines = [METRICS_HEADER, '"2026-01-31 00:05:00",BTCUSDT,10.5,"",1,1,,1', "2026-02-01 00:00:00,BTCUSDT,11,3,1,1,1,1"]
    rows = read(DAY, "\n".join(lines)).to_pylist()
    assert [row["create_time"] for row in rows] == [datetime(2026, 1, 31, 0, 5, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    assert [row["sum_open_interest_value"] for row in rows] == [None, 3.0]


@pytest.mark.parametrize(("file", "text", "message"), [
    (FUNDING, "", "no header"), (FUNDING, "<html><body>Access Denied</body></html>", "no header"),
    (FUNDING, f"{JANUARY},8,0.1,0.2\n", "no header, and 4 columns"),
    (FUNDING, "calc_time,last_funding_rate\n1,2\n", "no column funding_interval_hours"),
    (FUNDING, f"{FUNDING_HEADER}\n{JANUARY},8\n", "Expected 3 columns"), (FUNDING, f"{FUNDING_HEADER}\n{JANUARY},8,\n", "without last_funding_rate"),
    (FUNDING, f"{FUNDING_HEADER}\n{JANUARY},8,nan\n", "no number"), (FUNDING, f"{FUNDING_HEADER}\n{JANUARY},8,x\n", "conversion error"),
    (FUNDING, f"{FUNDING_HEADER}\n{JANUARY + 40 * 24 * HOUR},8,0.1\n", "a row of 2026-02-10"),
    (DAY, f"{METRICS_HEADER}\n2026-01-31 00:05:00,ETHUSDT,1,1,1,1,1,1\n", "a row of 'ETHUSDT'"),
    (DAY, f"{METRICS_HEADER}\n2026-02-01 00:05:00,BTCUSDT,1,1,1,1,1,1\n", "a row of 2026-02-01"),
    (file_of("klines_1h", "2026-01"), f"{KLINES_HEADER}\n{kline(JANUARY, close='9')}\n", "close lies outside"),
])  # fmt: skip
def test_what_cannot_be_is_refused(file, text, message):
    with pytest.raises(SchemaDrift, match=message) as caught:
        read(file, text)
    assert file.name in str(caught.value) and "\n" not in str(caught.value)


def test_zips_that_are_none(monkeypatch):
    whole = packed(FUNDING, funding())
    for broken in (b"", whole[: len(whole) // 2], b"<html>", whole[:60] + b"\x00" * 20 + whole[80:]):
        with pytest.raises(SchemaDrift, match="not a zip file"):
            unzip(FUNDING, broken)
    with pytest.raises(SchemaDrift, match="wanted BTCUSDT-fundingRate-2026-01.csv"):
        read(FUNDING, funding(), member="../../other.csv")
    monkeypatch.setattr("ingest.bulk.cells.LARGEST", 1000)
    with pytest.raises(SchemaDrift, match="larger than"):
        unzip(FUNDING, whole)


def test_duplicates_collapse_or_contradict():
    text = funding(count=9)
    lines = text.splitlines()
    once = read(FUNDING, text)
    shuffled = read(FUNDING, "\n".join([lines[0], *reversed(lines[1:]), lines[4]]))
    table, twice = tables.joined(FUNDING.kind, [shuffled])
    assert twice == 1 and table.drop(["source_file"]).equals(once.drop(["source_file"]).combine_chunks())
    with pytest.raises(SchemaDrift, match="differ in last_funding_rate"):
        tables.joined(FUNDING.kind, [read(FUNDING, text + lines[4][:-1] + "9\n")])
    missing = read(DAY, f"{METRICS_HEADER}\n2026-01-31 00:05:00,BTCUSDT,1,,1,1,1,1\n2026-01-31 00:05:00,BTCUSDT,1,,1,1,1,1\n")
    assert tables.joined(DAY.kind, [missing])[1] == 1


# -- many files at once ------------------------------------------------------------------------------------------

LINES = [f"{JANUARY + n * 8 * HOUR},8,0.0001" for n in range(3)]
TEXTS = {
    "good": "\n".join([FUNDING_HEADER, *LINES]) + "\n", "no header": "\n".join(LINES), "only a header": FUNDING_HEADER + "\n", "cut header": FUNDING_HEADER, "crlf": "\r\n".join([FUNDING_HEADER, *LINES]),
    "lone cr": "\n".join([FUNDING_HEADER, "\r".join(LINES[:2]), "", ""]), "blank lines": "\n\n".join([FUNDING_HEADER, *LINES]), "blank first": "\n" + FUNDING_HEADER + "\n" + LINES[0],
    "quoted": f'{FUNDING_HEADER}\n"{JANUARY}","8","0.1"\n', "open quote": f'{FUNDING_HEADER}\n{LINES[0]}\n{JANUARY},8,"0.1\n', "closing quote": f'{FUNDING_HEADER}\n1",8,0.1\n{LINES[0]}\n',
    "other order": f"last_funding_rate,calc_time,funding_interval_hours\n0.1,{JANUARY},8\n", "micro": "\n".join([FUNDING_HEADER, f"{JANUARY}123,8,0.1", LINES[1]]),
    "key first": f"calc_time,last_funding_rate,funding_interval_hours\n{JANUARY},0.1,8\n", "text": f"{FUNDING_HEADER}\n{JANUARY},8,x\n", "short": f"{FUNDING_HEADER}\n{JANUARY},8\n",
    "nan": f"{FUNDING_HEADER}\n{JANUARY},8,nan\n", "missing": f"{FUNDING_HEADER}\n{JANUARY},8,\n", "other month": f"{FUNDING_HEADER}\n{JANUARY + 40 * 24 * HOUR},8,0.1\n", "html": "<html>",
}  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.one_of(st.just("good"), st.sampled_from(sorted(TEXTS))), min_size=1, max_size=4), min_size=1, max_size=4))
def test_property_together_is_what_each_file_is_by_itself(months):
    """Rows, counts and errors of a batch are those of its files one by one, whatever the neighbours are."""
    files = [[file_of("funding_rate", "2026-01", f"A{m}B{n}") for n, _ in enumerate(texts)] for m, texts in enumerate(months)]
    zips = [[Zip(file, packed(file, TEXTS[text])) for file, text in zip(*month, strict=True)] for month in zip(files, months, strict=True)]
    for month, found in zip(zips, tables.read(FUNDING.kind, zips), strict=True):
        single = [tables.read(FUNDING.kind, [[one]])[0] for one in month]
        wrong = [str(one) for one in single if isinstance(one, SchemaDrift)]
        if isinstance(found, SchemaDrift):
            assert str(found) in wrong
        else:
            assert not wrong and found.counts == [len(one.table) for one in single]
            assert found.table.to_pylist() == [row for one in single for row in one.table.to_pylist()]


def test_a_row_is_of_its_own_files_symbol_and_day():
    """Neighbours do not vouch for each other: what is right in the file beside is wrong here."""
    days = [file_of("metrics", f"2026-01-{day}", symbol) for day, symbol in ((30, "BTCUSDT"), (31, "ETHUSDT"))]
    for text in ("2026-01-31 00:05:00,BTCUSDT,1,1,1,1,1,1\n", "2026-01-30 00:05:00,ETHUSDT,1,1,1,1,1,1\n"):
        good = f"{METRICS_HEADER}\n2026-01-30 00:05:00,BTCUSDT,1,1,1,1,1,1\n"
        first, second = tables.read(DAY.kind, [[Zip(days[0], packed(days[0], good))], [Zip(days[1], packed(days[1], f"{METRICS_HEADER}\n{text}"))]])
        assert not isinstance(first, SchemaDrift) and len(first.table) == 1
        assert isinstance(second, SchemaDrift) and str(second).startswith(f"{days[1].name}: a row of ")


# -- fuzz: against a slow reader that knows only csv and float ---------------------------------------------------

CELL = st.one_of(
    st.floats(-2, 2).map(lambda value: f"{value:.8f}"), st.integers(0, 93).map(lambda n: str(JANUARY + n * 8 * HOUR)),
    st.sampled_from(["", "8", "-", "nan", "inf", "1e-4", "0x10", "8 ", '"8"', "1_000", "١", "9" * 400, "\x00", "null", "NaN", "--1"]), st.text(max_size=6),
)  # fmt: skip
GOOD = st.tuples(st.integers(0, 92), st.sampled_from(["1", "4", "8"]), st.integers(-9999, 9999)).map(
    lambda row: (str(JANUARY + row[0] * 8 * HOUR), row[1], f"{row[2] / 1e6:.6f}")
)  # fmt: skip
ROW = st.one_of(GOOD, st.lists(CELL, max_size=5).map(tuple))


def slowly(text: str) -> list[tuple[datetime, int, float]]:
    """The same rows by the standard library; raises ValueError where it sees anything it does not understand."""
    rows = []
    for cells in csv.reader(io.StringIO(text), strict=True):
        if not cells or cells[0] == "calc_time":
            continue
        stamp, interval, rate = (cell.strip(" \t") for cell in cells)
        if not math.isfinite(float(rate)):
            raise ValueError(rate)
        rows.append((EPOCH + timedelta(milliseconds=int(stamp)), int(interval), float(rate)))
    return rows


@settings(max_examples=300, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), st.booleans())
def test_property_the_table_is_what_a_slow_reader_sees_or_a_typed_error(rows, header):
    text = "\n".join([*([FUNDING_HEADER] if header else []), *(",".join(row) for row in rows)]) + "\n"
    try:
        table, twice = tables.joined(FUNDING.kind, [read(FUNDING, text.encode("utf-8", "surrogatepass"))])
    except SourceError as error:
        assert "\n" not in str(error)
        return
    expected = slowly(text)
    got = [(row["calc_time"], row["funding_interval_hours"], row["last_funding_rate"]) for row in table.to_pylist()]
    assert got == sorted(set(expected)) and twice == len(expected) - len(got)


@settings(max_examples=100, deadline=None)
@given(st.lists(GOOD, min_size=1, max_size=12, unique_by=lambda row: row[0]), st.booleans())
def test_property_good_files_are_always_read(rows, header):
    text = "\n".join([*([FUNDING_HEADER] if header else []), *(",".join(row) for row in rows)])
    assert len(read(FUNDING, text)) == len(rows)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_property_any_bytes_are_a_table_or_a_typed_error(content):
    for file in (FUNDING, DAY, file_of("klines_1d", "2026-01")):
        for zipped in (content, packed(file, content)):
            try:
                assert isinstance(unzip(file, zipped), pa.Table)
            except SourceError:
                continue
