# Everything here needs only Python >= 3.11 with venv and pip, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Show these targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.ready  ## Create .venv with everything the project needs

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/engines/.ready: tests/engines.txt $(VENV)/.ready
	@test -x $(VENV)/engines/bin/python || $(PYTHON) -m venv $(VENV)/engines
	$(VENV)/engines/bin/python -m pip install --quiet --disable-pip-version-check -r tests/engines.txt
	@touch $@

.PHONY: demo
demo: setup  ## A production-like database becomes a small, safe, checked copy
	$(BIN)/understudy demo

.PHONY: test
test: setup $(VENV)/engines/.ready check  ## Run every test (under 12 minutes on 2 cores)
	@$(BIN)/python -m compileall -q src  # or each command that a test starts compiles it, where Python writes no bytecode
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

.PHONY: check
check: setup  ## Format, lint, types and layers
	$(BIN)/ruff format --check --quiet src tests benchmarks
	$(BIN)/ruff check --quiet src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml > /dev/null || $(BIN)/lint-imports --config pyproject.toml

.PHONY: bench
bench: setup  ## Run the benchmarks: ratios measured side by side in one run
	$(BIN)/python -m benchmarks

# Hours: the synthesizer beside its peers, which are installed in environments of their own under .venv-peers.
# PEERS='--tables bank --seeds 1' runs less of it.
.PHONY: bench-synth
bench-synth: setup
	@mkdir -p benchmarks/results
	$(BIN)/python -m benchmarks.peers --json benchmarks/results/peers.jsonl --page benchmarks/results/peers.md $(PEERS)

.PHONY: docs
docs: setup  ## Regenerate the reference pages from the code
	$(BIN)/python docs/generate.py

.PHONY: clean
clean:  ## Remove what the other targets made
	rm -rf $(VENV) .venv-peers understudy-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
