"""Revealing masked values: who, which one, why; logged before it is shown."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.accounts.models import User
from console.audit.log import log, log_view
from console.masking.masker import MaskedValue
from console.masking.models import LimitReached, Reveal
from console.tenants.actor import Actor

CLEAR_FOR = timedelta(minutes=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOUR_MAX, DAY_MAX = 30, 100


class TooManyReveals(LimitReached, title="Reveal limit reached"):
    """A person has revealed as many values as the limit allows."""


def count_reveals_in_hour(user: User) -> int:
    """How many values the person revealed in the last hour, in all their tenants."""
    return Reveal.objects.filter(user=user).count_since(HOUR)


def check_may_reveal(actor: Actor) -> None:
    """Raises TooManyReveals, after logging the attempt."""
    if refusal := _build_refusal(actor):
        _log_denial(actor)
        raise refusal


def reveal(shown: MaskedValue, actor: Actor, *, reason: str) -> None:
    """Show the person this one field or item in clear, for CLEAR_FOR.

    The row and its audit entry are committed together, before anything is shown.
    What is not masked, or revealed already, is left as it is.
    Raises TooManyReveals, AuditUnavailable.
    """
    if not shown.is_masked:
        return
    with transaction.atomic(durable=True):
        # Locked: two reveals at the same moment are counted one after the other.
        User.objects.select_for_update().get(pk=actor.in_tenant()[0].pk)
        if not (refusal := _build_refusal(actor)):
            _save_reveal(shown, actor, reason=reason)
    if refusal:
        _log_denial(actor)
        raise refusal


def _log_denial(actor: Actor) -> None:
    user, _ = actor.in_tenant()
    hour = count_reveals_in_hour(user)
    log_view(actor, "value.revealed", outcome="denied", hour=hour)


def _save_reveal(shown: MaskedValue, actor: Actor, *, reason: str) -> None:
    user, tenant = actor.in_tenant()
    now = timezone.now()
    # The audit log remembers; here a row is of use for as long as it counts.
    Reveal.objects.filter(user=user, made_at__lt=now - DAY).delete()
    Reveal.objects.create(
        user=user,
        tenant=tenant,
        profile_id=shown.profile_id,
        subject=shown.subject,
        made_at=now,
        until=now + CLEAR_FOR,
    )
    log(
        actor,
        "value.revealed",
        shown.kind,
        shown.ref,
        reason=reason,
        about=[shown.profile_id],
        hour=count_reveals_in_hour(user),
    )


@transaction.atomic
def hide(shown: MaskedValue, actor: Actor) -> None:
    """Mask it again for the person now; nothing happens when it is masked already."""
    reveals = Reveal.objects.of(*actor.in_tenant()).open()
    mine = reveals.filter(profile_id=shown.profile_id, subject=shown.subject)
    if mine.update(until=timezone.now()):
        log(
            actor,
            "value.hidden",
            shown.kind,
            shown.ref,
            about=[shown.profile_id],
        )


def hide_all(*, user: User | None, **_: Any) -> None:
    """When somebody signs out, what they revealed is masked again: staff share desks."""
    if user is not None:
        Reveal.objects.filter(user=user).open().update(until=timezone.now())


def _build_refusal(actor: Actor) -> TooManyReveals | None:
    user, tenant = actor.in_tenant()
    for age, words, most in ((DAY, "a day", DAY_MAX), (HOUR, "an hour", HOUR_MAX)):
        if free_at := Reveal.objects.filter(user=user).get_free_at(age, most):
            return TooManyReveals(
                f"You have reached the limit of {most} reveals in {words}. You can "
                f"reveal more from {free_at:%-d %B at %H:%M} UTC. If it cannot wait, "
                f"a colleague who works for {tenant.name} can reveal it. Nothing was "
                "shown or changed.",
                free_at=free_at,
            )
    return None
