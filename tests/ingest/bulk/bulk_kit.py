"""What the bulk tests share: zips as the archive packs them, and a small archive that can change."""

from __future__ import annotations

import hashlib
import io
import zipfile

from ingest.bulk.kinds import BUCKET, HOST, KINDS, File
from sandbox.wire import Ask, Reply
from sandbox.wire import vision as wire

FUNDING_HEADER = "calc_time,funding_interval_hours,last_funding_rate"
JANUARY = 1_767_225_600_000  # 2026-01-01 in epoch milliseconds
HOUR = 3_600_000


def file_of(kind: str, period: str, symbol: str = "BTCUSDT") -> File:
    return File(KINDS[kind], "daily" if len(period) == 10 else "monthly", symbol, period)


def packed(file: File, text: str | bytes, member: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member or f"{file.name}.csv", text)
    return buffer.getvalue()


def funding(month_start: int = JANUARY, count: int = 93, rate: float = 0.0001) -> str:
    lines = [f"{month_start + n * 8 * HOUR + n % 11},8,{rate + n / 1e8:.8f}" for n in range(count)]
    return "\n".join([FUNDING_HEADER, *lines]) + "\n"


class Archive:
    """A bucket of `files` (key -> zip), served as a backend. `asked` counts requests per key; `broken` answers instead."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.broken: dict[str, Reply] = {}
        self.etags = True

    def put(self, file: File, text: str | bytes) -> None:
        self.files[file.key] = packed(file, text)

    def answer(self, ask: Ask) -> Reply:
        if ask.host == BUCKET:
            prefix, marker = ask.text("prefix"), ask.text("marker")
            names = [key.removeprefix(prefix) for key in self.files if key.startswith(prefix)]
            folders = sorted({f"{prefix}{name.split('/')[0]}/" for name in names if "/" in name})
            keys = [f"{prefix}{name}{tail}" for name in names if "/" not in name for tail in ("", ".CHECKSUM")]
            reply = wire.listing(prefix, marker, folders, keys, lambda key: self.files.get(key, b""))
            if not self.etags:
                reply = Reply(200, reply.content_type, reply.body.replace(b"ETag>", b"Other>"))
            return reply
        assert ask.host == HOST
        key = ask.path.lstrip("/")
        self.asked.append(key)
        if key in self.broken:
            return self.broken[key]
        content = self.files.get(key.removesuffix(".CHECKSUM"))
        if content is None:
            return Reply(404, "application/xml", b"<Error><Code>NoSuchKey</Code></Error>")
        if key.endswith(".CHECKSUM"):
            return Reply(200, "text/plain", f"{hashlib.sha256(content).hexdigest()}  {key.rpartition('/')[2].removesuffix('.CHECKSUM')}\n".encode())
        return wire.archive(content)
