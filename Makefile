# Two commands from a bare machine with Python 3.11, make and git: `make demo` and `make test`.
# Each makes its own environment in .venv/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := true
export SPARK_LOCAL_IP := 127.0.0.1

.PHONY: help demo dashboard test check types lint unit test-data test-faults test-how-tos test-spark test-postgres fuzz kills screenshots simulator-pages generate docs detectors lock clean

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit("expected Python 3.11 to 3.13, found %s; name one: make PYTHON=python3.11" % sys.version.split()[0] if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# uv takes a tenth of pip's time; it is itself installed by pip, and reads the index that pip is configured for.
# Where it does not get through, pip does what it would have done.
define install
	$(PIP) install --quiet --require-hashes -r requirements/installer.lock
	UV_DEFAULT_INDEX=$$($(PIP) config get global.index-url 2>/dev/null) \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) \
	|| $(PIP) install --quiet --require-hashes -r $(1)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pipelines.warehouse.project
	@touch $@
endef

$(VENV)/runtime: $(VENV)/python requirements/runtime.lock pyproject.toml
	@echo "setting up $(VENV) (about a gigabyte, once)"
	$(call install,requirements/runtime.lock)

$(VENV)/dev: $(VENV)/python requirements/dev.lock pyproject.toml
	@echo "setting up $(VENV) with what tests need (about a gigabyte, once)"
	$(call install,requirements/dev.lock)
	@touch $(VENV)/runtime

$(VENV)/spark: $(VENV)/dev requirements/spark.lock
	@echo "adding Spark to $(VENV)"
	$(call install,requirements/spark.lock)

demo: $(VENV)/runtime  ## simulate a market, run everything, print what was found
	$(BIN)/carbonwarden demo

dashboard: $(VENV)/runtime  ## serve the desk over what the demo published
	$(BIN)/carbonwarden dashboard --home data/demo

test: $(VENV)/dev  ## linters, unit, dbt, pipeline, browser and docs tests; the test-* targets are slower suites
	@$(MAKE) --jobs 2 check
	@$(MAKE) unit

check: types lint  ## formatter, linters, types, generated files

types: $(VENV)/dev
	$(BIN)/mypy

lint: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/sqlfmt --check --quiet dbt_project
	$(BIN)/python -m pipelines.contract.render --check
	$(BIN)/python -m pipelines.cli.detectors --check
	$(BIN)/python -m pipelines.cli.checks --check
	$(BIN)/python -m pipelines.cli.exposures --check
	$(BIN)/python -m pipelines.warehouse.reference --check
	$(BIN)/python -m pipelines.sources.connectors.reference --check

# Two processes share two cores: further threads in each only wait for one another.
PYTEST := pytest -n 2 --dist loadfile --no-loadscope-reorder
unit test-data test-faults test-how-tos: export POLARS_MAX_THREADS := 1
unit test-data test-faults test-how-tos: export OMP_NUM_THREADS := 1
unit test-data test-faults test-how-tos: export CARBONWARDEN_THREADS := 1

unit: $(VENV)/dev
	.ci/packages chromium:chromium fc-noto-cjk:fonts-noto-cjk pg_ctlcluster:postgresql
	$(BIN)/python -m slipcover -m $(PYTEST) \
	-m "not real_data and not whole_market and not faults and not worked and not spark and not postgres"
	$(BIN)/python -m tests.guards.coverage coverage.json

test-data: $(VENV)/dev  ## public data sets all the way, detectors' figures on fixed markets, corrections against a rebuild
	$(BIN)/$(PYTEST) -m "real_data or whole_market"

test-faults: $(VENV)/dev  ## what is missing, dirty or planted in a delivery, one fault after the other
	$(BIN)/$(PYTEST) -m faults

test-how-tos: $(VENV)/dev  ## the worked examples of the how-tos in a copy of the project: their tests, marts and pages
	$(BIN)/$(PYTEST) -m worked

test-spark: $(VENV)/spark  ## build the marts on DuckDB and on Spark and compare them
	.ci/packages java:openjdk-17-jre-headless
	$(BIN)/pytest -m spark tests/dbt

test-postgres: $(VENV)/dev  ## kill pulls from PostgreSQL at random moments and compare what they delivered
	.ci/packages pg_ctlcluster:postgresql
	$(BIN)/pytest -m postgres tests/sources

generate: $(VENV)/dev  ## what follows from contract, policy and dbt: sources, staging, exposures, reference pages
	$(BIN)/python -m pipelines.contract.render
	$(BIN)/python -m pipelines.cli.detectors
	$(BIN)/python -m pipelines.cli.checks
	$(BIN)/python -m pipelines.cli.exposures
	$(BIN)/python -m pipelines.warehouse.reference
	$(BIN)/python -m pipelines.sources.connectors.reference

# The page needs no warehouse: types and descriptions are the contracts'.
docs: export DBT_TARGET_PATH := $(CURDIR)/build/dbt-docs
docs: export DBT_LOG_PATH := $(CURDIR)/build/dbt-docs
docs: export CARBONWARDEN_WAREHOUSE := $(CURDIR)/build/dbt-docs/empty.duckdb
docs: $(VENV)/runtime  ## dbt's page of all models and their lineage, one file: build/dbt-docs/static_index.html
	@mkdir -p build/dbt-docs
	$(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project
	$(BIN)/dbt --quiet docs generate --static --empty-catalog --no-compile --project-dir dbt_project --profiles-dir dbt_project

fuzz: $(VENV)/dev  ## 20,000 damaged files over all formats, 2,000 damaged deliveries, 20,000 streams of stack monitors
	CARBONWARDEN_FUZZ=20000 $(BIN)/pytest -n 2 tests/sources/test_fuzz.py tests/lake/test_fuzz.py tests/telemetry/test_fuzz.py

kills: $(VENV)/dev  ## kill the receiver of stack monitors, and its closings, 30 times at random moments
	CARBONWARDEN_KILLS=30 $(BIN)/pytest tests/telemetry/test_receive.py

simulator-pages: $(VENV)/dev  ## the simulated market's pictures and tables of the documentation
	$(BIN)/python -m pipelines.simulator.pages --out docs

screenshots: $(VENV)/dev  ## the pictures of the README, from the published demo
	.ci/packages chromium:chromium fc-noto-cjk:fonts-noto-cjk
	$(BIN)/python -m dashboards.screenshots --home data/demo --out docs/images

detectors: $(VENV)/dev  ## docs/detector-quality.md: what the detectors are worth on simulated markets
	$(BIN)/python -m pipelines.cli.measure --scale small --scale medium

lock: $(VENV)/dev  ## lock every dependency with hashes
	echo uv | $(BIN)/uv pip compile - --generate-hashes --no-header --python-version 3.11 -q -o requirements/installer.lock
	$(BIN)/uv pip compile pyproject.toml --group build --generate-hashes --no-strip-extras --no-header --python-version 3.11 -q -o requirements/runtime.lock
	$(BIN)/uv pip compile pyproject.toml --group build --group dev --generate-hashes --no-strip-extras --no-header --python-version 3.11 -q -o requirements/dev.lock
	$(BIN)/uv pip compile pyproject.toml --group build --group dev --group spark --generate-hashes --no-strip-extras --no-header --python-version 3.11 -q -o requirements/spark.lock

clean:  ## remove what was made, but for data/
	rm -rf $(VENV) dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .coverage
