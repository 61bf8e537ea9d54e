"""The ledger of a store: what programs recalled, without a word of it. Ours."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from console.contract.base import Count, Noun, Time, always, described, whole
from console.contract.ids import LEDGER_ID
from console.contract.memory.page import define_page
from console.contract.memory.profile import ProfileId
from console.contract.memory.recall import RECALL_ITEMS, ItemId, Score

LEDGER_PER_PAGE = 100
GROUPS_MAX = 20  # of questions that found nothing likely

LedgerId = Annotated[str, Meta(pattern=whole(LEDGER_ID))]
RecallMode = Literal["query", "conversation", "recent"]
Milliseconds = Annotated[float, described(minimum=0)]


class LedgerItem(Noun, frozen=True, kw_only=True):
    """score  None where nothing was ranked"""

    id: ItemId
    score: Score | None = None


class LedgerEntry(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """One Recall of a program.

    mode     what was done: query, conversation or recent
    parameters  as RecallRequest has them, without the query, which is kept nowhere
    items    of each kind in the order in which they were answered
    version  of what the profile remembered: equal in two entries, it was the same
    changed  whether it is another one now; only of a single entry
    """

    id: LedgerId
    profile_id: ProfileId
    asked_at: Time
    mode: RecallMode
    parameters: dict[str, Any] = always(dict)
    items: Annotated[tuple[LedgerItem, ...], described(maxItems=2 * RECALL_ITEMS)] = (
        always()
    )
    ms: Milliseconds
    version: str = ""
    changed: bool | None = None


LedgerPage = define_page("LedgerPage", LedgerEntry, LEDGER_PER_PAGE, key="entries")


class LedgerLatency(Noun, frozen=True, kw_only=True):
    """Of the Recalls of one mode: half, and 95 of 100, took no longer."""

    mode: RecallMode
    count: Count
    p50_ms: Milliseconds
    p95_ms: Milliseconds


class UnansweredGroup(Noun, frozen=True, kw_only=True):
    """Questions that mean the same and found nothing likely; `newest` is one of them."""

    count: Count
    first_at: Time
    newest: LedgerEntry


class LedgerReport(Noun, frozen=True, kw_only=True):
    """days  for how many the ledger is kept; 0: it is not"""

    days: Count
    latencies: tuple[LedgerLatency, ...] = always()
    unanswered: Annotated[
        tuple[UnansweredGroup, ...], described(maxItems=GROUPS_MAX)
    ] = always()
