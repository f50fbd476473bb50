# Commonweal: the commands a newcomer needs. `make run` and `make test` install what they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= commonweal.toml
HOME_DIR ?= .commonweal
PEOPLE ?= 20000
MONTHS ?= 24
SEED ?= 2023
TEST_PROCESSES ?= 2

.PHONY: help install run test test-postgres mutants cover check format bench dev lock clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

install: .venv/installed ## Make the virtual environment from the lock file

.venv/installed: requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline -e .
	@touch $@

run: install ## Make the synthetic state of Evergreen and take it from files to indicators
	@$(BIN)/python scripts/demo.py --config $(CONFIG) --home $(HOME_DIR) --people $(PEOPLE) --months $(MONTHS) --seed $(SEED)

test: install ## Run every test
	@scripts/system-packages.sh
	@scripts/simulated-town.sh
	@$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-postgres: install ## Run every test with the registry on PostgreSQL
	@scripts/system-packages.sh
	@scripts/simulated-town.sh
	@COMMONWEAL_TEST_REGISTRY=postgresql $(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

mutants: install ## Change the gates of permission one place at a time; say which changes no test notices
	@$(BIN)/python scripts/mutants.py

cover: install ## Run every test and say what is not covered
	@$(BIN)/pytest --cov --cov-report=term-missing:skip-covered

check: install ## Format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: install ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install ## Measure the speed goals, as ratios in one run
	@$(BIN)/python -m benchmarks

dev: install ## Open Dagster's pages on Evergreen (http://127.0.0.1:3000)
	@$(BIN)/python scripts/dev.py --config $(CONFIG) --home $(HOME_DIR) --people $(PEOPLE) --months $(MONTHS) --seed $(SEED)

lock: install ## Make the lock files anew
	@scripts/lock.sh

clean: ## Remove the virtual environment and the demonstration's home
	rm -rf .venv $(HOME_DIR) $(HOME_DIR)-extracts .evergreen
