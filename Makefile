# One-line commands for everything. `make help` lists them.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK_VENV := .venv-spark
SPARK_STAMP := $(SPARK_VENV)/.installed
WORKSPACE ?= workspace

.DEFAULT_GOAL := help
.PHONY: help env run ui test test-all test-spark lint docs lock bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

env: $(STAMP) ## Make the environment in .venv

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: $(STAMP) ## This week's playbooks from a real shop's purchase log (CDNOW)
	@test -f $(WORKSPACE)/winback.toml || $(BIN)/winback import cdnow $(WORKSPACE)
	$(BIN)/winback run --workspace $(WORKSPACE)

ui: $(STAMP) ## The web UI on the workspace of `make run`
	$(BIN)/winback ui --workspace $(WORKSPACE)

test: $(STAMP) ## The fast tests
	$(BIN)/python -m pytest -q -m "not slow" -n auto

test-all: $(STAMP) test-spark ## Lint, types, architecture and every test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DAGSTER_HOME= $(BIN)/dg check defs
	$(BIN)/python -m pytest -q -m slow -n auto --dist loadgroup

test-spark: $(SPARK_STAMP) ## The SQL on a Spark Connect server (an environment of its own)
	$(SPARK_VENV)/bin/python -m pytest -q -p no:cacheprovider tests/spark

# Great Expectations imports pyspark where it finds it and fails without a JVM's SPARK_HOME, so Spark has its own environment.
$(SPARK_STAMP): requirements-spark.lock
	$(PYTHON) -m venv $(SPARK_VENV)
	$(SPARK_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-spark.lock
	@touch $@

lint: $(STAMP) ## Format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## Make docs/tables.md from the contracts
	$(BIN)/python -m winback.contracts.reference > docs/tables.md

lock: ## Make the lock files anew from pyproject.toml
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check ".[data,dev]"
	.venv-lock/bin/pip freeze --exclude winback | grep -E '^[A-Za-z0-9_.-]+==' > requirements.lock
	rm -rf .venv-lock build winback.egg-info

bench: $(STAMP) ## Benchmarks (minutes)
	$(BIN)/python -m pytest -q benchmarks

clean: ## Remove environments and caches, not workspaces
	rm -rf .venv .venv-spark .venv-lock build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
