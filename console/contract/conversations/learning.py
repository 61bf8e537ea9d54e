"""What became of a conversation: its statuses, and what was learned at them. Ours, but
for what they tell of. Conversations 12.1 and 12.5."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from console.contract.base import Body, Count, Noun, StrictBody, Time, always, described
from console.contract.conversations.configuration import ITEMS_PER_PAGE
from console.contract.memory.page import PageMeta, paging, sample_page

OUTCOMES = ("added", "same", "updated", "contradicted", "quarantined", "dropped")
LEARNING = ("", "PENDING", "DONE", "FAILED")
_CONVERSATION = "conv_conversation_01k5x7m3q2f8r9s4t6v0w1y2za"


class Transition(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """A status that was reached.

    at           when it was due; recorded_at: when that was noticed
    reason       created, request, timer or communication
    learning     what is learned at it: nothing, PENDING, DONE or FAILED
    outcome      how many facts were added, same, updated, quarantined, dropped
    """

    sample = {
        "number": 1,
        "status": "ACTIVE",
        "at": "2026-01-05T09:00:00Z",
        "recordedAt": "2026-01-05T09:00:00Z",
        "reason": "created",
    }

    number: Annotated[int, described(minimum=1)]
    status: str
    at: Time
    recorded_at: Time
    reason: str = ""
    learning: Annotated[str, described(enum=list(LEARNING))] = ""
    extractor: str = ""
    outcome: dict[str, int] = {}
    error: str = ""


class TransitionsPage(Noun, frozen=True, kw_only=True):
    sample = sample_page("transitions", Transition.sample)

    transitions: Annotated[
        tuple[Transition, ...], described(maxItems=ITEMS_PER_PAGE)
    ] = always()
    meta: Annotated[PageMeta, paging("transitions", ITEMS_PER_PAGE)]


class Learned(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """What was made of one fact, and why.

    transition         number of the status at which it was learned
    item_id            of the observation or summary; empty: it became none
    content            of a fact that is held back; else the item has it
    communication_ids  what it stands on
    """

    sample = {
        "id": "conv_learned_01k5x7m3q2f8r9s4t6v0w1y2za",
        "conversationId": _CONVERSATION,
        "profileId": "mem_profile_01k5x7m3q2f8r9s4t6v0w1y2za",
        "transition": 2,
        "outcome": "added",
        "kind": "observation",
        "itemId": "mem_observation_01k5x7m3q2f8r9s4t6v0w1y2za",
        "communicationIds": ["conv_communication_01k5x7m3q2f8r9s4t6v0w1y2za"],
        "extractor": "extractive-1",
        "createdAt": "2026-01-05T09:30:00Z",
    }

    id: str
    conversation_id: str
    profile_id: str
    transition: Count
    outcome: Annotated[str, described(enum=list(OUTCOMES))]
    kind: Annotated[str, described(enum=["observation", "summary"])]
    item_id: str = ""
    content: str = ""
    reason: str = ""
    communication_ids: tuple[str, ...] = always()
    extractor: str = ""
    created_at: Time


class LearnedPage(Noun, frozen=True, kw_only=True):
    sample = sample_page("learned", Learned.sample)

    learned: Annotated[tuple[Learned, ...], described(maxItems=ITEMS_PER_PAGE)] = (
        always()
    )
    meta: Annotated[PageMeta, paging("learned", ITEMS_PER_PAGE)]


class LearnAgain(Body, frozen=True, kw_only=True):
    """Everything that was said is read once more: what is known stays as it is."""

    sample = {}


class DecideLearned(StrictBody, frozen=True, kw_only=True):
    """What becomes of a fact that is held back: an observation, or nothing."""

    sample = {"outcome": "added"}

    outcome: Literal["added", "dropped"]


# What is personal in a text, by the detector's own names, and words of the store's own.
KINDS = ("card", "bank", "id", "pin", "phone", "mail", "words")
Kind = Literal["card", "bank", "id", "pin", "phone", "mail", "words"]
RuleAction = Literal["keep", "redact", "quarantine", "drop"]
RULE_ACTIONS = get_args(RuleAction)
WORDS_MAX, WORD_MAX = 200, 64
# What nobody wants in a memory is taken out of it; how to reach a customer stays.
DEFAULT_RULES: dict[str, str] = {
    "card": "redact",
    "bank": "redact",
    "id": "redact",
    "pin": "redact",
    "phone": "keep",
    "mail": "keep",
    "words": "quarantine",
}
Words = Annotated[
    list[Annotated[str, Meta(min_length=2, max_length=WORD_MAX)]],
    Meta(max_length=WORDS_MAX),
]


class PutLearningRules(StrictBody, frozen=True, kw_only=True):
    """What of a conversation may be remembered; kinds that are left out are as by
    default.

    keep        as it was said
    redact      without it: `[card removed]`
    quarantine  held back until a person decides
    drop        not at all
    words       those of the store's own, whole words in any case
    """

    sample = {
        "kinds": {"phone": "redact", "words": "quarantine"},
        "words": ["diabetes"],
    }

    kinds: Annotated[
        dict[Kind, RuleAction], described(propertyNames={"enum": list(KINDS)})
    ] = {}
    words: Words = []


class LearningRules(Noun, frozen=True, kw_only=True):
    """version  0 while they are the default ones"""

    sample = {"kinds": DEFAULT_RULES, "words": [], "version": 0}

    kinds: dict[str, str] = always(dict)
    words: tuple[str, ...] = always()
    version: Count = always(int)


class ModelDay(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """What a chat model was asked on a day (UTC), and by the installation's prices what
    that cost."""

    sample = {
        "day": "2026-01-05",
        "calls": 12,
        "tokensIn": 18000,
        "tokensOut": 900,
        "cost": 0.0032,
    }

    day: str
    calls: Count
    tokens_in: Count
    tokens_out: Count
    cost: float | None = None


class ModelUsage(Noun, frozen=True, kw_only=True):
    """The last 31 days on which it was asked, newest first.

    tokens_per_day  as many may be used; 0: there is no model
    """

    sample = {"days": [ModelDay.sample], "tokensPerDay": 1000000}

    days: tuple[ModelDay, ...] = always()
    tokens_per_day: Count = always(int)


ItemId = Annotated[str, Meta(max_length=64)]
