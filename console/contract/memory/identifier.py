"""Identifiers: by what a customer is found, and looking one up. Sections 11.1, 11.3."""

from typing import Annotated

from msgspec import Meta

from console.contract.base import Noun, StrictBody, always, described, limit, unchecked
from console.contract.memory.identity_settings import (
    ID_TYPE_MAX,
    ID_TYPE_MIN,
    IDENTIFIER_VALUES_MAX,
)
from console.contract.memory.profile import ProfileId

IDENTIFIER_VALUE_MAX = 255  # 11.3 [S]
IDENTIFIER_TYPES_MAX = 50  # 11.3 [S]: types listed for one profile
LOOKUP_RESULTS = limit("LOOKUP_RESULTS", 100)  # 11.1 [S]

IdType = Annotated[str, Meta(min_length=ID_TYPE_MIN, max_length=ID_TYPE_MAX)]
IdentifierValue = Annotated[str, Meta(max_length=IDENTIFIER_VALUE_MAX)]


class Identifier(StrictBody, frozen=True, kw_only=True):
    """One value of one type, as somebody writes it: to look up, or to add."""

    id_type: IdType
    value: IdentifierValue


class PatchIdentifier(StrictBody, frozen=True, kw_only=True):
    """Puts a new value in the place of an old one."""

    id_type: IdType
    old_value: IdentifierValue
    new_value: IdentifierValue


class IdentifierSet(Noun, frozen=True, kw_only=True):
    """All values of one type, normalised, the oldest first."""

    id_type: Annotated[str, unchecked(IdType)]
    values: Annotated[
        tuple[Annotated[str, unchecked(IdentifierValue)], ...],
        described(maxItems=IDENTIFIER_VALUES_MAX),
    ] = always()


class IdentifierSets(Noun, frozen=True, kw_only=True):
    identifiers: Annotated[
        tuple[IdentifierSet, ...], described(maxItems=IDENTIFIER_TYPES_MAX)
    ] = always()


class LookupResult(Noun, frozen=True, kw_only=True):
    """Who holds a value. normalized_value: as it was compared."""

    normalized_value: Annotated[str, unchecked(IdentifierValue)] = always(str)
    profiles: Annotated[tuple[ProfileId, ...], described(maxItems=LOOKUP_RESULTS)] = (
        always()
    )
