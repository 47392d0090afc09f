"""Keeping keys out of everything that is shown or stored.

Belongs here: what counts as a secret, and its removal from text and requests. Does not belong here: logging.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ingest.model import Request

HIDDEN = "***"
SECRET_VARIABLES = ("_KEY", "_TOKEN", "_SECRET")
CUT = 8  # a quote that was cut within a secret shows its beginning: so many characters are enough to know it by
_BLANK, _QUOTED = r"[\s+]", r"\\*"
_LETTERS = {"\n": "n", "\r": "r", "\t": "t"}
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
    """The message `text` with `***` in place of parameters named in `secrets` (`name=value`), of `values`, and of secret
    variables, also where a quote was cut within one of them.

    `env` defaults to the process environment, which is always looked at.
    """
    return _hide(text, secrets, {*secret_values(env or {}), *values}, cut=True)


def _hide(text: str, names: Iterable[str], values: Iterable[str], *, cut: bool = False) -> str:
    for name in names:
        text = re.sub(rf"(?i)(\b{re.escape(name)}=)[^&\s\"'#]*", rf"\g<1>{HIDDEN}", text)
    for value in sorted(values, key=len, reverse=True):
        whole, beginning = _spellings(value)
        text = whole.sub(HIDDEN, text)
        if cut and beginning:
            text = beginning.sub(HIDDEN, text)
    return text


@cache
def _spellings(value: str) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """How a secret may be written, as it is, in a URL, in JSON, in Python's quotes; and a word that begins as it does."""
    runs = ["(?:" + "|".join(_spelled(run)) + ")" for run in re.findall(r"\s+|\S", value)]
    return re.compile("".join(runs)), re.compile("".join(runs[:CUT]) + r"[^\s\"']*") if len(runs) > CUT else None


def _spelled(run: str) -> Iterator[str]:
    escapes = [form for c in sorted(set(run)) for form in _escapes(c)]
    if run.isspace():
        return iter([f"(?:{'|'.join([_BLANK, *escapes])})+"])
    return iter([_QUOTED + re.escape(run), *escapes])


def _escapes(c: str) -> Iterator[str]:
    octets = c.encode("utf-8", "surrogateescape")
    for form in ("%{:02x}", r"\\+x{:02x}"):
        yield f"(?i:{''.join(form.format(octet) for octet in octets)})"
    yield rf"\\+(?i:x{ord(c):02x}|u{ord(c):04x}|U{ord(c):08x})"
    if c in _LETTERS:
        yield rf"\\+{_LETTERS[c]}"


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
