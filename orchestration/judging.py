"""The gate's judgement of a candidate: begun as soon as it is built, while Dagster is told what was built, and taken by `publish`
only if what it stands on is still the same.

Belongs here: what is asked, and when an answer is still one to the question. Does not belong here: judging (`expectations`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from expectations.gate import evaluate
from expectations.model import GateReport, TableMeta
from expectations.tables import from_manifest
from lowtide.fingerprint import rules
from lowtide.run import Session
from lowtide.theses import load_theses
from orchestration import lineage, manifest
from orchestration.candidate import Candidate
from orchestration.dbt_build import compiled_folder, export_folder
from publish import previous_build
from publish.layout import read_manifest


@dataclass(frozen=True)
class Judgement:
    """What the gate said, of which bytes against which build (`subject`), and the tables as they are described and traced."""

    subject: str
    gate: GateReport
    tables: Sequence[TableMeta]
    descriptions: Mapping[str, Mapping[str, str]]
    rules: str


def docs_folder(session: Session) -> Path:
    return session.home.build / "data_docs"


def subject(session: Session, candidate: Candidate) -> str:
    """A hash of what a judgement stands on: the facts of the build, every exported table, the build it is compared with."""
    previous = previous_build(session.home, candidate.knows_until, session.as_pointer)
    found = hashlib.sha256(f"{json.dumps(asdict(candidate))} {previous}".encode())
    for path in sorted(export_folder(session.home).iterdir()):
        found.update(f"\0{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def judge(session: Session, candidate: Candidate) -> Judgement:
    """Ask the gate about the candidate as it lies there now. Raises LowtideError where there is nothing to judge."""
    home, theses, made_by, as_of = session.home, load_theses(), rules(), candidate.knows_until
    stands_on = subject(session, candidate)
    tables, descriptions = from_manifest(manifest.load())
    tables = lineage.complete(tables, manifest.load(), compiled=compiled_folder(home), series=export_folder(home), theses=theses)
    previous = previous_build(home, as_of, session.as_pointer)
    with session.stage("gate"):
        gate = evaluate(
            export_folder(home), theses=theses, table_meta=tables, build_id=candidate.build_id, origin=session.origin,
            dbt_results=candidate.dbt_results, clock=session.clock, as_of=as_of, mart_day=session.mart_day,
            worker=session.helpers.pop("gate", None), previous=previous, docs_dir=docs_folder(session),
            rules_changed=previous is not None and read_manifest(previous).get("rules") != made_by,
        )  # fmt: skip
    return Judgement(stands_on, gate, tables, descriptions, made_by)
