"""The traits of one profile as its memory lists them, with since when."""

from dataclasses import dataclass, field

from console.client.store import StoreClient
from console.client.values import Trait, TraitValue

_TRAITS_A_CALL = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """What a memory has stored, by group and name; profile_id: what it is now."""

    profile_id: str
    traits: dict[str, dict[str, Trait]] = field(repr=False)

    @property
    def values(self) -> dict[str, dict[str, TraitValue]]:
        return {
            group: {name: trait.value for name, trait in members.items()}
            for group, members in self.traits.items()
        }

    def trait(self, group: str, name: str) -> Trait | None:
        return self.traits.get(group, {}).get(name)


def stored_traits(store: StoreClient, profile_id: str, *, group: str = "") -> Stored:
    """The traits of one group, or of all, as they can be read now."""
    found: dict[str, dict[str, Trait]] = {}
    now_id = profile_id
    token: str | None = ""
    while token is not None:
        page = store.list_traits(
            profile_id,
            page_token=token,
            page_size=_TRAITS_A_CALL,
            trait_groups=[group] if group else (),
        )
        now_id = page.canonical_id or now_id
        for trait in page.items:
            found.setdefault(trait.trait_group, {})[trait.name] = trait
        token = page.next_token
    return Stored(now_id, found)
