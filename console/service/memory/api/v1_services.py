"""The older dialect, /v1/Services, on the same data. Contract section 16.

Stores are created at once. Clients declare nothing beforehand: the first value that is
written of a trait decides about its type. They may leave out when something was, name
conversations by ids of any form, and send one summary as the body itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern, path
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
from console.contract.memory.store import STORES_PER_PAGE
from console.contract.memory.summary import SummariesPage
from console.contract.memory.trait_group import CreateTraitGroup, get_data_type
from console.contract.memory.v1_services import ProfileReference, V1LookupResult
from console.service import errors
from console.service.http.answers import accepted, answer, etag, from_row, to_fields
from console.service.http.description import operation as doc
from console.service.http.description.operation import ACCEPTED, operation
from console.service.http.paging import answer_page, read_page
from console.service.http.request import (
    ApiRequest,
    View,
    address,
    check_deletion,
    read_body,
    resource,
)
from console.service.memory import identifiers, items, profiles, stores
from console.service.memory.api import observations as current_observations
from console.service.memory.api import profiles as current_profiles
from console.service.memory.api import summaries as current_summaries
from console.service.memory.api.recall import answer_recall
from console.service.memory.models import Store, TraitGroup
from console.service.memory.stores import lock_store
from console.service.memory.trait_groups import (
    Definitions,
    create_trait_group,
    normalise_trait_name,
    patch_trait_group,
)
from console.service.memory.traits import Payload


@doc.operation(
    "The account's stores in full, not only their ids.",
    {200: wire.ServicesPage},
    query=doc.ORDERED_PAGE_QUERY,
)
def list_services(request: ApiRequest) -> HttpResponse:
    return answer_page(
        request,
        Store.objects.filter(account=request.account),
        read_page(request, cap=STORES_PER_PAGE),
        wire.ServicesPage,
        show_service,
    )


@doc.operation(
    "Creates a store immediately, without an operation.",
    {201: doc.Answer(wire.Service, doc.ETAG)},
    body=wire.CreateService,
    refusals=(409,),
)
def create_service(request: ApiRequest) -> HttpResponse:
    """There is no operation that could fail: a taken name is 409."""
    body = read_body(request, wire.CreateService)
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


@doc.operation("One store.", {200: doc.Answer(wire.Service, doc.ETAG)})
def fetch_service(request: ApiRequest) -> HttpResponse:
    return answer(show_service(request.store), headers=etag(request.store.version))


@doc.operation(
    "Deletes the store and everything in it immediately.", {200: wire.Deleted}
)
def delete_service(request: ApiRequest) -> HttpResponse:
    check_deletion(request)
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
    "Like create profile, but unknown groups and traits are declared automatically.",
    {202: CreatedProfile},
    body=ProfileTraits,
    sample={
        "traits": {"Contact": {"email": "ada@example.com"}, "Account": {"tier": "gold"}}
    },
)
def create_profile(request: ApiRequest) -> HttpResponse:
    traits = read_body(request, ProfileTraits).traits or {}
    with transaction.atomic(using="memory"):
        declare(request.store, traits)
        profile, unfit = profiles.create_profile(request.store, traits)
    return accepted(unfit, id=profile.id)


@operation(
    "Like patch profile, but unknown groups and traits are declared automatically.",
    ACCEPTED,
    body=ProfileTraits,
    sample={"traits": {"Account": {"tier": "gold"}}},
)
def patch_profile(request: ApiRequest, profile_id: str) -> HttpResponse:
    traits = read_body(request, ProfileTraits, nulls_at=(2,)).traits or {}
    with transaction.atomic(using="memory"):
        declare(request.store, traits)
        unfit = profiles.patch_profile(request.store, profile_id, traits)
    return accepted(unfit)


@operation(
    "Like look up profiles, but each profile is an object with its id.",
    {200: V1LookupResult},
    summary="Look up profiles",
    body=Identifier,
    sample={"idType": "email", "value": "ada@example.com"},
)
def lookup_profiles(request: ApiRequest) -> HttpResponse:
    body = read_body(request, Identifier)
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
    "Like list observations, but conversation ids may have any form.",
    {200: ObservationsPage},
    query=current_observations.QUERY | CONVERSATION_QUERY,
)
def list_observations(request: ApiRequest, profile_id: str) -> HttpResponse:
    return current_observations.list_observations(
        request, profile_id, read_conversation_id=read_conversation_id
    )


@doc.operation(
    "Like create observations, but occurredAt may be left out.",
    doc.ACCEPTED,
    body=wire.V1CreateObservations,
)
def create_observations(request: ApiRequest, profile_id: str) -> HttpResponse:
    body = read_body(request, wire.V1CreateObservations)
    new = [add_time(item) for item in to_fields(body.observations)]
    return accepted(items.create_observations(request.store, profile_id, new))


def add_time(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row; what names no time occurred when it was received."""
    return item | {"occurred_at": item["occurred_at"] or timezone.now()}


