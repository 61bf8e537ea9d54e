"""Identifiers: by what a customer is found. Contract 11.3 and section 12."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.engine.normalising import Unreadable, normalise
from console.service import errors, limits
from console.service.models import Identifier, IdentitySettings, Profile, Store
from console.service.stores import lock_store


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup answers: the value as compared, and who holds it."""

    normalized_value: str
    profiles: tuple[str, ...]


def normalise_identifier(store: Store, id_type: str, value: str) -> tuple[str, bool]:
    """The stored form of a value, and whether only one profile may hold it.

    Raises Invalid for a type this store does not know and an unreadable value.
    """
    config = IdentitySettings.objects.get(store=store).config_of(id_type)
    if config is None:
        raise errors.Invalid("idType: this store has no such identifier type")
    try:
        normalised = normalise(value, config["normalization"])
    except Unreadable as exc:
        raise errors.Invalid(f"value: {exc}") from exc
    return normalised, config["enforceUnique"]


def lookup(store: Store, id_type: str, value: str) -> Found:
    """Who holds a value. Raises Invalid."""
    normalised, _ = normalise_identifier(store, id_type, value)
    holders = (
        Identifier.objects.filter(store_id=store.id, id_type=id_type, value=normalised)
        .order_by("profile_id")
        .values_list("profile_id", flat=True)[: limits.LOOKUP_RESULTS]
    )
    return Found(normalised, tuple(holders))


def identifiers_of(profile: Profile) -> dict[str, list[str]]:
    """Values by type, oldest first."""
    rows = Identifier.objects.of(profile).order_by("id_type", "added_at", "value")
    sets: dict[str, list[str]] = {}
    for id_type, value in rows.values_list("id_type", "value"):
        sets.setdefault(id_type, []).append(value)
    return sets


@transaction.atomic(using="memory")
def add_identifier(store: Store, profile: Profile, id_type: str, value: str) -> None:
    """Gives a profile one more value. Raises Invalid, Conflict."""
    lock_store(store)
    normalised, exclusive = normalise_identifier(store, id_type, value)
    attach(store, profile, id_type, normalised, exclusive, now=timezone.now())


def attach(
    store: Store,
    profile: Profile,
    id_type: str,
    value: str,
    exclusive: bool,
    *,
    now: datetime,
) -> None:
    """Writes a normalised value under the store's lock. Raises Conflict."""
    held = Identifier.objects.filter(store_id=store.id, id_type=id_type, value=value)
    if held.filter(profile_id=profile.id).exists():
        return
    if exclusive and held.exists():
        raise errors.Conflict(
            f"{id_type}: another profile holds this value; nothing was changed."
        )
    Identifier.objects.create(
        store_id=store.id,
        profile_id=profile.id,
        id_type=id_type,
        value=value,
        exclusive=exclusive,
        added_at=now,
    )
    _keep_within_limit(store, profile, id_type)


def _keep_within_limit(store: Store, profile: Profile, id_type: str) -> None:
    config = _config(store, id_type)
    values = _values(profile, id_type)
    for value in _surplus(config, values):
        Identifier.objects.of(profile).filter(id_type=id_type, value=value).delete()


def _surplus(config: dict[str, Any], values: list[str]) -> list[str]:
    over = max(0, len(values) - config["limit"])
    if config["limitPolicy"] == "lifo":
        return values[len(values) - over :]
    return values[:over]


def _config(store: Store, id_type: str) -> dict[str, Any]:
    config = IdentitySettings.objects.get(store=store).config_of(id_type)
    return config or {"limit": 100, "limitPolicy": "fifo"}


def _values(profile: Profile, id_type: str) -> list[str]:
    rows = Identifier.objects.of(profile).filter(id_type=id_type)
    return list(rows.order_by("added_at", "value").values_list("value", flat=True))


@transaction.atomic(using="memory")
def remove_identifier(
    store: Store, profile: Profile, id_type: str, *, remove_all: bool
) -> None:
    """Takes one value by the type's limit policy, or all. Raises NotFound."""
    lock_store(store)
    values = _values(profile, id_type)
    if not values:
        raise errors.NotFound("This profile has no identifier of that type.")
    if not remove_all:
        lifo = _config(store, id_type)["limitPolicy"] == "lifo"
        values = values[-1:] if lifo else values[:1]
    Identifier.objects.of(profile).filter(id_type=id_type, value__in=values).delete()
