"""Every address of the service. No slash at the end: the contract."""

from django.urls import path

from console.service.conversations.api import (
    communications,
    configurations,
    conversations,
    learning,
    participants,
)
from console.service.http import errors
from console.service.http.description import document
from console.service.http.description.operation import list_operations
from console.service.http.request import resource
from console.service.knowledge.api import knowledge
from console.service.memory.api import (
    bulk,
    data_mappings,
    identifiers,
    identity_settings,
    imports,
    ledger,
    merges,
    observations,
    operations,
    profiles,
    recall,
    stores,
    summaries,
    suppressions,
    trait_groups,
    v1_services,
)

routes = list_operations(
    errors,
    document,
    operations,
    stores,
    identity_settings,
    trait_groups,
    data_mappings,
    # Before the profile's own address: a word wins over an id.
    bulk,
    imports,
    profiles,
    identifiers,
    observations,
    summaries,
    recall,
    ledger,
    merges,
    suppressions,
    configurations,
    conversations,
    communications,
    participants,
    learning,
    knowledge,
)
routes |= v1_services.mirror(routes)

urlpatterns = [path(route, resource(methods)) for route, methods in routes.items()]
