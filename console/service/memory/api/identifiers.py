"""Identifiers. Contract 11.3."""

from django.http import HttpResponse

from console.contract.memory import identifier as wire
from console.service import errors
from console.service.http.answers import accepted, answer
from console.service.http.description.operation import ACCEPTED, documented, operation
from console.service.http.request import (
    ApiRequest,
    check_deletion,
    read_body,
    read_flag,
)
from console.service.memory import identifiers
from console.service.memory.api.profiles import get_profile


@operation(
    "All of a profile's identifiers by type, oldest value first.",
    {200: wire.IdentifierSets},
)
def list_identifiers(request: ApiRequest, profile_id: str) -> HttpResponse:
    values = identifiers.list_identifiers(get_profile(request, profile_id))
    sets = [wire.IdentifierSet(id_type=k, values=tuple(v)) for k, v in values.items()]
    return answer(wire.IdentifierSets(identifiers=tuple(sets)))


@operation(
    "Adds a value. If another profile has it already, the two are merged where the "
    "store's settings say so.",
    ACCEPTED,
    body=wire.Identifier,
    refusals=(409,),
)
def create_identifier(request: ApiRequest, profile_id: str) -> HttpResponse:
    body = read_body(request, wire.Identifier)
    braked = identifiers.create_identifier(
        request.store, profile_id, id_type=body.id_type, value=body.value
    )
    return accepted(braked)


@operation("The values of one type.", {200: wire.IdentifierSet})
def fetch_identifier(
    request: ApiRequest, profile_id: str, id_type: str
) -> HttpResponse:
    values = identifiers.list_identifiers(get_profile(request, profile_id))
    if id_type not in values:
        raise errors.NotFound("This profile has no identifier of that type.")
    return answer(wire.IdentifierSet(id_type=id_type, values=tuple(values[id_type])))


@operation(
    "Replaces a value with a new one.",
    ACCEPTED,
    body=wire.PatchIdentifier,
    refusals=(409,),
)
def patch_identifier(
    request: ApiRequest, profile_id: str, id_type: str
) -> HttpResponse:
    body = read_body(request, wire.PatchIdentifier)
    if body.id_type != id_type:
        raise errors.Invalid("idType: must be the one in the address")
    braked = identifiers.patch_identifier(
        request.store,
        profile_id,
        id_type=id_type,
        old=body.old_value,
        new=body.new_value,
    )
    return accepted(braked)


@operation(
    "Removes one value, chosen by the type's limitPolicy, or all values of the type.",
    ACCEPTED,
    query={"removeAll": documented(bool, "Removes all values of the type.")},
)
def delete_identifier(
    request: ApiRequest, profile_id: str, id_type: str
) -> HttpResponse:
    check_deletion(request, known=("removeAll",))
    identifiers.delete_identifier(
        request.store,
        profile_id,
        id_type=id_type,
        remove_all=read_flag(request.GET, "removeAll", default=False),
    )
    return accepted()
