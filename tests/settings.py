"""The product's settings, made fast and free of the machine they run on."""

import os

os.environ.setdefault("SECRET_KEY", "test-only-" + "k" * 50)
os.environ.setdefault("VAULT_KEYS", "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
os.environ.setdefault("MEMORY_DIGEST_KEY", "test-only-" + "d" * 50)
os.environ["ENV_FILE"] = os.devnull  # a developer's .env is not the tests'
os.environ["HTTPS"] = "0"
os.environ["DEBUG"] = "0"
os.environ["LOG_LEVEL"] = "WARNING"
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

from console.core.bootstrap import prepare_process
from console.settings import *

prepare_process()

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {
    alias: {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": alias,
    }
    for alias in CACHES
}
# A test's data need not survive a power cut: nothing waits for the disk.
SQLITE_OPTIONS["init_command"] += "PRAGMA synchronous=OFF;"
# Nobody's disk is looked at but where a test has one of its own.
DISK_BALLAST_MB = 0
# Pages read on for a number of steps, not of seconds: this machine may be busy.
BUDGET_STEPS = 1000
# live_server serves /static/ from the finders and knows no hashed names.
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
# Real files (or real PostgreSQL databases), as users have them; each run's own.
_suffix = os.environ.get("TEST_DB_SUFFIX", "")
for _alias, _config in DATABASES.items():
    if _config["ENGINE"].endswith("sqlite3"):
        _name = str(BASE_DIR / f"test-{_alias}{_suffix}.sqlite3")
    else:
        _name = f"test_{_alias}{_suffix}"
    _config["TEST"] = {"NAME": _name}
