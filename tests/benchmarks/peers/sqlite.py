"""SQLite with its FTS5 and with sqlite-vec, fused by rank in one statement.

The profile is a partition of the vectors and a word of the full text index, so that
either side looks at one profile's rows alone.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import sqlite_vec
from pysqlite3 import dbapi2 as sqlite3

from tests.benchmarks.peers.system import CANDIDATES, RRF_K, TOP, System, size_of
from tests.benchmarks.peers.work import Row, Work

# As the product's own file; a chunk a profile, where 1,024 vectors is the default.
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -8000;
CREATE VIRTUAL TABLE words USING fts5(
    profile, content, id UNINDEXED, tokenize = 'porter unicode61'
);
CREATE VIRTUAL TABLE vectors USING vec0(
    profile TEXT PARTITION KEY, vector FLOAT[512], chunk_size = 104
);
"""
SEARCH = f"""
WITH meant AS (
    SELECT rowid AS row, row_number() OVER (ORDER BY distance) AS place FROM vectors
    WHERE vector MATCH :vector AND profile = :profile AND k = {CANDIDATES}
), said AS (
    SELECT row, row_number() OVER (ORDER BY score) AS place FROM (
        SELECT rowid AS row, bm25(words, 0.0, 1.0) AS score FROM words
        WHERE words MATCH :words ORDER BY score LIMIT {CANDIDATES}
    )
), best AS (
    SELECT row, sum(1.0 / ({RRF_K} + place)) AS score
    FROM (SELECT * FROM meant UNION ALL SELECT * FROM said)
    GROUP BY row ORDER BY score DESC, row LIMIT {TOP}
)
SELECT words.id, words.content FROM best CROSS JOIN words ON words.rowid = best.row
ORDER BY best.score DESC, best.row
"""  # noqa: S608


class Sqlite(System):
    def __init__(self, folder: Path, work: Work) -> None:
        self._folder = folder
        self._database = sqlite3.connect(folder / "memory.sqlite3")
        self._database.enable_load_extension(True)
        sqlite_vec.load(self._database)
        self._database.executescript(SCHEMA)
        [extension] = self._database.execute("SELECT vec_version()").fetchone()
        self.version = f"{sqlite3.sqlite_version}, sqlite-vec {extension[1:]}"
        self._rows = 0

    def add(self, rows: Sequence[Row]) -> None:
        numbered = list(enumerate(rows, self._rows + 1))
        self._rows += len(rows)
        with self._database:
            self._database.executemany(
                "INSERT INTO words (rowid, profile, content, id) VALUES (?, ?, ?, ?)",
                ((n, row.profile, row.content, row.id) for n, row in numbered),
            )
            self._database.executemany(
                "INSERT INTO vectors (rowid, profile, vector) VALUES (?, ?, ?)",
                ((n, row.profile, row.vector.tobytes()) for n, row in numbered),
            )

    def build(self) -> None:
        with self._database:
            self._database.execute("INSERT INTO words (words) VALUES ('optimize')")

    def search(self, profile: str, query: str, vector: np.ndarray) -> list[str]:
        any_of = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
        given = {
            "vector": vector.tobytes(),
            "profile": profile,
            "words": f"profile : {profile} AND content : ({any_of})",
        }
        return [id_ for id_, _ in self._database.execute(SEARCH, given)]

    def size(self) -> int:
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return size_of(self._folder)


start = Sqlite
