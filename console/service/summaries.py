"""Conversation summaries. Contract 11.5."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.core.ids import SUMMARY_ID, new_id
from console.service import errors, limits
from console.service.models import Profile, Store, Summary
from console.service.observations import check_room
from console.service.profiles import get_profile


def get_summary(profile: Profile, summary_id: str) -> Summary:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    if not SUMMARY_ID.fullmatch(summary_id):
        raise errors.Invalid("summaryId: is not a summary id")
    summary: Summary | None = Summary.objects.of(profile).filter(id=summary_id).first()
    if summary is None:
        raise errors.NotFound("No such summary.")
    return summary


@transaction.atomic(using="memory")
def create_summaries(
    store: Store, profile_id: str, items: Sequence[Mapping[str, Any]]
) -> None:
    """All of a batch or none. Items hold content, conversation_id, occurred_at and
    source. Raises NotFound, Invalid (the profile is full)."""
    profile = get_profile(store, profile_id, lock=True)
    check_room(Summary, profile, len(items), limits.SUMMARIES_PER_PROFILE)
    now = timezone.now()
    Summary.objects.bulk_create(
        Summary(
            store_id=store.id,
            profile_id=profile.id,
            id=new_id("mem_summary"),
            created_at=now,
            updated_at=now,
            **item,
        )
        for item in items
    )


@transaction.atomic(using="memory")
def patch_summary(
    store: Store, profile_id: str, summary_id: str, changes: Mapping[str, Any]
) -> None:
    """Changes what is given; no history is kept. Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    summary = get_summary(profile, summary_id)
    if all(getattr(summary, name) == value for name, value in changes.items()):
        return
    for name, value in changes.items():
        setattr(summary, name, value)
    summary.updated_at = max(timezone.now(), summary.updated_at)
    summary.save()


@transaction.atomic(using="memory")
def delete_summary(store: Store, profile_id: str, summary_id: str) -> None:
    """Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    get_summary(profile, summary_id).delete()
