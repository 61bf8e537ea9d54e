"""The older dialect, /v1/Services, on the same data. Contract section 16.

Stores are created at once. Clients declare nothing beforehand: the first value that is
written of a trait decides about its type. They may leave out when something was, name
conversations by ids of any form, and send one summary as the body itself.
"""

from collections.abc import Mapping
from sys import modules
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from msgspec.structs import asdict

from console.contract.memory import v1_services as wire
from console.contract.memory.error import Code
from console.contract.memory.identifier import Identifier
from console.contract.memory.observation import (
    CONVERSATION_ID_MAX,
    AnyConversationId,
    ObservationsPage,
)
from console.contract.memory.profile import CreatedProfile, ProfileTraits
from console.contract.memory.recall import Recall
from console.contract.memory.summary import SummariesPage
from console.contract.memory.trait_group import CreateTraitGroup, get_data_type
from console.contract.memory.v1_services import ProfileReference, V1LookupResult
from console.service import errors
from console.service.http.answers import accepted, answer, etag, from_row, to_fields
from console.service.http.description import operation as doc
from console.service.http.description.operation import (
    ACCEPTED,
    Routes,
    list_operations,
    operation,
)
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import identifiers, items, profiles, stores
from console.service.memory.api import observations as current_observations
from console.service.memory.api import summaries as current_summaries
from console.service.memory.api.observations import patch_item
from console.service.memory.api.recall import answer_recall
from console.service.memory.models import Observation, Store, Summary, TraitGroup
from console.service.memory.stores import lock_store
from console.service.memory.trait_groups import (
    Definitions,
    create_trait_group,
    normalise_trait_name,
    patch_trait_group,
)
from console.service.memory.traits import Payload

CURRENT, SERVICES = "v1/Stores", "v1/Services"
SERVICE = f"{SERVICES}/<store_id>"
PROFILES = f"{SERVICE}/Profiles"
PROFILE = f"{PROFILES}/<profile_id>"
OBSERVATIONS = f"{PROFILE}/Observations"
SUMMARIES = f"{PROFILE}/ConversationSummaries"


@doc.operation("GET", SERVICES, {200: wire.ServicesPage}, query=doc.ORDERED_PAGE_QUERY)
def list_services(request: ApiRequest) -> HttpResponse:
    """The account's stores in full, not only their ids."""
    return answer_page(
        request,
        Store.objects.filter(account=request.account),
        read_page(request),
        show_service,
    )


@doc.operation(
    "POST",
    SERVICES,
    {201: doc.Reply(wire.Service, doc.ETAG)},
    refusals=(409,),
    logs="store.added",
)
def create_service(request: ApiRequest, body: wire.CreateService) -> HttpResponse:
    """Creates a store immediately, without an operation.

    There is no operation that could fail: a taken name is 409.
    """
    try:
        store = stores.create_store(
            request.account,
            display_name=body.unique_name,
            # What current clients read of it, until they describe it themselves.
            description=body.friendly_name,
            friendly_name=body.friendly_name,
        )
    except stores.NameTaken as exc:
        message = exc.message.replace("displayName", "uniqueName", 1)
        raise errors.Conflict(message, code=exc.code) from exc
    return answer(show_service(store), status=201, headers=etag(store.version))


@doc.operation("GET", SERVICE, {200: doc.Reply(wire.Service, doc.ETAG)})
def fetch_service(request: ApiRequest) -> HttpResponse:
    """One store."""
    return answer(show_service(request.store), headers=etag(request.store.version))


@doc.operation("DELETE", SERVICE, {200: wire.Deleted}, logs="store.removed")
def delete_service(request: ApiRequest) -> HttpResponse:
    """Deletes the store and everything in it immediately."""
    stores.delete_store(request.store)
    return answer(wire.Deleted(message="deleted"))


def show_service(store: Store) -> wire.Service:
    return from_row(
        wire.Service,
        store,
        sid=store.id,
        unique_name=store.display_name,
        friendly_name=store.friendly_name or store.description,
    )


@operation(
    "POST",
    PROFILES,
    {202: CreatedProfile},
    sample={
        "traits": {"Contact": {"email": "ada@example.com"}, "Account": {"tier": "gold"}}
    },
)
def create_profile(request: ApiRequest, body: ProfileTraits) -> HttpResponse:
    """Like create profile, but unknown groups and traits are declared automatically."""
    traits = body.traits or {}
    with transaction.atomic(using="memory"):
        declare(request.store, traits)
        profile, unfit = profiles.create_profile(request.store, traits)
    return accepted(unfit, id=profile.id)


@operation(
    "PATCH",
    PROFILE,
    ACCEPTED,
    nulls_at=(2,),
    sample={"traits": {"Account": {"tier": "gold"}}},
)
def patch_profile(
    request: ApiRequest, profile_id: str, body: ProfileTraits
) -> HttpResponse:
    """Like patch profile, but unknown groups and traits are declared automatically."""
    traits = body.traits or {}
    with transaction.atomic(using="memory"):
        declare(request.store, traits)
        unfit = profiles.patch_profile(request.store, profile_id, traits)
    return accepted(unfit)


@operation(
    "POST",
    f"{PROFILES}/Lookup",
    {200: V1LookupResult},
    summary="Look up profiles",
    sample={"idType": "email", "value": "ada@example.com"},
)
def lookup_profiles(request: ApiRequest, body: Identifier) -> HttpResponse:
    """Like look up profiles, but each profile is an object with its id."""
    found = identifiers.look_up_profiles(request.store, body.id_type, body.value)
    return answer(
        V1LookupResult(
            normalized_value=found.normalized_value,
            profiles=tuple(ProfileReference(id=id_) for id_ in found.profiles),
        )
    )


