"""dlt on the extracted CSVs of `bench.bulk`, into a DuckDB file: run by a Python that has dlt (.venv-dlt), never by ours.

dlt's fastest documented way: its filesystem source, read by DuckDB in Arrow batches. Prints {"rows", "seconds", "peak_mb"}.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt
    from dlt.sources.filesystem import filesystem, read_csv_duckdb

    folder = Path(sys.argv[1]) / "csv"
    scratch = tempfile.mkdtemp(dir=sys.argv[1])  # the bench deletes it, at its end
    begun = time.monotonic()
    pipeline = dlt.pipeline("bench", pipelines_dir=scratch, destination=dlt.destinations.duckdb(f"{scratch}/bench.duckdb"), dataset_name="raw")
    reader = (filesystem(bucket_url=folder.as_uri(), file_glob="*.csv") | read_csv_duckdb(chunk_size=50_000, use_pyarrow=True)).with_name("rows")
    pipeline.run(reader)
    taken = time.monotonic() - begun
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select count(*) from rows")[0][0]
    print(json.dumps({"rows": rows, "seconds": taken, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
