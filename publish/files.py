"""Copy the published build's Parquet to a folder or an object store: `<to>/<build_id>/`, then `<to>/current.json`, written last.

Belongs here: folders and S3 through pyarrow's file systems, and what keeps readers whole there: a build's files never change
and the pointer is replaced in one step (a rename in a folder, one PUT in an object store). A reader reads the pointer once
and takes every path from it. Does not belong here: databases (`postgres`).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from lowtide.errors import LowtideError
from lowtide.home import Home
from publish import layout, reader
from publish.mirrored import Mirrored

POINTER = "current.json"
_MANIFEST = "manifest.json"  # a build folder's last file: without it the folder is a leftover


def publish_files(home: Home, to: str, *, keep: int = 5) -> Mirrored:
    """Copy the current build of `home` to the folder or s3:// address `to`; the newest `keep` builds stay there.

    S3 reads credentials, region and endpoint from the AWS_* environment, never from the address. Raises LowtideError when
    the place cannot be used or holds another origin; what its pointer leads to is then untouched.
    """
    begun = time.monotonic()
    build = reader.current_build(home)
    told = layout.read_manifest(build)
    store, root = _open(to)
    rows = sum(entry["rows"] for entry in told["tables"].values())
    try:
        before = _pointer(store, root)
        if before and before["origin"] != told["origin"]:
            raise LowtideError(f"{to} holds origin {before['origin']}, this build is {told['origin']}: origins never mix, use another place")
        changed = before is None or before["build_id"] != build.name
        if changed:
            _clean(store, root, before["build_id"] if before else None)
            for table in sorted(told["tables"]):
                _put(store, build / "parquet" / f"{table}.parquet", f"{root}/{build.name}/{table}.parquet")
            _put(store, build / _MANIFEST, f"{root}/{build.name}/{_MANIFEST}")
            _point(store, root, told)
            _prune(store, root, build.name, keep)
    except OSError as error:
        raise LowtideError(" ".join(f"{to}: {error.strerror or error}".split())[:400]) from error
    return Mirrored(build.name, to, changed, len(told["tables"]), rows, time.monotonic() - begun)


def _open(to: str) -> tuple[pafs.FileSystem, str]:
    """File system and root path. Raises LowtideError for an address it does not know, or one with a secret in it."""
    parts = urlsplit(to)
    if parts.scheme == "s3":
        if parts.username or parts.password or parts.query:
            raise LowtideError("credentials belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in the address")
        endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
        options: dict[str, Any] = {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme} if endpoint.netloc else {}
        if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
            options["region"] = region
        return pafs.S3FileSystem(**options), f"{parts.netloc}{parts.path}".rstrip("/")
    if parts.scheme not in ("", "file"):
        raise LowtideError(f"cannot publish to {parts.scheme}://: use postgresql://, s3:// or a folder")
    return pafs.LocalFileSystem(), str(Path(parts.path).expanduser().resolve())


def _pointer(store: pafs.FileSystem, root: str) -> dict[str, Any] | None:
    if store.get_file_info(f"{root}/{POINTER}").type != pafs.FileType.File:
        return None
    with store.open_input_stream(f"{root}/{POINTER}") as source:
        content: dict[str, Any] = json.loads(source.read())
    return content


def _put(store: pafs.FileSystem, source: Path, target: str) -> None:
    if isinstance(store, pafs.LocalFileSystem):
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    with store.open_output_stream(target) as sink:
        sink.write(content)
    if (size := store.get_file_info(target).size) != len(content):
        raise LowtideError(f"{target} has {size} bytes, {len(content)} were written")


def _point(store: pafs.FileSystem, root: str, told: dict[str, Any]) -> None:
    build_id = told["build_id"]
    content = {k: told[k] for k in ("build_id", "origin", "simulated", "as_of", "built_at")} | {
        "tables": {name: {"path": f"{build_id}/{name}.parquet", "rows": e["rows"], "sha256": e["sha256"]} for name, e in told["tables"].items()}
    }
    text = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    if not isinstance(store, pafs.LocalFileSystem):
        with store.open_output_stream(f"{root}/{POINTER}") as sink:
            sink.write(text)
        return
    scratch = Path(root, f"{layout.LEFTOVER}{POINTER}")
    for path in [*Path(root, build_id).iterdir(), Path(root, build_id)]:
        layout.fsync(path)
    scratch.write_bytes(text)
    layout.fsync(scratch)
    os.replace(scratch, Path(root, POINTER))
    layout.fsync(Path(root))


def _folders(store: pafs.FileSystem, root: str) -> dict[str, str | None]:
    """Build folders there: name -> when it was built; None for one that was never finished."""
    found: dict[str, str | None] = {}
    for info in store.get_file_info(pafs.FileSelector(root, allow_not_found=True)):
        if info.type == pafs.FileType.Directory:
            manifest = f"{info.path}/{_MANIFEST}"
            if store.get_file_info(manifest).type != pafs.FileType.File:
                names = [i.base_name for i in store.get_file_info(pafs.FileSelector(info.path))]
                if all(n.endswith(".parquet") for n in names):  # ours, killed midway; a folder with anything else in it is not
                    found[info.base_name] = None
                continue
            with store.open_input_stream(manifest) as source:
                found[info.base_name] = json.loads(source.read())["built_at"]
    return found


def _clean(store: pafs.FileSystem, root: str, current: str | None) -> None:
    for name, built in _folders(store, root).items():
        if built is None and name != current:
            store.delete_dir(f"{root}/{name}")


def _prune(store: pafs.FileSystem, root: str, current: str, keep: int) -> None:
    whole = sorted((built, name) for name, built in _folders(store, root).items() if built)
    for _built, name in whole[:-keep]:
        if name != current:
            store.delete_dir(f"{root}/{name}")
