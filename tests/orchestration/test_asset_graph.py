"""The asset graph, one line per asset, so that a reviewer can read what a change does to it.

After a change that is meant: `python -m tests.orchestration.test_asset_graph` writes the file anew.
"""

from __future__ import annotations

from pathlib import Path

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")


def lines() -> list[str]:
    """key | group | step | dependencies | checks (! blocks) | partitions and automation, where there are any."""
    from orchestration.definitions import defs

    graph = defs.resolve_asset_graph()
    told = []
    for key in sorted(graph.get_all_asset_keys(), key=lambda k: k.path):
        node = graph.get(key)
        if not node.is_executable:
            continue
        checks = sorted(
            f"{check.name}{'!' if graph.get_check_spec(check).blocking else ''}" for check in graph.get_check_keys_for_assets([key])
        )
        parts = [
            "/".join(key.path), node.group_name, " ".join(sorted("/".join(p.path) for p in node.parent_keys)) or "-",
            " ".join(checks) or "-", str(node.automation_condition or "-"),
        ]  # fmt: skip
        told.append(" | ".join(parts))
    for job in sorted(defs.resolve_all_job_defs(), key=lambda j: j.name):
        told.append(f"job {job.name}")
    return told


def test_the_asset_graph_is_the_reviewed_one():
    assert lines() == SNAPSHOT.read_text(encoding="utf-8").splitlines(), "run python -m tests.orchestration.test_asset_graph and review the diff"


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(lines()) + "\n", encoding="utf-8")
