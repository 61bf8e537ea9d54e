"""Recall of older clients: today's answer, fewer items. Contract 16.3."""

from dataclasses import replace
from typing import Annotated

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http.request import ApiRequest
from console.service.memory.api import recall as current
from console.service.memory.api.v1_services.conversations import ConversationId
from console.service.memory.recall import RecallRequest

Items = Annotated[int, msgspec.Meta(ge=0)]


class RecallBody(current.RecallBody, frozen=True):
    """As today, but for the ids of conversations and the limits."""

    conversation_id: ConversationId | None = None
    observations_limit: Items = int(limits.OLDER_RECALL_OBSERVATIONS)
    summaries_limit: Items = int(limits.RECALL_SUMMARIES)
    communications_limit: Items = 0

    def question(self) -> RecallRequest:
        most = int(limits.OLDER_RECALL_ITEMS)
        return replace(
            super().question(),
            observations_limit=min(self.observations_limit, most),
            summaries_limit=min(self.summaries_limit, most),
        )


def create_recall(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    return current.create_recall(request, store_id, profile_id, shape=RecallBody)
