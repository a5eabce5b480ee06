# `make help` lists what there is. Whatever a target needs and the machine lacks is set up first.
PORT ?= 8000
DATA ?= .local
STAGE ?= test
# Work for pytest: `make test-quick TESTS=tests/domain`.
TESTS ?= tests
WORKERS ?= 2
# Runs of `make test-endurance`.
RUNS ?= 10000
# Of `make simulate`; a SEED replays one.
OCCURRENCES ?= 1000000
SEED ?=

SETUP := infra/local/setup.sh
PYTHON := .venv/bin/python
PYTEST = $(PYTHON) -m pytest -n $(WORKERS)
# What mypy reads; some of it comes and goes.
TYPED = chalicelib infra tests sandbox_layer/python/sandbox_runner $(wildcard app.py) $(if $(wildcard bench/*.py),bench)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-quick test-endurance test-mysql test-claims simulate check
.PHONY: format sdk bench package clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## Python packages into .venv, a database server
	@bash $(SETUP)

run: ## the whole platform on this machine: PORT=8000 DATA=.local
	@bash $(SETUP) $(if $(DATABASE_URL),python)
	@exec $(PYTHON) -m infra.local --port "$(PORT)" --data "$(DATA)"

test: check ## the checks, then every test
	$(PYTEST) $(TESTS)

test-quick: setup ## the tests that take no seconds
	$(PYTEST) -m "not slow" $(TESTS)

test-endurance: setup ## 10,000 runs in one environment of each regime (as root): nothing grows
	RUNS=$(RUNS) $(PYTHON) -m pytest -o log_cli=true -o log_cli_level=INFO tests/sandbox/test_endurance.py

test-mysql: setup ## the database tests against Oracle's MySQL
	@bash $(SETUP) mysql
	ZHUNDIAN_DATABASE_ROOT="$$(bash $(SETUP) mysql-root)" $(PYTEST) -m "database and not slow" $(TESTS)

test-claims: setup ## 8 processes at once plan and claim 20,000 due tasks
	ZHUNDIAN_DUE_TASKS=20000 $(PYTHON) -m pytest tests/services/test_many_processes.py

simulate: setup ## 1,000,000 occurrences in a world where all breaks, then every zone's clock for years
	$(PYTHON) -m tests.services.simulate --occurrences $(OCCURRENCES) $(if $(SEED),--seed $(SEED))
	$(if $(SEED),,ZHUNDIAN_EVERY_DAY=1 $(PYTEST) tests/domain/test_cronsim_peer.py)

check: setup ## format, lint, types, imports
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	$(PYTHON) -m mypy $(TYPED)
	PYTHONPATH=.:sandbox_layer/python .venv/bin/lint-imports

format: setup ## mend what can be mended by itself
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

sdk: setup ## the SDK's documentation and type stubs, from its docstrings
	PYTHONPATH=.:sandbox_layer/python $(PYTHON) -m infra.sdk_docs

bench: setup ## measure, side by side with the peers: bench/results/latest.json
	$(PYTHON) -m bench

package: setup ## what deployment uploads: build/package/$(STAGE)
	$(PYTHON) -m infra.package --stage "$(STAGE)" \
		$(if $(wildcard infra/template.yaml),--merge-template infra/template.yaml) "build/package/$(STAGE)"

clean: ## everything made here but the data: .local stays
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .local/mariadb .local/mysql-sid .local/pip .local/*.new
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
