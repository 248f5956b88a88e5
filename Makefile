# Model Clinic: `make run` serves the app, `make test` checks everything. Both build .venv first.
PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin

# What each target may install with the system's own tools; `make check` installs nothing but what pip brings.
SYSTEM_PACKAGES := sh tests/system_packages.sh

.PHONY: run test check lint browser documents lock bill samples messages clean

# Reached from this computer alone; `make run ADDRESS=0.0.0.0` opens it to the network (README, "Safety", says what stands in front).
run: $(VENV)/.installed
	@[ "$(ADDRESS)" != 127.0.0.1 ] || echo "Model Clinic is reached from this computer alone. To open it: make run ADDRESS=0.0.0.0"
	MODEL_CLINIC_HOME=$${MODEL_CLINIC_HOME:-var/incidents} $(BIN)/streamlit run serve.py --server.port $(PORT) --server.address $(ADDRESS)

test: $(VENV)/.tested browser documents lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --contract steps

# Before every commit: a minute or so of two cores once the caches of mypy and ruff are warm.
check: SYSTEM_PACKAGES := false
check: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal @tests/quick.txt

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Model Clinic needs Python 3.11 or newer; set PYTHON=python3.12, say."; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); $(SYSTEM_PACKAGES) python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.tested: $(VENV)/.installed requirements-dev.txt requirements-distributed.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@if command -v java >/dev/null; then $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-distributed.txt; \
	else echo "No Java here: the tests of the distributed engine will be skipped (apt-get install default-jre-headless)."; fi
	@touch $@

browser:
	@command -v chromium >/dev/null || sh tests/system_packages.sh chromium fonts-noto-cjk
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || sh tests/system_packages.sh postgresql || \
	echo "No PostgreSQL here: the tests that use it will be skipped."

# What the PDF report draws its letters with.
documents:
	@{ /sbin/ldconfig -p | grep -q libpangoft2-1.0 && fc-list :lang=zh | grep -q .; } || \
	sh tests/system_packages.sh libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-cjk

# Pinned, hashed requirements from the .in files.
lock: $(VENV)/.tested
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-distributed.in -o requirements-distributed.txt

# The bill of materials (CycloneDX) and the licences of what is installed, into var/.
bill: $(VENV)/.installed
	@mkdir -p var
	$(BIN)/python -m benchmarks.gates.bill var/sbom.json var/licences.md

samples: $(VENV)/.installed
	$(BIN)/python sample_data/make.py

# Every language's catalogue gets the messages that are new; a new language: make messages LOCALE=fr_FR
messages: $(VENV)/.installed
	$(BIN)/python -m diagnostics.locale.messages $(LOCALE)

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
