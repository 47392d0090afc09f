"""Copies in a folder or an object store: whole builds only, whatever is killed, and nothing deleted that is not ours."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

import publish.files as files
from lowtide.destinations import configured, kind
from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import manifest
from publish.files import publish_files
from tests.expectations.synthetic import ORIGIN, frames
from tests.publish.test_publish import run


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.of(ORIGIN, tmp_path / "home").prepare()


def marked(home: Home, n: int) -> None:
    made = frames(10)
    made["marts.funding_stress"]["reserves_usd_mn"] = float(n)
    run(home, f"b{n:03d}", made, at=n)


def test_a_folder_holds_the_builds_bytes_and_a_pointer(home: Home, tmp_path: Path) -> None:
    to = tmp_path / "out"
    marked(home, 1)
    assert publish_files(home, str(to)).changed
    told = json.loads((to / "current.json").read_text())
    assert told["build_id"] == "b001" and told["tables"].keys() == manifest(home)["tables"].keys()
    for table, entry in told["tables"].items():
        content = (to / entry["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"] and content == (home.current / "parquet" / f"{table}.parquet").read_bytes()
    assert not publish_files(home, f"file://{to}").changed


def test_old_builds_and_leftovers_go_and_other_folders_stay(home: Home, tmp_path: Path) -> None:
    to = tmp_path / "out"
    (to / "mine").mkdir(parents=True)
    (to / "mine" / "notes.txt").write_text("mine")
    for n in range(1, 5):
        marked(home, n)
        publish_files(home, str(to), keep=2)
    (to / "b003" / "manifest.json").unlink()  # as if killed while it was copied
    marked(home, 5)
    publish_files(home, str(to), keep=2)
    assert {p.name for p in to.iterdir()} == {"b004", "b005", "mine", "current.json"}


def test_killed_while_copying_leaves_the_old_pointer(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = tmp_path / "out"
    marked(home, 1)
    publish_files(home, str(to))
    marked(home, 2)
    real, calls = files._put, []

    def dies(*arguments: object) -> None:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "_put", dies)
    with pytest.raises(KeyboardInterrupt):
        publish_files(home, str(to))
    assert json.loads((to / "current.json").read_text())["build_id"] == "b001"
    assert publish_files(home, str(to)).changed and json.loads((to / "current.json").read_text())["build_id"] == "b002"


def test_a_reader_of_the_pointer_never_sees_two_builds(home: Home, tmp_path: Path) -> None:
    to, stop, seen, problems = tmp_path / "out", threading.Event(), set(), []
    marked(home, 0)
    publish_files(home, str(to))

    def read() -> None:
        while not stop.is_set():
            try:
                told = json.loads((to / "current.json").read_text())
                marts, build = (pq.read_table(to / told["tables"][t]["path"]) for t in ("marts.funding_stress", "meta.build"))
                assert build["build_id"].to_pylist() == [told["build_id"]] == [f"b{int(marts['reserves_usd_mn'][0].as_py()):03d}"]
                seen.add(told["build_id"])
            except BaseException as error:
                problems.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(1, 9):
        marked(home, n)
        publish_files(home, str(to))
    stop.set()
    reader.join()
    assert problems == [] and len(seen) >= 3


def test_what_is_refused(home: Home, tmp_path: Path) -> None:
    marked(home, 1)
    to = tmp_path / "out"
    publish_files(home, str(to))
    held = json.loads((to / "current.json").read_text())
    (to / "current.json").write_text(json.dumps(held | {"origin": "live"}))
    for place, told in ((str(to), "origins never mix"), ("gs://x/y", "cannot publish to gs://"), ("s3://key:hidden@bucket/x", "credentials belong in")):
        with pytest.raises(LowtideError, match=told) as caught:
            publish_files(home, place)
        assert "hidden" not in str(caught.value)


def test_destinations_come_from_two_settings() -> None:
    assert configured({}) == []
    found = configured({"LOWTIDE_PUBLISH_TO": "s3://b/x  /srv/y", "LOWTIDE_POSTGRES_URL": "postgresql://h/d"})
    assert [kind(to) for to in found] == ["s3", "folder", "postgres"]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    pytest.importorskip("moto", reason="no S3 stand-in (pip install 'moto[server]')")
    server = subprocess.Popen([sys.executable, "-c", "from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', port=0, verbose=False); s.start(); print(s.get_host_and_port()[1], flush=True); input()"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert server.stdout is not None
    yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    server.kill()
    server.wait()


def test_an_object_store(home: Home, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"AWS_ENDPOINT_URL": s3, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(key, value)
    store = pafs.S3FileSystem(endpoint_override=s3.removeprefix("http://"), scheme="http", allow_bucket_creation=True)
    store.create_dir("bucket")
    for n in range(1, 5):
        marked(home, n)
        done = publish_files(home, "s3://bucket/warehouse", keep=2)
        assert done.changed
        told = json.loads(store.open_input_stream("bucket/warehouse/current.json").read())
        table = pq.read_table(f"bucket/warehouse/{told['tables']['marts.funding_stress']['path']}", filesystem=store)
        assert told["build_id"] == f"b{n:03d}" and table["reserves_usd_mn"].to_pylist()[0] == float(n)
    assert not publish_files(home, "s3://bucket/warehouse").changed
    names = {i.base_name for i in store.get_file_info(pafs.FileSelector("bucket/warehouse"))}
    assert names == {"b003", "b004", "current.json"}
    with pytest.raises(LowtideError, match="s3://nowhere/x"):
        publish_files(home, "s3://nowhere/x")
