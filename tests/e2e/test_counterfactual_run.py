"""The real command in the simulated world in which the theses are false: every scripted verdict comes out."""

from __future__ import annotations

from datetime import datetime

from sandbox.world import SimulatedBackend
from tests.e2e.used import FIRST, VERDICTS, Used


def test_the_counterfactual_world_fails_every_built_thesis(tmp_path):
    used = Used(tmp_path)
    used.run("--origin", "sandbox", "--world", "counterfactual", "--now", FIRST)
    truth = SimulatedBackend("counterfactual", now=datetime.fromisoformat(FIRST)).ground_truth
    assert truth and {k: v for k, v in used.rows(VERDICTS) if k in truth} == truth
