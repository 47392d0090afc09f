"""Words in both languages, from `words.yml`, and specs translated by walking them.

Belongs here: looking up, falling back, formatting numbers and dates for people. Does not belong here: the words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Lang = Literal["en", "zh_hant"]
LANGS: tuple[Lang, ...] = ("en", "zh_hant")
HTML_LANG = {"en": "en", "zh_hant": "zh-Hant"}
_FILE = Path(__file__).with_name("words.yml")


@cache
def dictionary() -> dict[str, dict[str, str]]:
    """`section.key` -> language -> text."""
    content = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    flat: dict[str, dict[str, str]] = {}
    for section, entries in content.items():
        for key, text in entries.items():
            flat[f"{section}.{key}"] = {"en": text[0], "zh_hant": text[1]}
    return flat


@dataclass(frozen=True)
class Words:
    """One language's voice. Calling it looks a key up and fills in its parts."""

    lang: Lang

    @property
    def html_lang(self) -> str:
        return HTML_LANG[self.lang]

    def __call__(self, key: str, **parts: Any) -> str:
        found = dictionary().get(key)
        if found is None:
            raise KeyError(f"words.yml has no {key}")
        return found[self.lang].format(**parts) if parts else found[self.lang]

    def or_(self, key: str, fallback: str) -> str:
        found = dictionary().get(key)
        return found[self.lang] if found else fallback

    def column(self, name: str) -> str:
        """A column's name for people; one without an entry is shown as it is called in the table."""
        return self.or_(f"column.{name}", name.replace("_", " "))

    def unit(self, name: str | None) -> str:
        return self.or_(f"unit.{name}", name) if name else ""

    def text(self, pair: Any) -> str:
        """A thesis file's pair of sentences."""
        return str(getattr(pair, self.lang))

    def line(self, text: str) -> str | None:
        """The translation of a line that thesis files give in English only; None where there is none. Names after a colon stay."""
        if self.lang == "en":
            return text
        if found := dictionary().get(f"line.{text}"):
            return found[self.lang]
        head, _, names = text.partition(": ")
        found = dictionary().get(f"line.{head}") if names else None
        return f"{found[self.lang].rstrip('。')}：{names}" if found else None

    def spec(self, node: Any) -> Any:
        """A chart spec with every string "@key" or "@column.x" replaced by its text."""
        if isinstance(node, str):
            return self._marked(node[1:]) if node.startswith("@") else node
        if isinstance(node, Mapping):
            return {k: self.spec(v) for k, v in node.items()}
        if isinstance(node, (list, tuple)):
            return [self.spec(v) for v in node]
        return node

    def _marked(self, key: str) -> str:
        section, _, name = key.partition(".")
        return self.column(name) if section == "column" else self.unit(name) if section == "unit" else self.or_(key, f"@{key}")


def number(value: Any, signed: bool = False) -> str:
    """A number for people: three significant digits below 1000, thousands separated, a real minus sign."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    size = abs(value)
    places = 0 if size >= 1000 or value == int(value) else 1 if size >= 100 else 2
    text = f"{value:+,.{places}f}" if signed else f"{value:,.{places}f}"
    return text.replace("-", "−")


def day(value: date | datetime | None) -> str:
    return "–" if value is None else value.isoformat()[:10]


def moment(value: datetime | str | None) -> str:
    """A UTC moment to the minute."""
    if value is None:
        return "–"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.strftime("%Y-%m-%d %H:%M UTC")