def declare(store: Store, payload: Payload) -> None:
    """Declares what the payload names and the store does not know.

    Within the transaction of the write. Raises Invalid: a name that cannot be one,
    or more groups or traits than the store may have.
    """
    lock_store(store)
    groups = {
        group.display_name: group.traits
        for group in TraitGroup.objects.of(store).filter(display_name__in=payload)
    }
    for name, values in payload.items():
        if name not in groups:
            try:
                msgspec.convert({"displayName": name}, CreateTraitGroup)
            except msgspec.ValidationError as exc:
                raise errors.Invalid(
                    f"traits.{name:.64}: invalid trait group name", code=Code.SCHEMA
                ) from exc
            create_trait_group(
                store, display_name=name, description="", traits=_undeclared(values, {})
            )
        elif undeclared := _undeclared(values, groups[name]):
            patch_trait_group(
                store, name, if_match="", description=None, traits=undeclared
            )


def _undeclared(values: Mapping[str, Any], declared: Definitions) -> Definitions:
    """Definitions of the traits that are not declared; a null tells no type."""
    named = {normalise_trait_name(name): value for name, value in values.items()}
    return {
        name: {"dataType": get_data_type(value)}
        for name, value in named.items()
        if name not in declared and value is not None
    }


CONVERSATION_QUERY = {
    "conversationId": doc.documented(AnyConversationId, "Only of this conversation.")
}


def read_conversation_id(query: Mapping[str, str]) -> str:
    """The `conversationId` filter, empty when absent. Raises Invalid."""
    text = query.get("conversationId", "")
    if len(text) > CONVERSATION_ID_MAX:
        raise errors.Invalid(
            f"conversationId: must be at most {CONVERSATION_ID_MAX} characters"
        )
    return text


@doc.operation(
    "GET",
    OBSERVATIONS,
    {200: ObservationsPage},
    query=current_observations.QUERY | CONVERSATION_QUERY,
)
def list_observations(request: ApiRequest, profile_id: str) -> HttpResponse:
    """Like list observations, but conversation ids may have any form."""
    return current_observations.list_observations(
        request, profile_id=profile_id, read_conversation_id=read_conversation_id
    )


@doc.operation("POST", OBSERVATIONS, doc.ACCEPTED, many="observations")
def create_observations(
    request: ApiRequest, profile_id: str, body: wire.V1CreateObservations
) -> HttpResponse:
    """Like create observations, but occurredAt may be left out."""
    new = [add_time(item) for item in to_fields(body.observations)]
    return accepted(items.create_observations(request.store, profile_id, new))


def add_time(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row; what names no time occurred when it was received."""
    return item | {"occurred_at": item["occurred_at"] or timezone.now()}


@doc.operation("PATCH", f"{OBSERVATIONS}/<observation_id>", doc.ACCEPTED)
def patch_observation(
    request: ApiRequest,
    profile_id: str,
    observation_id: str,
    body: wire.V1PatchObservation,
) -> HttpResponse:
    """Like patch observation, but conversation ids may have any form."""
    return patch_item(Observation, request, profile_id, observation_id, body)


@doc.operation("GET", SUMMARIES, {200: SummariesPage}, query=CONVERSATION_QUERY)
def list_summaries(request: ApiRequest, profile_id: str) -> HttpResponse:
    """Like list summaries, but conversation ids may have any form."""
    return current_summaries.list_summaries(
        request, profile_id=profile_id, read_conversation_id=read_conversation_id
    )


@doc.operation(
    "POST", SUMMARIES, doc.ACCEPTED, forms=(wire.OneSummary, wire.SeveralSummaries)
)
def create_summaries(
    request: ApiRequest, profile_id: str, body: wire.V1CreateSummaries
) -> HttpResponse:
    """Adds one summary as the body itself, or several under summaries. Conversation ids
    may have any form."""
    if body.summaries is not None:
        given = to_fields(body.summaries)
    else:
        given = [{k: v for k, v in asdict(body).items() if k != "summaries"}]
    new = [add_time(item) | {"source": item["source"] or ""} for item in given]
    return accepted(items.create_summaries(request.store, profile_id, new))


@doc.operation("PATCH", f"{SUMMARIES}/<summary_id>", doc.ACCEPTED)
def patch_summary(
    request: ApiRequest, profile_id: str, summary_id: str, body: wire.V1PatchSummary
) -> HttpResponse:
    """Like patch summary, but conversation ids may have any form."""
    return patch_item(Summary, request, profile_id, summary_id, body)


@doc.operation(
    "POST",
    f"{PROFILE}/Recall",
    {200: Recall},
    summary="Recall",
    body=wire.V1RecallRequest,
)
def create_recall(request: ApiRequest, profile_id: str) -> HttpResponse:
    """Like recall, but with 5 observations by default and at most 20 items of each
    kind."""
    return answer_recall(
        request, profile_id, wire.V1RecallRequest, most=wire.V1_RECALL_ITEMS
    )


def mirror(current: Routes) -> Routes:
    """The stores of this dialect, and every address of the data plane as it is in the
    other one, but for what is said in another way here."""
    own = list_operations(modules[__name__])
    routes: Routes = {SERVICES: {}, SERVICE: {}} | {
        route.replace(CURRENT, SERVICES): methods
        for route, methods in current.items()
        if route.startswith(f"{CURRENT}/")
    }
    return {route: methods | own.get(route, {}) for route, methods in routes.items()}
