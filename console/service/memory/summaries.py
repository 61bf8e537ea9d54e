"""Conversation summaries. Contract 11.5."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from console.contract.ids import SUMMARY_ID
from console.contract.memory.summary import SUMMARIES_PER_PROFILE
from console.service import errors
from console.service.memory.item_writes import create_items, delete_item, update_item
from console.service.memory.models import Profile, Store, Summary
from console.service.memory.profiles import get_profile


def get_summary(profile: Profile, summary_id: str) -> Summary:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    if not SUMMARY_ID.fullmatch(summary_id):
        raise errors.Invalid("summaryId: not a valid summary id")
    summary: Summary | None = Summary.objects.of(profile).filter(id=summary_id).first()
    if summary is None:
        raise errors.NotFound("Summary not found.")
    return summary


def create_summaries(
    store: Store, profile_id: str, items: Sequence[Mapping[str, Any]]
) -> None:
    """All of a batch or none. Items hold content, conversation_id, occurred_at and
    source. Raises NotFound, Invalid (the profile is full)."""
    limit = SUMMARIES_PER_PROFILE
    create_items(Summary, store, profile_id, items, limit=limit)


@transaction.atomic(using="memory")
def patch_summary(
    store: Store, profile_id: str, summary_id: str, changes: Mapping[str, Any]
) -> None:
    """Changes what is given; no history is kept. Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    update_item(get_summary(profile, summary_id), changes)


@transaction.atomic(using="memory")
def delete_summary(store: Store, profile_id: str, summary_id: str) -> None:
    """Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    delete_item(get_summary(profile, summary_id))
