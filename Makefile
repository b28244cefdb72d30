# One-line commands for everything. `make help` lists them.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK_VENV := .venv-spark
SPARK_STAMP := $(SPARK_VENV)/.installed
TOOLS_VENV := .venv-tools
TOOLS_STAMP := $(TOOLS_VENV)/.installed
WORKSPACE ?= workspace

.DEFAULT_GOAL := help
.PHONY: help env run ui test test-all browser long test-spark faults lint docs lock bench scale wheel sbom audit clean

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
	$(BIN)/python -m pytest -q -m "not slow and not long" -n auto

# The slow tests of a file stay on one worker, so that what they share is made once.
test-all: $(STAMP) test-spark ## Lint, types, architecture and every test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DAGSTER_HOME= $(BIN)/dg check defs
	$(BIN)/python -m pytest -q -m slow -n auto --dist loadfile

browser: ## Chromium for the tests that open pages, which are skipped without one (Debian or Ubuntu, as root)
	command -v chromium || command -v chromium-browser || command -v google-chrome || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

long: $(STAMP) ## Forty simulated weeks, checked one by one, and a market with enough lots (hours)
	$(BIN)/python -m pytest -q -s -m long tests/pipelines/test_forty_weeks.py tests/propensity

test-spark: $(SPARK_STAMP) ## The SQL on a Spark Connect server (an environment of its own)
	$(SPARK_VENV)/bin/python -m pytest -q -p no:cacheprovider tests/spark

# Great Expectations imports pyspark where it finds it and fails without a JVM's SPARK_HOME, so Spark has its own environment.
$(SPARK_STAMP): requirements-spark.lock
	$(PYTHON) -m venv $(SPARK_VENV)
	$(SPARK_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-spark.lock
	@touch $@

faults: $(STAMP) ## Every fault of the catalogue on a simulated workspace (half an hour); table in build/faults.md
	mkdir -p build
	WINBACK_FAULT_REPORT=build/faults.md $(BIN)/python -m pytest -q -m long tests/faults

lint: $(STAMP) ## Format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## Make docs/tables.md and docs/data_in.md from the contracts
	$(BIN)/python -m winback.contracts.reference > docs/tables.md
	$(BIN)/python -m winback.contracts.reference data_in > docs/data_in.md

lock: ## Make the lock files anew from pyproject.toml
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check ".[data,dev]"
	.venv-lock/bin/pip freeze --exclude winback | grep -E '^[A-Za-z0-9_.-]+==' > requirements.lock
	rm -rf .venv-lock build winback.egg-info

bench: $(STAMP) ## Benchmarks (minutes)
	$(BIN)/python -m pytest -q benchmarks

# What a release is made and looked at with has an environment of its own, so that few packages are needed to run.
$(TOOLS_STAMP): requirements-tools.lock
	$(PYTHON) -m venv $(TOOLS_VENV)
	$(TOOLS_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-tools.lock
	@touch $@

wheel: $(TOOLS_STAMP) ## The release as a wheel in dist/
	rm -rf build/lib
	$(TOOLS_VENV)/bin/pyproject-build --wheel --outdir dist .

sbom: $(STAMP) $(TOOLS_STAMP) ## Bill of materials of what runs, CycloneDX, in dist/sbom.cdx.json
	mkdir -p dist
	$(TOOLS_VENV)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.cdx.json $(BIN)/python
	$(BIN)/python release/dependencies.py sbom dist/sbom.cdx.json

audit: $(STAMP) $(TOOLS_STAMP) ## Licences of what runs, and known vulnerabilities (asks a service: needs a network)
	$(BIN)/python release/dependencies.py licences
	mkdir -p build
	$(BIN)/python release/dependencies.py requirements > build/runtime.txt
	$(TOOLS_VENV)/bin/pip-audit --strict --disable-pip --no-deps --requirement build/runtime.txt

scale: $(STAMP) ## The weekly run on 100,000, 1 M and 3 M accounts (hours; SCALE="--accounts 100000" for one size)
	$(BIN)/python benchmarks/scale.py --folder build/scale --json build/scale/figures.json $(SCALE)

clean: ## Remove environments and caches, not workspaces
	rm -rf .venv .venv-spark .venv-lock .venv-tools build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
