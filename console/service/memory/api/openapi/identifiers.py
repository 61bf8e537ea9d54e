"""Identifiers, described. Contract 11.3."""

from typing import Annotated

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import ACCEPTED, Shown
from console.service.memory.api import identifiers
from console.service.memory.api.profiles import IdentifierValue, IdType, Lookup


class IdentifierSet(Shown, frozen=True):
    id_type: IdType
    values: Annotated[list[IdentifierValue], msgspec.Meta(max_length=100)]


class Identifiers(Shown, frozen=True):
    identifiers: Annotated[
        list[IdentifierSet], msgspec.Meta(max_length=int(limits.IDENTIFIER_TYPES))
    ]


OPERATIONS: Operations = {
    identifiers.list_identifiers: Operation({200: Answer(Identifiers)}, moved=301),
    identifiers.create_identifier: Operation(
        ACCEPTED, body=Lookup, refusals=(409,), moved=308
    ),
    identifiers.fetch_identifier: Operation({200: Answer(IdentifierSet)}, moved=301),
    identifiers.patch_identifier: Operation(
        ACCEPTED, body=identifiers.ChangeIdentifier, refusals=(409,), moved=308
    ),
    identifiers.delete_identifier: Operation(
        ACCEPTED, query={"removeAll": bool}, moved=308
    ),
}
