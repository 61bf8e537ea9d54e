"""LanceDB: vectors and its own full text search, fused by rank; one table.

As its documentation has it: a scalar index on the column that filters, a prefilter,
large writes and `optimize` after them. No vector index: up to some hundred thousand
rows it advises none, and a prefilter leaves a hundred to compare, exactly.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import FTS, BTree
from lancedb.rerankers import RRFReranker

from tests.benchmarks.peers.system import RRF_K, TOP, System, size_of
from tests.benchmarks.peers.work import Row, Work

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("profile", pa.string()),
        ("content", pa.string()),
        ("vector", pa.list_(pa.float32(), 512)),
    ]
)


class Lance(System):
    version = lancedb.__version__

    def __init__(self, folder: Path, work: Work) -> None:
        self._folder = folder
        database = lancedb.connect(folder)
        self._table = database.create_table("observations", schema=SCHEMA)
        # Its linear combination, by now deprecated, recalls as much on this data.
        self._reranker = RRFReranker(K=RRF_K)

    def add(self, rows: Sequence[Row]) -> None:
        vectors = np.concatenate([row.vector for row in rows])
        columns = [[row[at] for row in rows] for at in range(3)]
        columns.append(pa.FixedSizeListArray.from_arrays(vectors, 512))
        self._table.add(pa.table(columns, schema=SCHEMA))

    def build(self) -> None:
        self._table.create_index("profile", config=BTree())
        self._table.create_index("content", config=FTS())
        self._table.optimize(cleanup_older_than=timedelta(0))

    def search(self, profile: str, query: str, vector: np.ndarray) -> list[str]:
        found = (
            self._table.search(query_type="hybrid")
            .vector(vector)
            .text(query)
            .where(f"profile = '{profile}'", prefilter=True)
            .select(["id", "content"])
            .rerank(reranker=self._reranker)
            .limit(TOP)
            .to_arrow()
        )
        return found["id"].to_pylist()

    def size(self) -> int:
        return size_of(self._folder)


start = Lance
