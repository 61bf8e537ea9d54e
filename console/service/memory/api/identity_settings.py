"""Identity resolution settings. Contract 10.2."""

from django.http import HttpResponse

from console.contract.memory import identity_settings as wire
from console.service.http.answers import answer, answer_completed, etag, from_row
from console.service.http.description import operation as doc
from console.service.http.request import ApiRequest
from console.service.memory import models
from console.service.memory.api.stores import STORE
from console.service.memory.stores import put_identity_settings

SETTINGS = f"{STORE}/IdentityResolutionSettings"


@doc.operation("GET", SETTINGS, {200: doc.Reply(wire.IdentitySettings, doc.ETAG)})
def fetch_identity_settings(request: ApiRequest) -> HttpResponse:
    """The identifier types and the order in which they are matched."""
    row = models.IdentitySettings.objects.get(store=request.store)
    brake = "" if row.merge_brake == "on" else row.merge_brake
    shown = from_row(wire.IdentitySettings, row, merge_brake=brake)
    return answer(shown, headers=etag(row.version))


@doc.operation(
    "PUT",
    SETTINGS,
    doc.RECEIPT,
    id="put_identity_settings",
    headers=doc.IF_MATCH,
    logs="identity.changed",
)
def update_identity_settings(
    request: ApiRequest, body: wire.PutIdentitySettings
) -> HttpResponse:
    """Replaces all settings; what is left out is removed."""
    if_match = request.headers.get("If-Match", "")
    put_identity_settings(request.store, body, if_match=if_match)
    return answer_completed(request, request.store.id, "/IdentityResolutionSettings")
