"""Identity: which values mean which profile. Contract section 12."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from console.engine.normalising import Unreadable, normalise
from console.service import errors, limits
from console.service.memory.models import Identifier, Profile, Store
from console.service.memory.traits import CheckedTrait


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
    config = store.identitysettings.config_of(id_type)
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
    settings = store.identitysettings
    identities = []
    for trait in traits:
        # A type that the settings name no more makes nobody findable (17, 40).
        if trait.value is not None and settings.config_of(trait.id_type):
            try:
                identity = read_identity(store, trait.id_type, str(trait.value))
            except errors.Invalid as exc:
                place = f"traits.{trait.trait_group}.{trait.name}"
                raise errors.Invalid(f"{place}: {exc.message}") from exc
            identities.append(identity)
    return identities


def holders(store: Store, identity: Identity) -> Any:
    """The ids of the profiles that hold a value, the earliest first: a queryset."""
    return (
        Identifier.objects.filter(
            store_id=store.id, id_type=identity.id_type, value=identity.value
        )
        .order_by("profile_id")
        .values_list("profile_id", flat=True)
    )


def similar(store: Store, identity: Identity) -> Identity | None:
    """For a type that is matched fuzzily, the held value that is most like this one.

    Likeness is the edit similarity of Levenshtein over the longer length, in percent
    (contract 17, 25); every value of the type is compared.
    """
    config = store.identitysettings.config_of(identity.id_type) or {}
    if config.get("matchingAlgo") != "fuzzy":
        return None
    values = Identifier.objects.filter(store_id=store.id, id_type=identity.id_type)
    best = process.extractOne(
        identity.value,
        values.order_by("added_at", "value").values_list("value", flat=True),
        scorer=Levenshtein.normalized_similarity,
        score_cutoff=config["matchingThreshold"] / 100,
    )
    return replace(identity, value=best[0]) if best else None


def keep_within_limit(store: Store, profile: Profile, id_type: str) -> None:
    """Takes what is over a type's limit, by its policy. Contract 12.3."""
    limit, newest_goes = limit_of(store, id_type)
    values = values_of(profile, id_type)
    over = max(0, len(values) - limit)
    if not over:
        return
    drop(profile, id_type, values[limit:] if newest_goes else values[:over])


def limit_of(store: Store, id_type: str) -> tuple[int, bool]:
    """How many values of a type a profile keeps, and whether the newest one goes.

    A type that the settings no longer name keeps the contract's defaults.
    """
    config = store.identitysettings.config_of(id_type) or {}
    return config.get("limit", int(limits.IDENTIFIER_VALUES)), config.get(
        "limitPolicy"
    ) == "lifo"


def values_of(profile: Profile, id_type: str) -> list[str]:
    """A profile's values of one type, the oldest first."""
    rows = Identifier.objects.of(profile).filter(id_type=id_type)
    return list(rows.order_by("added_at", "value").values_list("value", flat=True))


def drop(profile: Profile, id_type: str, values: Sequence[str]) -> None:
    """Takes values from a profile."""
    Identifier.objects.of(profile).filter(id_type=id_type, value__in=values).delete()
