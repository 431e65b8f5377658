# `make demo` runs the whole product, `make test` its tests; both install what they need into .venv.
# Needs Python 3.11 or 3.12. Node.js comes from a wheel where the machine has none.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
DEMO := var/demo
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo demo-reset test check assets serve worker cron bench format lock clean

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/installed-demo assets ## Run everything on invented data: http://localhost:8000 (PORT=… for another)
	@exec $(BIN)/prevent-trust demo --directory $(DEMO) --port $(PORT)

demo-reset: $(VENV)/installed-demo ## Empty the demo; asks first
	@$(BIN)/prevent-trust demo-reset --directory $(DEMO)

test: $(VENV)/installed-dev assets ## Run all tests on real PostgreSQL and Redis; browser tests need Chromium
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/installed-dev assets ## Formatting, lint, types, layers, templates and routes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

assets: $(VENV)/installed-demo ## Build style sheets and scripts
	@$(BIN)/python -m prevent_trust.assets.build

serve: assets ## Run the web process with the settings in the environment
	@exec $(BIN)/prevent-trust serve

worker: $(VENV)/installed-demo ## Run workers with the settings in the environment
	@exec $(BIN)/prevent-trust worker

cron: $(VENV)/installed-demo ## Run the schedule with the settings in the environment
	@exec $(BIN)/prevent-trust cron

bench: $(VENV)/installed-demo assets ## Measure speed and memory (ARGS="--scale 0.01" for a small run)
	@$(BIN)/prevent-trust bench $(ARGS)

format: $(VENV)/installed-dev ## Bring the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/installed-dev ## Choose versions anew and write the lock files
	printf 'setuptools>=80\n' | $(COMPILE) - -o requirements-build.txt
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) --extra embedded -c requirements.txt pyproject.toml -o requirements-demo.txt
	$(COMPILE) --extra embedded --group dev -c requirements-demo.txt pyproject.toml -o requirements-dev.txt

COMPILE = $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header

clean: ## Remove what was installed and built; the demo's data stays
	rm -rf $(VENV) node_modules prevent_trust/static *.egg-info

# A folder that is half made, from an install that was cut off, has no `made` and is made again.
$(VENV)/made:
	@python=; for name in python3.12 python3.11 python3 python; do \
	  if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then \
	    python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then echo "Python 3.11 or 3.12 is needed and was not found. Install one, then run this again." >&2; exit 1; fi; \
	rm -rf $(VENV); \
	if ! $$python -m venv $(VENV); then \
	  rm -rf $(VENV); \
	  echo "Python could not make $(VENV). On Debian and Ubuntu its venv module is a package of its own: apt install python3-venv" >&2; \
	  exit 1; fi
	@touch $@

$(VENV)/installed-demo: $(VENV)/made requirements-build.txt requirements-demo.txt pyproject.toml
	@$(call install,requirements-demo.txt)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-demo requirements-dev.txt
	@$(call install,requirements-dev.txt)
	@touch $@

define install
echo "Installing $(1) into $(VENV)…"; \
$(BIN)/python -m pip install -q --require-hashes -r requirements-build.txt -r $(1) \
  || { echo "Installing failed; the reason stands above. Without a network nothing can be installed. On machines other than \
Linux on x86-64 Redis is compiled: that needs a C compiler and make (Debian: apt install build-essential; macOS: \
xcode-select --install). Then run this again: it goes on where it stopped." >&2; exit 1; }; \
$(BIN)/python -m pip install -q --no-deps --no-build-isolation --editable .
endef
