"""The simulated world in which the theses are false, through the run's own steps: every scripted verdict passes the gate."""

from __future__ import annotations

from datetime import datetime

from sandbox.world import SimulatedBackend
from tests.e2e.used import FIRST, VERDICTS, Used


def test_the_counterfactual_world_fails_every_built_thesis(run_steps, tmp_path):
    used = Used(tmp_path)
    _, (gate, report) = run_steps(used, origin="sandbox", world="counterfactual", now=FIRST)
    assert not gate.failed_theses and not gate.blocked_all and report.path is not None
    truth = SimulatedBackend("counterfactual", now=datetime.fromisoformat(FIRST)).ground_truth
    assert truth and {k: v for k, v in used.rows(VERDICTS) if k in truth} == truth
