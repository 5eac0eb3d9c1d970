# From a fresh clone, with python3 (3.11 or newer, with venv) and make: `make demo`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
WORKERS ?= 2
BENCHMARKS := $(filter-out __init__ _%,$(basename $(notdir $(wildcard benchmarks/*.py))))
BENCH_FLAGS ?=

export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help demo up test check format bench openapi lock clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime  ## Play two months of a generated city and prove the books
	$(BIN)/wuxian demo $(DEMO_FLAGS)

up: $(VENV)/.runtime  ## Start everything and stay, printing addresses and sandbox credentials
	$(BIN)/wuxian up

test: $(VENV)/.dev  ## Run the tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TEST_FLAGS)

check: $(VENV)/.dev  ## Style, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## Let ruff write the style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## Run every benchmark (BENCH_FLAGS=--small for a quick try)
	@for name in $(BENCHMARKS); do \
	  echo "== $$name"; $(BIN)/python -m benchmarks.$$name $(BENCH_FLAGS) || exit 1; \
	done

openapi: $(VENV)/.runtime  ## Write openapi/*.json from the source
	$(BIN)/wuxian openapi --write openapi

lock: $(VENV)/.dev  ## Pin requirements/*.in anew
	for name in runtime dev; do \
	  $(BIN)/uv pip compile requirements/$$name.in --output-file requirements/$$name.txt --upgrade \
	    --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --quiet || exit 1; \
	done

clean:  ## Remove the environment and what tools left; your data stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wuxian needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The project itself goes in without a look at any index: what builds it is in the lock.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements/runtime.txt
	$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $(VENV)/.runtime $@
