"""Zip files from upstream: what may go wrong on opening one, and the one member an answer is expected to hold.

Belongs here: the container. Does not belong here: what a member means, workbooks (`_xlsx`). A member is proven by its CRC
and bounded, so that a small file cannot unpack into all of memory. Raises only SchemaDrift.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from ingest.answers import one_line
from ingest.errors import SchemaDrift

# What zipfile and zlib raise on bytes that are no zip, are cut short, encrypted or packed in a way nobody uses (RuntimeError and
# its kinds), and on names and sizes that make no sense.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, OverflowError, LookupError)


def member(content: bytes, name: str, largest: int, *, alone: bool = False) -> bytes:
    """Bytes of the file `name` inside, `largest` at the most; `alone`: no other file may be there. Raises SchemaDrift."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if name not in names or (alone and len(names) > 1):
                raise SchemaDrift(f"the zip holds {one_line(', '.join(names), 80)!r}, wanted {name}")
            with archive.open(name) as part:
                body = part.read(largest + 1)
    except UNREADABLE as error:
        raise SchemaDrift(f"not a zip file: {one_line(str(error), 80)}") from None
    if len(body) > largest:
        raise SchemaDrift(f"{name} is larger than {largest} bytes")
    return body
