"""Entries of a profile as they would be if its texts had been stored masked.

Recall by them tells nothing of what is masked: not by an order, not by a score, not by
what a neighbour lends, nor by how rare a word is.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from console.engine.texts import Row, pack_vector
from console.engine.tokens import terms
from console.service.memory.embedding import embed_query
from console.service.memory.models import IndexedItem, Profile
from console.service.models import find_models

# The newest masked texts; older ones are ranked by words alone. A text costs 2 ms.
VECTORS_MAX = 200


# Looking through a text costs 0.1 ms, and a profile has up to 20,000 of them.
@lru_cache(maxsize=20_000)
def mask_text(text: str) -> str:
    masked: str = import_string(settings.MEMORY_MASK)(text)
    return masked


def read_contents(
    profile: Profile, ids: Collection[str] | None = None
) -> dict[str, str]:
    """The texts of these items, or of all, by their ids."""
    items = [model.objects.of(profile) for model in find_models(IndexedItem)]
    if ids is not None:
        items = [found.filter(id__in=ids) for found in items]
    return dict(pair for found in items for pair in found.values_list("id", "content"))


def mask_entries(profile: Profile, entries: Sequence[Row]) -> list[Row]:
    """The same entries; those of texts that hold personal data made anew."""
    masked = {
        id_: text
        for id_, content in read_contents(profile).items()
        if (text := mask_text(content)) != content
    }
    with_vector = set(sorted(masked)[-VECTORS_MAX:])
    return [
        _mask_entry(row, masked[row[0]], has_vector=row[0] in with_vector)
        if row[0] in masked
        else row
        for row in entries
    ]


def _mask_entry(row: Row, text: str, *, has_vector: bool) -> Row:
    id_, occurred_at, _, conversations, vector, model = row
    meaning = embed_query(text) if vector and has_vector else None
    packed = b"" if meaning is None else pack_vector(meaning)
    return id_, occurred_at, terms(text), conversations, packed, model if packed else ""
