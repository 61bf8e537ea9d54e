"""A profile's traits beside the schema of their groups."""

from dataclasses import dataclass, field

from console.client.store import StoreClient
from console.client.values import Profile, TraitGroup, TraitValue


@dataclass(frozen=True, slots=True)
class TraitRow:
    """One trait of a group's schema, or one that the schema does not know (any more)."""

    name: str
    data_type: str
    description: str
    id_type: str
    value: TraitValue | None = field(repr=False)

    @property
    def text(self) -> str:
        """The value as people read it; an array's items in one line."""
        values = self.value if isinstance(self.value, list) else [self.value]
        return ", ".join(
            str(v).lower() if isinstance(v, bool) else str(v) for v in values
        )


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    description: str
    rows: tuple[TraitRow, ...]

    @property
    def known(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is not None]

    @property
    def unset(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is None]

    @property
    def unset_names(self) -> str:
        return ", ".join(row.name for row in self.unset)


def trait_groups(store: StoreClient, profile: Profile) -> list[Group]:
    """Every trait group of the store with this profile's values, filled groups first."""
    schemas = {group.display_name: group for group in _all_groups(store)}
    names = [*schemas, *(name for name in profile.traits if name not in schemas)]
    groups = [
        _group(name, schemas.get(name), profile.traits.get(name, {})) for name in names
    ]
    return sorted(groups, key=lambda group: not group.known)


def _all_groups(store: StoreClient) -> list[TraitGroup]:
    groups: list[TraitGroup] = []
    token: str | None = ""
    while token is not None:
        page = store.list_trait_groups(page_token=token)
        groups += page.items
        token = page.next_token
    # Oldest first: the built-in group, then the others as they were declared.
    return groups[::-1]


def _group(
    name: str, schema: TraitGroup | None, values: dict[str, TraitValue]
) -> Group:
    definitions = schema.traits if schema else {}
    rows = [
        TraitRow(
            trait,
            each.data_type,
            each.description,
            each.id_type_promotion,
            values.get(trait),
        )
        for trait, each in definitions.items()
    ]
    rows += [
        TraitRow(trait, "", "", "", value)
        for trait, value in values.items()
        if trait not in definitions
    ]
    return Group(name, schema.description if schema else "", tuple(rows))
