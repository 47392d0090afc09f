"""One module per provider: what to ask for, and what the bytes that came back say.

Belongs here: `<provider>.py` with a `SOURCE` object (`ingest.model.Source`), and the helpers that parsers share
(`_payload`, `_fredapi`, `_xlsx`). Does not belong here: sending (`ingest.client`), storing (`ingest.landing`,
`ingest.changelog`), and the series themselves (`ingest.registry`). Parsers are pure: same dataset and response, same
rows. A module is found by its name and imported when it is asked for: adding one needs no list.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from ingest.model import Source
from lowtide.errors import LowtideError

PROVIDERS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py")))


@cache
def get(provider: str) -> Source:
    """The source called `provider`. Raises LowtideError for a name that no module carries."""
    if provider not in PROVIDERS:
        raise LowtideError(f"no source is called {provider!r}: known are {', '.join(PROVIDERS)}")
    source: Source = import_module(f"{__name__}.{provider}").SOURCE
    if source.name != provider:
        raise LowtideError(f"ingest/sources/{provider}.py holds a source called {source.name!r}")
    return source
