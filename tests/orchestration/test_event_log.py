"""A batch of events is one transaction: all of them are there, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetKey, DagsterEvent, DagsterEventType, EventLogEntry
from dagster._core.events import AssetMaterializationPlannedData

from orchestration.event_log import PooledEventLog

RUN = "11111111-1111-1111-1111-111111111111"


def planned(name: str) -> EventLogEntry:
    event = DagsterEvent(
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value, "daily", event_specific_data=AssetMaterializationPlannedData(AssetKey(name))
    )
    return EventLogEntry(error_info=None, level="debug", user_message="", run_id=RUN, timestamp=1.0, dagster_event=event)


def names(log: PooledEventLog) -> list[str]:
    return sorted(key.to_user_string() for key in log.all_asset_keys())


def test_a_batch_is_stored_whole_and_in_order(tmp_path: Path) -> None:
    log = PooledEventLog(str(tmp_path))
    log.store_event_batch([planned(name) for name in "bac"])
    log.store_event(planned("d"))
    stored = [record.dagster_event.asset_key.to_user_string() for record in log.get_logs_for_run(RUN) if record.dagster_event]
    assert stored == ["b", "a", "c", "d"] and names(log) == ["a", "b", "c", "d"]


def test_a_batch_that_breaks_leaves_nothing_and_the_next_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = PooledEventLog(str(tmp_path))
    stock = log.store_event

    def full_disk(event: EventLogEntry) -> None:
        stock(event)
        if event.dagster_event and event.dagster_event.asset_key == AssetKey("b"):
            raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(log, "store_event", full_disk)
        log.store_event_batch([planned("a"), planned("b")])
    assert names(log) == [] and not log.get_logs_for_run(RUN)
    log.store_event_batch([planned("a")])
    assert names(log) == ["a"]
