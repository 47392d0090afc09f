"""The site's menu, from the files that exist: pages per thesis, series and decision appear without being listed by hand.

Links that leave docs/ (to a thesis file, to CONTRIBUTING.md) are right in the repository; on the site they become plain text.
"""

import re
from pathlib import Path
from typing import Any

PAGES = (
    ("Start here", ("index.md", "concepts.md", "outcomes.md", "connect.md")),
    ("Operate", ("run-daily.md", "bigger.md", "checks.md")),
    ("Change", ("adding-a-source.md", "changing-a-rule.md", "drop-folder.md", "conformance.md", "generated.md")),
)
FOLDERS = (("Theses", "theses"), ("Series", "series"), ("Decisions", "decisions"))
_LINK = re.compile(r"\[([^\]]+)\]\(((?!https?:|mailto:|#)[^)]+)\)")


def on_config(config: Any) -> Any:
    docs = Path(config["docs_dir"])
    nav: list[Any] = [{title: [name for name in names if (docs / name).is_file()]} for title, names in PAGES]
    listed = {name for _, names in PAGES for name in names}
    nav += [{title: [{_title(p): f"{folder}/{p.name}"} for p in sorted((docs / folder).glob("*.md"), key=_first)]} for title, folder in FOLDERS]
    others = sorted(p.name for p in docs.glob("*.md") if p.name not in listed)
    config["nav"] = [*nav, {"More": others}] if others else nav
    return config


def _title(path: Path) -> str:
    """The page's first heading: generated pages begin with a comment, which hides it from mkdocs."""
    return next((line[2:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# ")), path.stem)


def _first(path: Path) -> tuple[bool, str]:
    return path.name not in ("README.md", "index.md"), path.name


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    root, docs = Path(config["docs_dir"]).parent.resolve(), Path(config["docs_dir"]).resolve()
    here = (docs / page.file.src_uri).parent

    def plain(found: re.Match[str]) -> str:
        target = (here / found[2].split("#")[0]).resolve()
        outside = docs not in target.parents and target.exists() and root in target.parents
        return f"{found[1]} (`{target.relative_to(root)}`)" if outside else found[0]

    return _LINK.sub(plain, markdown)
