# Two stages: the first builds an environment from the lock, the second only runs it.
# Every step is one that the Makefile runs too.
FROM python:3.11-slim-trixie AS build
WORKDIR /app
COPY requirements.lock pyproject.toml ./
RUN python -m venv .venv \
 && sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.txt \
 && .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r uv.txt \
 && .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode \
      --extra postgres -r pyproject.toml -c requirements.lock \
 && .venv/bin/uv pip uninstall --quiet --python .venv/bin/python uv
COPY manage.py ./
COPY console console
COPY templates templates
COPY static static
# Collecting files needs settings, and none of these values outlives this line.
RUN SECRET_KEY=only-for-this-line-of-the-build-0123456789 MEMORY_DIGEST_KEY=only-for-this-line-of-the-build-0123456789 \
    VAULT_KEYS=build:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.11-slim-trixie
# pg_dump and pg_restore, of the version in compose.yaml.
RUN apt-get -qq update \
 && apt-get -qq install --yes --no-install-recommends postgresql-client-17 >/dev/null \
 && rm -rf /var/lib/apt/lists/*
ENV PYTHONUNBUFFERED=1 PATH=/app/.venv/bin:$PATH
WORKDIR /app
COPY --from=build /app /app
RUN mkdir /data && chown 10001:10001 /data
ENV DATABASE_URL=sqlite:////data/console.sqlite3 MEMORY_DATABASE_URL=sqlite:////data/memory.sqlite3
VOLUME /data
USER 10001:10001
EXPOSE 8000
# Beside busy neighbours an interpreter alone takes seconds to start.
HEALTHCHECK --interval=30s --timeout=15s --start-period=1m \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["gunicorn", "--config", "console/gunicorn.py", "--bind", "0.0.0.0:8000", "console.wsgi"]
