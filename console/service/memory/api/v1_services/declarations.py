"""Trait groups that come to be by being written to. Contract 16.2.

Only current clients declare groups and traits; for older ones the first value that
is written of a trait decides about its type.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from console.contract.memory.error import Code
from console.contract.memory.trait_group import CreateTraitGroup
from console.service import errors
from console.service.memory.models import Store, TraitGroup
from console.service.memory.stores import lock_store
from console.service.memory.trait_groups import (
    Definitions,
    create_trait_group,
    normalise_trait_name,
    patch_trait_group,
)
from console.service.memory.traits import Payload


def declare(store: Store, payload: Payload) -> None:
    """Declares what the payload names and the store does not know.

    Within the transaction of the write. Raises Invalid: a name that cannot be one,
    or more groups or traits than the store may have.
    """
    lock_store(store)
    groups = {
        group.display_name: group.traits
        for group in TraitGroup.objects.of(store).filter(display_name__in=payload)
    }
    for name, values in payload.items():
        if name not in groups:
            _check_name(name)
            create_trait_group(
                store,
                display_name=name,
                description="",
                traits=_undeclared(values, {}),
            )
        elif undeclared := _undeclared(values, groups[name]):
            patch_trait_group(
                store, name, if_match="", description=None, traits=undeclared
            )


def _check_name(group: str) -> None:
    try:
        msgspec.convert({"displayName": group}, CreateTraitGroup)
    except msgspec.ValidationError as exc:
        raise errors.Invalid(
            f"traits.{group:.64}: invalid trait group name", code=Code.SCHEMA
        ) from exc


def _undeclared(values: Mapping[str, Any], declared: Definitions) -> Definitions:
    """Definitions of the traits that are not declared; a null tells no type."""
    named = {normalise_trait_name(name): value for name, value in values.items()}
    return {
        name: {"dataType": _data_type(value)}
        for name, value in named.items()
        if name not in declared and value is not None
    }


def _data_type(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "NUMBER"
    # What is of no type at all is refused as a value, and this with it.
    return "ARRAY" if isinstance(value, list) else "STRING"
