"""What people do with a deletion, and never more than was verified (steps.py)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from console.client.errors import MemoryProblem
from console.core.errors import DomainError
from console.databases.disk import check_room
from console.pages.deletions import steps
from console.pages.deletions.inventory import Inventory
from console.pages.deletions.models import OPEN_STATES, Deletion, DeletionPolicy, Target
from console.profiles.models import check_hold
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

State = Deletion.State
ITEMS_MAX = 100


class SamePerson(DomainError, status=403, title="Another person approves this"):
    """Whoever asks for a deletion cannot also approve it."""


class NotYours(DomainError, status=403, title="Another person confirms this"):
    """Whoever opened a request confirms it."""


def delete_item(
    target: Target,
    actor: Actor,
    *,
    counts: dict[str, int],
    reason_code: str,
    reason: str,
) -> Deletion:
    """Delete once. A second request at the same moment gets the first one's row.

    Nothing of a memory's refusal is raised: it is in the row's state and words. Should
    this process die in the middle, the worker goes on with it.
    Raises OnHold, DiskFull, before anything was deleted; MemoryProblem.
    """
    now = timezone.now()
    check_room()
    check_hold(actor.in_tenant()[1], target.profile_id)
    # Durable: it is on disk before the memory hears of it.
    with transaction.atomic(durable=True):
        deletion, is_new = _insert(
            [target],
            actor,
            state=State.EXECUTING,
            started_at=now,
            due_at=now + steps.LEASE,
            counts=counts,
            reason_code=reason_code,
            reason=reason,
        )
    if is_new:
        try:
            steps.execute(deletion, actor, is_first=True)
        except MemoryProblem as problem:
            steps.close(deletion, steps.get_outcome(problem), actor)
    return deletion


def open_requests(
    found: Sequence[tuple[Inventory, Actor]], *, ticket: str, **intake: Any
) -> list[tuple[Deletion, bool]]:
    """All of them or none: each to be confirmed; or the open one that names the same
    already, and False.

    intake  channel, identity_proof, reason_code, received_on, case
    Raises OnHold, DiskFull, MemoryProblem.
    """
    check_room()
    for inventory, actor in found:
        check_hold(actor.in_tenant()[1], inventory.targets[0].profile_id)
    # In one order, or two officers with the same letter would wait for each other.
    ordered = sorted(found, key=lambda each: each[0].targets[0].object_id)
    with transaction.atomic(durable=True):
        return [
            _insert(
                inventory.targets,
                actor,
                state=State.PREVIEWED,
                counts=inventory.counts,
                inventory=inventory.digest,
                reason=f"Ticket {ticket}",
                **intake,
            )
            for inventory, actor in ordered
        ]


def open_request(
    found: Inventory, actor: Actor, **intake: Any
) -> tuple[Deletion, bool]:
    """The same of one."""
    [opened] = open_requests([(found, actor)], **intake)
    return opened


def _insert(
    targets: Sequence[Target], actor: Actor, **facts: Any
) -> tuple[Deletion, bool]:
    user, tenant = actor.in_tenant()
    target, *more = targets
    facts["needs_approval"] = DeletionPolicy.of(tenant).asks_for_approval({})
    try:
        with transaction.atomic():
            deletion = Deletion.objects.create(
                tenant=tenant,
                kind=target.kind.name,
                profile_id=target.profile_id,
                object_id=target.object_id,
                more=[[each.kind.name, each.object_id] for each in more],
                requested_by=user,
                **facts,
            )
            if deletion.state == State.PREVIEWED:
                steps.log_step(deletion, actor, "deletion.opened")
    except IntegrityError:
        attempts = Deletion.objects.of(tenant).on(target).order_by("-created_at")
        if (theirs := attempts.first()) is None:
            raise
        return theirs, False
    return deletion, True


def recount(deletion: Deletion, actor: Actor) -> None:
    """What a person asks for, also of a request that failed. Raises MemoryProblem,
    Overtaken."""
    _check_state(
        deletion, State.PREVIEWED, State.AWAITING, State.FAILED, State.RETURNED
    )
    steps.count_again(deletion, actor)


def submit(deletion: Deletion, actor: Actor, seen: str) -> None:
    """The first yes, to the inventory that was `seen`. Raises NotYours, MemoryProblem,
    Overtaken."""
    _check_state(deletion, State.PREVIEWED)
    user, tenant = actor.in_tenant()
    if not Deletion.objects.waiting_for(user).filter(pk=deletion.pk).exists():
        email = deletion.requested_by.email
        raise NotYours(f"{email} opened it and has to confirm it. Nothing was changed.")
    if not steps.is_unchanged(deletion, actor, seen):
        return
    policy, now = DeletionPolicy.of(tenant), timezone.now()
    asks = policy.asks_for_approval(deletion.counts)
    execute_at = now + timedelta(hours=policy.cool_off_hours)
    steps.move(
        deletion,
        State.AWAITING if asks else State.COOLING,
        actor,
        "deletion.requested",
        {
            "requested_by": user,
            "requested_at": now,
            "needs_approval": asks,
            "cool_off_hours": policy.cool_off_hours,
            "execute_at": None if asks else execute_at,
            "due_at": now + steps.APPROVAL_LIFE if asks else execute_at,
        },
    )


def approve(deletion: Deletion, actor: Actor, seen: str) -> None:
    """The second yes, another person's, to the same inventory.

    Raises SamePerson, MemoryProblem, Overtaken.
    """
    _check_state(deletion, State.AWAITING)
    user, now = actor.in_tenant()[0], timezone.now()
    if user == deletion.requested_by:
        raise SamePerson(
            "You requested this deletion. Another privacy officer has to approve it."
        )
    # A clock that was set back is no way round it.
    age = now - (deletion.requested_at or now)
    if not timedelta(0) <= age < steps.APPROVAL_LIFE:
        steps.expire(deletion, actor)
    elif steps.is_unchanged(deletion, actor, seen):
        at = now + timedelta(hours=deletion.cool_off_hours)
        facts = {
            "approved_by": user,
            "approved_at": now,
            "execute_at": at,
            "due_at": at,
        }
        steps.move(deletion, State.COOLING, actor, "deletion.approved", facts)


def cancel(deletion: Deletion, actor: Actor) -> None:
    """Before anything was deleted. Raises Overtaken."""
    _check_state(deletion, *Deletion.PENDING)
    fields = {"finished_at": timezone.now()}
    steps.move(deletion, State.CANCELLED, actor, "deletion.cancelled", fields)


def _check_state(deletion: Deletion, *states: State) -> None:
    if deletion.state not in states:
        raise steps.Overtaken(
            f"It is {deletion.get_state_display().lower()} by now. Nothing was changed."
        )


def verify_again(deletion: Deletion, actor: Actor) -> Deletion:
    """Notice what has come back although it was verified as deleted; else a look of a
    page writes nothing."""
    if deletion.state == State.DONE:
        store = open_store(deletion.tenant)
        found = [
            steps.verify(store, target, steps.CAME_BACK) for target in deletion.targets
        ]
        if steps.CAME_BACK in found:
            steps.advance(deletion, actor)
    return deletion


def find_standing_deletion(tenant: Tenant, target: Target) -> Deletion | None:
    """The one that makes another one unnecessary: still open, or done for good."""
    return (
        Deletion.objects.of(tenant)
        .on(target)
        .filter(state__in=[*OPEN_STATES, State.DONE])
        .order_by("-created_at", "id")
        .first()
    )
