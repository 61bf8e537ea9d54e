"""Ids of conversations as older clients have them: any text. Contract 16.2."""

from collections.abc import Mapping

from console.contract.memory.summary import CONVERSATION_ID_MAX
from console.contract.memory.v1_services import AnyConversationId
from console.service import errors
from console.service.http.description.operation import documented

CONVERSATION_QUERY = {
    "conversationId": documented(AnyConversationId, "Only of this conversation.")
}


def read_conversation_id(query: Mapping[str, str]) -> str:
    """The `conversationId` filter, empty when absent. Raises Invalid."""
    text = query.get("conversationId", "")
    if len(text) > CONVERSATION_ID_MAX:
        raise errors.Invalid(
            f"conversationId: must be at most {CONVERSATION_ID_MAX} characters"
        )
    return text
