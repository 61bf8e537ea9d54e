"""Recall: what of a profile matters now, and why. Section 11.6; the trace is ours."""

from typing import Annotated

from msgspec import Meta

from console.contract.base import (
    Body,
    Count,
    Noun,
    SentTime,
    Time,
    always,
    described,
    limit,
)
from console.contract.conversations.conversation import STAFF
from console.contract.memory.observation import ConversationId, Observation
from console.contract.memory.summary import Summary

RECALL_QUERY_MAX = 1024  # 11.6 [S]: characters
RECALL_ITEMS = limit("RECALL_ITEMS", 100)  # 11.6 [S]: of each kind
RECALL_TURNS = 10  # 11.6 [S]: turns of a conversation that make a query
RECALL_OBSERVATIONS = 20  # 11.6 [S]: default
RECALL_SUMMARIES = 5  # 11.6 [S]: default
RECALL_LIKELY = 0.5  # from which score on an item is likely what was asked for
MODES = ("query", "conversation", "recent")

RecallCount = Annotated[int, Meta(ge=0, le=RECALL_ITEMS)]
Score = Annotated[float, described(minimum=0, maximum=1)]
ItemId = Annotated[str, described(minLength=1)]


class RecallRequest(Body, frozen=True, kw_only=True):
    """Ranked by `query`, else by the conversation, else newest first and unscored.

    begin_date, end_date  bounds of occurred_at: inclusive, exclusive
    relevance_threshold   0 to 1: items with a lower score are left out
    trace, trace_items    ours: explains the scores of what was recalled, and of the
                          ids named here as well
    as_of                 ours: as the memory stood at this moment, without what was
                          erased since
    masked                ours: ranks and explains as if the personal data in the texts
                          were not there; the texts themselves come as they are
    """

    query: Annotated[str, Meta(max_length=RECALL_QUERY_MAX)] = ""
    conversation_id: ConversationId | None = None
    begin_date: SentTime | None = None
    end_date: SentTime | None = None
    observations_limit: RecallCount = RECALL_OBSERVATIONS
    summaries_limit: RecallCount = RECALL_SUMMARIES
    communications_limit: RecallCount = 0
    relevance_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.0
    trace: bool = False
    as_of: SentTime | None = None
    masked: bool = False
    trace_items: Annotated[list[str], Meta(max_length=RECALL_ITEMS)] = []


class RecalledObservation(Observation, frozen=True, kw_only=True):
    """score          the chance that it is wanted, 0 to 1; None where nothing was ranked
    superseded_by  ours: the newer observation that says another value of the same
    """

    score: Score | None = None
    superseded_by: ItemId | None = None


class RecalledSummary(Summary, frozen=True, kw_only=True):
    score: Score | None = None


