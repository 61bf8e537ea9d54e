"""One value of a profile by what a reveal names: `observation/<id>`, `trait/<name>`."""

from collections.abc import Callable

from console.client.errors import MemoryNotFound
from console.client.store import StoreClient
from console.masking.masker import Shown, Veil
from console.profiles.traits import trait_groups


def shown_values(
    store: StoreClient, veil: Veil, profile_id: str, kind: str, ref: str
) -> list[Shown]:
    """The values behind one control, through `veil`; none for what is not there.

    An identifier type is one subject with all its values; the rest have one.
    """
    find = FINDERS.get(kind)
    try:
        return find(store, veil, profile_id, ref) if find else []
    except MemoryNotFound:
        return []


def _observation(
    store: StoreClient, veil: Veil, profile_id: str, ref: str
) -> list[Shown]:
    found = store.fetch_observation(profile_id, ref)
    return [veil.text("observation", ref, found.content)]


def _summary(store: StoreClient, veil: Veil, profile_id: str, ref: str) -> list[Shown]:
    return [veil.text("summary", ref, store.fetch_summary(profile_id, ref).content)]


def _trait(store: StoreClient, veil: Veil, profile_id: str, ref: str) -> list[Shown]:
    """With the schema: a trait that feeds an identifier is masked as one."""
    return [
        row.shown
        for group in trait_groups(store, store.fetch_profile(profile_id), veil)
        for row in group.known
        if row.shown and row.shown.subject == f"trait/{ref}"
    ]


def _identifier(
    store: StoreClient, veil: Veil, profile_id: str, ref: str
) -> list[Shown]:
    found = store.list_identifiers(profile_id)
    values = [v for each in found if each.id_type == ref for v in each.values]
    return veil.identifier(ref, values)


FINDERS: dict[str, Callable[[StoreClient, Veil, str, str], list[Shown]]] = {
    "observation": _observation,
    "summary": _summary,
    "trait": _trait,
    "identifier": _identifier,
}
