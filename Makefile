# What people run. `make help` lists it; nothing is assumed but Python 3.11 or newer with venv, make and git.
PYTHON ?= python3
VENV ?= .venv
NEXT ?= .venv-next
RUN := $(VENV)/bin
WORKERS ?= 2

# What meets Datasette: the pages behind the others are the same with each of its versions
MEETING := $(patsubst %,tests/test_%.py,adding datasette_site editing feeds page_cache pages ready_copies sessions sync_http)
# Of each layer something, for the other Pythons: all tests on each would take longer than anybody waits
LAYERS := $(patsubst %,tests/test_%.py,attaching bundle cbor_entry checkout cli content export frontmatter load merge pages search sync)

.DEFAULT_GOAL := help
.PHONY: help setup serve demo test test-next test-pythons test-slow e2e check screenshots bench bench-copies bench-pages bench-sync translations fields lock clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/ready ## install cop into a local environment (.venv), from the lock file

serve: $(VENV)/ready ## load content/ and serve the site on http://127.0.0.1:8001
	$(RUN)/cop serve

demo: $(VENV)/ready ## two organisations on this machine, in step but for one disagreement
	$(RUN)/python examples/demo.py

test: $(VENV)/ready-dev ## the fast tests
	$(RUN)/python -m pytest -n $(WORKERS) -m "not e2e and not slow"

test-next: $(NEXT)/ready ## the tests that meet Datasette against the coming Datasette 1.0
	$(NEXT)/bin/python -m pytest -n $(WORKERS) -m "web and not e2e and not slow and not long" $(MEETING)

test-pythons: ## fast tests of each layer on Python 3.12 and 3.13 (both must be on this machine)
	FILES="$(LAYERS)" sh .ci/pythons 3.12 3.13

test-slow: $(VENV)/ready-dev ## long random histories, and a real object store (installs Debian's Ceph if there is none)
	$(RUN)/python -m pytest -n $(WORKERS) -m slow --verbose --durations 0

e2e: $(VENV)/ready-dev ## journeys in real browsers, and pages that everyone can use (installs Debian’s Chromium, Firefox, Java and Kiwix, and a validator)
	sh .ci/chromium
	sh .ci/vnu $(VENV)/vnu
	sh .ci/firefox
	sh .ci/kiwix
	sh .ci/paper
	$(RUN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m e2e

screenshots: $(VENV)/ready-dev ## pictures of the main pages for the docs, by day and night, on a phone and a desktop
	sh .ci/chromium
	$(RUN)/python examples/screenshots.py

check: $(VENV)/ready-dev ## format, lint and types
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy

bench: $(VENV)/ready-dev ## measure speed beside named peers (takes a while)
	$(RUN)/pip install --quiet -r benchmarks/requirements.txt
	$(RUN)/python benchmarks/load.py
	$(RUN)/python benchmarks/search.py
	$(MAKE) bench-copies bench-pages

bench-copies: $(VENV)/ready-dev ## measure copies of the site beside Hugo (installs it if it is missing)
	sh .ci/peers hugo
	$(RUN)/python benchmarks/copies.py

bench-pages: $(VENV)/ready-dev ## measure pages beside stock Datasette, Starlette and nginx (installs nginx and wrk if they are missing)
	sh .ci/peers nginx wrk
	$(RUN)/pip install --quiet -r benchmarks/requirements.txt
	$(RUN)/python benchmarks/pages.py

bench-sync: $(VENV)/ready-dev ## measure syncing beside git, Fossil and rsync (installs Debian's if they are missing)
	sh .ci/peers
	$(RUN)/python benchmarks/sync.py

translations: $(VENV)/ready-dev ## bring the catalogues of the interface languages up to date
	$(RUN)/python -m tools.translations

fields: $(VENV)/ready-dev ## write docs/fields.md from the table of fields
	$(RUN)/python -m tools.fields

lock: $(VENV)/ready-dev ## renew the lock files
	sh .ci/lock $(RUN)

clean: ## remove what make made; content/, data/ and keys stay
	rm -rf $(VENV) $(NEXT) .venv-3.* demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find cop tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready: requirements.lock pyproject.toml
	sh .ci/venv $(PYTHON) $(VENV) requirements.lock
	touch $@

$(VENV)/ready-dev: requirements-dev.lock pyproject.toml
	sh .ci/venv $(PYTHON) $(VENV) requirements-dev.lock
	touch $(VENV)/ready $@

$(NEXT)/ready: requirements-next.lock pyproject.toml
	sh .ci/venv $(PYTHON) $(NEXT) requirements-next.lock
	touch $@
