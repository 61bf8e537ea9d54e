"""What callbacks were told, and what went wrong. Conversations 12.4 and 12.6; the
addresses are ours."""

from django.http import HttpResponse

from console.contract.conversations import delivery as wire
from console.contract.conversations.configuration import ITEMS_PER_PAGE
from console.service.conversations import models, webhooks
from console.service.conversations.conversations import get_conversation
from console.service.http.answers import answer, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_body


@doc.operation(
    "The events of a conversation on their way to its callbacks, the newest first. They "
    "stay here for seven days.",
    {200: wire.DeliveriesPage},
    query=doc.PAGE_QUERY,
)
def list_deliveries(request: ApiRequest, conversation_id: str) -> HttpResponse:
    row = get_conversation(request.account, conversation_id)
    page = read_page(request, cap=ITEMS_PER_PAGE, ordered=False)
    rows = models.Delivery.objects.filter(store_id=row.store_id, conversation_id=row.id)
    return answer_page(
        request, rows, page, wire.DeliveriesPage, wire.Delivery, sort=("id",)
    )


@doc.operation(
    "Sends an event once more, with all its tries, under the same idempotency token.",
    {202: wire.Delivery},
    body=wire.RetryDelivery,
)
def retry_delivery(
    request: ApiRequest, conversation_id: str, delivery_id: str
) -> HttpResponse:
    read_body(request, wire.RetryDelivery)
    row = get_conversation(request.account, conversation_id)
    return answer(from_row(wire.Delivery, webhooks.retry(row, delivery_id)), status=202)


@doc.operation(
    "What went wrong in a conversation without an error to anybody, the newest first.",
    {200: wire.DiagnosticsPage},
    query=doc.PAGE_QUERY,
)
def list_diagnostics(request: ApiRequest, conversation_id: str) -> HttpResponse:
    row = get_conversation(request.account, conversation_id)
    page = read_page(request, cap=ITEMS_PER_PAGE, ordered=False)
    rows = models.Diagnostic.objects.filter(
        store_id=row.store_id, conversation_id=row.id
    )
    return answer_page(
        request, rows, page, wire.DiagnosticsPage, wire.Diagnostic, sort=("at", "id")
    )
