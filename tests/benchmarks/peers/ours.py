"""This project: Django and its memory on SQLite files of their own, without HTTP."""

import os
from pathlib import Path

from tests.benchmarks.peers.system import System
from tests.benchmarks.peers.work import Work


def start(folder: Path, work: Work) -> System:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
        "MEMORY_EMBEDDER": "use-3",
    }
    import django

    django.setup()
    from django.core.management import call_command

    for alias in ("default", "memory"):
        call_command("migrate", database=alias, verbosity=0)
    # Imported here: models need the settings above.
    from tests.benchmarks.peers.service import Service

    return Service(folder, work)
