"""Identifiers. Contract 11.3."""

from django.http import HttpResponse

from console.service import errors
from console.service.http.answers import accepted, answer
from console.service.http.bodies import StrictBody, check_deletion, read_body
from console.service.http.query import flag_of
from console.service.http.request import ApiRequest
from console.service.memory import identifiers
from console.service.memory.api.profiles import (
    IdentifierValue,
    IdType,
    Lookup,
    profile_of,
)
from console.service.memory.stores import get_store


class ChangeIdentifier(StrictBody, frozen=True):
    id_type: IdType
    old_value: IdentifierValue
    new_value: IdentifierValue


def list_identifiers(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    sets = identifiers.list_identifiers(profile_of(request, store_id, profile_id))
    shown = [{"idType": kind, "values": values} for kind, values in sets.items()]
    return answer({"identifiers": shown})


def create_identifier(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, Lookup)
    identifiers.create_identifier(
        store, profile_id, id_type=body.id_type, value=body.value
    )
    return accepted("accepted")


def fetch_identifier(
    request: ApiRequest, store_id: str, profile_id: str, id_type: str
) -> HttpResponse:
    sets = identifiers.list_identifiers(profile_of(request, store_id, profile_id))
    if id_type not in sets:
        raise errors.NotFound("This profile has no identifier of that type.")
    return answer({"idType": id_type, "values": sets[id_type]})


def patch_identifier(
    request: ApiRequest, store_id: str, profile_id: str, id_type: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, ChangeIdentifier)
    if body.id_type != id_type:
        raise errors.Invalid("idType: is not the one in the address")
    identifiers.patch_identifier(
        store, profile_id, id_type=id_type, old=body.old_value, new=body.new_value
    )
    return accepted("accepted")


def delete_identifier(
    request: ApiRequest, store_id: str, profile_id: str, id_type: str
) -> HttpResponse:
    check_deletion(request, known=("removeAll",))
    identifiers.delete_identifier(
        get_store(request.account, store_id),
        profile_id,
        id_type=id_type,
        remove_all=flag_of(request.GET, "removeAll", default=False),
    )
    return accepted("accepted")
