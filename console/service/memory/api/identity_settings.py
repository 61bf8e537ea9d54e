"""Identity resolution settings. Contract 10.2."""

import msgspec
from django.http import HttpResponse

from console.contract.memory.identity_settings import (
    IdentitySettings,
    PutIdentitySettings,
)
from console.service.http import answers
from console.service.http.answers import answer, etag, from_row, operation_accepted
from console.service.http.description.operation import (
    ETAG,
    IF_MATCH,
    RECEIPT,
    Answer,
    operation,
)
from console.service.http.request import ApiRequest, read_body
from console.service.memory import models
from console.service.memory.stores import get_store, put_identity_settings


@operation(
    "The identifier types and the order in which they are matched.",
    {200: Answer(IdentitySettings, ETAG)},
)
def fetch_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    row = models.IdentitySettings.objects.get(store=store)
    brake = "" if row.merge_brake == "on" else row.merge_brake
    shown = from_row(IdentitySettings, row, merge_brake=brake)
    return answer(shown, headers=etag(row.version))


@operation(
    "Replaces all settings; what is left out is removed.",
    RECEIPT,
    id="put_identity_settings",
    body=PutIdentitySettings,
    headers=IF_MATCH,
    refusals=(412,),
)
def update_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, PutIdentitySettings)
    put_identity_settings(
        store,
        if_match=request.headers.get("If-Match", ""),
        configs=msgspec.to_builtins(body.identifier_configs),
        rules=body.matching_rules,
        phone_region=body.phone_region,
        merge_brake=body.merge_brake,
    )
    operation = answers.record_completed(
        request.account,
        result_id=store.id,
        result_path=f"/v1/ControlPlane/Stores/{store.id}/IdentityResolutionSettings",
    )
    return operation_accepted(request, operation)
