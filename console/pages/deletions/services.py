"""Deleting from a memory, and never claiming more than was verified.

Three steps, none inside another's transaction: the attempt is committed, the memory is
called and asked again, the outcome is committed together with its audit entry.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_tasks import task

from console.audit.log import log
from console.client.errors import (
    MemoryMoved,
    MemoryNotFound,
    MemoryProblem,
    MemoryUnreachable,
)
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.databases.compaction import request_compaction
from console.databases.disk import check_room
from console.masking.masker import Masker, mask_text
from console.pages.deletions.models import Deletion, Target
from console.profiles.items import TEXT_KINDS, TextKind
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

State = Deletion.State
# Longer than any call may take, so that a deletion in progress is never checked.
SETTLE_AFTER = timedelta(seconds=90)
# What a replica or the restore of a backup brings back, it has brought back by then.
LOOK_AGAIN_AFTER = timedelta(hours=24)
ASK_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known after a call; `words` say why it is not done."""

    state: State
    words: str = ""
    verified_at: datetime | None = None
    canonical_id: str = ""


STILL_ANSWERED = Outcome(
    State.UNKNOWN,
    "The memory still returns it. This can be a short delay: check again a minute "
    "after the deletion was requested.",
)
STILL_HELD = Outcome(
    State.FAILED, "The memory still has it: nothing was deleted. Delete it again."
)
CAME_BACK = Outcome(State.RETURNED)
ALREADY_GONE = Outcome(
    State.FAILED, "It had already been deleted: this request removed nothing."
)


def delete_item(
    target: Target,
    actor: Actor,
    *,
    counts: dict[str, int],
    reason_code: str,
    reason: str,
) -> Deletion:
    """Delete once. A second request at the same moment gets the first one's row.

    Nothing of a memory's refusal is raised: it is in the row's state and words.
    Raises DiskFull, before anything was deleted.
    """
    check_room()
    user, tenant = actor.in_tenant()
    store = open_store(tenant)
    try:
        # Durable: the attempt is on disk before the memory hears of it.
        with transaction.atomic(durable=True):
            deletion = Deletion.objects.create(
                tenant=tenant,
                kind=target.kind.name,
                profile_id=target.profile_id,
                object_id=target.object_id,
                counts=counts,
                reason_code=reason_code,
                reason=reason,
                requested_by=user,
            )
            # Should this process die in the middle, the worker finds out.
            enqueue_settle(deletion)
    except IntegrityError:
        attempts = Deletion.objects.of(tenant).on(target).order_by("-created_at")
        if (theirs := attempts.first()) is None:
            raise
        return theirs
    try:
        target.kind.delete(store, *target.ids)
    except MemoryProblem as problem:
        outcome = _get_outcome(problem)
    else:
        outcome = _verify(store, target, STILL_ANSWERED)
    return close_deletion(deletion, outcome, actor)


class StillOpen(Exception):
    """The memory could not be asked: the task is tried again."""


@task()
def settle(deletion_id: str) -> str:
    """Close an attempt that a crash or a timeout left open; answers its state.

    Safe to run twice: a closed attempt stays as it is. Raises StillOpen.
    """
    deletion = Deletion.objects.get(pk=UUID(deletion_id))
    actor = Actor(deletion.requested_by, deletion.tenant, name="worker")
    deletion = settle_deletion(deletion, actor)
    if deletion.is_open:
        raise StillOpen
    return str(deletion.state)


def enqueue_settle(deletion: Deletion) -> None:
    """Enqueue the check in the transaction that commits the attempt."""
    later = settle.using(run_after=timezone.now() + SETTLE_AFTER)
    later.enqueue(str(deletion.pk))


def settle_deletion(deletion: Deletion, actor: Actor) -> Deletion:
    """Read the item again for an attempt that is not confirmed."""
    if deletion.shown_state != State.UNKNOWN:
        return deletion
    still_found = STILL_HELD if deletion.is_old else STILL_ANSWERED
    outcome = _verify(open_store(deletion.tenant), deletion.target, still_found)
    return close_deletion(deletion, outcome, actor)


