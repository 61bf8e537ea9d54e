"""What a process needs before it loads Django or numpy; entry points call it first."""

import os
import sys
from importlib import import_module


def prepare_process() -> None:
    """Name the settings, one thread for numpy, and a sound SQLite.

    May be called twice. What the environment says already is left as it is. Ends the
    process if a setting is wrong: with a line for each, without a traceback.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    # Many small products of matrices: a second thread for each would only get in the
    # way of the other workers. Read by numpy's libraries when they are loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    replace_sqlite()

    from console.core.environment import SettingsError

    try:
        import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    except SettingsError as exc:
        sys.exit(str(exc))


def replace_sqlite() -> None:
    """Have every later `import sqlite3`, Django's included, find a newer SQLite.

    Before 3.51.3 it can damage a WAL file when two connections write and checkpoint
    at once. /readyz shows which one runs.
    """
    try:
        import pysqlite3
        import pysqlite3.dbapi2
    except ImportError:  # no wheel for this platform: the interpreter's own SQLite
        return
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
