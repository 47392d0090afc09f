"""Pages that an archive does not hold: where one page of many was recorded, the next one is the host's empty page.

Belongs here: per host, what asks for a further page and what its end looks like. Does not belong here: which recording
answers (`sandbox.recorded_match`). Without this the one page would come again for every cursor, as no host does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sandbox.recorded_index import Entry
from sandbox.wire import Ask, Reply, json_reply


class Paging(NamedTuple):
    """`cursors`: parameters that can ask for a further page. `further`: whether this value does, given the recorded body."""

    cursors: tuple[str, ...]
    further: Callable[[str, Any], bool]
    end: Any


def _older_than_all(value: str, body: Any) -> bool:
    return int(value) <= min(int(row[0]) for row in body["result"]["data"])


PAGED: Mapping[str, Paging] = {
    "www.okx.com": Paging(("after", "end"), lambda *_: True, {"code": "0", "msg": "", "data": []}),
    "www.bitmex.com": Paging(("start",), lambda value, _: value != "0", []),
    "www.deribit.com": Paging(("end_timestamp",), _older_than_all, {"jsonrpc": "2.0", "result": {"data": [], "continuation": None}}),
}


def past_the_recording(entry: Entry, ask: Ask, body: bytes) -> Reply | None:
    """The host's empty page when `ask` wants a page beyond the one that `entry` holds; None when the body is the answer."""
    paging = PAGED.get(ask.host)
    if paging is None or entry.status != 200:
        return None
    known = {name for name, want in entry.query.items() if want != "*"} | set(entry.slice.values())
    try:
        content = json.loads(body)
        beyond = any(
            name in ask.query and name not in known and paging.further(ask.text(name), content) for name in paging.cursors
        )
    except (ValueError, LookupError, TypeError):  # a damaged body is served as it is
        return None
    return json_reply(paging.end) if beyond else None
