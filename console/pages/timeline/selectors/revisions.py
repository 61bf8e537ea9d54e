"""What an observation said before, what changed each time, and who changed it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from console.audit.models import AuditEntry
from console.client.http import Page
from console.contract.memory.observation import Observation
from console.contract.times import to_wire
from console.masking.masker import MaskedValue, Masker, Source
from console.tenants.models import Tenant

REVISIONS_A_PAGE = 20
# A word with the space after it, so that a changed word is one change.
_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True)
class DiffPiece:
    """A run of words. `change` is "" for what stayed, "ins" or "del"."""

    change: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of an observation.

    source            where it came from
    author            who wrote it with this console; "" for the memory's API
    diff              what of the masked texts changed since the revision before; None
                      without one, and while this one is revealed: its text is shown
    is_masked_change  only something masked has changed
    is_first          as it was written, before anybody changed it
    is_current        as it reads now
    """

    observation: Observation
    shown: MaskedValue
    source: Source
    diff: list[DiffPiece] | None
    is_masked_change: bool
    author: str
    is_first: bool
    is_current: bool


def build_revisions(
    page: Page[Observation], masker: Masker, tenant: Tenant
) -> list[Revision]:
    """A page of revisions, newest first, as the masker shows them."""
    authors = _find_authors(tenant, {observation.id for observation in page.items})
    # Never of what is revealed: a revision shows no words of the one before it.
    masked = [Masker(tenant).mask_revision(state).text for state in page.items]
    revisions = []
    for place, observation in enumerate(page.items):
        is_current = place == 0 and page.previous_token is None
        shown = (
            masker.mask_text("observation", observation.id, observation.content)
            if is_current
            else masker.mask_revision(observation)
        )
        diff, is_masked_change = None, False
        if place + 1 < len(page.items) and not shown.clear_until:
            before, after = masked[place + 1], masked[place]
            diff = diff_words(before, after)
            is_changed = page.items[place + 1].content != observation.content
            is_masked_change = before == after and is_changed
        is_last = place + 1 == len(page.items)
        revisions.append(
            Revision(
                observation=observation,
                shown=shown,
                source=masker.mask_source(observation.source),
                diff=diff,
                is_masked_change=is_masked_change,
                author=authors.get(to_wire(observation.updated_at), ""),
                is_first=is_last and page.next_token is None,
                is_current=is_current,
            )
        )
    return revisions


def diff_words(before: str, after: str) -> list[DiffPiece]:
    """The pieces of both texts in reading order, deleted before inserted.

    Texts of 4,096 characters take some ms: difflib leaves frequent words out of its
    search for what stayed.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[DiffPiece] = []
    matcher = SequenceMatcher(None, old, new)
    for change, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        deleted, inserted = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if change == "equal":
            pieces.append(DiffPiece("", inserted))
            continue
        pieces += [DiffPiece("del", deleted)] * bool(deleted)
        pieces += [DiffPiece("ins", inserted)] * bool(inserted)
    return pieces


def _find_authors(tenant: Tenant, ids: Iterable[str]) -> dict[str, str]:
    """Wire time of a revision to who wrote it, as the audit log knows."""
    entries = AuditEntry.objects.of(tenant).filter(
        action="observation.corrected", object_id__in=sorted(ids)
    )
    return {
        str(entry.details["updated_at"]): entry.actor
        for entry in entries
        if "updated_at" in entry.details
    }
