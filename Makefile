# Every target sets up what it needs on first use; a fresh machine has Python 3.11 or later and nothing else of ours.
.DEFAULT_GOAL := help
.PHONY: help demo serve test check format fuzz mutation bench clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
BENCH  := $(VENV)/.bench
FUZZ   := $(VENV)/.fuzz
MUTMUT := $(VENV)/.mutmut
# A real authorization server to try tokens of; where Node is missing, its tests are skipped and say so.
INTEROP := $(if $(shell command -v node && command -v npm),tests/interop/node_modules/.ready)
# A browser for the documentation page; where it cannot be had, its tests are skipped and say so, and in CI they fail.
CHROMIUM := $(VENV)/.chromium

help:  ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY)  ## Walk the whole flow over real sockets: tokens, refusals, revocation, rotation, outage
	$(BIN)/python -m examples.demo

serve: $(READY)  ## Leave the authorization server and the API running, with the API's /docs
	$(BIN)/python -m examples.serve

test: $(READY) $(INTEROP) $(CHROMIUM)  ## Run the tests, and measure what they cover
	$(BIN)/python -m pytest --cov --cov-report=term

fuzz: $(FUZZ)  ## Fuzz what reads other people's bytes, for 20 seconds or `make fuzz SECONDS=600`
	$(BIN)/python -m tests.fuzz $(SECONDS)

mutation: $(MUTMUT)  ## Change the core in thousands of ways, and see that a test notices each; some twenty minutes
	rm -rf mutants
	PYTHONPATH=tests/mutation $(BIN)/mutmut run
	$(BIN)/python -m tests.mutation.survivors

bench: $(BENCH)  ## Measure what a token and a request cost, here and elsewhere; three minutes at most
	$(BIN)/python -m examples.benchmarks

check: $(READY)  ## Format, lint, types and the import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Format the code, and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove all that was built or installed here
	rm -rf tests/interop/node_modules
	rm -rf $(VENV) build dist *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip learned to read dependency groups in 25.1.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $@

# What jwtguard is measured against is installed for the benchmark only.
$(BENCH): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	touch $@

# The fuzzer, where it has a wheel; elsewhere `make fuzz` says that it has none.
$(FUZZ): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	touch $@

$(MUTMUT): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutation
	touch $@

tests/interop/node_modules/.ready: tests/interop/package.json
	npm install --prefix tests/interop --no-package-lock --no-audit --no-fund --loglevel=error
	touch $@

$(CHROMIUM): | $(READY)
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium chromium-driver; \
	then touch $@; \
	else echo "Chromium is not here and cannot be installed: apt-get install chromium chromium-driver"; fi
