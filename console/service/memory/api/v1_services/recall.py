"""Recall of older clients: today's answer, fewer items. Contract 16.3."""

from django.http import HttpResponse

from console.contract.memory.recall import Recall
from console.contract.memory.v1_services import V1_RECALL_ITEMS, V1RecallRequest
from console.service.http.description.operation import operation
from console.service.http.request import ApiRequest
from console.service.memory.api.recall import answer_recall


@operation(
    "Like recall, but with 5 observations by default and at most 20 items of each "
    "kind.",
    {200: Recall},
    summary="Recall",
    body=V1RecallRequest,
    moved=308,
)
def create_recall(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    return answer_recall(
        request, store_id, profile_id, V1RecallRequest, most=V1_RECALL_ITEMS
    )
