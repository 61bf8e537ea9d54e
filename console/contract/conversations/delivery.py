"""What a conversation's callbacks were told, and what went wrong in silence. Ours.
Conversations 12.4 and 12.6."""

from typing import Annotated

from console.contract.base import Body, Count, Noun, Time, always, described, whole
from console.contract.conversations.configuration import ITEMS_PER_PAGE
from console.contract.ids import CONVERSATION_ID, DELIVERY_ID
from console.contract.memory.page import define_page


class Delivery(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """An event on its way to one callback.

    attempts      since it was due first, or was sent again by request
    due_at        of the next one; left out: none is to come
    delivered_at  left out: not taken yet, or given up
    answer        HTTP status of the last attempt; left out: there was none
    error         of the last attempt, in words
    """

    id: Annotated[str, described(pattern=whole(DELIVERY_ID))]
    conversation_id: Annotated[str, described(pattern=whole(CONVERSATION_ID))]
    event_type: str
    url: str
    method: str
    attempts: Count = always(int)
    due_at: Time | None = None
    delivered_at: Time | None = None
    answer: int = 0
    error: str = ""
    created_at: Time


DeliveriesPage = define_page("DeliveriesPage", Delivery, ITEMS_PER_PAGE)


class RetryDelivery(Body, frozen=True, kw_only=True):
    """The same event under the same idempotency token, with all its tries."""


class Diagnostic(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """code            530001 and the like
    participant_id  whom it is about; left out: the conversation
    """

    id: str
    code: Count
    reason: str
    participant_id: str = ""
    at: Time


DiagnosticsPage = define_page("DiagnosticsPage", Diagnostic, ITEMS_PER_PAGE)
