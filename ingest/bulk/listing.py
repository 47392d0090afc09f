"""What the archive holds: symbols and files, page by page, as its bucket lists them.

Belongs here: S3's ListObjects answers (1,000 keys a page, `IsTruncated`, `NextMarker`). Does not belong here: file contents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from ingest.answers import one_line
from ingest.bulk.kinds import BUCKET, HOST, PERPETUAL, Cadence, File, Kind, file_of
from ingest.client import Client
from ingest.errors import NotFound, SchemaDrift
from ingest.model import Request

_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Item(NamedTuple):
    """One key of a page."""

    key: str
    size: int
    version: str


class Page(NamedTuple):
    """One answer: folders, keys, and where the next page begins (None: this was the last)."""

    folders: list[str]
    items: list[Item]
    marker: str | None


def symbols(client: Client, kind: Kind) -> list[str]:
    """Every perpetual with files of `kind`, delisted ones too, in alphabetical order.

    Raises SourceError subclasses; NotFound when no cadence has a symbol.
    """
    found: set[str] = set()
    for cadence in kind.cadences:
        prefix = kind.prefix(cadence)
        for page in _pages(client, prefix, ""):
            found.update(folder.removeprefix(prefix).rstrip("/") for folder in page.folders)
    perpetuals = sorted(name for name in found if PERPETUAL.fullmatch(name))
    if not perpetuals:
        raise NotFound(f"the archive lists no symbol with {kind.name}")
    return perpetuals


def files(client: Client, kind: Kind, symbol: str, first: str = "", last: str = "9999-99") -> list[list[File]]:
    """Files of `symbol` by month (YYYY-MM, `first` to `last` included), ascending; a month's own file before its days'.

    Raises SourceError subclasses.
    """
    months: dict[str, list[File]] = {}
    for cadence in kind.cadences:
        covered = set(months)
        for file in _listed(client, kind, cadence, symbol, first, last):
            if file.month not in covered:
                months.setdefault(file.month, []).append(file)
    return [months[month] for month in sorted(months)]


def _listed(client: Client, kind: Kind, cadence: Cadence, symbol: str, first: str, last: str) -> Iterator[File]:
    prefix = kind.prefix(cadence, symbol)
    stem = f"{prefix}{kind.stem(symbol)}"
    for page in _pages(client, prefix, f"{stem}{first}" if first else ""):
        for item in page.items:
            file = file_of(kind, cadence, symbol, *item)
            if file is not None and first <= file.month <= last:
                yield file
        if page.items and page.items[-1].key > f"{stem}{last}~":
            return


def _pages(client: Client, prefix: str, marker: str) -> Iterator[Page]:
    """Pages from after `marker` on. Raises SchemaDrift when the listing does not move forward."""
    while True:
        params = {"delimiter": "/", "prefix": prefix, **({"marker": marker} if marker else {})}
        page = read(client.send(Request(f"https://{BUCKET}/{HOST}", params), "bulk").content, prefix)
        yield page
        if page.marker is None:
            return
        if page.marker <= marker:
            raise SchemaDrift(f"the listing of {prefix} stands still at {one_line(page.marker, 80)}")
        marker = page.marker


def read(body: bytes, prefix: str) -> Page:
    """A page from its XML. Pure. Raises SchemaDrift for anything that is not a listing of `prefix`."""
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SchemaDrift(f"the listing of {prefix} is not XML ({one_line(str(error), 60)}): {one_line(body[:200].decode('utf-8', 'replace'), 60)!r}") from None
    space = _SPACE if root.tag.startswith(_SPACE) else ""
    truncated, echoed = root.findtext(f"{space}IsTruncated"), root.findtext(f"{space}Prefix")
    if root.tag != f"{space}ListBucketResult" or truncated not in ("true", "false") or (echoed or "") != prefix:
        raise SchemaDrift(f"not a listing of {prefix}: {one_line(body[:200].decode('utf-8', 'replace'), 80)!r}")
    folders = [node.findtext(f"{space}Prefix") or "" for node in root.iter(f"{space}CommonPrefixes")]
    items = [_item(node, space) for node in root.iter(f"{space}Contents")]
    if outside := next((name for name in [*folders, *(item.key for item in items)] if not name.startswith(prefix)), None):
        raise SchemaDrift(f"the listing of {prefix} holds {one_line(outside, 80)!r}")
    if truncated == "false":
        return Page(folders, items, None)
    marker = root.findtext(f"{space}NextMarker") or max([*folders, *(item.key for item in items)], default="")
    if not marker:
        raise SchemaDrift(f"the listing of {prefix} goes on, but nowhere")
    return Page(folders, items, marker)


def _item(node: ElementTree.Element, space: str) -> Item:
    key, size = node.findtext(f"{space}Key") or "", node.findtext(f"{space}Size") or ""
    if not key or not (size.isascii() and size.isdigit()):
        raise SchemaDrift(f"a listed key without name or size: {one_line(key, 80)!r}")
    return Item(key, int(size), (node.findtext(f"{space}ETag") or "").strip('"'))
