"""What Binance Vision's USD-M archive offers in bulk: kinds, their folders, their columns; and the name of one file.

Belongs here: the words and shapes of section 6.1 of the upstream contracts. Does not belong here: asking (`listing`),
decoding (`tables`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pyarrow as pa

from lowtide.errors import LowtideError

HOST = "data.binance.vision"
BUCKET = "s3-ap-northeast-1.amazonaws.com"
ROOT = "data/futures/um"
Cadence = Literal["monthly", "daily"]
MOMENT = pa.timestamp("us", tz="UTC")
PERPETUAL = re.compile(r"[^\W_]+")  # delivery contracts carry a date (BTCUSDT_260327); letters of any script exist
_PERIOD = {"monthly": re.compile(r"\d{4}-\d\d", re.ASCII), "daily": re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)}


@dataclass(frozen=True)
class Column:
    """A column as the archive names it. `required`: every row has a value."""

    name: str
    type: pa.DataType
    required: bool = False


@dataclass(frozen=True)
class Kind:
    """A family of files. `columns` in the documented order, which holds where a file has no header; the first is the key."""

    name: str  # option and folder here
    folder: str  # folder upstream
    tag: str  # in the file's name
    interval: str  # folder below the symbol, or ""
    cadences: tuple[Cadence, ...]  # the first one wins where both hold a month
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        return self.columns[0].name

    @property
    def schema(self) -> pa.Schema:
        """Columns of a part. `symbol` and `month` are in its path; `ignore` carries nothing."""
        kept = [pa.field(c.name, c.type) for c in self.columns if c.name not in ("symbol", "ignore")]
        return pa.schema([*kept, pa.field("source_file", pa.dictionary(pa.int32(), pa.string()))])

    def prefix(self, cadence: Cadence, symbol: str | None = None) -> str:
        """Where the bucket keeps the files of `symbol`, or the folder of all symbols."""
        parts = [ROOT, cadence, self.folder, *([symbol] if symbol else []), *([self.interval] if symbol and self.interval else [])]
        return "/".join(parts) + "/"

    def stem(self, symbol: str) -> str:
        """What a file's name begins with, up to its period."""
        return f"{symbol}-{self.tag}-"


@dataclass(frozen=True)
class File:
    """One zip of the archive, as listed. `version` is the bucket's ETag: another one means other bytes."""

    kind: Kind
    cadence: Cadence
    symbol: str
    period: str  # YYYY-MM or YYYY-MM-DD
    size: int = 0
    version: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind.stem(self.symbol)}{self.period}"

    @property
    def key(self) -> str:
        return f"{self.kind.prefix(self.cadence, self.symbol)}{self.name}.zip"

    @property
    def url(self) -> str:
        return f"https://{HOST}/{self.key}"

    @property
    def month(self) -> str:
        return self.period[:7]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """First moment of the period, and the first one after it (UTC)."""
        first = date.fromisoformat(self.period if self.cadence == "daily" else f"{self.period}-01")
        after = first + timedelta(days=1) if self.cadence == "daily" else (first + timedelta(days=32)).replace(day=1)
        return datetime(first.year, first.month, first.day, tzinfo=UTC), datetime(after.year, after.month, after.day, tzinfo=UTC)


def file_of(kind: Kind, cadence: Cadence, symbol: str, key: str, size: int, version: str) -> File | None:
    """The file that a key of the bucket names; None for anything else (checksums, other folders, dates that are none)."""
    head = f"{kind.prefix(cadence, symbol)}{kind.stem(symbol)}"
    period = key.removeprefix(head).removesuffix(".zip")
    if not (key.startswith(head) and key.endswith(".zip") and _PERIOD[cadence].fullmatch(period)):
        return None
    file = File(kind, cadence, symbol, period, size, version)
    try:
        _ = file.span
    except ValueError:
        return None
    return file


_FLOAT, _INT = pa.float64(), pa.int64()
_KLINES = (
    Column("open_time", MOMENT, True), Column("open", _FLOAT, True), Column("high", _FLOAT, True), Column("low", _FLOAT, True),
    Column("close", _FLOAT, True), Column("volume", _FLOAT, True), Column("close_time", MOMENT), Column("quote_volume", _FLOAT),
    Column("count", _INT), Column("taker_buy_volume", _FLOAT), Column("taker_buy_quote_volume", _FLOAT), Column("ignore", pa.string()),
)  # fmt: skip
KINDS = {kind.name: kind for kind in (
    Kind("funding_rate", "fundingRate", "fundingRate", "", ("monthly",), (
        Column("calc_time", MOMENT, True), Column("funding_interval_hours", _INT, True), Column("last_funding_rate", _FLOAT, True),
    )),
    Kind("metrics", "metrics", "metrics", "", ("daily",), (
        Column("create_time", MOMENT, True), Column("symbol", pa.string(), True), Column("sum_open_interest", _FLOAT),
        Column("sum_open_interest_value", _FLOAT), Column("count_toptrader_long_short_ratio", _FLOAT),
        Column("sum_toptrader_long_short_ratio", _FLOAT), Column("count_long_short_ratio", _FLOAT),
        Column("sum_taker_long_short_vol_ratio", _FLOAT),
    )),
    Kind("klines_1h", "klines", "1h", "1h", ("monthly", "daily"), _KLINES),
    Kind("klines_1d", "klines", "1d", "1d", ("monthly", "daily"), _KLINES),
)}  # fmt: skip
DEFAULT = ("funding_rate", "metrics", "klines_1h")


def kinds_of(names: tuple[str, ...]) -> list[Kind]:
    """Kinds by name. Raises LowtideError for an unknown one."""
    for name in names:
        if name not in KINDS:
            raise LowtideError(f"unknown kind {name!r}: use {', '.join(KINDS)}")
    return [KINDS[name] for name in dict.fromkeys(names or DEFAULT)]
