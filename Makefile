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

.PHONY: run test test-postgres check bench bench-peers crash fuzz lock clean

run: .venv/.run .env
	@$(BIN)/python manage.py prepare --demo --port $(PORT)
	@$(BIN)/python manage.py db_worker --interval 2 --verbosity 0 & worker=$$!; trap "kill $$worker" EXIT; \
	$(BIN)/gunicorn --config console/gunicorn.py --bind 127.0.0.1:$(PORT) console.wsgi

test: .venv/.dev
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

test-postgres: .venv/.dev
	$(BIN)/python -m tests.postgres -m "not browser" $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK_ENV) $(BIN)/mypy
	$(BIN)/djlint --quiet --lint --check templates
	$(BIN)/lint-imports
	$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks

bench-peers: .venv/.dev
	$(BIN)/python -m tests.benchmarks.peers

crash: .venv/.dev
	$(BIN)/python -m tests.crash

fuzz: .venv/.dev
	FUZZ_CASES=50000 $(BIN)/python -m pytest tests/fuzz -rP $(ARGS)

lock: .venv/.uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  $(EXTRAS) --extra onnx --group dev pyproject.toml --output-file requirements.lock

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

clean:
	rm -rf .venv .env .static *.sqlite3 *.sqlite3-wal *.sqlite3-shm
