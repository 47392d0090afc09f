"""The process that runs Great Expectations: one JSON job on stdin, one JSON answer as the last line of stdout.

Belongs here: everything that imports great_expectations. Does not belong here: severities and decisions (`gate`).
The parent starts it early: import (4 to 8 s) and a first tiny validation happen while other work runs. Reads Parquet with
pandas, uses no network, keeps no state. Run as `python -m expectations.worker`.

Job: {"docs_dir": str|null, "tables": [{"table", "path", "index": [columns], "expectations": [{"type", "kwargs"}]}]}
Without `index` columns the rows of a failure are counted and not named.
Answer: {"seconds": s, "tables": {table: [{"success", "observed", "thesis_ids": [..]|null, "days": [..]|null}]}} in the job's order.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.registry import get_expectation_impl


def frame(path: Path, wanted: list[str]) -> pd.DataFrame:
    """The `wanted` columns that the file has; dates as datetime64 so that comparisons stay vectorised."""
    held = set(pq.read_schema(path).names)
    table = pq.read_table(path, columns=[c for c in wanted if c in held])
    return table.to_pandas(date_as_object=False)  # type: ignore[no-any-return]


def typed(kwargs: dict[str, Any], data: pd.DataFrame) -> dict[str, Any]:
    """ISO text in min_value and max_value becomes a timestamp where the column holds dates."""
    column = kwargs.get("column")
    if column not in data or not pd.api.types.is_datetime64_any_dtype(data[column]):
        return kwargs
    bounds = {k: pd.Timestamp(v).to_pydatetime() for k, v in kwargs.items() if k in ("min_value", "max_value") and v}
    return {**kwargs, **bounds}


def text(value: Any) -> str:
    """A cell as a reader would write it; midnight is left out of days."""
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return value.date().isoformat()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def shown(row: Any) -> str:
    return ", ".join(f"{k}={text(v)}" for k, v in row.items()) if isinstance(row, dict) else text(row)


def answer(outcome: Any) -> dict[str, Any]:
    """One validation result as JSON: what was seen, the first offending row, theses and mart days of all offending rows."""
    if outcome.success:
        value = outcome.result.get("observed_value")
        return {"success": True, "observed": None if value is None else text(value), "thesis_ids": None, "days": None}
    errors = outcome.exception_info.get("exception_message"), *(
        v.get("exception_message") for v in outcome.exception_info.values() if isinstance(v, dict)
    )
    message = next((e for e in errors if e), None)
    if message:
        return {"success": False, "observed": " ".join(message.split())[-300:], "thesis_ids": None, "days": None}
    rows = outcome.result.get("unexpected_index_list") or outcome.result.get("partial_unexpected_list")
    if not rows:
        return {"success": False, "observed": f"observed {text(outcome.result.get('observed_value'))}", "thesis_ids": None, "days": None}
    theses: set[str] | None = None
    if all(isinstance(r, dict) and isinstance(r.get("thesis_id"), str) for r in rows):
        theses = {r["thesis_id"] for r in rows}
    days: set[str] | None = None
    if all(isinstance(r, dict) and pd.notna(r.get("as_of_date")) for r in rows):
        days = {text(pd.Timestamp(r["as_of_date"])) for r in rows}
    noun = "row" if outcome.result["unexpected_count"] == 1 else "rows"
    return {
        "success": False, "observed": f"{outcome.result['unexpected_count']} {noun}, first: {shown(rows[0])}",
        "thesis_ids": sorted(theses) if theses else None, "days": sorted(days) if days else None,
    }


def number(outcome: Any) -> int:
    """The place in the job of the expectation that `outcome` answers: GX returns them in an order of its own."""
    return int(outcome.expectation_config.meta["n"])


class Worker:
    """An ephemeral GX context with one pandas data source."""

    def __init__(self) -> None:
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self.source = self.context.data_sources.add_pandas("candidate")

    def judge(self, job: dict[str, Any]) -> tuple[list[dict[str, Any]], Any]:
        """Answers for one table in the order of its expectations, and GX's own result for the docs."""
        wanted = list(dict.fromkeys([*job["index"], *(
            c for e in job["expectations"] for k in ("column", "column_A", "column_B") if (c := e["kwargs"].get(k))
        ), *(c for e in job["expectations"] for c in e["kwargs"].get("column_list", ()))]))
        data = frame(Path(job["path"]), wanted)
        asset = self.source.add_dataframe_asset(job["table"])
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": data})
        rules = [
            get_expectation_impl(e["type"])(**typed(e["kwargs"], data), meta={"n": n}) for n, e in enumerate(job["expectations"])
        ]
        result = batch.validate(gx.ExpectationSuite(job["table"], expectations=rules), result_format="BASIC")
        found = {number(r): r for r in result.results}
        bad = [n for n, r in found.items() if not r.success and not any(
            v if k == "raised_exception" else isinstance(v, dict) for k, v in r.exception_info.items())]
        index = [c for c in job["index"] if c in data]
        if bad and index:  # only what failed is asked again for every offending row: that costs time and memory
            again = batch.validate(
                gx.ExpectationSuite(f"{job['table']} again", expectations=[rules[n] for n in bad]),
                result_format={"result_format": "COMPLETE", "unexpected_index_column_names": index},
            )
            found |= {number(r): r for r in again.results}
        return [answer(found[n]) for n in range(len(rules))], result

    def docs(self, results: list[Any], folder: Path) -> None:
        """A Data Docs page per table, rendered directly: no store, no site to rebuild."""
        from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
        from great_expectations.render.view.view import DefaultJinjaPageView

        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.html"):
            old.unlink()
        view, renderer = DefaultJinjaPageView(), ValidationResultsPageRenderer()  # once: each view compiles its templates anew
        for result in results:
            for seen in result.results:  # GX writes no numpy number, it leaves the cell out
                if isinstance(value := seen.result.get("observed_value"), np.generic):
                    seen.result["observed_value"] = value.item()
            page: str = view.render(renderer.render(result))
            (folder / f"{result.suite_name}.html").write_text(page, encoding="utf-8")


def run(worker: Worker, job: dict[str, Any]) -> dict[str, Any]:
    """The whole job, answered."""
    started = time.monotonic()
    judged = {table["table"]: worker.judge(table) for table in job["tables"]}
    middle = time.monotonic()
    if job["docs_dir"]:
        worker.docs([result for _, result in judged.values()], Path(job["docs_dir"]))
    seconds = {"judge": round(middle - started, 3), "docs": round(time.monotonic() - middle, 3)}
    return {"seconds": seconds, "tables": {table: answers for table, (answers, _) in judged.items()}}


def warm_up(worker: Worker) -> None:
    """The first validation pays for lazy imports: do it before the job arrives."""
    data = pd.DataFrame({"a": [1.0]})
    batch = worker.source.add_dataframe_asset("warm up").add_batch_definition_whole_dataframe("all").get_batch({"dataframe": data})
    rule = ExpectColumnValuesToBeBetween(column="a", min_value=0, max_value=2)
    batch.validate(gx.ExpectationSuite("warm up", expectations=[rule]))


def main() -> None:
    """Everything GX prints goes to stderr; the answer alone goes to stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()
    warm_up(worker)
    line = sys.stdin.readline()
    if not line.strip():
        return  # the parent went away or needs nothing
    out.write("\n" + json.dumps(run(worker, json.loads(line))) + "\n")
    out.flush()
    sys.stderr.flush()
    os._exit(0)  # nothing to save; an orderly end of the interpreter would keep the parent waiting


if __name__ == "__main__":
    main()
