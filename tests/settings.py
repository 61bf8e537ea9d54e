"""The product's settings, made fast and free of the machine they run on."""

import os

os.environ.setdefault("SECRET_KEY", "test-only-" + "k" * 50)
os.environ.setdefault(
    "VAULT_KEYS", "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)
os.environ.setdefault("MEMORY_DIGEST_KEY", "test-only-" + "d" * 50)
os.environ["HTTPS"] = "0"
os.environ["DEBUG"] = "0"
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

from console.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
# live_server serves /static/ from the finders and knows no hashed names.
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Real files, as users have them; each run's own.
    for alias in DATABASES:
        name = f"test-{alias}{os.environ.get('TEST_DB_SUFFIX', '')}.sqlite3"
        DATABASES[alias]["TEST"] = {"NAME": str(BASE_DIR / name)}
