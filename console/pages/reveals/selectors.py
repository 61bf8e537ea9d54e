"""One value of a profile by what a reveal names: `observation/<id>`, `trait/<name>`."""

from collections.abc import Callable
from functools import partial

from console.client.errors import MemoryNotFound
from console.client.store import StoreClient
from console.masking.masker import MaskedValue, Masker
from console.profiles.items import TEXT_KINDS, TextKind
from console.profiles.traits import build_trait_groups


def find_values(
    store: StoreClient, masker: Masker, profile_id: str, kind: str, ref: str
) -> list[MaskedValue]:
    """The values behind one control, through `masker`; none for what is not there.

    An identifier type is one subject with all its values; the rest have one.
    """
    find = FINDERS.get(kind)
    try:
        return find(store, masker, profile_id, ref) if find else []
    except MemoryNotFound:
        return []


def _find_text(
    store: StoreClient, masker: Masker, profile_id: str, ref: str, *, kind: TextKind
) -> list[MaskedValue]:
    item = kind.fetch(store, profile_id, ref)
    return [masker.mask_text(kind.name, ref, item.content)]


def _find_trait(
    store: StoreClient, masker: Masker, profile_id: str, ref: str
) -> list[MaskedValue]:
    """With the schema: a trait that feeds an identifier is masked as one."""
    return [
        row.shown
        for group in build_trait_groups(store, store.fetch_profile(profile_id), masker)
        for row in group.filled
        if row.shown and row.shown.subject == f"trait/{ref}"
    ]


def _find_identifiers(
    store: StoreClient, masker: Masker, profile_id: str, ref: str
) -> list[MaskedValue]:
    found = store.list_identifiers(profile_id)
    values = [value for held in found if held.id_type == ref for value in held.values]
    return masker.mask_identifier(ref, values)


FINDERS: dict[str, Callable[[StoreClient, Masker, str, str], list[MaskedValue]]] = {
    **{name: partial(_find_text, kind=kind) for name, kind in TEXT_KINDS.items()},
    "trait": _find_trait,
    "identifier": _find_identifiers,
}
