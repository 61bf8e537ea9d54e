"""The embedder of this installation (MEMORY_EMBEDDER) and the vectors of queries."""

from functools import lru_cache

from django.conf import settings

from console.engine.embedding import Embedder, load_embedder
from console.engine.packing import Floats


def embedder() -> Embedder | None:
    """None where the memory recalls by words alone."""
    return load_embedder(settings.MEMORY_EMBEDDER)


def model_id() -> str:
    """What the vectors of the present embedder are marked with; "" without one."""
    model = embedder()
    return model.id if model else ""


def query_vector(text: str) -> Floats | None:
    """The meaning of a query, of length 1; the last ones asked for are kept."""
    return _vector(model_id(), text)


# A query costs a millisecond or more, a kept one nothing; 2 kB each.
@lru_cache(maxsize=2048)
def _vector(model: str, text: str) -> Floats | None:
    found = embedder()
    return found.embed([text])[0] if found else None
