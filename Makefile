# Two commands are enough: `make demo` shows what this is, `make test` shows that it works.
# Both make their own virtual environment in .venv first; nothing else has to be installed by hand.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo test check bench growth soak coverage browser notebook clean help

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed-models  ## a synthetic Swiss-Prot, from flat file to hit rates and explanations (a few minutes)
	@$(BIN)/pslidx demo -o demo

test: $(VENV)/.installed-dev  ## the whole test suite, a file of tests on each core
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed-dev  ## format, lint, types and import direction
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.installed-bench  ## speed against named peers at 208 million residues (half an hour, 10 GB of disk)
	@$(BIN)/python -m benchmarks

growth: $(VENV)/.installed-bench  ## how cost grows from 1 to 500 million residues, for docs/growth.md (an hour, 20 GB)
	@$(BIN)/python -m benchmarks growth --record

soak: $(VENV)/.installed-dev  ## the property tests with many more cases (an hour)
	@PSLIDX_SOAK=1 $(BIN)/python -m pytest tests/properties tests/faults tests/cli/test_interruptions.py \
		tests/psl_index/test_fasta_records.py

coverage: $(VENV)/.installed-dev  ## lines and branches of psl_index that the tests reach, with the jit off
	@NUMBA_DISABLE_JIT=1 PSLIDX_EXAMPLES=10 $(BIN)/python -m coverage run -m pytest -q \
		tests/psl_index tests/properties tests/faults/test_malformed_index.py tests/faults/test_resumed.py \
		tests/faults/test_folders.py tests/cli/test_index_commands.py tests/cli/test_sql_command.py \
		tests/cli/test_search_command.py -k "not die and not dies and not killed"
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report

notebook: $(VENV)/.installed-dev  ## run the notebook of the docs anew, after a change of what it shows
	@$(BIN)/python tools/execute_notebook.py

browser:  ## Chromium for the tests of the report (Debian and Ubuntu; asks for the password)
	@command -v chromium >/dev/null || { $(SUDO) apt-get update && $(SUDO) apt-get install --yes chromium; }

clean:  ## remove what the targets made
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pslidx needs Python 3.11 or newer; name one with `make PYTHON=python3.12 ...`")'
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing pslidx ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-models: $(VENV)/.installed
	@echo "Installing what models need ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[models,report]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-models
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,models,report]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev
	@echo "Installing the peers to compare with ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench,models,report]'
	@touch $@
