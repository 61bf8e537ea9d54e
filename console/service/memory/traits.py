"""Trait values: checked against their group's definitions. Contract 11.2."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.contract.memory import trait_values
from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.models import Profile, Store, Trait, TraitGroup
from console.service.memory.tombstones import delete_buried
from console.service.memory.trait_groups import (
    Definitions,
    find_group,
    normalise_trait_name,
    suggest,
)

Payload = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckedTrait:
    """A value that fits its definition; None asks for its removal."""

    trait_group: str
    name: str
    value: Any
    id_type: str  # what identifier it feeds; empty: none

    @property
    def path(self) -> str:
        """Where the value stands in a request."""
        return f"traits.{self.trait_group}.{self.name}"


class UnknownTrait(errors.Invalid):
    """trait  `Contact.nickname`, which the store does not declare"""

    def __init__(self, message: str, trait: str) -> None:
        super().__init__(message)
        self.trait = trait


def get_groups(store: Store) -> dict[str, Definitions]:
    """The definitions of each trait group of a store."""
    return {group.display_name: group.traits for group in TraitGroup.objects.of(store)}


def check_traits(
    store: Store, payload: Payload, groups: Mapping[str, Definitions] | None = None
) -> list[CheckedTrait]:
    """Every value against its definition, of those in `groups` or as the store has them
    now. Raises Invalid, naming the trait."""
    if groups is None:
        groups = get_groups(store)
    checked: dict[str, CheckedTrait] = {}
    for written, values in payload.items():
        group = find_group(written, groups)
        if group is None:
            hint = suggest(written, groups)
            raise UnknownTrait(
                f"traits.{written:.64}: unknown trait group{hint}",
                f"{written:.64}.{next(iter(values), ''):.64}".rstrip("."),
            )
        for trait in _check_group(group, values, groups[group]):
            # Also of one group in two ways of writing.
            if trait.path in checked:
                raise errors.Invalid(f"{trait.path}: duplicate trait")
            checked[trait.path] = trait
    return list(checked.values())


def _check_group(
    group: str, values: Mapping[str, Any], definitions: Definitions
) -> Iterator[CheckedTrait]:
    for raw_name, value in values.items():
        name = normalise_trait_name(raw_name, path=f"traits.{group}")
        definition, path = definitions.get(name), f"traits.{group}.{name}"
        if definition is None:
            hint = suggest(name, definitions)
            raise UnknownTrait(f"{path}: unknown trait{hint}", f"{group}.{name}")
        if value is not None:
            check_value(path, value, definition)
        yield CheckedTrait(group, name, value, definition.get("idTypePromotion", ""))


def write_traits(
    profile: Profile, traits: Sequence[CheckedTrait], *, now: datetime
) -> None:
    """Sets and removes; a value that is already there keeps its timestamp."""
    stored = {
        (trait.trait_group, trait.name): trait.value
        for trait in Trait.objects.of(profile)
    }
    new, removed = [], False
    for trait in traits:
        key = (trait.trait_group, trait.name)
        if trait.value is None:
            if key in stored:
                delete_buried(_filter_trait(profile, trait))
                removed = True
        elif key not in stored or not is_same_value(stored[key], trait.value):
            if key in stored:
                _filter_trait(profile, trait).delete()
                request_compaction()
            row = Trait(
                store_id=profile.store_id,
                profile_id=profile.id,
                trait_group=trait.trait_group,
                name=trait.name,
                value=trait.value,
                updated_at=now,
            )
            new.append(row)
    Trait.objects.bulk_create(new)
    if (new or removed) and profile.created_at != now:
        rows = Profile.objects.filter(store_id=profile.store_id, id=profile.id)
        rows.update(updated_at=now)


def is_same_value(one: Any, other: Any) -> bool:
    # In Python 1 == True == 1.0; for a memory these are three values.
    return type(one) is type(other) and bool(one == other)


def _filter_trait(profile: Profile, trait: CheckedTrait) -> Any:
    return Trait.objects.of(profile).filter(
        trait_group=trait.trait_group, name=trait.name
    )


def check_value(path: str, value: Any, definition: Mapping[str, Any]) -> None:
    try:
        trait_values.check_value(path, value, definition)
    except trait_values.InvalidValue as exc:
        raise errors.Invalid(str(exc)) from exc
