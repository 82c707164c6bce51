# Everything is set up in the checkout, in .venv, from the hashed requirements.
# GNU make and a POSIX shell are enough.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
# Made when what they stand for is installed, and again when its lock file changes.
PYTHON_READY := $(VENV)/.python-ready
RUNTIME_READY := $(VENV)/.runtime-ready
TOOLS_READY := $(VENV)/.tools-ready
SERVERS := .bench/venv
SERVERS_READY := $(SERVERS)/.runtime-ready
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal \
	--generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml

.PHONY: help demo test proof bench endurance pictures image-check sbom licences lint ci lock clean setup

help:
	@echo 'make demo   the panel with a sandbox Core, at http://127.0.0.1:8000'
	@echo '            (PANEL_PORT and SANDBOX_PORT move them, Ctrl-C ends them)'
	@echo 'make test   every test that guards behaviour, on SQLite or on DATABASE_URL=postgres://…'
	@echo '            (PYTEST_ADDOPTS adds options)'
	@echo 'make proof  what takes longer: 1,000 cases of killing and 2,000 of lists, 20 restarts under load, 5,000 names,'
	@echo '            tampering and framing at length, each fault with each operation, the contract,'
	@echo '            readers of the feed killed 1,000 times, a failover of PostgreSQL while people work,'
	@echo '            the demo, the procedures of docs/operations.md, the image'
	@echo 'make bench  the panel beside a minimal Django page and others, at most 5 minutes; writes'
	@echo '            docs/performance.md (BENCH adds options; --help lists them)'
	@echo 'make endurance  ten thousand changes, killed and cut off, on both databases'
	@echo '            (CASES=, SEED=; CASE= repeats one case alone)'
	@echo 'make pictures  takes the pictures in docs/pictures again (CHROMIUM names a browser, SCREENS= some screens)'
	@echo 'make image-check  builds the container image and runs it (root, buildah, debootstrap)'
	@echo 'make sbom   prints the bill of materials of what is installed (CycloneDX)'
	@echo 'make licences  writes the licence texts of it into .licences'
	@echo 'make lint   style, types and import rules'
	@echo 'make ci     all that must pass before a change goes in'
	@echo 'make lock   pin the dependencies of pyproject.toml again'
	@echo 'make clean  remove .venv, .versions, the data of demo and benchmark, all caches'
	@echo 'PYTHON=…    names the Python to use; 3.11 or newer'

demo: $(RUNTIME_READY)
	@exec $(VENV)/bin/python -m adminpanel.demo

test: setup
	@sh .ci/test; status=$$?; \
	echo 'make proof runs the rest: kills, restarts, 5,000 names, each fault with each operation, the image.'; \
	exit $$status

# The image takes root and tools that few machines have: where it cannot be tried, it says so.
proof: setup
	@PROOF=1 sh .ci/test
	@$(VENV)/bin/python .ci/image.py $(BASE) || [ $$? -eq 75 ]

# PostgreSQL where POSTGRES_URL answers. What is built once is kept in .bench. What serves there has
# what a deployment installs: a library loads more where the tools of development are beside it.
bench: setup $(SERVERS_READY)
	@$(VENV)/bin/python -m tests.bench --python $(SERVERS)/bin/python $(BENCH)

pictures: setup
	@CHROMIUM=$$(sh .ci/chromium) $(VENV)/bin/python -m tests.browser.pictures $(SCREENS)

# PostgreSQL where POSTGRES_URL answers; each run makes a database of its own and drops it.
CASES ?= 10000
SEED ?= 1
endurance: setup
	@$(VENV)/bin/python -m tests.proof.endurance --seed $(SEED) \
		$(if $(CASE),--case $(CASE),--cases $(CASES))

# bandit's lesser findings are ruff's: it has the same rules, and wants a reason at each exception.
lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/djlint --check --lint --quiet templates
	$(VENV)/bin/djlint --profile django --check --lint --quiet pools/templates
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/bandit --quiet --severity-level medium --configfile pyproject.toml \
		--recursive adminpanel pools sandbox

# The same as the image carries, but for what its base brings.
sbom: $(RUNTIME_READY)
	@$(VENV)/bin/python .ci/sbom.py

licences: $(RUNTIME_READY)
	@$(VENV)/bin/python .ci/licences.py .licences

image-check: setup
	@$(VENV)/bin/python .ci/image.py $(BASE)

ci:
	@bash .ci/run

lock: setup
	$(COMPILE) --python-version 3.11 --output-file requirements.txt
	$(COMPILE) --python-version 3.11 --group dev --output-file requirements-dev.txt
# uv keeps what the file pins already, so that this one differs only by what Django 6.1 needs.
	cp requirements-dev.txt requirements-django61.txt
	echo 'django>=6.1,<6.2' | $(COMPILE) --python-version 3.12 --group dev \
		--override /dev/stdin --output-file requirements-django61.txt

clean:
	rm -rf $(VENV) .versions .bench .demo .licences .static .static-templates .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
		.ruff_cache test-results .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(TOOLS_READY)

# Looked at every time: a system upgrade can take the Python away under a .venv.
ifneq ($(shell $(VENV)/bin/python -c 'import sys; print(sys.version_info >= (3, 11))' 2>&1 || :),True)
.PHONY: $(PYTHON_READY)
endif

$(PYTHON_READY):
	@sh .ci/venv $(VENV)
	@touch $@

$(SERVERS_READY): requirements.txt $(PYTHON_READY)
	@mkdir -p .bench && sh .ci/venv $(SERVERS)
	@sh .ci/install $(SERVERS) requirements.txt
	@touch $@

$(RUNTIME_READY): requirements.txt $(PYTHON_READY)
	@sh .ci/install $(VENV) requirements.txt
	@touch $@

# The tools' lock holds the panel's own pins as well.
$(TOOLS_READY): requirements-dev.txt $(PYTHON_READY)
	@sh .ci/install $(VENV) requirements-dev.txt
	@touch $(RUNTIME_READY) $@
