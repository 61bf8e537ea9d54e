"""Telling somebody outside that something about a tenant fails: once for an outage, and
once when it is over.

It is settled in the transaction of the result. An address that does not take it is tried
again with the task (console/jobs/leases.py), which stays failed in the end.
"""

import json
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from django_tasks import task

from console.core import outgoing
from console.core.observability import new_request_id
from console.monitoring.models import Kind, Result, Watch
from console.tenants.vault import read_token

SECONDS = 10.0


class AlertNotSent(Exception):
    """The receiver did not take it; its address is in no message."""


@receiver(post_save, sender=Result)
def settle(*, instance: Result, created: bool, **_: Any) -> None:
    """Whether an outage begins or ends with this result."""
    rows = Watch.objects.select_for_update().filter(tenant=instance.tenant_id)
    if not (created and (watch := rows.first())):
        return
    since = watch.alerted.get(instance.kind)
    if since and instance.is_well:
        del watch.alerted[instance.kind]
    elif not since and not instance.is_well and _lasts(instance, watch.alert_after):
        watch.alerted[instance.kind] = since = timezone.now().isoformat()
    else:
        return
    watch.save(update_fields=["alerted"])
    told = {
        "id": f"result-{instance.pk}",
        "tenant": instance.tenant.slug,
        "check": instance.kind,
        "state": instance.state,
        "words": instance.facts.get("words", ""),
        "since": since,
        "at": instance.at.isoformat(),
    }
    for way in filter(lambda way: getattr(watch, way), SENDERS):
        send_alert.enqueue(str(instance.tenant_id), way, told)


def _lasts(result: Result, wanted: int) -> bool:
    if result.kind != Kind.CANARY:
        return True
    rows = result.tenant.results.filter(kind=result.kind).order_by("-at", "-pk")
    newest = list(rows[:wanted])
    return len(newest) == wanted and not any(each.is_well for each in newest)


@task()
def send_alert(tenant_id: str, way: str, told: dict[str, str]) -> None:
    """Raises AlertNotSent, OSError, SMTPException: the worker tries it again."""
    rows = Watch.objects.filter(tenant__removed_at=None)
    watch = rows.filter(tenant__pk=tenant_id).first()
    if watch and getattr(watch, way):
        SENDERS[way](watch, told)


def _post(watch: Watch, told: dict[str, str]) -> None:
    """Signed as events of conversations are: with the auth token of the account."""
    content = json.dumps(told).encode()
    url, signature = outgoing.sign(watch.webhook, content, read_token(watch.tenant))
    allow_private = settings.MEMORY_ALLOW_PRIVATE
    if not outgoing.read_origin(url, allow_private=allow_private):
        raise AlertNotSent("Not a public https address.")
    answer = outgoing.call(
        "POST",
        url,
        allow_private=allow_private,
        headers={
            "Content-Type": "application/json",
            "X-Twilio-Signature": signature,
            "I-Twilio-Idempotency-Token": told["id"],
            "Twilio-Request-Id": new_request_id(),
        },
        content=content,
        seconds=SECONDS,
    )
    if not 200 <= answer.status < 300:
        raise AlertNotSent(answer.error or f"Answered {answer.status}.")


def _mail(watch: Watch, told: dict[str, str]) -> None:
    subject = f"{told['tenant']}: {told['check']} {told['state']}"
    lines = [f"{name}: {value}" for name, value in told.items() if name != "id"]
    try:
        send_mail(subject, "\n".join(lines), watch.mail, [watch.mail])
    except (OSError, SMTPException) as problem:
        raise AlertNotSent(type(problem).__name__) from problem


SENDERS = {"webhook": _post, "mail": _mail}
