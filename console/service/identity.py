"""Identity: which values mean which profile. Contract section 12."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.engine.normalising import Unreadable, normalise
from console.service import errors, limits
from console.service.models import Identifier, IdentitySettings, Profile, Store
from console.service.traits import CheckedTrait


@dataclass(frozen=True, slots=True)
class Identity:
    """A normalised value of one type; `exclusive`: only one profile may hold it."""

    id_type: str
    value: str
    exclusive: bool


def read_identity(store: Store, id_type: str, value: str) -> Identity:
    """A value in the form in which it is stored and compared.

    Raises Invalid for a type this store does not know and an unreadable value.
    """
    config = IdentitySettings.objects.get(store=store).config_of(id_type)
    if config is None:
        raise errors.Invalid("idType: this store has no such identifier type")
    try:
        normalised = normalise(value, config["normalization"])
    except Unreadable as exc:
        raise errors.Invalid(f"value: {exc}") from exc
    # Checked here, not by length as given: folding the case of "ß" makes it longer.
    if len(normalised) > limits.IDENTIFIER_VALUE:
        raise errors.Invalid(
            f"value: is longer than {limits.IDENTIFIER_VALUE} characters"
        )
    return Identity(id_type, normalised, config["enforceUnique"])


def promoted(store: Store, traits: Sequence[CheckedTrait]) -> list[Identity]:
    """The identities that traits feed. Raises Invalid, naming the trait."""
    identities = []
    for trait in traits:
        if trait.id_type and trait.value is not None:
            try:
                identity = read_identity(store, trait.id_type, str(trait.value))
            except errors.Invalid as exc:
                place = f"traits.{trait.trait_group}.{trait.name}"
                raise errors.Invalid(f"{place}: {exc.message}") from exc
            identities.append(identity)
    return identities


def find_holder(store: Store, identities: Sequence[Identity]) -> str | None:
    """Whose these are: the matching rules in order, the first that matches decides."""
    for rule in IdentitySettings.objects.get(store=store).matching_rules:
        for identity in identities:
            if identity.id_type == rule:
                holder = holders(store, identity).first()
                if holder:
                    return str(holder)
    return None


def holders(store: Store, identity: Identity) -> Any:
    """The ids of the profiles that hold a value, the earliest first: a queryset."""
    return (
        Identifier.objects.filter(
            store_id=store.id, id_type=identity.id_type, value=identity.value
        )
        .order_by("profile_id")
        .values_list("profile_id", flat=True)
    )


def attach(
    store: Store, profile: Profile, identity: Identity, *, now: datetime
) -> None:
    """Gives a profile a value, under the store's lock. Raises Conflict."""
    held_by = set(holders(store, identity))
    if profile.id in held_by:
        return
    if identity.exclusive and held_by:
        raise errors.Conflict(
            f"{identity.id_type}: another profile holds this value;"
            " nothing was changed."
        )
    Identifier.objects.create(
        store_id=store.id,
        profile_id=profile.id,
        id_type=identity.id_type,
        value=identity.value,
        exclusive=identity.exclusive,
        added_at=now,
    )
    _keep_within_limit(store, profile, identity.id_type)


def _keep_within_limit(store: Store, profile: Profile, id_type: str) -> None:
    limit, newest_goes = limit_of(store, id_type)
    values = values_of(profile, id_type)
    over = max(0, len(values) - limit)
    drop(profile, id_type, values[limit:] if newest_goes else values[:over])


def limit_of(store: Store, id_type: str) -> tuple[int, bool]:
    """How many values of a type a profile keeps, and whether the newest one goes.

    A type that the settings no longer name keeps the contract's defaults.
    """
    config = IdentitySettings.objects.get(store=store).config_of(id_type) or {}
    return config.get("limit", 100), config.get("limitPolicy") == "lifo"


def values_of(profile: Profile, id_type: str) -> list[str]:
    """A profile's values of one type, the oldest first."""
    rows = Identifier.objects.of(profile).filter(id_type=id_type)
    return list(rows.order_by("added_at", "value").values_list("value", flat=True))


def drop(profile: Profile, id_type: str, values: Sequence[str]) -> None:
    """Takes values from a profile."""
    Identifier.objects.of(profile).filter(id_type=id_type, value__in=values).delete()
