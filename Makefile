# From a fresh clone, with python3 (3.11 or newer, with venv) and make: `make demo`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# uv takes a quarter of pip's time. It asks the index that pip would ask; where it fails, pip installs.
INDEX := $(BIN)/python -m pip config list | sed -n "s/^[^=]*\.index-url='\(.*\)'$$/\1/p" | head -n 1
define INSTALL
{ $(PIP) --only-binary :all: --require-hashes -r requirements/uv.txt && \
  UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$($(INDEX))}" $(BIN)/uv pip install --quiet \
    --python $(BIN)/python --compile-bytecode --require-hashes $(1); } 2>/dev/null || \
$(PIP) --require-hashes $(1)
endef
NO_PACKAGES := { echo "the packages did not come: check the network, or name a mirror, e.g. \
export PIP_INDEX_URL=https://mirrors.aliyun.com/pypi/simple/"; exit 1; }
WORKERS ?= 4
BENCHMARKS := $(filter-out __init__ _%,$(basename $(notdir $(wildcard benchmarks/*.py))))
BENCH_FLAGS ?=
LOCK_FLAGS ?=
CITUS_TESTS := tests/ledger/posting tests/ledger/races/test_writers.py \
  tests/ledger/races/test_torn_reads.py tests/ledger/closing tests/ledger/settlement \
  tests/ledger/reports tests/ledger/rules/routes tests/cases tests/payout/test_pension_machine.py \
  tests/distribution/test_two_months.py tests/stories/test_money_machine.py

export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help demo up test test-citus check format bench docs openapi examples lock clean

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime  ## Play two months of a generated city and prove the books
	$(BIN)/wuxian demo $(DEMO_FLAGS)

up: $(VENV)/.runtime  ## Start everything; print the addresses and where the secrets are
	$(BIN)/wuxian up

test: $(VENV)/.dev  ## Run the tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TEST_FLAGS)

test-citus: $(VENV)/.dev  ## Run stories and proofs on your own Citus, named by WUXIAN_CITUS_URL
	@if [ -z "$$WUXIAN_CITUS_URL" ]; then \
	  echo "skipped: WUXIAN_CITUS_URL does not name a Citus coordinator (a superuser's address)"; \
	else \
	  $(BIN)/python -m pytest $(CITUS_TESTS) $(TEST_FLAGS); \
	fi

check: $(VENV)/.dev  ## Style, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## Format the source and fix what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## Run every benchmark (BENCH_FLAGS=--small for a quick try)
	@for name in $(BENCHMARKS); do \
	  echo "== $$name"; $(BIN)/python -m benchmarks.$$name $(BENCH_FLAGS) || exit 1; \
	done

docs: $(VENV)/.dev  ## Write the documentation site to build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "to read it: python3 -m http.server --directory build/site 8080"

openapi: $(VENV)/.runtime  ## Write openapi/*.json from the source
	$(BIN)/wuxian openapi --write openapi

examples: $(VENV)/.dev  ## Record an example of every operation that has none, then write OpenAPI
	WUXIAN_RECORD_EXAMPLES=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
	  tests/collection tests/ledger tests/payout
	$(BIN)/wuxian openapi --write openapi

lock: $(VENV)/.dev  ## Pin requirements/*.in (LOCK_FLAGS=--upgrade for the newest versions)
	for name in runtime build uv dev; do \
	  $(BIN)/uv pip compile requirements/$$name.in --output-file requirements/$$name.txt \
	    --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --quiet $(LOCK_FLAGS) || exit 1; \
	done

clean:  ## Remove the environment and the files of tools; your data stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wuxian needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "no environment was made: install the venv of your Python, e.g. apt install python3-venv"; exit 1; }

# The project itself is installed without any index: requirements/build.txt holds what builds it.
$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt requirements/uv.txt pyproject.toml | $(BIN)/python
	@$(call INSTALL,-r requirements/runtime.txt -r requirements/build.txt) || $(NO_PACKAGES)
	$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/uv.txt pyproject.toml | $(BIN)/python
	@$(call INSTALL,-r requirements/dev.txt) || $(NO_PACKAGES)
	$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $(VENV)/.runtime $@
