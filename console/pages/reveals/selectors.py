"""One value of a profile by what a reveal names: `observation/<id>`, `trait/<name>`."""

from collections.abc import Callable

from console.client.errors import MemoryNotFound
from console.client.store import StoreClient
from console.masking.masker import MaskedValue, Masker
from console.profiles.traits import build_trait_groups


def shown_values(
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


def _observation(
    store: StoreClient, masker: Masker, profile_id: str, ref: str
) -> list[MaskedValue]:
    found = store.fetch_observation(profile_id, ref)
    return [masker.text("observation", ref, found.content)]


def _summary(
    store: StoreClient, masker: Masker, profile_id: str, ref: str
) -> list[MaskedValue]:
    return [masker.text("summary", ref, store.fetch_summary(profile_id, ref).content)]


def _trait(
    store: StoreClient, masker: Masker, profile_id: str, ref: str
) -> list[MaskedValue]:
    """With the schema: a trait that feeds an identifier is masked as one."""
    return [
        row.shown
        for group in build_trait_groups(store, store.fetch_profile(profile_id), masker)
        for row in group.filled
        if row.shown and row.shown.subject == f"trait/{ref}"
    ]


def _identifier(
    store: StoreClient, masker: Masker, profile_id: str, ref: str
) -> list[MaskedValue]:
    found = store.list_identifiers(profile_id)
    values = [v for each in found if each.id_type == ref for v in each.values]
    return masker.identifier(ref, values)


FINDERS: dict[str, Callable[[StoreClient, Masker, str, str], list[MaskedValue]]] = {
    "observation": _observation,
    "summary": _summary,
    "trait": _trait,
    "identifier": _identifier,
}
