"""Binance Vision: CSV in zip files with their SHA-256 beside them. Source: section 6.1 of the contracts.

Belongs here: file names, columns, deterministic bytes. Does not belong here: numbers, which files exist.
"""

from __future__ import annotations

import hashlib
import io
import zipfile

from sandbox.wire import Reply

FUNDING = "calc_time,funding_interval_hours,last_funding_rate"
KLINES = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
METRICS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,"
    "count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


def pack(name: str, text: str, level: int = 1) -> bytes:
    """A zip with one member `name`: the same bytes whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED, level)
    return buffer.getvalue()


def archive(content: bytes) -> Reply:
    return Reply(200, "application/zip", content)


def checksum(content: bytes, name: str) -> Reply:
    """`<sha256>  <file>` as text; the bucket calls it octets."""
    return Reply(200, "binary/octet-stream", f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
