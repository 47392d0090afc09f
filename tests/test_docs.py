"""Links between the project's pages lead somewhere. (`make docs` checks anchors as well.)"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(((?!https?:|mailto:|#)[^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [found[1] for found in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_commands_that_the_pages_name_exist() -> None:
    """`make x` in a page is a target of the Makefile."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert named - known == set()


def test_files_that_the_pages_name_in_deploy_exist() -> None:
    named = {name for page in PAGES for name in re.findall(r"`(deploy/[\w./-]+)`", page.read_text(encoding="utf-8"))}
    assert [name for name in named if not (ROOT / name).is_file()] == []