def _verify(store: StoreClient, target: Target, still_found: Outcome) -> Outcome:
    """Only a memory that answers "not found" has proven a deletion."""
    try:
        target.kind.fetch(store, *target.ids)
    except MemoryNotFound:
        return Outcome(State.DONE, verified_at=timezone.now())
    except MemoryProblem as problem:
        words = f"Could not verify the deletion. {mask_text(problem.message)}"
        return Outcome(State.UNKNOWN, words)
    return still_found


def _get_outcome(problem: MemoryProblem) -> Outcome:
    """The outcome of a deletion that was not accepted.

    Masked: a memory's message can name an identifier, and the row outlives the profile.
    """
    words = mask_text(problem.message)
    match problem:
        case MemoryMoved():
            return Outcome(State.FAILED, words, canonical_id=problem.canonical_id)
        case MemoryNotFound():
            return ALREADY_GONE
        case MemoryUnreachable(maybe_done=True):
            return Outcome(State.UNKNOWN, words)
        case _:
            return Outcome(State.FAILED, words)


@task()
def look_again(deletion_id: str) -> str:
    """Verify a deletion once more, a day after it was verified; answers its state.

    A memory that cannot be asked is asked every hour. Safe to run twice.
    """
    deletion = Deletion.objects.get(pk=UUID(deletion_id))
    if deletion.tenant.removed_at:
        return str(deletion.state)
    actor = Actor(deletion.requested_by, deletion.tenant, name="worker")
    before = deletion.checked_at
    deletion = verify_again(deletion, actor)
    if deletion.state == State.DONE and deletion.checked_at == before:
        enqueue_look(deletion, timezone.now() + ASK_AGAIN_AFTER)
    return str(deletion.state)


def enqueue_look(deletion: Deletion, at: datetime) -> None:
    look_again.using(run_after=at).enqueue(str(deletion.pk))


def verify_again(deletion: Deletion, actor: Actor) -> Deletion:
    """Notice what has come back although it was verified as deleted."""
    if deletion.state != State.DONE:
        return deletion
    outcome = _verify(open_store(deletion.tenant), deletion.target, CAME_BACK)
    if outcome.state == State.UNKNOWN:
        return deletion
    return _keep_look(deletion, outcome, actor)


@transaction.atomic
def _keep_look(deletion: Deletion, outcome: Outcome, actor: Actor) -> Deletion:
    # Locked: a page and the worker may both have looked.
    deletion = Deletion.objects.select_for_update().get(pk=deletion.pk)
    if deletion.state != State.DONE:
        return deletion
    deletion.state, deletion.checked_at = outcome.state, timezone.now()
    if deletion.state == State.RETURNED:
        deletion.returned_at = deletion.checked_at
    deletion.save()
    if deletion.state == State.RETURNED:
        log(
            actor,
            "deletion.returned",
            deletion.kind,
            deletion.object_id,
            about=[deletion.profile_id],
            outcome="failed",
            deletion=str(deletion.pk),
        )
    return deletion


