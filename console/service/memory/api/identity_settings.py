"""Identity resolution settings. Contract 10.2."""

from typing import Annotated, Any, Literal

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http import operations
from console.service.http.answers import answer, etag, operation_accepted
from console.service.http.bodies import Body, StrictBody, read_body
from console.service.http.request import ApiRequest
from console.service.memory import identity_settings
from console.service.memory.models import IdentitySettings
from console.service.memory.stores import get_store

# Letters, digits, hyphen and underscore: contract 10.2 [D].
IdTypeName = Annotated[
    str,
    msgspec.Meta(
        min_length=int(limits.ID_TYPE_MIN),
        max_length=int(limits.ID_TYPE_MAX),
        pattern=r"^[a-zA-Z0-9_-]+\Z",
    ),
]


class IdentifierConfig(StrictBody, frozen=True):
    id_type: IdTypeName
    matching_algo: Literal["exact", "fuzzy"] = "exact"
    matching_threshold: Annotated[int, msgspec.Meta(ge=50, le=99)] = 75
    limit: Annotated[int, msgspec.Meta(ge=1, le=int(limits.IDENTIFIER_VALUES))] = int(
        limits.IDENTIFIER_VALUES
    )
    limit_policy: Literal["fifo", "lifo"] = "fifo"
    enforce_unique: bool = True
    normalization: Literal["phone", "email", "trim", "none"] = "trim"


class PutIdentitySettings(Body, frozen=True):
    identifier_configs: Annotated[
        list[IdentifierConfig],
        msgspec.Meta(min_length=1, max_length=int(limits.IDENTIFIER_CONFIGS)),
    ]
    matching_rules: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=int(limits.ID_TYPE_MAX))]],
        msgspec.Meta(min_length=1, max_length=int(limits.MATCHING_RULES)),
    ]


def fetch_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    settings = IdentitySettings.objects.get(store=store)
    return answer(show_settings(settings), headers=etag(settings.version))


def put_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, PutIdentitySettings)
    identity_settings.put_identity_settings(
        store,
        if_match=request.headers.get("If-Match", ""),
        configs=msgspec.to_builtins(body.identifier_configs),
        rules=body.matching_rules,
    )
    operation = operations.complete(
        request.account,
        result_id=store.id,
        result_path=f"/v1/ControlPlane/Stores/{store.id}/IdentityResolutionSettings",
    )
    return operation_accepted(request, operation)


def show_settings(settings: IdentitySettings) -> dict[str, Any]:
    return {
        "identifierConfigs": settings.identifier_configs,
        "matchingRules": settings.matching_rules,
        "version": settings.version,
    }
