"""The embedder of this installation (MEMORY_EMBEDDER) and the vectors of queries."""

from functools import lru_cache

from django.conf import settings

from console.engine.embedding import Embedder, load_embedder
from console.engine.texts import Floats


def get_embedder() -> Embedder | None:
    """None where the memory recalls by words alone."""
    return load_embedder(settings.MEMORY_EMBEDDER)


def get_model_id() -> str:
    """What the vectors of the present embedder are marked with; "" without one."""
    model = get_embedder()
    return model.id if model else ""


def embed_query(text: str) -> Floats | None:
    """The meaning of a query, of length 1; the last ones asked for are kept."""
    return _embed(get_model_id(), text)


# A query costs a millisecond or more, a kept one nothing; 2 kB each.
@lru_cache(maxsize=2048)
def _embed(model_id: str, text: str) -> Floats | None:
    model = get_embedder()
    return model.embed([text])[0] if model else None
