"""Chroma: one collection, meaning alone, a `where` for the profile.

Its other way, a collection a profile, was tried too (November 2026, 1,000 profiles):
1 ms for a collection that is open in memory, 118 ms for one that must be opened first,
half the adds a second and twice the bytes.
"""

from collections.abc import Sequence
from pathlib import Path

import chromadb
import numpy as np
from chromadb.config import Settings

from tests.benchmarks.peers.system import TOP, System, size_of
from tests.benchmarks.peers.work import Row, Work


class Chroma(System):
    version = f"{chromadb.__version__}, meaning alone"

    def __init__(self, folder: Path, work: Work) -> None:
        self._folder = folder
        client = chromadb.PersistentClient(
            str(folder), Settings(anonymized_telemetry=False)
        )
        # Without an embedding function of its own it has nothing to download.
        self._collection = client.create_collection(
            "observations",
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
        )

    def add(self, rows: Sequence[Row]) -> None:
        self._collection.add(
            ids=[row.id for row in rows],
            embeddings=np.stack([row.vector for row in rows]),
            documents=[row.content for row in rows],
            metadatas=[{"profile": row.profile} for row in rows],
        )

    def build(self) -> None:
        """It indexes as it adds."""

    def search(self, profile: str, query: str, vector: np.ndarray) -> list[str]:
        found = self._collection.query(
            query_embeddings=vector[None],
            n_results=TOP,
            where={"profile": profile},
            include=["documents"],
        )
        return found["ids"][0]

    def size(self) -> int:
        return size_of(self._folder)


start = Chroma
