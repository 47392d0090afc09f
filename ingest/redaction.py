"""Keeping keys out of everything that is shown or stored.

Belongs here: what counts as a secret, and its removal from text and requests. Does not belong here: logging.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

from ingest.model import Request

HIDDEN = "***"
SECRET_VARIABLES = ("_KEY", "_TOKEN", "_SECRET")
SHORTEST_SECRET = 4  # hiding every "1" because some variable holds "1" would make messages useless


def secret_values(env: Mapping[str, str]) -> set[str]:
    """Values of all variables whose name ends with _KEY, _TOKEN or _SECRET, in `env` and in the process."""
    return {
        value.strip()
        for source in (env, os.environ)
        for name, value in source.items()
        if name.upper().endswith(SECRET_VARIABLES) and len(value.strip()) >= SHORTEST_SECRET
    }


def redact(
    text: str, secrets: Iterable[str] = (), env: Mapping[str, str] | None = None, values: Iterable[str] = ()
) -> str:
    """`text` with `***` in place of parameters named in `secrets` (`name=value`), of `values`, and of secret variables.

    `env` defaults to the process environment, which is always looked at.
    """
    return _hide(text, secrets, {*secret_values(env or {}), *values})


def _hide(text: str, names: Iterable[str], values: Iterable[str]) -> str:
    for name in names:
        text = re.sub(rf"(?i)(\b{re.escape(name)}=)[^&\s\"'#]*", rf"\g<1>{HIDDEN}", text)
    for value in sorted(values, key=len, reverse=True):
        for form in {value, quote(value, safe=""), quote_plus(value)}:
            text = text.replace(form, HIDDEN)
    return text


@dataclass(frozen=True)
class Redactor:
    """`redact` bound to one request: its secret names (parameters, headers, or variables whose value is in the path), their values and
    those of all secret variables (collected once: a request is redacted in many places)."""

    names: frozenset[str]
    values: frozenset[str]

    @classmethod
    def of(cls, request: Request, env: Mapping[str, str]) -> Redactor:
        names = {name.lower() for name in request.secrets}
        given = [*request.params.items(), *request.headers.items(), *(request.json or {}).items(), *env.items()]
        values = {str(value) for name, value in given if name.lower() in names}
        return cls(request.secrets, frozenset(v for v in values if v and v != HIDDEN) | secret_values(env))

    def __call__(self, text: str) -> str:
        return _hide(text, self.names, self.values)

    def request(self, request: Request) -> Request:
        """The request as it may be stored: parsers see this one, in a run and in a rebuild alike."""
        return replace(
            request,
            url=self(request.url),
            params=self._mapping(request.params),
            headers={k: v for k, v in self._mapping(request.headers).items() if v != HIDDEN},
            json=None if request.json is None else self._mapping(request.json),
            secrets=frozenset(),
        )

    def _mapping(self, values: Mapping[str, Any]) -> dict[str, Any]:
        names = {name.lower() for name in self.names}
        return {
            key: HIDDEN if key.lower() in names else self(value) if isinstance(value, str) else value
            for key, value in values.items()
        }
