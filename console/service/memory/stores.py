"""Stores: a tenant's whole memory, and how it tells people apart. Contract 10.1, 10.2,
built-ins in section 13."""

from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from console.contract.ids import STORE_ID, new_id
from console.contract.memory.error import Code
from console.contract.memory.identity_settings import (
    IdentifierConfig,
    PutIdentitySettings,
    list_time_zones,
)
from console.contract.memory.store import STORES_PER_ACCOUNT
from console.contract.normalising import REGIONS
from console.service import errors
from console.service.memory.models import IdentitySettings, Profile, Store, TraitGroup
from console.service.memory.tombstones import bury
from console.service.models import (
    Account,
    ProfileScoped,
    StoreScoped,
    find_models,
    lock_account,
)

# What every new store has: identifier types, and the eleven traits of Contact, two of
# which feed identifiers.
_BUILT_INS = msgspec.json.decode(
    Path(__file__).with_name("built_ins.json").read_bytes()
)
_IDENTIFIER_CONFIGS = [
    msgspec.to_builtins(IdentifierConfig(id_type=id_type, normalization=normalization))
    for id_type, normalization in _BUILT_INS["identifiers"].items()
]


class NameTaken(errors.ServiceError):
    """The account has a store (or the store a trait group) of this name."""


def get_store(account: Account, store_id: str) -> Store:
    """The one scoped lookup: a foreign store is as unknown as one that never was."""
    if not STORE_ID.fullmatch(store_id):
        raise errors.Invalid(
            "storeId: not a valid store id", code=Code.STORE_ID_MALFORMED
        )
    store = Store.objects.filter(account=account, id=store_id).first()
    if store is None:
        raise errors.NotFound("Store not found.", code=Code.STORE_UNKNOWN)
    return store


def lock_store(store: Store) -> Store:
    """The store as it is now, its row held until the end of the transaction.

    Taken before anything that decides who is who: two writers who meet the same
    person at once would otherwise make two profiles.
    """
    locked = Store.objects.select_for_update().filter(pk=store.pk).first()
    if locked is None:
        raise errors.NotFound("Store not found.", code=Code.STORE_UNKNOWN)
    return locked


@transaction.atomic(using="memory")
def create_store(
    account: Account, *, display_name: str, description: str, friendly_name: str = ""
) -> Store:
    """A store, ready at once, with its built-ins. Raises Invalid, NameTaken."""
    account = lock_account(account)
    stores = Store.objects.filter(account=account)
    if stores.count() >= STORES_PER_ACCOUNT:
        raise errors.Invalid(
            f"stores: at most {STORES_PER_ACCOUNT} per account", code=Code.STORE_LIMIT
        )
    _check_name(stores, display_name)
    store = Store.objects.create(
        id=new_id("mem_store"),
        account=account,
        display_name=display_name,
        description=description,
        friendly_name=friendly_name,
        created_at=timezone.now(),
    )
    _create_built_ins(store)
    return store


def _create_built_ins(store: Store) -> None:
    IdentitySettings.objects.create(
        store=store,
        identifier_configs=_IDENTIFIER_CONFIGS,
        matching_rules=_BUILT_INS["matchingRules"],
    )
    TraitGroup.objects.create(
        store_id=store.id,
        display_name="Contact",
        description="Who the customer is and how to reach them",
        traits=_BUILT_INS["contact"],
        protected=True,
        created_at=store.created_at,
    )


@transaction.atomic(using="memory")
def patch_store(
    store: Store,
    *,
    if_match: str,
    display_name: str | None,
    description: str | None,
    ledger_days: int | None = None,
) -> Store:
    """Changes what is given. Raises NotFound, Stale, NameTaken."""
    lock_account(Account(pk=store.account_id))
    store = lock_store(store)
    check_version(if_match, store.version)
    if display_name is not None and display_name != store.display_name:
        _check_name(Store.objects.filter(account=store.account_id), display_name)
        store.display_name = display_name
    if description is not None:
        store.description = description
    if ledger_days is not None:
        store.ledger_days = ledger_days
    store.version += 1
    store.save()
    return store


@transaction.atomic(using="memory")
def delete_store(store: Store) -> None:
    """Removes a store with all that it remembers; nothing brings it back."""
    bury([lock_store(store)])
    # Profiles first: whoever is writing below one holds its row, and is waited for.
    Profile.objects.of(store).delete()
    for model in (*find_models(ProfileScoped), *find_models(StoreScoped)):
        model.objects.filter(store_id=store.id).delete()
    Store.objects.filter(pk=store.pk).delete()


def check_version(if_match: str, version: int) -> None:
    """Compares an If-Match header with a version, quoted or not. Raises Stale."""
    wanted = if_match.strip().removeprefix("W/").strip('"')
    if wanted and wanted not in {"*", str(version)}:
        raise errors.Stale(
            "If-Match: not the current version; fetch it again",
            code=Code.IF_MATCH_STALE,
        )


def _check_name(stores: Any, display_name: str) -> None:
    if holder := stores.filter(display_name=display_name).first():
        raise NameTaken(
            f"displayName: already in use in this account, by {holder.pk}",
            code=Code.STORE_NAME_TAKEN,
        )


@transaction.atomic(using="memory")
def put_identity_settings(
    store: Store, wanted: PutIdentitySettings, *, if_match: str = ""
) -> None:
    """Replaces the whole set. Raises Stale, Invalid (a type twice, a rule for no type).

    What is ours stays as before where it is left out: only our own clients know of it.
    Values of a type that is left out stay, and match no more (contract 17, 40).
    """
    lock_store(store)
    settings = IdentitySettings.objects.get(store=store)
    check_version(if_match, settings.version)
    id_types = [config.id_type for config in wanted.identifier_configs]
    rules = wanted.matching_rules
    for index, id_type in enumerate(id_types):
        if id_type in id_types[:index]:
            raise errors.Invalid(f"identifierConfigs[{index}].idType: duplicate")
    for index, rule in enumerate(rules):
        if rule not in id_types:
            raise errors.Invalid(
                f"matchingRules[{index}]: not an idType of identifierConfigs"
            )
        if rule in rules[:index]:
            raise errors.Invalid(f"matchingRules[{index}]: duplicate")
    if wanted.phone_region and wanted.phone_region not in REGIONS:
        raise errors.Invalid("phoneRegion: not a country that has phone numbers")
    if wanted.time_zone and wanted.time_zone not in list_time_zones():
        raise errors.Invalid("timeZone: not a time zone of the IANA")
    settings.phone_region = wanted.phone_region or settings.phone_region
    settings.time_zone = wanted.time_zone or settings.time_zone
    settings.merge_brake = wanted.merge_brake or settings.merge_brake
    if wanted.whatsapp_is_phone is not None:
        settings.whatsapp_is_phone = wanted.whatsapp_is_phone
    settings.identifier_configs = msgspec.to_builtins(wanted.identifier_configs)
    settings.matching_rules = list(rules)
    settings.version += 1
    settings.save()
