"""Identity: which values make a profile findable, and who holds them. Contract 12."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from console.contract.memory.identity_settings import IDENTIFIER_VALUES_MAX
from console.contract.normalising import InvalidIdentifier, normalise_identifier
from console.service import errors
from console.service.memory.models import Identifier, Profile, Store
from console.service.memory.tombstones import delete_buried
from console.service.memory.traits import CheckedTrait

# Behind what parse_identity says of the value of a trait.
KEPT = "; kept as a trait, not as an identifier"


@dataclass(frozen=True, slots=True)
class Identity:
    """A normalised value of one type; `exclusive`: only one profile may hold it."""

    id_type: str
    value: str
    exclusive: bool


def parse_identity(
    store: Store, id_type: str, value: str, *, path: str = "value", asked: bool = False
) -> Identity:
    """A value in the form in which it is stored and compared; `path` names it.

    asked  it is looked for: an address is read even if it is nobody's
    Raises Invalid for a type that the store does not have and a value that is none.
    """
    config = store.identitysettings.get_config(id_type)
    if config is None:
        raise errors.Invalid("idType: unknown identifier type")
    try:
        kind, region = config["normalization"], store.identitysettings.phone_region
        normalised = normalise_identifier(value, id_type, kind, region, asked=asked)
    except InvalidIdentifier as exc:
        raise errors.Invalid(f"{path}: {exc}") from exc
    return Identity(id_type, normalised, config["enforceUnique"])


def parse_identities(
    store: Store, id_type: str, value: str, *, path: str = "value", asked: bool = False
) -> list[Identity]:
    """The identity of a value and, where the store has a WhatsApp number name the same
    person as a phone, that phone. Raises Invalid."""
    found = [parse_identity(store, id_type, value, path=path, asked=asked)]
    if id_type == "whatsapp" and store.identitysettings.whatsapp_is_phone:
        # A user name is none, and a store may have no phones.
        with suppress(errors.Invalid):
            found.append(parse_identity(store, "phone", value))
    return found


def get_promoted_identities(
    store: Store, traits: Sequence[CheckedTrait]
) -> tuple[dict[Identity, str], list[str]]:
    """The identities that traits feed, with where these stand in the request, and for
    each value that names nobody a sentence that names the trait: `n/a` may stay one,
    but must not make two people one."""
    identities: dict[Identity, str] = {}
    unfit = []
    for trait in traits:
        # A type that the settings name no more makes nobody findable (17, 40).
        if trait.value is None or not store.identitysettings.get_config(trait.id_type):
            continue
        try:
            for identity in parse_identities(
                store, trait.id_type, str(trait.value), path=trait.path
            ):
                identities.setdefault(identity, trait.path)
        except errors.Invalid as exc:
            unfit.append(exc.message)
    return identities, unfit


def find_holders(store: Store, identity: Identity) -> Any:
    """The ids of the profiles that hold a value, the earliest first: a queryset."""
    return (
        Identifier.objects.filter(
            store_id=store.id, id_type=identity.id_type, value=identity.value
        )
        .order_by("profile_id")
        .values_list("profile_id", flat=True)
    )


def find_similar(store: Store, identity: Identity) -> Identity | None:
    """For a type that is matched fuzzily, the held value that is most like this one.

    Similarity is Levenshtein's over the longer length, in percent (contract 17, 25);
    every value of the type is compared.
    """
    config = store.identitysettings.get_config(identity.id_type) or {}
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


def list_values(profile: Profile, id_type: str) -> list[str]:
    """A profile's values of one type, the oldest first."""
    rows = Identifier.objects.of(profile).filter(id_type=id_type)
    return list(rows.order_by("added_at", "value").values_list("value", flat=True))


def remove_values(
    profile: Profile, id_type: str, values: Sequence[str], *, for_good: bool = True
) -> None:
    held = Identifier.objects.of(profile).filter(id_type=id_type, value__in=values)
    delete_buried(held, for_good=for_good)


def get_value_limit(store: Store, id_type: str) -> tuple[int, bool]:
    """How many values of a type a profile keeps, and whether the newest one goes.

    A type that the settings no longer name keeps the contract's defaults.
    """
    config = store.identitysettings.get_config(id_type) or {}
    limit = config.get("limit", IDENTIFIER_VALUES_MAX)
    return limit, config.get("limitPolicy") == "lifo"


def enforce_value_limit(store: Store, profile: Profile, id_type: str) -> None:
    """Removes the values over a type's limit, by its policy. Contract 12.3."""
    limit, newest_goes = get_value_limit(store, id_type)
    values = list_values(profile, id_type)
    over = max(0, len(values) - limit)
    if over:
        surplus = values[limit:] if newest_goes else values[:over]
        remove_values(profile, id_type, surplus, for_good=False)
