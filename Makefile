PYTHON ?= python3
PORT   ?= 8000
BIN    := .venv/bin
EXTRAS := --extra postgres
# The settings that tools need to import the project; nothing of it is a secret.
CHECK_ENV := SECRET_KEY=check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
  VAULT_KEYS=check:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
  MEMORY_DIGEST_KEY=check-only-0123456789-abcdefghijklmnopqrstuvwxyz ALLOWED_HOSTS=console.example
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
unexport PYTHONDONTWRITEBYTECODE
# uv needs a place for its cache; without one that can be written it keeps none.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
ifeq ($(shell mkdir -p "$(CACHE)" 2>/dev/null; test -w "$(CACHE)" && echo writable),)
export UV_NO_CACHE := 1
endif

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres check lint-assets fix bench bench-extraction bench-peers crash soak slow oracle fuzz tamper residue lock clean

help: ## print this list (what `make` alone does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/.run .env ## install, fill a demo, print the address and the sign-ins (PORT=8000)
	@$(BIN)/python manage.py serve --demo --port $(PORT)

# On every core; a part (ARGS=tests/recall) answers sooner from one process. Coverage is
# a promise of the whole; COV= leaves it out, which takes a third less.
COV   ?= --cov --cov-report=term
WHOLE := --numprocesses=auto --dist=worksteal $(COV)
test: .venv/.dev ## every test, with coverage; only a part with ARGS=tests/recall or ARGS="-k recall"
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest $(if $(ARGS),,$(WHOLE)) $(ARGS)

test-postgres: .venv/.dev ## what can differ there on a throw-away PostgreSQL; anything with ARGS as above
	$(BIN)/python -m tests.postgres $(ARGS)

check: .venv/.dev ## linters, types, templates, import rules, deployment checks, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK_ENV) $(BIN)/mypy
	$(BIN)/djlint --lint --check templates
	$(BIN)/lint-imports
	$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	@$(MAKE) --no-print-directory lint-assets

lint-assets: .venv/.dev ## biome on scripts and style sheets; left out where npm is not, but not in CI
	@$(BIN)/python -m tests.lint

fix: .venv/.dev ## let ruff, djlint and biome repair and format what they can
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates || $(BIN)/djlint --quiet --check templates
	@$(BIN)/python -m tests.lint fix

bench: .venv/.dev ## measure the quality and speed of Recall, and the cost of pages and API calls
	$(BIN)/python -m tests.benchmarks

# With CHAT_MODEL=, CHAT_KEY= and CHAT_DIALECT= as the endpoint needs them.
export CHAT_URL CHAT_MODEL CHAT_KEY CHAT_DIALECT
bench-extraction: .venv/.dev ## measure what a real chat model learns from conversations: CHAT_URL=https://...
	$(BIN)/python -m tests.benchmarks.by_model

bench-peers: .venv/.dev ## compare Recall with other stores (installs them, about 1 GB)
	$(BIN)/python -m tests.benchmarks.peers

crash: .venv/.dev ## kill server and worker in their work, and back up under load, 50 times each
	$(BIN)/python -m tests.crash

soak: .venv/.dev ## an hour of mixed work at 16 clients on both databases; one with ARGS=sqlite
	$(BIN)/python -m tests.soak $(ARGS)

slow: .venv/.dev ## try 200 slow connections of each kind beside 16 good clients
	$(BIN)/python -m tests.slow

oracle: .venv/.dev ## ask every page for what is masked: all groups of 2 to 4 digits, 5,000 words
	ORACLE=1 $(BIN)/python -m pytest tests/masking/test_oracle.py -rP -o faulthandler_timeout=0 $(ARGS)

fuzz: .venv/.dev ## send 50,000 generated requests to the API
	FUZZ_CASES=50000 $(BIN)/python -m pytest tests/fuzz -rP -o faulthandler_timeout=0 $(ARGS)

tamper: .venv/.dev ## tamper with the audit log in 40 ways, 500 times each, on both databases
	TAMPER=500 $(BIN)/python -m pytest tests/audit/test_tamper.py -rP -o faulthandler_timeout=0
	TAMPER=500 $(BIN)/python -m tests.postgres tests/audit/test_tamper.py -rP -o faulthandler_timeout=0

residue: .venv/.dev ## delete 200 profiles on each database and look for what is left of them
	$(BIN)/python -m tests.residue

lock: .venv/.uv ## write requirements.lock again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  $(EXTRAS) --extra onnx --extra traces --extra databases --extra parquet --extra adbc --extra snowflake --extra salesforce --group dev pyproject.toml --output-file requirements.lock

# Order only: a later .env.example never overwrites what is in use.
.env: | .env.example
	@$(BIN)/python -m console.core.write_env

.venv/.uv: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
	@touch $@

.venv/.run: .venv/.uv pyproject.toml
	@test -e .venv/.dev || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes \
	  $(EXTRAS) -r pyproject.toml -c requirements.lock
	@touch $@

.venv/.dev: .venv/.uv pyproject.toml
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@touch $@

clean: ## remove the environment, .env and both databases
	rm -rf .venv .env .static *.sqlite3 *.sqlite3-* test-*.sqlite3_*