class RecalledParty(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Who said it, or to whom. profile_id: of a customer whom the memory knows"""

    id: str = always(str)
    name: str = always(str)
    address: str = always(str)
    channel: str = always(str)
    type: str = ""
    profile_id: str = ""
    delivery_status: str = ""

    @property
    def is_staff(self) -> bool:
        return self.type in STAFF


class RecalledContent(Noun, omit_defaults=True, frozen=True, kw_only=True):
    text: str = ""


class RecalledCommunication(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """One of the last of the conversation, in the order in which they were said."""

    id: str
    author: RecalledParty = always(RecalledParty)
    content: RecalledContent = always(RecalledContent)
    recipients: tuple[RecalledParty, ...] = always()
    channel_id: str = ""
    created_at: Time | None = None
    updated_at: Time | None = None


class RecallMeta(Noun, frozen=True, kw_only=True):
    """query_time  milliseconds, as the memory took them"""

    query_time: Annotated[int, described(minimum=0, maximum=600_000)]


class TraceTexts(Noun, frozen=True, kw_only=True):
    """How many texts were considered, and how many of them by their words alone."""

    observations: Count
    summaries: Count
    without_vector: Count

    @property
    def total(self) -> int:
        return self.observations + self.summaries


class TraceQuery(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """A query as it was understood; `turn` is the item that it was taken from."""

    stems: tuple[str, ...] = always()
    unknown_stems: tuple[str, ...] = always()
    dates: dict[str, int] = always(dict)
    weight: float
    by_meaning: bool
    turn: ItemId = ""


class TracePart(Noun, frozen=True, kw_only=True):
    """A part of a score: its value, and the log-odds that it adds."""

    value: float
    adds: float


# The short names of the parts of a score, on the wire and in the engine, by what they
# are called here.
PARTS = {
    "similarity": "meaning",
    "query_coverage": "words",
    "match_strength": "bulk",
    "phrase": "phrase",
    "code": "code",
    "date": "date",
    "summary": "summary",
    "neighbour": "neighbour",
    "profile_size": "few",
}


class TraceParts(Noun, omit_defaults=True, frozen=True, kw_only=True, rename=PARTS):
    """What speaks for an item (docs/recall.md).

    similarity      cosine of query and text
    query_coverage  square root of the share of the query's words that the text holds
    match_strength  whether that is much, 0 to 1
    phrase          share of the query's pairs of words in a row that the text holds
    code            whether it holds a rare number or code of the query, 0 to 1
    date            share of the query's dates on which it happened
    summary         strength of the summary of its conversation
    neighbour       strength of what was said before or after it
    profile_size    logarithm of how few texts there are to choose from
    """

    similarity: TracePart | None = None
    query_coverage: TracePart | None = None
    match_strength: TracePart | None = None
    phrase: TracePart | None = None
    code: TracePart | None = None
    date: TracePart | None = None
    summary: TracePart | None = None
    neighbour: TracePart | None = None
    profile_size: TracePart | None = None


class TraceScore(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """How a score came about: the sigmoid of `log_odds`, times its query's weight.

    place       1 for the best of its kind
    place_by_words, place_by_meaning  the same by one of them alone; none where it holds
                no word of the query, or has no vector
    by_meaning  False: its vector was not there, so its words alone counted
    """

    place: Annotated[int, described(minimum=1)]
    place_by_words: Count = 0
    place_by_meaning: Count = 0
    score: Score
    bias: float
    log_odds: float
    by_meaning: bool
    parts: TraceParts = always(TraceParts)
    stems: tuple[str, ...] = always()


class TraceItem(TraceScore, frozen=True, kw_only=True):
    """One item.

    query       which of the trace's queries the score comes from
    copies      ids of items that say the same and are not shown
    summary, neighbour  ids of what lends the parts of that name
    superseded_by       id of the newer observation that says another value of the same
    """

    id: ItemId
    recalled: bool
    query: Count
    copies: tuple[ItemId, ...] = always()
    summary: ItemId = ""
    neighbour: ItemId = ""
    superseded_by: ItemId = ""


class TraceWeights(Noun, frozen=True, kw_only=True, rename=PARTS):
    """Log-odds that each part adds when it is 1; `bias` when nothing speaks."""

    source: str
    bias: float
    similarity: float
    query_coverage: float
    match_strength: float
    phrase: float
    code: float
    date: float
    summary: float
    neighbour: float
    profile_size: float


class TraceCoefficients(Noun, frozen=True, kw_only=True):
    with_vector: TraceWeights
    without_vector: TraceWeights


class Whereabouts(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Of an item of the store: whose it is, or when it was deleted."""

    id: ItemId
    profile_id: str = ""
    deleted_at: Time | None = None


class Trace(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """How a Recall came about.

    mode       what was done: query, conversation or recent
    steps_ms   milliseconds of each step
    embedder   id of the model; "" for words alone
    elsewhere  ids asked for that were not considered: not there, or outside the dates
    whereabouts  of the ids asked for those that the store has or had, where no item was
                 asked for: of any profile, the present ones first
    Newest first needs no explanation: none of the others but this one then.
    """

    mode: Annotated[str, described(enum=MODES)] = always(str)
    steps_ms: dict[str, float] = always(dict)
    embedder: str | None = None
    coefficients: TraceCoefficients | None = None
    texts: TraceTexts | None = None
    queries: tuple[TraceQuery, ...] | None = None
    items: tuple[TraceItem, ...] | None = None
    elsewhere: tuple[str, ...] | None = None
    whereabouts: tuple[Whereabouts, ...] | None = None

    def find(self, item_id: str) -> TraceItem | None:
        return next((item for item in self.items or () if item.id == item_id), None)


class RecalledPast(Noun, frozen=True):
    """erased     how many items there were at that moment and are not there any more
    rewritten  how many summaries say something else since; they are as they are now
    """

    at: Time
    erased: Count
    rewritten: Count


class Recall(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Items in order; scored where they were ranked.

    as_of   ours: what is known of the moment that was asked for

    masked  ours: the order and the scores are those of the masked texts
    """

    observations: Annotated[
        tuple[RecalledObservation, ...], described(maxItems=RECALL_ITEMS)
    ] = always()
    summaries: Annotated[
        tuple[RecalledSummary, ...], described(maxItems=RECALL_ITEMS)
    ] = always()
    communications: Annotated[
        tuple[RecalledCommunication, ...], described(maxItems=RECALL_ITEMS)
    ] = always()
    meta: RecallMeta
    masked: bool = False
    as_of: RecalledPast | None = None
    trace: Trace | None = None

    @property
    def items(self) -> list[RecalledObservation | RecalledSummary]:
        return [*self.observations, *self.summaries]

    @property
    def is_ranked(self) -> bool:
        """True when the memory ranked by relevance; False: newest first."""
        return any(item.score is not None for item in self.items)
