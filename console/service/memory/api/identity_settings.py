"""Identity resolution settings. Contract 10.2."""

import msgspec
from django.http import HttpResponse

from console.contract.memory import identity_settings as wire
from console.service.http import answers
from console.service.http.answers import answer, etag, from_row, operation_accepted
from console.service.http.description import operation as doc
from console.service.http.request import ApiRequest, read_body
from console.service.memory import models
from console.service.memory.stores import get_store, put_identity_settings


@doc.operation(
    "The identifier types and the order in which they are matched.",
    {200: doc.Answer(wire.IdentitySettings, doc.ETAG)},
)
def fetch_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    row = models.IdentitySettings.objects.get(store=store)
    brake = "" if row.merge_brake == "on" else row.merge_brake
    shown = from_row(wire.IdentitySettings, row, merge_brake=brake)
    return answer(shown, headers=etag(row.version))


@doc.operation(
    "Replaces all settings; what is left out is removed.",
    doc.RECEIPT,
    id="put_identity_settings",
    body=wire.PutIdentitySettings,
    headers=doc.IF_MATCH,
    refusals=(412,),
)
def update_identity_settings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, wire.PutIdentitySettings)
    put_identity_settings(
        store,
        if_match=request.headers.get("If-Match", ""),
        configs=msgspec.to_builtins(body.identifier_configs),
        rules=body.matching_rules,
        phone_region=body.phone_region,
        merge_brake=body.merge_brake,
        whatsapp_is_phone=body.whatsapp_is_phone,
    )
    operation = answers.record_completed(
        request.account,
        result_id=store.id,
        result_path=f"/v1/ControlPlane/Stores/{store.id}/IdentityResolutionSettings",
    )
    return operation_accepted(request, operation)
