"""The product's settings as people run it, real password hashes included; only static
files keep away from the project's folder."""

import os

os.environ["ENV_FILE"] = os.devnull  # a developer's .env is not this installation's

from console.settings import *  # noqa: F403, TID251

STATIC_ROOT = os.environ["STATIC_ROOT"]
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
