"""Trait groups: what may be known of a customer, and as what type. Contract 10.3."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import re2
from django.db import transaction
from django.utils import timezone

from console.contract.memory import trait_group as wire
from console.contract.memory.error import Code
from console.service import errors
from console.service.memory.models import (
    DataMapping,
    IdentitySettings,
    Store,
    Trait,
    TraitGroup,
)
from console.service.memory.stores import NameTaken, check_version, lock_store
from console.service.memory.tombstones import delete_buried

Definitions = Mapping[str, dict[str, Any]]


# RE2 itself would print a pattern that it refuses.
_QUIET = re2.Options()
_QUIET.log_errors = False


def normalise_trait_name(name: str, *, path: str = "traits") -> str:
    """`first_name`, `First Name` and `firstName` are one trait (contract 17, 16).

    Raises Invalid for what is no trait name afterwards; `path` says where it stands.
    """
    first, *rest = re.split(r"[_\s]+", name.strip("_ ")) or [""]
    joined = (
        first[:1].lower() + first[1:] + "".join(w[:1].upper() + w[1:] for w in rest)
    )
    if not wire.TRAIT_NAME.fullmatch(joined) or len(joined) > wire.TRAIT_NAME_MAX:
        raise errors.Invalid(
            f"{path}.{name:.{wire.TRAIT_NAME_MAX}}: not a valid trait name, which starts"
            " with a letter and has letters, digits, '-' and '.', at most"
            f" {wire.TRAIT_NAME_MAX} characters"
        )
    return joined


def find_group(name: str, names: Iterable[str]) -> str | None:
    """The group that a profile's traits mean: of this name, else without regard to case
    if that is one alone."""
    alike = [each for each in names if each.casefold() == name.casefold()]
    if name in alike:
        return name
    return alike[0] if len(alike) == 1 else None


def suggest(name: str, names: Iterable[str]) -> str:
    """`, did you mean Contact?`, or nothing."""
    by_fold = {each.casefold(): each for each in names}
    close = get_close_matches(
        name[: wire.TRAIT_GROUP_NAME_MAX].casefold(), by_fold, n=1, cutoff=0.75
    )
    return f", did you mean {by_fold[close[0]]}?" if close else ""


def get_trait_group(store: Store, name: str) -> TraitGroup:
    groups = TraitGroup.objects.of(store)
    group: TraitGroup | None = groups.filter(display_name=name).first()
    if group is None:
        hint = suggest(name, groups.values_list("display_name", flat=True))
        raise errors.NotFound(
            f"Trait group not found{hint or '.'}", code=Code.TRAIT_GROUP_UNKNOWN
        )
    return group


@transaction.atomic(using="memory")
def create_trait_group(
    store: Store, *, display_name: str, description: str, traits: Definitions
) -> TraitGroup:
    """Raises Invalid, NameTaken."""
    lock_store(store)
    groups = TraitGroup.objects.of(store)
    if groups.filter(display_name=display_name).exists():
        raise NameTaken(
            "displayName: already in use in this store",
            code=Code.TRAIT_GROUP_NAME_TAKEN,
        )
    if groups.count() >= wire.TRAIT_GROUPS_PER_STORE:
        raise errors.Invalid(
            f"traitGroups: at most {wire.TRAIT_GROUPS_PER_STORE} per store",
            code=Code.TRAIT_GROUP_LIMIT,
        )
    definitions = _normalise_names(traits)
    for name, definition in definitions.items():
        _check_definition(store, name, definition)
    group: TraitGroup = groups.create(
        store_id=store.id,
        display_name=display_name,
        description=description,
        traits=definitions,
        created_at=timezone.now(),
    )
    return group


@transaction.atomic(using="memory")
def patch_trait_group(
    store: Store,
    name: str,
    *,
    if_match: str,
    description: str | None,
    traits: Definitions,
) -> TraitGroup:
    """Definitions by key: known ones are replaced, `dataType` "" removes one.

    A removed trait goes from every profile too. Raises NotFound, Stale, Invalid.
    """
    lock_store(store)
    group = get_trait_group(store, name)
    check_version(if_match, group.version)
    for trait, definition in _normalise_names(traits).items():
        if definition["dataType"] == "":
            _remove_trait(group, trait)
        else:
            _check_definition(store, trait, definition)
            if group.protected and group.traits.get(trait, {}).get("idTypePromotion"):
                raise _build_refusal(f"{name}.{trait}", errors.Invalid)
            group.traits[trait] = definition
    _check_count(group.traits)
    if description is not None:
        group.description = description
    group.version += 1
    group.save()
    return group


@transaction.atomic(using="memory")
def delete_trait_group(store: Store, name: str) -> None:
    """Removes the group and its traits from every profile. Raises Conflict."""
    lock_store(store)
    group = get_trait_group(store, name)
    if group.protected:
        raise _build_refusal(name, errors.Conflict)
    mappings = DataMapping.objects.of(store).values_list("mapping_to", flat=True)
    if any(item["traitGroup"] == name for to in mappings for item in to["mappings"]):
        raise errors.Conflict(f"{name}: in use by a data mapping")
    delete_buried(Trait.objects.filter(store_id=store.id, trait_group=name))
    group.delete()


def _remove_trait(group: TraitGroup, trait: str) -> None:
    definition = group.traits.pop(trait, None)
    if definition is None:
        raise errors.Invalid(f"traits.{trait}: unknown trait")
    if group.protected and definition.get("idTypePromotion"):
        raise _build_refusal(f"{group.display_name}.{trait}", errors.Invalid)
    traits = Trait.objects.filter(
        store_id=group.store_id, trait_group=group.display_name, name=trait
    )
    delete_buried(traits)


def _build_refusal(name: str, error: type[errors.ServiceError]) -> errors.ServiceError:
    return error(f"{name}: built in, cannot be changed or deleted", code=Code.PROTECTED)


def _normalise_names(traits: Definitions) -> dict[str, dict[str, Any]]:
    definitions: dict[str, dict[str, Any]] = {}
    for raw_name, definition in traits.items():
        name = normalise_trait_name(raw_name)
        if name in definitions:
            raise errors.Invalid(f"traits.{name}: duplicate trait")
        definitions[name] = definition
    _check_count(definitions)
    return definitions


def _check_count(definitions: Definitions) -> None:
    if len(definitions) > wire.TRAITS_PER_GROUP:
        raise errors.Invalid(
            f"traits: at most {wire.TRAITS_PER_GROUP} per trait group",
            code=Code.TRAIT_LIMIT,
        )


def _check_definition(store: Store, name: str, definition: dict[str, Any]) -> None:
    if definition["dataType"] == "":
        raise errors.Invalid(f"traits.{name}.dataType: must not be empty")
    promotion = definition.get("idTypePromotion")
    if promotion:
        if definition["dataType"] not in {"STRING", "NUMBER"}:
            raise errors.Invalid(
                f"traits.{name}.idTypePromotion: dataType must be STRING or NUMBER"
            )
        identity = IdentitySettings.objects.get(store=store)
        if identity.get_config(promotion) is None:
            raise errors.Invalid(
                f"traits.{name}.idTypePromotion: unknown identifier type"
            )
    rule = definition.get("validationRule") or {}
    if rule and rule["ruleType"] != definition["dataType"]:
        raise errors.Invalid(
            f"traits.{name}.validationRule.ruleType: must equal dataType"
        )
    if rule.get("pattern"):
        _check_pattern(name, rule["pattern"])


def _check_pattern(name: str, pattern: str) -> None:
    # RE2 answers in time linear to the value: a client's pattern cannot stall us.
    try:
        re2.compile(pattern, _QUIET)
    except re2.error as exc:
        raise errors.Invalid(
            f"traits.{name}.validationRule.pattern: not a valid RE2 expression"
        ) from exc
