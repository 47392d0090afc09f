"""Skeletons for a new source, and its rows of the conformance suite.

Belongs here: what `make new-source` writes and what `make check-source` runs. Does not belong here: any real source.
The skeletons are valid and load; their conformance rows fail and say what is left to write.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import get_args

from ingest.model import Domain
from lowtide.errors import LowtideError

ROOT = Path(__file__).resolve().parent.parent
FILL_IN = "FILL IN"  # a placeholder that the conformance suite does not let pass
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}", re.ASCII)

_REGISTRY = Template('''
  - id: ${name}_example
    provider: $name
    title: "$FILL: what it is, in the reader's words"
    request: {}
    frequency: daily
    calendar: nyse
    revises: false
    publication:
      {lag_days: 1, lag_unit: business, at: "09:00", tz: America/New_York, reason: "$FILL: where the lag comes from"}
    first_date: 2020-01-01
    licence: {tier: restricted, citation: "$FILL: whose data, under which terms"}
    series:
      - {id: $name.example, field: value, title: "$FILL", unit: index, kind: index, quantity: ${name}_example_index,
         plausible: [0.1, 100000]}
''')

_SOURCE = Template('''"""$FILL: who publishes this, and what of it is read here.

Belongs here: $FILL. Does not belong here: $FILL.
`request:` keys: $FILL (what the registry's entries say under `request`).
Upstream's habits: $FILL (missing markers, error pages, limits, what is rewritten).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime

from ingest.model import Dataset, Held, Request, Response, Row
from ingest.sources import _payload

HOST = "$name.invalid"
_MISSING = frozenset({""})


class $title:
    """`ingest.model.Source` for $FILL."""

    name: str = "$name"
    hosts: Mapping[str, float] = {HOST: 1.0}

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]:
        """$FILL: one request, pages, or windows; an increment asks from `_payload.since(dataset, held)` on."""
        raise NotImplementedError("ingest/sources/$name.py: say what to ask for in `requests`")
        yield Request(url=f"https://{HOST}/data.csv", params={"since": _payload.since(dataset, held).isoformat()})

    def parse(self, dataset: Dataset, response: Response) -> list[Row]:
        """Rows of the declared fields. Raises SchemaDrift, EmptyPayload, Blocked, NotFound, RateLimited."""
        header, table = _payload.csv_table(response)  # proves that it is a whole CSV and no page
        if header != ["date", "value"]:
            raise NotImplementedError("ingest/sources/$name.py: prove the payload and read it in `parse`")
        series = dataset.series[0]
        return _payload.unique(
            Row(series.id, _payload.iso_day(day), _payload.number(cell, _MISSING)) for day, cell in table
        )


SOURCE = $title()
''')

_TEST = Template('''"""$title: a made-up answer, and each way it can be wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ingest.errors import EmptyPayload, SchemaDrift

SAMPLE = "date,value\\n2026-05-28,1.5\\n2026-05-29,\\n"  # the shape of a real answer, with invented numbers


def test_an_answer(bench: Any) -> None:
    assert bench("${name}_example").values(SAMPLE) == {
        "$name.example": {date(2026, 5, 28): 1.5, date(2026, 5, 29): None}
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [("", EmptyPayload), ("<html>sign in</html>", SchemaDrift), (SAMPLE[:-3], SchemaDrift)],
)
def test_what_is_refused(bench: Any, content: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        bench("${name}_example").rows(content)
''')

_WIRE = Template('''"""$title: its answers as the real host sends them. Written from the host's documentation, not from the parser.

Belongs here: bytes and status codes. Does not belong here: where the numbers come from (a desk in `sandbox.world`).
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.wire import Reply, text_reply

HOST = "$name.invalid"


def table(days: Iterable[tuple[str, float | None]]) -> Reply:
    """ISO date and value, None = the missing marker."""
    lines = [f"{day},{'' if value is None else value}" for day, value in days]
    return text_reply("\\n".join(["date,value", *lines]) + "\\n", "text/csv")
''')

_STAGING = Template('''-- The change log of domain $domain: one row per series, observation and version. Renames and types only.
select
    series_id,
    observation_date,
    value,
    state,
    known_at,
    fetched_at,
    fetch_id
from {{ source('raw', '${domain}_observations') }}
''')


def new_source(name: str, domain: str, root: Path = ROOT) -> list[str]:
    """Write the skeletons of source `name` in `domain` below `root`; returns what was written and what is left to do.

    Four files: the registry entry, the parser, its test, the sandbox's wire format. A domain without a staging model gets one. Raises LowtideError for a name that is no module's or that
    exists, and for an unknown domain; then nothing is written.
    """
    if not _NAME.fullmatch(name):
        raise LowtideError(f"not a source's name: {name!r} (small letters, digits and _, e.g. kraken)")
    if domain not in get_args(Domain):
        raise LowtideError(f"unknown domain {domain!r}: use one of {', '.join(get_args(Domain))}")
    words = {"name": name, "domain": domain, "title": name.title().replace("_", ""), "FILL": FILL_IN}
    made = {
        f"ingest/sources/{name}.py": _SOURCE,
        f"tests/ingest/sources/test_{name}.py": _TEST,
        f"sandbox/wire/{name}.py": _WIRE,
    }
    staging = f"dbt_project/models/staging/{domain}/stg_{domain}__observations.sql"
    if not (root / staging).exists():
        made[staging] = _STAGING
    if taken := [path for path in made if (root / path).exists()]:
        raise LowtideError(f"{taken[0]} exists: a source is called {name} already")
    registry = root / f"ingest/registry/{domain}.yml"
    declared = registry.read_text(encoding="utf-8") if registry.exists() else f"domain: {domain}\n\ndatasets:"
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text.substitute(words), encoding="utf-8")
    registry.write_text(declared.rstrip("\n") + "\n" + _REGISTRY.substitute(words), encoding="utf-8")
    return [
        f"written: {', '.join([f'ingest/registry/{domain}.yml (its last entry)', *made])}",
        f"read by {staging}",
        f"next: replace every '{FILL_IN}', ask and parse in ingest/sources/{name}.py,",
        "      answer for its host in sandbox/world/backend.py, then `lowtide generate`",
        f"check: make check-source NAME={name}",
    ]


def check_source(name: str, root: Path = ROOT) -> int:
    """Run the source's own tests and its rows of the conformance suite; returns pytest's exit code (0 = all pass)."""
    tests = [path for path in (f"tests/ingest/sources/test_{name}.py",) if (root / path).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "tests/conformance/test_conformance.py", *tests]
    return subprocess.run([*command, "--provider", name], cwd=root, check=False).returncode
