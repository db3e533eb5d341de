# make search    a search on digits, minutes on two cores; installs only the core
# make test      the quick tests: a few minutes on two cores
# make test-all  all tests
# make test-gpu  the tests that need a GPU, which the others skip
# make lint      ruff, mypy and the order of imports
# make docs      the documentation, in build/site; it runs the notebooks
# make package   sdist and wheel, in dist; the wheel is used in an environment of its own
# Each makes .venv, with the versions of constraints.txt, where it is missing.

PYTHON ?= python3
BIN := .venv/bin
# One thread a process: several would compete for the cores, and change results in the last digit.
export OMP_NUM_THREADS := 1
# Three processes for two cores, since some tests wait for servers, clusters and processes that end.
TESTS := $(BIN)/python -m pytest -n 3 --dist worksteal

.PHONY: search test test-all test-gpu lint docs package clean

search: .venv/core
	$(BIN)/rnas search --preset digits

test: .venv/dev
	$(TESTS) -m "not slow"

test-all: .venv/dev
	$(TESTS)

test-gpu: .venv/dev
	$(BIN)/python -m pytest -m gpu

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

package: .venv/dev
	$(BIN)/python .ci/package.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,dev]"
	touch .venv/core $@

.venv/docs: .venv/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch $@

clean:
	rm -rf .venv build dist *.egg-info
