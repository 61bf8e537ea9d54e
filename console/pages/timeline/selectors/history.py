"""What an observation said before, what changed each time, and who changed it."""

from dataclasses import dataclass
from typing import Any

from console.audit.models import AuditEntry
from console.client.values import Observation, Page
from console.contract.times import to_wire
from console.masking.masker import MaskedValue, Masker
from console.pages.timeline.diffs import Piece, word_diff
from console.tenants.models import Tenant

STATES_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class State:
    """One state of an observation.

    by         who wrote it with this console; "" for the memory's API
    pieces     the words that changed since the state before; None without one
    is_hidden  only something masked has changed
    is_first   as it was written, before anybody changed it
    """

    told: Observation
    shown: MaskedValue
    pieces: list[Piece] | None
    is_hidden: bool
    by: str
    is_first: bool
    is_present: bool


def history_of(page: Page[Observation], masker: Masker, tenant: Tenant) -> list[State]:
    """A page of revisions, newest first, as the masker shows them."""
    authors = authors_of(tenant, {each.id for each in page.items})
    befores = [*page.items[1:], None]
    return [
        _state(
            told,
            before,
            masker,
            by=authors.get(to_wire(told.updated_at), ""),
            is_first=before is None and page.next_token is None,
            is_present=place == 0 and page.previous_token is None,
        )
        for place, (told, before) in enumerate(zip(page.items, befores, strict=True))
    ]


def authors_of(tenant: Tenant, ids: set[str]) -> dict[str, str]:
    """Wire time of a revision to who wrote it, as the audit log knows."""
    entries = AuditEntry.objects.of(tenant).filter(
        action="observation.corrected", object_id__in=sorted(ids)
    )
    return {
        str(entry.details["updated_at"]): entry.actor
        for entry in entries
        if "updated_at" in entry.details
    }


def _state(
    told: Observation, before: Observation | None, masker: Masker, **facts: Any
) -> State:
    shown = masker.text("observation", told.id, told.content)
    if before is None:
        return State(told, shown, pieces=None, is_hidden=False, **facts)
    earlier = masker.text("observation", before.id, before.content)
    return State(
        told,
        shown,
        pieces=word_diff(earlier.text, shown.text),
        is_hidden=earlier.text == shown.text and before.content != told.content,
        **facts,
    )
