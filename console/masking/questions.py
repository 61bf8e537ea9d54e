"""What people look up, counted for each of them: a hit or a miss tells something.

Whoever types a whole identifier may learn whose it is, that is daily work. Whoever tries
a range of them, or asks a memory to explain itself over and over, is stopped, and the
audit log has a digest of each try.
"""

from datetime import datetime, timedelta
from unicodedata import normalize

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.accounts.models import User
from console.audit.log import log_view
from console.core.errors import DomainError
from console.masking.models import Question
from console.tenants.actor import Actor

HOUR = timedelta(hours=1)


class LimitReached(DomainError):
    """A person did something as often as they may for now."""

    status = 429

    def __init__(self, message: str, *, free_at: datetime) -> None:
        super().__init__(message)
        self.retry_after_s = (free_at - timezone.now()).total_seconds()


class TooManyQuestions(LimitReached):
    """A person has looked up as much as the limit allows."""

    title = "Lookup limit reached"


def count_question(actor: Actor, action: str, looked_for: str) -> None:
    """Before a lookup or an explained recall. `looked_for`: a digest of what was typed.

    Raises TooManyQuestions, after logging the attempt, and AuditUnavailable.
    """
    if actor.user is None:
        raise RuntimeError("Only a person can ask.")
    most = get_questions_max(actor)
    with transaction.atomic(durable=True):
        # Locked: two questions at the same moment are counted one after the other.
        User.objects.select_for_update().get(pk=actor.user.pk)
        asked = Question.objects.filter(user=actor.user)
        if not (free_at := asked.get_free_at(HOUR, most)):
            asked.filter(made_at__lt=timezone.now() - HOUR).delete()
            Question.objects.create(user=actor.user)
    if free_at:
        log_view(actor, action, outcome="denied", looked_for=looked_for)
        raise _build_refusal(free_at, most)


def get_questions_max(actor: Actor) -> int:
    """How many an hour. The one place for who gets another number than the rest."""
    most: int = settings.QUESTIONS_PER_HOUR
    return most


def get_digest(actor: Actor, action: str, text: str) -> str:
    """64 bits in hex, keyed with SECRET_KEY: equal in a tenant's entries of one action
    for what is the same but for case and blanks, whether a type stands before it or
    not; "" of ""."""
    plain = "".join(normalize("NFKC", text).casefold().split())
    plain = plain.partition(":")[2] or plain
    if not plain:
        return ""
    plain = f"{actor.tenant.pk if actor.tenant else ''} {action} {plain}"
    digest = salted_hmac("console.masking.questions", plain, algorithm="sha256")
    return digest.hexdigest()[:16]


def _build_refusal(free_at: datetime, most: int) -> TooManyQuestions:
    return TooManyQuestions(
        f"You have reached the limit of {most} lookups and explained recalls in an "
        f"hour. You can ask more from {free_at:%-d %B at %H:%M} UTC. Lists, pages of "
        "customers and recalls without explanation stay open. Nothing was shown.",
        free_at=free_at,
    )
