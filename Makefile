# Everything runs in .venv, which is made from the pinned requirements when it is needed.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
# More than there are cores, for much of the tests is waiting for an Airflow.
TEST_PROCESSES ?= 5
# Tests make thousands of small files and sync many of them. They are in memory where 4 GB of it are free for
# files, and programs may be run from there; what has passed is removed at once.
SHM := $(shell grep -qs ' /dev/shm .*noexec' /proc/mounts || \
	df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4194304 {print "/dev/shm"}')
PYTEST := $(if $(SHM),TMPDIR=$(SHM) )$(BIN)/python -m pytest -q $(if $(SHM),-o tmp_path_retention_policy=failed)
COMPILED := airflow hypothesis numpy pandas phonenumbers polars pyarrow pydantic _pytest sqlalchemy
REQUIREMENTS := -r requirements.txt -c requirements.lock

# Without compiled files each of the many Python processes would compile Airflow anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo up down env celery test check soak lint types tests quick-tests bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.runtime ## make .venv and install the pinned requirements
setup-dev: .venv/.dev

.venv/.uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else "Python 3.10 to 3.13 is needed; name one with PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# The lock holds for every set of requirements: it is their common constraints file.
.venv/.runtime: .venv/.uv requirements.txt requirements.lock pyproject.toml
	@echo "installing the pinned requirements into .venv"
	@rm -rf plugins/*.egg-info  # what earlier versions left there; Airflow would read it, too
	@$(BIN)/uv pip install --quiet --python $(BIN)/python $(REQUIREMENTS) -e .
# With LC_ALL=C, Python up to 3.12 does not start on a .pth file that is not ASCII, as this folder's name may be.
	@for path in .venv/lib/python3.*/site-packages/*email_contacts.pth; do echo ../../../../plugins > "$$path"; done
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.txt requirements-celery.txt requirements-openlineage.txt
	@echo "installing the development requirements into .venv"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt -c requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target .venv/openlineage --no-deps -r requirements-openlineage.txt
# What most tests import is compiled here, once, and not by each of the first processes.
	@cd .venv/lib/python3.*/site-packages && $(CURDIR)/$(BIN)/python -m compileall -q -j 0 $(COMPILED)
	@touch $@

demo: setup ## import 1,000 sample contacts with a real Airflow into the sandbox, and show every step
	@$(BIN)/python -m local demo

up: setup ## leave that Airflow and the sandbox running, with the UI
	@$(BIN)/python -m local up

down: setup ## stop what `make up` started
	@$(BIN)/python -m local down

env: ## write .env with fresh secrets for docker-compose.yaml; keeps what is there
	@$(PYTHON) -m local.env_file

celery: setup-dev ## the services of docker-compose.yaml without containers; needs PostgreSQL and Redis
	@$(BIN)/python -m local celery

test: setup-dev ## lint, types, and every test, side by side
	@$(MAKE) --no-print-directory --jobs lint types tests

check: setup-dev ## what to run while working: lint, types, and the tests that need no Airflow, with fewer examples
	@$(MAKE) --no-print-directory --jobs $(if $(filter output-sync,$(.FEATURES)),--output-sync) lint types quick-tests

soak: setup-dev ## kill and freeze parts of a real Airflow at random: MINUTES=30 EXECUTOR=local SEED=1
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),3) --executor $(or $(EXECUTOR),local) $(if $(SEED),--seed $(SEED))

# pytest compiles each test module. Where they are new, one process does so, and not all of them.
.venv/.compiled: .venv/.dev $(shell find tests -name '*.py' 2>/dev/null)
	@$(PYTEST) --collect-only >/dev/null || true  # what is wrong is said when the tests run
	@touch $@

tests: .venv/.compiled
	@$(PYTEST) -n $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder

# Every test of these rooms, with a share of what it generates: tests/amount.py. In four processes that take about as
# long as each other, since with pytest-xdist each would collect all tests.
QUICK := quick-sources quick-contacts quick-imports quick-api
SOURCES := tests/contacts/checks tests/contacts/mapping tests/contacts/sources tests/contacts/values
quick-sources: ROOMS := $(SOURCES)
quick-contacts: ROOMS := tests/contacts $(SOURCES:%=--ignore=%)
quick-imports: ROOMS := tests/audiences tests/exports tests/imports
quick-api: ROOMS := tests/api tests/project tests/sandbox
quick-tests: $(QUICK)
.PHONY: $(QUICK)
$(QUICK): setup-dev
	@TEST_AMOUNT=quick $(PYTEST) $(ROOMS)

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: setup-dev
	@$(BIN)/mypy

bench: setup-dev ## the benchmarks, each against its peer
	@$(BIN)/python -m benchmarks

lock: .venv/.uv ## resolve requirements.lock anew, for Python 3.10 to 3.13
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.10 requirements-dev.txt -o requirements.lock

clean: down ## remove .venv and everything that was made here
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
