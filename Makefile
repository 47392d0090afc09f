# Two commands to begin with: `make setup` (once) and `make run`. Second calls do only what changed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
UV := .venv-tools/bin/uv
BIN := .venv/bin
ARGS ?=

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false
export UV_COMPILE_BYTECODE := 1
export UV_NO_PROGRESS := 1

DBT_SOURCES := $(shell find dbt_project/models dbt_project/macros dbt_project/seeds dbt_project/tests dbt_project/*.yml -type f 2>/dev/null)
MANIFEST := dbt_project/target/manifest.json
DBT := $(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project --no-send-anonymous-usage-stats
PY_FOLDERS := ingest sandbox expectations publish orchestration lowtide report bench bi tests

.PHONY: help setup run ui test lint lint-sql lint-python bench bench-bulk check-readers check-bi docs lock clean new-source check-source live-check

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: .venv/.stamp .venv-reader/.stamp $(MANIFEST) ## install what requirements.lock pins, prepare dbt
	@echo "ready: make run"

run: .venv/.stamp $(MANIFEST) ## fetch, build, judge, publish; then the scorecard (ARGS="--origin sandbox")
	@$(BIN)/lowtide run $(ARGS)
	@$(BIN)/lowtide scorecard

ui: .venv/.stamp $(MANIFEST) ## Dagster's page on http://127.0.0.1:3000, with the daily schedule
	@$(BIN)/lowtide ui $(ARGS)

test: setup ## unit, contract, integration and end to end tests
	@$(BIN)/python -m pytest -q -n 3 $(ARGS)

lint: .venv/.stamp $(MANIFEST) ## format, imports, types, SQL style, generated files
	@$(MAKE) --no-print-directory --jobs 2 lint-sql lint-python

lint-sql: dbt_project/target/.linted

dbt_project/target/.linted: $(MANIFEST) $(DBT_SOURCES) pyproject.toml
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models
	@touch $@

lint-python:
	$(BIN)/ruff check $(PY_FOLDERS)
	$(BIN)/lowtide generate --check
	$(BIN)/mypy

new-source: .venv/.stamp ## skeletons of a source's files: make new-source NAME=provider DOMAIN=crypto
	@$(BIN)/python -c "from ingest.scaffold import new_source; print(*new_source('$(NAME)', '$(DOMAIN)'), sep='\n')"

check-source: .venv/.stamp ## that source's rows of the conformance suite: make check-source NAME=provider
	@$(BIN)/python -c "import sys; from ingest.scaffold import check_source; sys.exit(check_source('$(NAME)'))"

live-check: .venv/.stamp ## one polite request per dataset: what differs from the contract
	@$(BIN)/python -c "import os; from ingest import live_check, registry; from lowtide.clock import Clock; print(live_check.table(live_check.live_check(registry.load(), None, Clock(), os.environ)))"

bench: setup ## measure this machine
	@$(BIN)/lowtide bench $(ARGS)

bench-bulk: setup .venv-dlt/.stamp ## the bulk loader beside DuckDB and dlt on the same files
	@$(BIN)/python -m bench.bulk $(ARGS)

check-readers: .venv/.stamp ## 100 readers while 200 builds are published: none fails, waits or sees two builds
	@$(BIN)/python -m bench.readers $(ARGS)

check-bi: .venv/.stamp ## Superset in its own environment: load bi/, ask every chart, take a picture (ARGS=path/to/lowtide.duckdb)
	@bi/check.sh $(ARGS)

docs: .venv/.stamp $(MANIFEST) .venv-docs/.stamp ## the documentation as a site in site/, strict about links; dbt's docs beside it
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet
	@$(BIN)/dbt --quiet docs generate --empty-catalog --static --project-dir dbt_project --profiles-dir dbt_project --no-send-anonymous-usage-stats
	@mkdir -p site/dbt && cp dbt_project/target/static_index.html site/dbt/index.html && echo "site/index.html"

lock: $(UV) ## resolve again: requirements.lock, requirements-reader.lock
	$(UV) pip compile --upgrade --generate-hashes --no-emit-index-url --extra dev --python-version 3.11 -o requirements.lock pyproject.toml
	echo "duckdb==1.1.3 pytz" | tr ' ' '\n' | $(UV) pip compile --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 -o requirements-reader.lock -

clean: ## remove environments, caches and dbt's target (never data/)
	rm -rf .venv .venv-tools .venv-reader .venv-dlt .venv-docs .venv-bi site dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv comes from the package index into a folder of its own: works on Pythons that refuse installs into themselves.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.11")'
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .venv-tools uv 2>/dev/null \
	  || { rm -rf .venv-tools && $(PYTHON) -m venv .venv-tools && .venv-tools/bin/python -m pip install --quiet uv; }

.venv/.stamp: requirements.lock pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# A DuckDB 1.x client, only to prove that it reads what a 2.x client publishes.
.venv-reader/.stamp: requirements-reader.lock | $(UV)
	@test -x .venv-reader/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-reader
	@$(UV) pip sync --quiet --python .venv-reader/bin/python --require-hashes requirements-reader.lock
	@touch $@

# dlt only to be measured against: not a dependency, not in any lock.
.venv-dlt/.stamp: | $(UV)
	@test -x .venv-dlt/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-dlt
	@$(UV) pip install --quiet --python .venv-dlt/bin/python "dlt[duckdb]==1.31.0" pyarrow
	@touch $@

# The site's tools stay out of the warehouse's environment.
.venv-docs/.stamp: pyproject.toml | $(UV)
	@test -x .venv-docs/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-docs
	@$(UV) pip install --quiet --python .venv-docs/bin/python 'mkdocs-material>=9.6' 'mkdocs<2'
	@touch $@

$(MANIFEST): .venv/.stamp $(DBT_SOURCES)
	@$(DBT)
	@touch $@
