"""Binance Vision: CSV in zip files with their SHA-256 beside them. Source: section 6.1 of the contracts.

Belongs here: file names, columns, deterministic bytes, the bucket's XML. Does not belong here: numbers, which files exist.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from sandbox.wire import Reply

PAGE = 1000  # keys

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


def listing(prefix: str, marker: str, folders: Sequence[str], keys: Sequence[str], body: Callable[[str], bytes]) -> Reply:
    """A page of what lies below `prefix`, after `marker`: folders or keys, ascending, each key with size and ETag of its body."""
    below = sorted(name for name in (*folders, *keys) if name > marker)
    page, more = below[:PAGE], len(below) > PAGE
    held = set(folders)
    parts = [f"<Name>data.binance.vision</Name><Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker>"]
    parts += [f"<NextMarker>{escape(page[-1])}</NextMarker>"] if more else []
    parts += [f"<MaxKeys>{PAGE}</MaxKeys><Delimiter>/</Delimiter><IsTruncated>{str(more).lower()}</IsTruncated>"]
    for name in page:
        if name in held:
            parts.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
            continue
        content = body(name)
        parts.append(
            f"<Contents><Key>{escape(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{hashlib.md5(content, usedforsecurity=False).hexdigest()}&quot;</ETag><Size>{len(content)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(parts)}</ListBucketResult>'
    return Reply(200, "application/xml", text.encode())
