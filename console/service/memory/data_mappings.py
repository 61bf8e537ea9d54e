"""Data mappings: how columns of a source become traits. Contract 10.4."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.contract.ids import DATA_MAPPING_ID, new_id
from console.contract.memory.data_mapping import DATASETS
from console.contract.memory.error import Code
from console.service import errors
from console.service.memory.models import DataMapping, Store
from console.service.memory.stores import check_version, lock_store
from console.service.memory.trait_groups import normalise_trait_name, suggest
from console.service.memory.traits import get_groups
from console.service.models import find_row


def get_data_mapping(store: Store, mapping_id: str) -> DataMapping:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    rows, code = DataMapping.objects.of(store), Code.DATA_MAPPING_UNKNOWN
    mapping: DataMapping = find_row(
        rows, mapping_id, DATA_MAPPING_ID, "data mapping", code
    )
    return mapping


@transaction.atomic(using="memory")
def create_data_mapping(store: Store, fields: Mapping[str, Any]) -> DataMapping:
    """Fields: display_name, is_enabled, mapping_from, mapping_to, maybe description.

    Raises Invalid (a dataset's targets are not there), Conflict (the name is taken).
    """
    lock_store(store)
    now = timezone.now()
    mapping = DataMapping(
        store_id=store.id,
        id=new_id("mem_datamapping"),
        source_type=fields["mapping_from"]["type"],
        created_at=now,
        updated_at=now,
        **fields,
    )
    _check_targets(store, mapping)
    _check_name(store, mapping)
    mapping.save(force_insert=True)
    return mapping


@transaction.atomic(using="memory")
def patch_data_mapping(
    store: Store, mapping_id: str, *, if_match: str, changes: Mapping[str, Any]
) -> None:
    """Changes what is given; a given `mapping_to` replaces all of the former one.

    Raises NotFound, Stale, Invalid (nothing is given, or as at creation), Conflict.
    """
    # Locked: a deletion meanwhile would be undone by the save below.
    lock_store(store)
    mapping = get_data_mapping(store, mapping_id)
    check_version(if_match, mapping.version)
    if not changes:
        raise errors.Invalid(
            "At least one of displayName, description, isEnabled and mappingTo is"
            " required."
        )
    for name, value in changes.items():
        setattr(mapping, name, value)
    # Not for other changes: what lost its traits must still be open to switching off.
    if "mapping_to" in changes:
        _check_targets(store, mapping)
    _check_name(store, mapping)
    mapping.version += 1
    mapping.updated_at = timezone.now()
    mapping.save()


@transaction.atomic(using="memory")
def delete_data_mapping(store: Store, mapping_id: str) -> None:
    """Raises NotFound."""
    lock_store(store)
    get_data_mapping(store, mapping_id).delete()


def _check_name(store: Store, mapping: DataMapping) -> None:
    same_name = DataMapping.objects.of(store).filter(display_name=mapping.display_name)
    if same_name.exclude(id=mapping.id).exists():
        raise errors.Conflict(
            "displayName: already in use in this store",
            code=Code.DATA_MAPPING_NAME_TAKEN,
        )


def _check_targets(store: Store, mapping: DataMapping) -> None:
    """A dataset's targets have to be declared: nobody tells us its columns' types."""
    if mapping.source_type not in DATASETS:
        return
    groups = get_groups(store)
    for index, item in enumerate(mapping.mapping_to["mappings"]):
        path, traits = f"mappingTo.mappings[{index}]", groups.get(item["traitGroup"])
        if traits is None:
            hint = suggest(item["traitGroup"], groups)
            raise errors.Invalid(f"{path}.traitGroup: unknown trait group{hint}")
        if not _has_trait(traits, item["traitName"]):
            raise errors.Invalid(f"{path}.traitName: unknown trait")


def _has_trait(traits: Mapping[str, Any], name: str) -> bool:
    try:
        return normalise_trait_name(name) in traits
    except errors.Invalid:
        # A mapping may name what is longer than any trait: 128 characters.
        return False
