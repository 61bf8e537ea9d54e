"""Identity: the one form in which values are compared (contract 12.4), and which of them
mean which profile (12)."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import phonenumbers
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from console.contract.memory.identifier import IDENTIFIER_VALUE_MAX
from console.contract.memory.identity_settings import IDENTIFIER_VALUES_MAX
from console.core.unicode import strip_hidden
from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.models import Identifier, Profile, Store
from console.service.memory.traits import CheckedTrait


class InvalidIdentifier(ValueError):
    """A text that is no identifier of its kind."""


def normalise_phone(text: str) -> str:
    """E.164: `+15558675310`. A number without a country code is read as US.

    Raises InvalidIdentifier for what is no possible phone number.
    """
    # Full-width and Arabic-Indic digits become ASCII ones. Anything invisible, a
    # letter or a footnote's digit is refused rather than dropped or read as one: it
    # could make two people look like one.
    digits = "".join(_digit(character) for character in text.strip())
    if not digits.isascii() or any(map(str.isalpha, digits)):
        raise InvalidIdentifier("not a valid phone number")
    try:
        number = phonenumbers.parse(digits, "US")
    except phonenumbers.NumberParseException as exc:
        raise InvalidIdentifier("not a valid phone number") from exc
    if number.extension or not phonenumbers.is_possible_number(number):
        number = _with_plus(digits)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    if unicodedata.category(character) == "Pd":
        return "-"  # of the many dashes that word processors make
    plain = unicodedata.normalize("NFKC", character)
    return character if any(map(str.isdigit, plain)) else plain


def _with_plus(digits: str) -> phonenumbers.PhoneNumber:
    """The `+` of an international number is optional: try it as one."""
    try:
        number = phonenumbers.parse("+" + digits.lstrip("+ "), None)
    except phonenumbers.NumberParseException as exc:
        raise InvalidIdentifier("not a valid phone number") from exc
    if number.extension or not phonenumbers.is_possible_number(number):
        raise InvalidIdentifier("not a valid phone number")
    return number


def normalise_email(text: str) -> str:
    """Lower case, without white space and what cannot be seen."""
    return strip_hidden("".join(text.split())).casefold()


def normalise(text: str, kind: str) -> str:
    """`text` by one of the contract's kinds: phone, email, trim or none.

    Raises InvalidIdentifier; also for a value that is empty afterwards.
    """
    if kind == "phone":
        value = normalise_phone(text)
    elif kind == "email":
        value = normalise_email(text)
    else:
        value = text.strip() if kind == "trim" else text
        if strip_hidden(value) != value:
            raise InvalidIdentifier("must not hold characters that cannot be seen")
    if not value:
        raise InvalidIdentifier("must not be empty")
    return value


@dataclass(frozen=True, slots=True)
class Identity:
    """A normalised value of one type; `exclusive`: only one profile may hold it."""

    id_type: str
    value: str
    exclusive: bool


def parse_identity(
    store: Store, id_type: str, value: str, *, path: str = "value"
) -> Identity:
    """A value in the form in which it is stored and compared; `path` names it.

    Raises Invalid for a type that the store does not have and a value that is none.
    """
    config = store.identitysettings.get_config(id_type)
    if config is None:
        raise errors.Invalid("idType: unknown identifier type")
    try:
        normalised = normalise(value, config["normalization"])
    except InvalidIdentifier as exc:
        raise errors.Invalid(f"{path}: {exc}") from exc
    # Checked here, not by length as given: folding the case of "ß" makes it longer.
    if len(normalised) > IDENTIFIER_VALUE_MAX:
        raise errors.Invalid(f"{path}: at most {IDENTIFIER_VALUE_MAX} characters")
    return Identity(id_type, normalised, config["enforceUnique"])


def get_promoted_identities(
    store: Store, traits: Sequence[CheckedTrait]
) -> list[Identity]:
    """The identities that traits feed. Raises Invalid, naming the trait."""
    return [
        parse_identity(store, trait.id_type, str(trait.value), path=trait.path)
        for trait in traits
        # A type that the settings name no more makes nobody findable (17, 40).
        if trait.value is not None and store.identitysettings.get_config(trait.id_type)
    ]


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


def remove_values(profile: Profile, id_type: str, values: Sequence[str]) -> None:
    Identifier.objects.of(profile).filter(id_type=id_type, value__in=values).delete()
    request_compaction()


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
        remove_values(profile, id_type, surplus)
