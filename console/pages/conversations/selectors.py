"""A conversation as a page shows it: who took part, what was said, what was learned."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any

from django.utils import timezone

from console.client.conversations import ConversationsClient
from console.client.errors import MemoryNotFound
from console.client.http import Page, T, all_pages
from console.client.store import StoreClient
from console.contract.conversations.communication import Communication
from console.contract.conversations.conversation import (
    ID_TYPES,
    STAFF,
    Conversation,
    Participant,
)
from console.contract.conversations.learning import Learned, Transition
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.masking.masker import DOTS, MaskedValue, Masker
from console.profiles.context import ask_head
from console.profiles.items import TEXT_KINDS, TextKind, mask_waiting

# More turns stand on no page: a reveal answers with all of them.
TURNS_MAX = 1000
SOON = timedelta(days=7)
# Not of a measure: `Powderhound 96 168 cm`.
_DIGITS = re.compile(
    r"(?<![\w-])\d(?:[\s.-]?\d){3,}+(?!\s?(?:[mck]?m|k?g|m?l|inch|mph)\b)"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A participant. name, address: masked unless it is a colleague's.

    resolved  how the memory knows who it is, in words
    """

    id: str
    name: str
    type: str
    channel: str
    address: str
    profile_id: str
    resolved: str
    is_customer: bool


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation in a list; opening: what it is about, masked."""

    shown: Conversation
    people: Sequence[Person]
    opening: str = ""

    @property
    def customers(self) -> list[Person]:
        """Where nobody is known for one, whoever may be."""
        known = [person for person in self.people if person.type == "customer"]
        return known or [person for person in self.people if person.is_customer]

    @property
    def ends_soon(self) -> bool:
        at = self.shown.next_status_at
        return at is not None and at - timezone.now() < SOON

    @property
    def channels(self) -> str:
        channels = dict.fromkeys(p.channel for p in self.people if p.channel)
        return ", ".join(channels)


@dataclass(frozen=True, slots=True)
class LessonRow:
    """What was made of one fact; `text` of the item that it is now, if it is there."""

    learned: Learned
    text: MaskedValue | None


@dataclass(frozen=True, slots=True)
class TurnRow:
    """Something that was said, and what was learned from it.

    unlearned  at which step what a customer said came to an end; "": it did not, or
               that is not told
    """

    id: str
    at: datetime
    person: Person | None
    channel: str
    shown: MaskedValue
    is_corrected: bool
    lessons: Sequence[LessonRow]
    unlearned: str = ""


def build_rows(
    conversations: Sequence[Conversation], masker: Masker
) -> list[ConversationRow]:
    """As a list shows them: no text names any of its customers."""
    spoken = (each.participants for each in conversations if each.opening)
    masker.know_customers(chain.from_iterable(spoken))

    rows = []
    for each in conversations:
        # Not as revealed on its own page, where it is masked again by itself.
        shown = masker.mask_text("", each.id, each.opening)
        # A card's number may go on in the next turn, which is not here; `AO-20418` is
        # an order's.
        opening = each.opening and _DIGITS.sub(DOTS, shown.text)
        rows.append(ConversationRow(each, build_people(each, masker), opening))
    return rows


def build_people(conversation: Conversation, masker: Masker) -> list[Person]:
    return [_build_person(each, masker) for each in conversation.participants]


def _build_person(participant: Participant, masker: Masker) -> Person:
    first = participant.addresses[0] if participant.addresses else None
    address = first.address if first else ""
    name = "" if participant.name == address else participant.name
    if participant.type not in STAFF:
        id_type = ID_TYPES.get(first.channel if first else "", "phone")
        [shown] = masker.by_rule.mask_identifier(id_type, [address])
        address = shown.text
        whose = masker.of(participant.profile_id)
        name = whose.mask_trait("Contact", "firstName", name).text if name else ""
    return Person(
        id=participant.id,
        name=name,
        type=participant.type.replace("_", " ").lower().replace("ai ", "AI "),
        channel=_name_channel(first.channel) if first else "",
        address=address,
        profile_id=participant.profile_id,
        resolved=_describe(participant),
        is_customer=participant.type not in STAFF,
    )


def _name_channel(channel: str) -> str:
    """`SMS`, `Email`."""
    if channel == "WHATSAPP":
        return "WhatsApp"
    return channel if len(channel) == 3 else channel.capitalize()


def _describe(participant: Participant) -> str:
    if participant.profile_id:
        return "found in the memory"
    if participant.type in STAFF:
        return "staff are not looked up"
    if participant.type == "UNKNOWN":
        return "nobody in the memory has this address"
    return "not found: see what went wrong"


def get_subject(conversation: Conversation) -> str:
    """In whose name a reveal of the transcript is asked for: the first customer's
    profile; where nobody was found, the conversation's own id."""
    return next(iter(list_customers(conversation)), conversation.id)


def list_customers(conversation: Conversation) -> list[str]:
    """The profiles of those who were found."""
    people = conversation.participants
    return [each.profile_id for each in people if each.profile_id]