@doc.operation(
    "Like patch observation, but conversation ids may have any form.",
    doc.ACCEPTED,
    body=wire.V1PatchObservation,
)
def patch_observation(
    request: ApiRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    return current_observations.patch_observation(
        request, profile_id, observation_id, noun=wire.V1PatchObservation
    )


@doc.operation(
    "Like list summaries, but conversation ids may have any form.",
    {200: SummariesPage},
    query=doc.PAGE_QUERY | CONVERSATION_QUERY,
)
def list_summaries(request: ApiRequest, profile_id: str) -> HttpResponse:
    return current_summaries.list_summaries(
        request, profile_id, read_conversation_id=read_conversation_id
    )


@doc.operation(
    "Adds one summary as the body itself, or several under summaries. Conversation "
    "ids may have any form.",
    doc.ACCEPTED,
    body=wire.V1CreateSummaries,
    forms=(wire.OneSummary, wire.SeveralSummaries),
)
def create_summaries(request: ApiRequest, profile_id: str) -> HttpResponse:
    body = read_body(request, wire.V1CreateSummaries)
    if body.summaries is not None:
        given = to_fields(body.summaries)
    else:
        given = [{k: v for k, v in asdict(body).items() if k != "summaries"}]
    new = [add_time(item) | {"source": item["source"] or ""} for item in given]
    return accepted(items.create_summaries(request.store, profile_id, new))


@doc.operation(
    "Like patch summary, but conversation ids may have any form.",
    doc.ACCEPTED,
    body=wire.V1PatchSummary,
)
def patch_summary(
    request: ApiRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    return current_summaries.patch_summary(
        request, profile_id, summary_id, noun=wire.V1PatchSummary
    )


@doc.operation(
    "Like recall, but with 5 observations by default and at most 20 items of each "
    "kind.",
    {200: Recall},
    summary="Recall",
    body=wire.V1RecallRequest,
)
def create_recall(request: ApiRequest, profile_id: str) -> HttpResponse:
    return answer_recall(
        request, profile_id, wire.V1RecallRequest, most=wire.V1_RECALL_ITEMS
    )


SERVICES = "v1/Services"
CURRENT = "v1/Stores/<str:store_id>"
OLDER = f"{SERVICES}/<str:store_id>"

PROFILE = "/Profiles/<str:profile_id>"
# What is said in another way here; the rest of the data plane is mirrored as it is.
DIFFERENT: dict[str, View] = {
    "/Profiles": resource(GET=current_profiles.list_profiles, POST=create_profile),
    "/Profiles/Lookup": resource(POST=lookup_profiles),
    PROFILE: resource(
        GET=current_profiles.fetch_profile,
        PATCH=patch_profile,
        DELETE=current_profiles.delete_profile,
    ),
    f"{PROFILE}/Observations": resource(
        GET=list_observations, POST=create_observations
    ),
    f"{PROFILE}/Observations/<str:observation_id>": resource(
        GET=current_observations.fetch_observation,
        PATCH=patch_observation,
        DELETE=current_observations.delete_observation,
    ),
    f"{PROFILE}/ConversationSummaries": resource(
        GET=list_summaries, POST=create_summaries
    ),
    f"{PROFILE}/ConversationSummaries/<str:summary_id>": resource(
        GET=current_summaries.fetch_summary,
        PATCH=patch_summary,
        DELETE=current_summaries.delete_summary,
    ),
    f"{PROFILE}/Recall": resource(POST=create_recall),
}


def older_dialect(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Stores, and every address of the data plane in `patterns`, in their order."""
    older = [
        address(SERVICES, GET=list_services, POST=create_service),
        address(OLDER, GET=fetch_service, DELETE=delete_service),
    ]
    for pattern in patterns:
        root, found, tail = str(pattern.pattern).partition(CURRENT)
        if found and not root:
            older.append(path(OLDER + tail, DIFFERENT.get(tail, pattern.callback)))
    return older
