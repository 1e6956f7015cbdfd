PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test test-quick test-search test-python coverage check audit generate pictures bench costs clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s ':'

$(BIN)/heliograph: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

run: $(BIN)/heliograph ## the sandbox, with its addresses printed
	$(BIN)/heliograph serve

test: $(BIN)/heliograph ## all tests, which bring their own PostgreSQL; the checks are among them
	$(BIN)/python -m pytest

test-quick: $(BIN)/heliograph ## two minutes of the tests of what differs from main, nearest first
	$(BIN)/python scripts/quick_tests.py

test-search: $(BIN)/heliograph ## the tests of properties, with ten times as many examples, and new ones
	$(BIN)/python -m pytest --hypothesis-profile=search $$(grep -rlE 'hypothesis import .*given' tests)

test-python: ## the same on another Python: make test-python PYTHON=python3.13
	$(PYTHON) -m venv --clear build/python
	build/python/bin/pip install --quiet --editable '.[dev]'
	build/python/bin/python -m pytest -o cache_dir=build/python/cache

coverage: $(BIN)/heliograph ## all tests, and which lines and branches they leave out: build/coverage/index.html
	$(BIN)/pip install --quiet 'coverage>=7.10,<8'
	rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/python -m coverage run -m pytest $(TESTS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage html --quiet --directory build/coverage
	$(BIN)/python -m coverage report

check: $(BIN)/heliograph ## format, lint, types, layers, generated files are current
	$(BIN)/ruff format --check src tests bench scripts
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n0 tests/house

audit: $(BIN)/heliograph ## known vulnerabilities of what is installed, and keys in the project's own files
	$(BIN)/python -m pytest -q -n0 tests/house/test_secrets.py
	$(BIN)/python scripts/audit_dependencies.py

generate: $(BIN)/heliograph ## the clients that are generated, and the generated pages of the documentation
	$(BIN)/python scripts/generate_smscx_client.py
	$(BIN)/python scripts/generate_sync_client.py
	$(BIN)/python scripts/generate_docs.py

pictures: $(BIN)/heliograph ## the pictures of docs/console.md, in docs/pictures; it takes Chromium
	$(BIN)/python scripts/console_pictures.py

bench: $(BIN)/heliograph ## measures this machine and writes docs/performance.md (about five minutes)
	$(BIN)/python -m bench --write docs/performance.md

costs: $(BIN)/heliograph ## what a message costs by stage, in microseconds of CPU time
	$(BIN)/python -m bench costs

clean: ## removes what the other targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
