"""Ids of conversations as older clients have them: any text. Contract 16.2."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from console.service import errors, limits

ConversationId = Annotated[
    str, msgspec.Meta(min_length=1, max_length=int(limits.CONVERSATION_ID))
]
ConversationIds = Annotated[
    list[ConversationId],
    msgspec.Meta(max_length=int(limits.CONVERSATIONS_PER_OBSERVATION)),
]


def conversation_of(query: Mapping[str, str]) -> str:
    """The `conversationId` filter, empty when absent. Raises Invalid."""
    text = query.get("conversationId", "")
    if len(text) > limits.CONVERSATION_ID:
        raise errors.Invalid(
            f"conversationId: is longer than {limits.CONVERSATION_ID} characters"
        )
    return text
