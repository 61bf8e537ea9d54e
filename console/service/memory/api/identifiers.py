"""Identifiers. Contract 11.3."""

from django.http import HttpResponse

from console.contract.memory import identifier as wire
from console.service import errors
from console.service.http.answers import accepted, answer
from console.service.http.description.operation import ACCEPTED, documented, operation
from console.service.http.request import ApiRequest, read_flag
from console.service.memory import identifiers
from console.service.memory.api.profiles import PROFILE, get_profile

IDENTIFIERS = f"{PROFILE}/Identifiers"
IDENTIFIER = f"{IDENTIFIERS}/<id_type>"


@operation("GET", IDENTIFIERS, {200: wire.IdentifierSets})
def list_identifiers(request: ApiRequest, profile_id: str) -> HttpResponse:
    """All of a profile's identifiers by type, oldest value first."""
    values = identifiers.list_identifiers(get_profile(request, profile_id))
    sets = [wire.IdentifierSet(id_type=k, values=tuple(v)) for k, v in values.items()]
    return answer(wire.IdentifierSets(identifiers=tuple(sets)))


@operation("POST", IDENTIFIERS, ACCEPTED, refusals=(409,))
def create_identifier(
    request: ApiRequest, profile_id: str, body: wire.Identifier
) -> HttpResponse:
    """Adds a value. If another profile has it already, the two are merged where the
    store's settings say so."""
    braked = identifiers.create_identifier(
        request.store, profile_id, id_type=body.id_type, value=body.value
    )
    return accepted(braked, stored=False)


@operation("GET", IDENTIFIER, {200: wire.IdentifierSet})
def fetch_identifier(
    request: ApiRequest, profile_id: str, id_type: str
) -> HttpResponse:
    """The values of one type."""
    values = identifiers.list_identifiers(get_profile(request, profile_id))
    if id_type not in values:
        raise errors.NotFound("This profile has no identifier of that type.")
    return answer(wire.IdentifierSet(id_type=id_type, values=tuple(values[id_type])))


@operation("PATCH", IDENTIFIER, ACCEPTED, refusals=(409,))
def patch_identifier(
    request: ApiRequest, profile_id: str, id_type: str, body: wire.PatchIdentifier
) -> HttpResponse:
    """Replaces a value with a new one."""
    if body.id_type != id_type:
        raise errors.Invalid("idType: must be the one in the address")
    braked = identifiers.patch_identifier(
        request.store,
        profile_id,
        id_type=id_type,
        old=body.old_value,
        new=body.new_value,
    )
    return accepted(braked, stored=False)


@operation(
    "DELETE",
    IDENTIFIER,
    ACCEPTED,
    query={"removeAll": documented(bool, "Removes all values of the type.")},
    logs="identifier.deleted",
)
def delete_identifier(
    request: ApiRequest, profile_id: str, id_type: str
) -> HttpResponse:
    """Removes one value, chosen by the type's limitPolicy, or all values of the type."""
    identifiers.delete_identifier(
        request.store,
        profile_id,
        id_type=id_type,
        remove_all=read_flag(request.GET, "removeAll", default=False),
    )
    return accepted()