@transaction.atomic
def close_deletion(deletion: Deletion, outcome: Outcome, actor: Actor) -> Deletion:
    """Keep the outcome and, when it says something new, its audit entry."""
    # Locked: the page that executes and one that checks again may both know by now.
    deletion = Deletion.objects.select_for_update().get(pk=deletion.pk)
    if not deletion.is_open:
        return deletion
    is_news = deletion.state != outcome.state
    deletion.state, deletion.words = outcome.state, outcome.words
    deletion.canonical_id = outcome.canonical_id
    deletion.verified_at = outcome.verified_at
    deletion.finished_at = None if deletion.is_open else timezone.now()
    deletion.save()
    if deletion.state == State.DONE:
        # A memory elsewhere cleans up by itself; what pages derived from it is here.
        request_compaction()
        if deletion.target.is_profile:
            deletion.tenant.recall_cases.erase(deletion.profile_id)
        enqueue_look(deletion, timezone.now() + LOOK_AGAIN_AFTER)
    if is_news:
        log(
            actor,
            f"{deletion.kind}.deleted",
            deletion.kind,
            deletion.object_id,
            about=[deletion.profile_id],
            outcome=deletion.state,
            reason=deletion.reason,
            closes=True,
            **deletion.counts,
            reason_code=deletion.reason_code,
            deletion=str(deletion.pk),
        )
    return deletion


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be deleted.

    counts        by plural noun
    inventory     keyed digest of all that was read: it changes with the content
    item          the observation or summary itself
    text, source  of it, masked: whoever needs them in clear reveals it on its page
    identifiers   of a whole profile: each type with its masked values
    name          the initials of the customer, for a whole profile
    canonical_id  set when the profile was merged into this one: look there instead
    """

    counts: dict[str, int]
    inventory: str
    item: Observation | Summary | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    source: str = field(default="", repr=False)
    identifiers: tuple[tuple[str, list[str]], ...] = field(default=(), repr=False)
    name: str = field(default="", repr=False)
    canonical_id: str | None = None


def build_preview(store: StoreClient, target: Target, masker: Masker) -> Preview:
    """Reads all of it, page by page. Raises MemoryNotFound, MemoryProblem."""
    if isinstance(target.kind, TextKind):
        return _preview_text(store, masker, target.kind, *target.ids)
    return _preview_profile(store, masker, target.profile_id)


def _preview_text(
    store: StoreClient, masker: Masker, kind: TextKind, profile_id: str, item_id: str
) -> Preview:
    item = kind.fetch(store, profile_id, item_id)
    counts, earlier = {kind.plural: 1}, []
    if list_revisions := kind.list_revisions:
        revisions = all_pages(list_revisions, store, profile_id, item_id)
        # The first revision is the present state (contract 11.4).
        earlier = list(revisions)[1:]
        counts["revisions"] = len(earlier)
    text = masker.mask_text(kind.name, item.id, item.content).text
    source = masker.mask_source(item.source).text
    digest = _get_digest([item, *earlier])
    return Preview(counts, digest, item=item, text=text, source=source)


def _preview_profile(store: StoreClient, masker: Masker, profile_id: str) -> Preview:
    profile = store.fetch_profile(profile_id)
    if profile.id != profile_id:
        return Preview({}, "", canonical_id=profile.id)
    identifiers = store.list_identifiers(profile_id)
    lists = {"traits": StoreClient.list_traits} | {
        kind.plural: kind.list_page for kind in TEXT_KINDS.values()
    }
    items = {
        name: list(all_pages(list_page, store, profile_id))
        for name, list_page in lists.items()
    }
    values = sum(len(identifier.values) for identifier in identifiers)
    counts = {name: len(found) for name, found in items.items()}
    return Preview(
        {"identifiers": values} | counts,
        _get_digest([*identifiers, *chain.from_iterable(items.values())]),
        identifiers=tuple(
            (held.id_type, [shown.text for shown in masked])
            for held in identifiers
            if (masked := masker.mask_identifier(held.id_type, held.values))
        ),
        name=masker.mask_name(profile.traits),
    )


def _get_digest(items: list[Any]) -> str:
    """Keyed, so that the page that carries it reveals nothing."""
    content = msgspec.json.encode(items, order="deterministic")
    key = "deletions.inventory"
    return salted_hmac(key, content, algorithm="sha256").hexdigest()


def find_standing_deletion(tenant: Tenant, target: Target) -> Deletion | None:
    """The attempt that makes another one unnecessary: still open, or done for good."""
    return (
        Deletion.objects.of(tenant)
        .on(target)
        .exclude(state__in=[Deletion.State.FAILED, Deletion.State.RETURNED])
        .order_by("-created_at", "id")
        .first()
    )
