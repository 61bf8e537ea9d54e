"""Only entry points prepare their process; everything else is imported without effect."""

import os
import subprocess
import sys

import pytest

from tests.settings import BASE_DIR

# All but the server's entry points: they prepare the process that imports them.
IMPORT_EVERYTHING = """
import os, pkgutil, sqlite3, sys
from importlib import import_module

before = dict(os.environ)
import django
django.setup()
import console
names = [m.name for m in pkgutil.walk_packages(console.__path__, "console.")]
for name in names:
    if name not in ("console.wsgi", "console.gunicorn"):
        import_module(name)
changes = os.environ.items() ^ before.items()
print(len(names), sys.modules["sqlite3"].__name__, *map("=".join, changes))
"""
# Also which structs msgspec has still to look at: one that it knows refers to what it
# has found.
SHOW = """
import gc, os, sqlite3
structs = [{base}]
for struct in structs:
    structs += struct.__subclasses__()
known = [{{type(each).__name__ for each in gc.get_referents(s)}} for s in structs]
new = [s.__name__ for s, of in zip(structs, known) if "StructInfo" not in of]
print(sqlite3.__name__, os.environ["OPENBLAS_NUM_THREADS"], len(structs) > 200, *new)
"""
OF_CONTRACT = "__import__('console.contract.base').contract.base.Noun"
OF_ALL = "__import__('msgspec').Struct"


def run_python(*arguments: str) -> str:
    """What a new process prints in which nothing but the secrets is prepared."""
    secrets = ("SECRET_KEY", "VAULT_KEYS", "MEMORY_DIGEST_KEY", "ENV_FILE", "PATH")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BASE_DIR,
        env={name: os.environ[name] for name in secrets}
        | {"DJANGO_SETTINGS_MODULE": "console.settings"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_import_leaves_the_process_alone():
    count, sqlite, *changes = run_python("-c", IMPORT_EVERYTHING).split()

    assert int(count) > 100
    assert sqlite == "sqlite3"
    # Django's own: the setting TIME_ZONE.
    assert changes == ["TZ=UTC"]


@pytest.mark.parametrize(
    "entry_point",
    [
        (
            "manage.py",
            "shell",
            "--no-imports",
            "--command",
            SHOW.format(base=OF_CONTRACT),
        ),
        ("-c", "import console.wsgi" + SHOW.format(base=OF_ALL)),
    ],
    ids=["manage", "wsgi"],
)
def test_entry_points_prepare_the_process(entry_point):
    pytest.importorskip("pysqlite3")

    assert run_python(*entry_point).split() == ["pysqlite3", "1", "True"]
