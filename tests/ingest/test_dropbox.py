"""The drop folder in a run: landed like answers, once; refused files set apart; the raw zone rebuilt from landing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ingest import sources
from ingest.changelog import ChangeLog
from ingest.dropbox import DropSource, day_of
from ingest.errors import SchemaDrift
from ingest.facts import observations_folder
from ingest.files import read_parquet
from ingest.landing import Landing
from ingest.model import Dataset, FetchOutcome, Row
from ingest.rebuild import rebuild
from ingest.registry import Registry, load
from ingest.runner import run_ingest
from ingest.status import statuses
from lowtide.clock import Clock
from lowtide.home import Home
from tests.ingest.sources.xlsx_kit import workbook

OFFICIAL = "Date,Country,Tonnes\n2025-09-30,POL,515.4\n2025-12-31,POL,550.0\n"
NOW = "2026-05-31T22:00:00+00:00"


@pytest.fixture
def dataset() -> Dataset:
    return load().datasets["wgc_official"]


class Desk:
    """A home, its drop folder, and runs at given moments."""

    def __init__(self, base: Path, dataset: Dataset) -> None:
        self.home, self.dataset = Home.of("live", base), dataset
        self.folder = base / "dropbox" / "wgc" / "official_reserves"

    def drop(self, name: str, content: str | bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, now: str = NOW, **options: Any) -> FetchOutcome:
        return run_ingest(self.home, Clock.parse(now), [self.dataset], env={}, **options).outcomes[0]

    def facts(self) -> list[tuple[str, float | None, str]]:
        path = observations_folder(self.home, "gold") / f"{self.dataset.id}.parquet"
        return [(str(f.observation_date), f.value, str(f.known_at.date())) for f in ChangeLog(path).facts()]

    @property
    def quarantine(self) -> Path:
        return self.home.root / "quarantine" / "wgc" / "official_reserves"


@pytest.fixture
def desk(tmp_path: Path, dataset: Dataset) -> Desk:
    return Desk(tmp_path, dataset)


def test_only_wgc_reads_files() -> None:
    assert [name for name in sources.PROVIDERS if isinstance(sources.get(name), DropSource)] == ["wgc"]


def test_nothing_dropped_is_not_a_failure(desk: Desk) -> None:
    outcome = desk.run()
    assert (outcome.outcome, outcome.error_type) == ("not_configured", "NotConfigured")
    assert "dropbox/wgc/official_reserves" in str(outcome.error_message)


def test_a_file_is_landed_and_known_from_its_own_date(desk: Desk) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    outcome = desk.run()
    assert (outcome.outcome, outcome.rows_added, outcome.requests, outcome.error_type) == ("ok", 2, 1, None)
    assert outcome.bytes == len(OFFICIAL)
    assert desk.facts() == [("2025-09-30", 515.4, "2026-03-05"), ("2025-12-31", 550.0, "2026-03-05")]
    line = Landing(desk.home).read_ledgers()[0]
    assert (line["method"], line["url"]) == ("FILE", "file://dropbox/wgc/official_reserves/2026-03-05_official.csv")
    assert Landing(desk.home).body(line["content_sha256"]) == OFFICIAL.encode()
    flat = read_parquet(desk.home.raw / "fetches.parquet").to_pylist()
    assert (flat[0]["method"], flat[0]["outcome"], flat[0]["status"]) == ("FILE", "ok", 200)


def test_the_same_bytes_add_nothing_under_any_name(desk: Desk) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    desk.run()
    before = desk.facts()
    assert desk.run().outcome == "not_due"
    desk.drop("2026-04-05_again.csv", OFFICIAL)
    desk.drop("2026-01-01_earlier.csv", OFFICIAL)
    assert desk.run().outcome == "not_due"
    assert desk.run(full=True).outcome == "unchanged"
    assert desk.facts() == before
    (desk.folder / "2026-03-05_official.csv").unlink()
    assert desk.run(full=True).outcome == "not_due" and desk.facts() == before


def test_a_name_that_is_not_utf_8_hurts_no_other_file(desk: Desk) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    desk.drop(os.fsdecode(b"2026-03-06_offici\xe9l.csv"), "no table")
    outcome = desk.run()
    assert (outcome.outcome, outcome.rows_added, outcome.error_type) == ("ok", 2, "SchemaDrift")
    assert "2026-03-06_offici" in str(outcome.error_message)


def test_copies_dropped_together_count_once(desk: Desk) -> None:
    desk.drop("2026-03-05_a.csv", OFFICIAL)
    desk.drop("2026-03-06_b.csv", OFFICIAL)
    assert (outcome := desk.run()).requests == 1 and outcome.rows_added == 2


def test_vintages_in_any_order(desk: Desk) -> None:
    desk.drop("2026-05-05_new.csv", OFFICIAL.replace("515.4", "516.0"))
    desk.run()
    desk.drop("2026-03-05_old.csv", OFFICIAL)
    assert desk.run().outcome == "ok"
    assert desk.facts()[:2] == [("2025-09-30", 515.4, "2026-03-05"), ("2025-09-30", 516.0, "2026-05-05")]


def test_a_file_from_the_future_waits(desk: Desk) -> None:
    desk.drop("2026-06-01_official.csv", OFFICIAL)
    assert desk.run().outcome == "not_configured"
    assert desk.run("2026-06-01T00:00:00+00:00").outcome == "ok"


def test_a_mismatch_goes_to_the_quarantine_and_the_others_are_read(desk: Desk) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    desk.drop("2026-04-05_other.csv", OFFICIAL.replace("Tonnes", "Ounces"))
    desk.drop("official.csv", OFFICIAL.replace("550.0", "551.0"))
    outcome = desk.run()
    assert (outcome.outcome, outcome.rows_added, outcome.requests) == ("ok", 2, 3)
    assert outcome.error_type == "SchemaDrift" and "2026-04-05_other.csv: of no known layout" in str(
        outcome.error_message
    )
    assert sorted(path.name for path in desk.quarantine.iterdir()) == [
        "2026-04-05_other.csv", "2026-04-05_other.csv.reason.txt", "official.csv", "official.csv.reason.txt",
    ]  # fmt: skip
    assert "called YYYY-MM-DD" in (desk.quarantine / "official.csv.reason.txt").read_text()
    last = statuses(desk.home, Clock.parse(NOW), Registry([desk.dataset], []))[0].last_error
    assert last is not None and "no known layout" in last
    assert desk.run().outcome == "not_due"  # not looked at again
    desk.drop("2026-04-06_official.csv", OFFICIAL.replace("550.0", "551.0"))  # the same bytes, called properly
    assert desk.run().outcome == "ok"


def test_only_a_mismatch_fails_the_dataset(desk: Desk) -> None:
    desk.drop("2026-04-05_other.xlsx", workbook({"Sheet1": [["x"]]}))
    outcome = desk.run()
    assert (outcome.outcome, outcome.error_type, outcome.rows_added) == ("failed", "SchemaDrift", 0)
    assert desk.run().outcome == "failed"  # nothing is held, so every run is a full refresh
    desk.drop("2026-04-06_official.csv", OFFICIAL)
    assert desk.run().outcome == "ok"
    assert desk.run().outcome == "not_due"
    assert (again := desk.run(full=True)).outcome == "unchanged" and again.error_type == "SchemaDrift"


def test_implausible_figures_refuse_the_file(desk: Desk) -> None:
    rows = "".join(f"20{n}-12-31,POL,{n}00000\n" for n in range(12, 22))
    desk.drop("2026-03-05_bad.csv", "Date,Country,Tonnes\n" + rows)
    desk.drop("2026-03-06_good.csv", OFFICIAL)
    outcome = desk.run()
    assert (outcome.outcome, outcome.error_type, outcome.rows_added) == ("ok", "OutOfRange", 2)


def test_a_refused_file_is_read_once_the_loader_knows_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)

    def refuse(*_: object) -> list[Row]:
        raise SchemaDrift("an older loader")

    with monkeypatch.context() as patch:
        patch.setattr(sources.wgc.SOURCE.__class__, "parse", refuse)
        assert desk.run().outcome == "failed"
    assert (desk.quarantine / "2026-03-05_official.csv").exists()
    assert desk.run(full=True).outcome == "ok"
    assert list(desk.quarantine.iterdir()) == []


def test_rebuilt_from_landing_alone(desk: Desk) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    desk.drop("2026-03-06_bad.csv", "x\n")
    desk.run()
    desk.drop("2026-05-05_new.csv", OFFICIAL.replace("515.4", "516.0"))
    desk.run()
    path = observations_folder(desk.home, "gold") / f"{desk.dataset.id}.parquet"
    before = path.read_bytes()
    path.unlink()
    for file in desk.folder.iterdir():
        file.unlink()
    assert rebuild(desk.home, Registry([desk.dataset], [])) == 1
    assert path.read_bytes() == before


def test_replay_and_sandbox_read_no_files_of_the_user(desk: Desk) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    for origin in ("sandbox", "replay"):
        home = Home.of(origin, desk.home.base)
        assert run_ingest(home, Clock.parse(NOW), [desk.dataset], env={}).outcomes[0].outcome == "not_configured"
        given = run_ingest(home, Clock.parse(NOW), [desk.dataset], env={}, dropbox=desk.home.base / "dropbox").outcomes[
            0
        ]
        assert given.outcome == "ok"


def test_litter_folders_and_unreadable_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop("2026-03-05_official.csv", OFFICIAL)
    desk.drop(".DS_Store", "x")
    desk.drop("~$2026-03-05_official.xlsx", "x")
    (desk.folder / "2026-03-05_folder.csv").mkdir()
    assert desk.run().requests == 1
    monkeypatch.setattr("ingest.dropbox.MAX_BYTES", 10)
    desk.drop("2026-03-06_large.csv", OFFICIAL)
    outcome = desk.run()
    assert (outcome.outcome, outcome.error_type) == ("failed", "Unreachable")


def test_the_recorded_drop_folder(upstream: Path, tmp_path: Path) -> None:
    datasets = [d for d in load().datasets.values() if d.provider == "wgc"]
    home, clock = Home.of("replay", tmp_path), Clock.parse("2026-05-31")
    first, again = (run_ingest(home, clock, datasets, env={}, dropbox=upstream / "dropbox").outcomes for _ in range(2))
    assert {(o.dataset_id, o.outcome, o.rows_added, o.error_type) for o in first} == {
        ("wgc_demand_trends", "ok", 590, None), ("wgc_etf_monthly", "ok", 712, None),
        ("wgc_etf_weekly", "ok", 3096, None), ("wgc_official", "ok", 575, None),
    }  # fmt: skip
    assert {(o.outcome, o.rows_added, o.rows_revised) for o in again} == {("unchanged", 0, 0)}
    assert not (home.root / "quarantine").exists()


def test_names() -> None:
    assert str(day_of("2026-05-31_x.XLSX")) == "2026-05-31"
    for bad in ("x.csv", "2026-05-31.csv", "2026-05-31_.csv", "2026-02-30_x.csv", "2026-05-31_x.xls", ""):
        with pytest.raises(SchemaDrift):
            day_of(bad)
