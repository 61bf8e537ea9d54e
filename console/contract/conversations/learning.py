"""What became of a conversation: its statuses, and what was learned at them. Ours, but
for what they tell of. Conversations 12.1 and 12.5."""

from datetime import date
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from console.contract.base import Body, Count, Noun, StrictBody, Time, always, described
from console.contract.conversations.configuration import ITEMS_PER_PAGE
from console.contract.conversations.conversation import Channel
from console.contract.memory.observation import SOURCE_MAX
from console.contract.memory.page import define_page

Outcome = Literal[
    "added", "same", "updated", "contradicted", "quarantined", "proposed", "dropped"
]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
LEARNING = ("", "PENDING", "DONE", "FAILED")


class Transition(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """A status that was reached.

    at           when it was due; recorded_at: when that was noticed
    reason       created, request, timer or communication
    learning     what is learned at it: nothing, PENDING, DONE or FAILED
    outcome      how many facts were added, same, updated, quarantined, dropped
    """

    number: Annotated[int, described(minimum=1)]
    status: str
    at: Time
    recorded_at: Time
    reason: str = ""
    learning: Annotated[str, described(enum=list(LEARNING))] = ""
    extractor: str = ""
    outcome: dict[str, int] = {}
    error: str = ""


TransitionsPage = define_page("TransitionsPage", Transition, ITEMS_PER_PAGE)


class Learned(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """What was made of one fact, and why.

    transition         number of the status at which it was learned
    item_id            of the observation or summary; empty: it became none
    content            of what waits for a person; else the item has it
    item               of a proposed trait, where it would stand: {group, name}
    communication_ids  what it stands on; empty: a client wrote it
    held_by            of what is proposed, another profile that is found by it
    """

    id: str
    conversation_id: str
    profile_id: str
    transition: Count
    outcome: Annotated[str, described(enum=list(OUTCOMES))]
    kind: Annotated[str, described(enum=["observation", "summary", "trait"])]
    item_id: str = ""
    content: str = ""
    item: dict[str, Any] = {}
    reason: str = ""
    communication_ids: tuple[str, ...] = always()
    extractor: str = ""
    held_by: str = ""
    created_at: Time


LearnedPage = define_page("LearnedPage", Learned, ITEMS_PER_PAGE)


class LearnAgain(Body, frozen=True, kw_only=True):
    """Everything that was said is read once more: what is known stays as it is."""


class DecideLearned(StrictBody, frozen=True, kw_only=True):
    """What becomes of a fact that is held back: an observation, or nothing."""

    outcome: Literal["added", "dropped"]


# What is personal in a text, by the detector's own names: by its shape, and the special
# categories of GDPR's article 9. Then words of the store's own.
SPECIAL = ("health", "religion", "politics", "sex", "ethnicity", "union", "biometric")
Kind = Literal[
    "card",
    "bank",
    "id",
    "pin",
    "phone",
    "mail",
    "health",
    "religion",
    "politics",
    "sex",
    "ethnicity",
    "union",
    "biometric",
    "words",
]
KINDS: tuple[str, ...] = get_args(Kind)
RuleAction = Literal["keep", "redact", "quarantine", "drop"]
RULE_ACTIONS = get_args(RuleAction)
WORDS_MAX, WORD_MAX, EXCEPTIONS_MAX, EARLIER_MAX = 200, 64, 50, 20
WAITING_PER_PROFILE = 200  # ours: what is held back or proposed
# What nobody wants in a memory is taken out of it; how to reach a customer stays; what
# is nobody's business is for a person to decide.
DEFAULT_RULES: dict[str, str] = {
    **dict.fromkeys(("card", "bank", "id", "pin"), "redact"),
    **dict.fromkeys(("phone", "mail"), "keep"),
    **dict.fromkeys((*SPECIAL, "words"), "quarantine"),
}
Words = Annotated[
    list[Annotated[str, Meta(min_length=2, max_length=WORD_MAX)]],
    Meta(max_length=WORDS_MAX),
]
Speaker = Literal["", "customer", "agent", "other"]


class RuleException(StrictBody, frozen=True, kw_only=True):
    """Of what meets all that it names, another action.

    kind     any: whatever the text holds, and for quarantine and drop be it nothing
    source   an item's; with `*` at its end all that begin so
    speaker  other: an AI agent, or who is neither customer nor agent
    """

    kind: Literal[Kind, "any"]
    action: RuleAction
    channel: Literal[Channel, ""] = ""
    source: Annotated[str, Meta(max_length=SOURCE_MAX)] = ""
    speaker: Speaker = ""


class PutLearningRules(StrictBody, frozen=True, kw_only=True):
    """What of a conversation may be remembered; kinds that are left out are as by
    default.

    keep             as it was said
    redact           without it: `[card removed]`
    quarantine       held back until a person decides
    drop             not at all
    words            those of the store's own, whole words in any case, with accents or
                     without
    exceptions       the first that fits counts
    appliesToWrites  also of what clients write: observations, summaries, traits
    """

    kinds: Annotated[
        dict[Kind, RuleAction], described(propertyNames={"enum": list(KINDS)})
    ] = {}
    words: Words = []
    exceptions: Annotated[list[RuleException], Meta(max_length=EXCEPTIONS_MAX)] = []
    applies_to_writes: bool = False


class EarlierRules(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """updated_at  since when they were in force"""

    kinds: dict[str, str] = always(dict)
    words: tuple[str, ...] = always()
    exceptions: tuple[RuleException, ...] = always()
    applies_to_writes: bool = always(bool)
    version: Count = always(int)
    updated_at: Time | None = None


class LearningRules(EarlierRules, omit_defaults=True, frozen=True, kw_only=True):
    """version  0 while they are the default ones"""

    earlier: Annotated[tuple[EarlierRules, ...], described(maxItems=EARLIER_MAX)] = (
        always()
    )


class TrialExample(Noun, frozen=True, kw_only=True):
    """text  without what the rules do not keep"""

    action: str
    kinds: tuple[str, ...] = always()
    text: str
    conversation_id: str
    communication_id: str


class RulesTrial(Noun, frozen=True, kw_only=True):
    """What rules would have done with the newest conversations.

    facts   that were found in them; all that is not counted is kept as it was said
    counts  facts by action and kind; one that holds several kinds counts for each
    """

    conversations: Count
    facts: Count
    counts: dict[str, dict[str, int]] = always(dict)
    examples: tuple[TrialExample, ...] = always()


UsedCount = Annotated[int, Meta(ge=0, le=10**8)]


class ModelDay(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """What a chat model was asked on a day (UTC), and by the installation's prices what
    that cost."""

    day: str
    calls: Count
    tokens_in: Count
    tokens_out: Count
    cost: float | None = None


class CountModelUsage(StrictBody, frozen=True, kw_only=True):
    """What a program has asked a model for a store by itself: it counts for the day."""

    calls: UsedCount
    tokens_in: UsedCount = 0
    tokens_out: UsedCount = 0


class ModelUsage(Noun, frozen=True, kw_only=True):
    """The last 31 days on which it was asked, newest first.

    tokens_per_day  as many may be used; 0: there is no model
    """

    days: tuple[ModelDay, ...] = always()
    tokens_per_day: Count = always(int)

    def has_tokens(self, on: date) -> bool:
        """Whether a model may be asked on this day."""
        days = (each for each in self.days if each.day == on.isoformat())
        used = sum(each.tokens_in + each.tokens_out for each in days)
        return used < self.tokens_per_day


ItemId = Annotated[str, Meta(max_length=64)]
