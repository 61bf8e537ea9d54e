"""How the databases beside this file were made: `python -m tests.upgrade.make`.

At the version that they are of; fill.py says what is in them.
"""

import lzma
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

from tests.postgres import find_binaries, server
from tests.upgrade.databases import ALIASES, HERE, Installation, connected

FILL = "from tests.upgrade.fill import fill; fill()"
# Commands of psql that newer versions of pg_dump put around their output.
PSQL = (b"\\restrict", b"\\unrestrict")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name))
    with tempfile.TemporaryDirectory() as name:
        make_dumps(Path(name))


def make_files(folder: Path) -> None:
    paths = {alias: folder / f"{alias}.sqlite3" for alias in ALIASES}
    urls = {alias: f"sqlite:///{path}" for alias, path in paths.items()}
    print(Installation(urls, folder).manage("shell", "--no-imports", "-c", FILL))
    for alias, path in paths.items():
        packed = path.with_suffix(".packed")
        with closing(sqlite3.connect(path)) as connection:
            # Named by a constraint, and of Django's making.
            connection.create_function("REGEXP", 2, lambda pattern, text: True)
            connection.execute("VACUUM INTO ?", [str(packed)])
        keep(f"{alias}.sqlite3", packed.read_bytes())


def make_dumps(folder: Path) -> None:
    with server(find_binaries() or Path()) as url:
        for alias in ALIASES:
            with connected(f"{url}/postgres") as cursor:
                cursor.execute(f'CREATE DATABASE "{alias}"')
        urls = {alias: f"{url}/{alias}" for alias in ALIASES}
        print(Installation(urls, folder).manage("shell", "--no-imports", "-c", FILL))
        for alias in ALIASES:
            # As INSERTs and without what is psql's own: any client can restore it.
            command = ["pg_dump", "--no-owner", "--inserts", "--rows-per-insert=200"]
            done = subprocess.run([*command, urls[alias]], check=True, stdout=PIPE)
            lines = done.stdout.splitlines(keepends=True)
            text = b"".join(each for each in lines if not each.startswith(PSQL))
            keep(f"{alias}.sql", text)


def keep(name: str, content: bytes) -> None:
    packed = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
    (HERE / f"{name}.xz").write_bytes(packed)
    print(f"{name}: {len(content):,} bytes, packed {len(packed):,}")


if __name__ == "__main__":
    main()
