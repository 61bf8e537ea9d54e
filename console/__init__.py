"""Memory Console: a window on a customer memory, and a memory behind it."""

import os
import sys

# Many small products of matrices: a second thread for each would only get in the way
# of the other workers. Read by numpy's libraries when they are loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# SQLite before 3.51.3 can damage a WAL file when two connections write and
# checkpoint at once. Where the wheel with a newer SQLite is installed, every
# import of sqlite3 (Django's included) gets it; /readyz shows which one runs.
try:
    import pysqlite3
    import pysqlite3.dbapi2
except ImportError:  # no wheel for this platform: the interpreter's own SQLite
    pass
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
