"""docs/outcomes.md: how often each thesis came out which way, and how often windows of nothing pass the rules of part II.

`python -m bench.outcomes "recorded archive=HOME/replay/serve/current" "world recede=HOME/sandbox/serve/current" ...` reads published
builds and writes the page. Does not belong here: judging; nothing here decides, the shares are those of scorecard.verdict_shares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

PAGE = Path(__file__).resolve().parent.parent / "docs" / "outcomes.md"
VERDICTS = ("holds", "contested", "fails", "not_tested", "no_data")
SHARES = """
select s.thesis_id, min(s.first_date), sum(s.days)::int, {shares}, any_value(v.last)
from scorecard.verdict_shares s
join (select thesis_id, arg_max(verdict, as_of_date) as last from scorecard.verdicts group by thesis_id) v using (thesis_id)
where s.verdict_kind = 'raw' group by s.thesis_id
"""
PLACEBO = """
select as_of_date, placebo_window_sessions, placebo_windows, placebo_raw_pass_pct, placebo_rule_pass_pct, placebo_crypto_first_pct,
  placebo_crypto_deepest_raw_pct
from marts.liquidation_order where placebo_windows > 0 order by as_of_date desc limit 1
"""


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def section(title: str, folder: Path) -> tuple[list[str], list[str]]:
    """Lines of one build's table of shares, and its row of placebo shares. Raises duckdb.Error for what is no published build."""
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    shares = ", ".join(f"coalesce(sum(s.share_pct) filter (s.verdict = '{v}'), 0)" for v in VERDICTS)
    with duckdb.connect(str(folder / "lowtide.duckdb"), read_only=True) as connection:
        found = {row[0]: row[1:] for row in connection.execute(SHARES.format(shares=shares)).fetchall()}
        placebo = connection.execute(PLACEBO).fetchone()
    head = ["thesis", "inputs begin", "days", *(f"{v} %" for v in VERDICTS), "last"]
    lines = [f"## {title[:1].upper()}{title[1:]}", "", f"Origin {told['origin']}{', simulated' if told['simulated'] else ''}; as of {told['as_of'][:10]}.", "",
             _row(head), _row(["---"] * len(head))]  # fmt: skip
    for thesis in sorted(told["theses"]):
        if thesis in found:
            first, days, *rest = found[thesis]
            lines.append(_row([thesis, str(first), f"{days:,}", *(f"{share:.1f}" for share in rest[:-1]), rest[-1]]))
        else:
            lines.append(_row([thesis, "not yet", "", *[""] * len(VERDICTS), "no_data"]))
    numbers = [title, *(["none"] + [""] * 6 if placebo is None else [str(placebo[0]), str(placebo[1]), str(placebo[2]), *(f"{p:.1f}" for p in placebo[3:])])]
    return [*lines, ""], numbers


def page(builds: list[tuple[str, Path]]) -> str:
    made = [section(title, folder) for title, folder in builds]
    head = ["build", "day", "sessions of a window", "windows", "raw order passes %", "rule of t2_0 passes %", "crypto first (t2_1) %", "crypto deepest, raw %"]
    return "\n".join([
        "<!-- written by python -m bench.outcomes from published builds: do not edit -->", "# How often, and how often by chance", "",
        "Share of days per verdict since the inputs of a thesis begin. One that always says the same has told nothing yet; the two simulated",
        "worlds, in which the answers are known, show that it can say something else.", "",
        *(line for lines, _ in made for line in lines),
        "## Placebo", "",
        "The rules of part II on windows that open every 21st session, as long as the median episode: what they pass without any episode.", "",
        _row(head), _row(["---"] * len(head)), *(_row(numbers) for _, numbers in made), "",
    ])  # fmt: skip


def main(arguments: list[str]) -> None:
    if not arguments or not all("=" in word for word in arguments):
        raise SystemExit('usage: python -m bench.outcomes "NAME=HOME/ORIGIN/serve/current" ...')
    PAGE.write_text(page([(name, Path(folder)) for name, _, folder in (word.partition("=") for word in arguments)]), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