def fetch_with_customer(
    store: StoreClient, conversation_id: str
) -> tuple[Conversation, list[Any]]:
    """With what build_head takes of the first customer, who may be gone."""
    shown, head = store.conversations.fetch_conversation(conversation_id), list[Any]()
    with suppress(MemoryNotFound):
        for each in list_customers(shown)[:1]:
            head = [call() for call in ask_head(store, each)]
    return shown, head


def list_turns(
    client: ConversationsClient, conversation_id: str
) -> list[Communication]:
    """The first ones, in their order."""
    pages = all_pages(client.list_communications, conversation_id)
    return list(islice(pages, TURNS_MAX))


def list_learned(client: ConversationsClient, conversation_id: str) -> list[Learned]:
    """The newest of each fact; none of a memory that does not tell."""
    found: dict[object, Learned] = {}
    with suppress(MemoryNotFound):
        for each in all_pages(client.list_learned, conversation_id):
            known = found.get(each.item_id)
            is_repeated = each.outcome == "same" and known is not None
            if not is_repeated:
                found[each.item_id or each.id] = each
    return list(found.values())


def list_told(fetch: Callable[..., Page[T]], *args: Any, **query: Any) -> Sequence[T]:
    """Nothing from a memory that does not tell."""
    with suppress(MemoryNotFound):
        return fetch(*args, **query).items
    return ()


def list_taught(
    store: StoreClient, shown: Conversation
) -> dict[str, list[Observation | Summary]]:
    """By customer, what this conversation alone has taught, as it is now."""
    return {
        profile_id: [
            item
            for kind in TEXT_KINDS.values()
            for item in _list_items(store, profile_id, shown.id, kind)
            if item.source.startswith("conversation/")
            and {shown.id}.issuperset(getattr(item, "conversation_ids", ()))
        ]
        for profile_id in list_customers(shown)
    }


def _list_items(
    store: StoreClient, profile_id: str, conversation_id: str, kind: TextKind
) -> Iterator[Observation | Summary]:
    """What a customer's memory has of it; nothing of one who is gone."""
    with suppress(MemoryNotFound):
        of = {"profile_id": profile_id, "conversation_id": conversation_id}
        yield from all_pages(kind.list_page, store, **of)


def build_turns(
    conversation: Conversation,
    turns: Sequence[Communication],
    people: Iterable[Person],
    lessons: Iterable[LessonRow],
    transitions: Sequence[Transition],
    masker: Masker,
) -> list[TurnRow]:
    by_id = {person.id: person for person in people}
    by_turn: dict[str, list[LessonRow]] = defaultdict(list)
    taught = set[str]()
    for lesson in lessons:
        taught.update(lesson.learned.communication_ids)
        if lesson.learned.kind != "summary" and lesson.learned.communication_ids:
            by_turn[lesson.learned.communication_ids[-1]].append(lesson)
    values = masker.mask_turns(conversation.id, turns)

    def explain(turn: Communication) -> str:
        speaker = by_id.get(turn.author.participant_id)
        if turn.id in taught or not (speaker and speaker.is_customer and transitions):
            return ""
        return _find_unlearned(conversation, turn, speaker, transitions)

    return [
        TurnRow(
            id=turn.id,
            at=turn.occurred_at,
            person=by_id.get(turn.author.participant_id),
            channel=_name_channel(turn.author.channel),
            shown=shown,
            is_corrected=turn.updated_at > turn.created_at,
            lessons=by_turn[turn.id],
            unlearned=explain(turn),
        )
        for turn, shown in zip(turns, values, strict=True)
    ]


def _find_unlearned(
    conversation: Conversation,
    turn: Communication,
    speaker: Person,
    transitions: Sequence[Transition],
) -> str:
    """The first step between what was said and Recall that this has not passed."""
    begun = conversation.configuration
    if not (begun and begun.memory_extraction_enabled):
        return "off"
    if not speaker.profile_id:
        return "unlinked"
    since = [
        each.learning
        for each in transitions
        if each.learning and each.recorded_at >= turn.created_at
    ]
    return {"PENDING": "waits", "FAILED": "failed", "DONE": "small talk"}.get(
        since[-1] if since else "", "early"
    )


def build_lessons(
    store: StoreClient, learned: Sequence[Learned], conversation_id: str, masker: Masker
) -> list[LessonRow]:
    """With the texts of what there is now."""
    texts: dict[str, MaskedValue] = {}
    taught = {each.profile_id for each in learned}
    reads: list[partial[list[Any]]] = [
        partial(list, _list_items(store, profile_id, conversation_id, kind))
        for profile_id in taught
        for kind in TEXT_KINDS.values()
    ]
    for item in chain.from_iterable(store.gather(*reads)):
        texts[item.id] = masker.mask_text(item.kind, item.id, item.content)
    return [
        LessonRow(
            each,
            mask_waiting(each, masker) if each.content else texts.get(each.item_id),
        )
        for each in learned
    ]
