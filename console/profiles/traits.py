"""A profile's traits beside the schema of their groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from console.client.errors import MemoryNotFound
from console.client.store import StoreClient
from console.contract.memory.profile import Profile
from console.contract.memory.trait import TraitValue
from console.contract.memory.trait_group import TraitDefinition, TraitGroup
from console.masking.masker import Masker
from console.profiles.schema import fetch_trait_groups, get_trait_type
from console.profiles.trait_row import ADDRESSABLE_NAME, TraitRow, format_items

TRAITS_A_CALL = 1000
# A group with more unset traits shows them only when asked to.
UNSET_MAX = 20
Values = Mapping[str, TraitValue]
Times = Mapping[str, datetime]


@dataclass(frozen=True)
class ProfileTraitGroup:
    """A trait group with a profile's values; is_declared: the schema has it (still)."""

    name: str
    description: str
    rows: tuple[TraitRow, ...]
    is_declared: bool = True

    @cached_property
    def filled(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is not None]

    @cached_property
    def unset(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is None]

    @cached_property
    def unset_names(self) -> str:
        return ", ".join(row.name for row in self.unset)

    @cached_property
    def is_folded(self) -> bool:
        """So much is unset that a page shows it only when it is asked to."""
        return len(self.unset) > UNSET_MAX

    @cached_property
    def is_linkable(self) -> bool:
        return self.is_declared and bool(ADDRESSABLE_NAME.fullmatch(self.name))


@dataclass(frozen=True)
class ProfileTraits:
    """All traits of one profile. profile_id is the one that it is now."""

    profile_id: str
    values: dict[str, dict[str, TraitValue]] = field(repr=False)
    groups: list[ProfileTraitGroup]

    @cached_property
    def rows(self) -> list[TraitRow]:
        return [row for group in self.groups for row in group.rows]

    @cached_property
    def filled_count(self) -> int:
        return sum(len(group.filled) for group in self.groups)

    @cached_property
    def unset_count(self) -> int:
        return sum(len(group.unset) for group in self.groups)

    @cached_property
    def undeclared_count(self) -> int:
        return sum(not row.is_declared for row in self.rows)


@dataclass(frozen=True, slots=True)
class StoredTraits:
    """What a memory has stored, by group and name; profile_id: what it is now."""

    profile_id: str
    values: dict[str, dict[str, TraitValue]] = field(repr=False)
    set_at: dict[str, dict[str, datetime]]


def build_trait_groups(
    store: StoreClient, profile: Profile, masker: Masker
) -> list[ProfileTraitGroup]:
    """Every trait group of the store with a profile's values. One call."""
    return _build_groups(fetch_trait_groups(store), profile.traits, {}, masker)


def select_pinned(
    groups: Sequence[ProfileTraitGroup], names: Sequence[str]
) -> list[ProfileTraitGroup]:
    """For a card: the pinned groups, in that order; without pins the filled ones.

    A pinned group is shown even when nothing of it is set; one that the store does
    not have is left out.
    """
    if not names:
        return [group for group in groups if group.filled]
    by_name = {group.name: group for group in groups}
    return [by_name[name] for name in names if name in by_name]


def fetch_profile_traits(
    store: StoreClient, profile_id: str, masker: Masker
) -> ProfileTraits:
    """All groups with values and since when. Two calls. Raises MemoryNotFound."""
    stored = _fetch_stored(store, profile_id)
    schemas = fetch_trait_groups(store)
    groups = _build_groups(schemas, stored.values, stored.set_at, masker)
    return ProfileTraits(stored.profile_id, stored.values, groups)


def fetch_trait_row(
    store: StoreClient, profile_id: str, group: str, name: str, masker: Masker
) -> tuple[str, TraitRow]:
    """The profile that it is now and one row. Two calls. Raises MemoryNotFound."""
    schema = store.fetch_trait_group(group)
    stored = _fetch_stored(store, profile_id, group=group)
    values, set_at = stored.values.get(group, {}), stored.set_at.get(group, {})
    for row in _build_group(group, schema, values, set_at, masker).rows:
        if row.name == name:
            return stored.profile_id, row
    raise MemoryNotFound(
        "This store has no such trait, and this profile no such value.",
        code=404,
        http_status=404,
    )


def _fetch_stored(
    store: StoreClient, profile_id: str, *, group: str = ""
) -> StoredTraits:
    """The traits of one group, or of all, as they can be read now."""
    values: dict[str, dict[str, TraitValue]] = {}
    set_at: dict[str, dict[str, datetime]] = {}
    now_id = profile_id
    token: str | None = ""
    while token is not None:
        page = store.list_traits(
            profile_id,
            page_token=token,
            page_size=TRAITS_A_CALL,
            trait_groups=[group] if group else (),
        )
        now_id = page.canonical_id or now_id
        for trait in page.items:
            values.setdefault(trait.trait_group, {})[trait.name] = trait.value
            if trait.timestamp:
                set_at.setdefault(trait.trait_group, {})[trait.name] = trait.timestamp
        token = page.next_token
    return StoredTraits(now_id, values, set_at)


def _build_groups(
    schemas: Sequence[TraitGroup],
    values: Mapping[str, Values],
    set_at: Mapping[str, Times],
    masker: Masker,
) -> list[ProfileTraitGroup]:
    """Filled groups first."""
    declared = {schema.display_name: schema for schema in schemas}
    names = [*declared, *(name for name in values if name not in declared)]
    groups = [
        _build_group(
            name, declared.get(name), values.get(name, {}), set_at.get(name, {}), masker
        )
        for name in names
    ]
    return sorted(groups, key=lambda group: not group.filled)


def _build_group(
    name: str, schema: TraitGroup | None, values: Values, set_at: Times, masker: Masker
) -> ProfileTraitGroup:
    definitions = schema.definitions if schema else {}
    names = [*definitions, *(trait for trait in values if trait not in definitions)]
    rows = tuple(
        _build_row(
            name,
            trait,
            definitions.get(trait),
            values.get(trait),
            set_at.get(trait),
            masker,
        )
        for trait in names
    )
    description = schema.description if schema else ""
    return ProfileTraitGroup(name, description, rows, is_declared=schema is not None)


def _build_row(
    group: str,
    name: str,
    definition: TraitDefinition | None,
    value: TraitValue | None,
    set_at: datetime | None,
    masker: Masker,
) -> TraitRow:
    id_type = definition.id_type_promotion if definition else ""
    text = ", ".join(format_items(value))
    return TraitRow(
        group=group,
        name=name,
        type=get_trait_type(definition) if definition else "",
        description=definition.description if definition else "",
        id_type=id_type,
        value=value,
        set_at=set_at,
        shown=None if value is None else masker.mask_trait(group, name, text, id_type),
    )
