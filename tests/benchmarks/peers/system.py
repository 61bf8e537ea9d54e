"""What a system must do to be measured: a module here has `start`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.peers.work import Row, Work

TOP = 10
# What each of two orders gives to a fusion of ranks written in SQL, as in pgvector's
# own example; 50 recall less on this data.
CANDIDATES = 20
# Cormack et al., "Reciprocal Rank Fusion", 2009.
RRF_K = 60


class System(ABC):
    """An empty database in `folder`."""

    version: str

    @abstractmethod
    def __init__(self, folder: Path, work: Work) -> None: ...

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> None:
        """One durable write: what a profile holds."""

    @abstractmethod
    def build(self) -> None:
        """What a system does after a load before it is asked: its clock still runs."""

    @abstractmethod
    def search(self, profile: str, query: str, vector: np.ndarray) -> list[str]:
        """The ids of the TOP of one profile, best first; reads their contents too."""

    @abstractmethod
    def size(self) -> int:
        """Bytes on disk."""

    def add_summaries(self, rows: Iterable[Row]) -> bool:
        """False where summaries of conversations are no help to the search."""
        return False


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
