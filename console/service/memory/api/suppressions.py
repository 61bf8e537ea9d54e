"""Identifiers of erased profiles that are not learned again. Ours."""

from django.http import HttpResponse

from console.contract.memory import suppression as wire
from console.service.http.answers import accepted
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import suppression
from console.service.memory.models import Suppression

SUPPRESSIONS = "v1/Stores/<store_id>/Suppressions"


@doc.operation(
    "GET", SUPPRESSIONS, {200: wire.SuppressionsPage}, query=doc.ORDERED_PAGE_QUERY
)
def list_suppressions(request: ApiRequest) -> HttpResponse:
    """What is refused since a profile was erased with `suppress=true`, newest first."""
    rows = Suppression.objects.of(request.store)
    return answer_page(request, rows, read_page(request), sort=("erased_at", "id"))


@doc.operation(
    "DELETE",
    f"{SUPPRESSIONS}/<suppression_id>",
    doc.ACCEPTED,
    logs="suppression.lifted",
)
def delete_suppression(request: ApiRequest, suppression_id: str) -> HttpResponse:
    """The identifier may be learned again."""
    suppression.lift(request.store, suppression_id)
    return accepted()
