"""What goes by itself: each day the worker reads what a rule is about, deletes what is
older, and counts what goes on each of the next thirty days.

It hands over to the next run after a while. How far it is stands in the rule: a run that
is killed begins its page again, on which nothing is deleted twice.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from console.audit.log import log
from console.client.errors import MemoryNotFound
from console.client.http import Page, all_pages
from console.client.store import StoreClient
from console.profiles.items import TEXT_KINDS
from console.profiles.models import RetentionRule, find_hold
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

RUN_S = 20.0
AHEAD = timedelta(days=30)


def start_due_rules() -> None:
    """By the worker, each minute. Asked for with the change of its time: once a day."""
    now = timezone.now()
    for rule in RetentionRule.objects.filter(due_at__lte=now, tenant__removed_at=None):
        with transaction.atomic():
            mine = RetentionRule.objects.filter(pk=rule.pk, due_at=rule.due_at)
            if mine.update(due_at=now + timedelta(days=1)):
                carry_out.enqueue(rule.pk)


@task()
def carry_out(rule_id: int) -> None:
    """Safe to run twice."""
    rule = RetentionRule.objects.select_related("tenant").filter(pk=rule_id).first()
    until = monotonic() + RUN_S
    while rule and _do_page(rule, timezone.now()):
        if monotonic() > until:
            carry_out.enqueue(rule.pk)
            return


def set_retention(tenant: Tenant, kind: str, days: int | None) -> None:
    """None: all of the kind stays. A changed rule deletes nothing for a day; one that is
    as it was keeps its dates. In a transaction."""
    now, rules = timezone.now(), tenant.retention.filter(kind=kind)
    if days and rules.filter(days=days).exists():
        return
    rules.delete()
    if days:
        from_ = now + timedelta(days=1)
        tenant.retention.create(kind=kind, days=days, deletes_from=from_, due_at=now)


def _do_page(rule: RetentionRule, now: datetime) -> bool:
    """One page of what it is about; whether there are more."""
    page, items = _read(rule, open_store(rule.tenant))
    counted, due = Counter(rule.counting), []

    def is_held(profile_ids: list[str]) -> bool:
        return any(find_hold(rule.tenant, each) for each in profile_ids)

    for profile_ids, created_at, delete in items:
        goes_at = max(created_at + timedelta(days=rule.days), rule.deletes_from)
        if goes_at <= now:
            due.append((profile_ids, delete))
        elif goes_at <= now + AHEAD and not is_held(profile_ids):
            counted[goes_at.date().isoformat()] += 1
    # Told before they go: a run that begins this page again finds fewer.
    going = rule.counting["going"] = max(counted.pop("going", 0), len(due))
    rule.save(update_fields=["counting"])
    for profile_ids, delete in due:
        with suppress(MemoryNotFound):  # somebody else has deleted it meanwhile
            if not is_held(profile_ids):
                delete()
                continue
        going -= 1
    counted["removed"] += going
    rule.counting, rule.token = counted, page.next_token or ""
    if not rule.token:
        removed, rule.counting = counted.pop("removed", 0), {}
        rule.forecast, rule.forecast_at = dict(sorted(counted.items())), now
    with transaction.atomic():
        rule.save(update_fields=["counting", "token", "forecast", "forecast_at"])
        if not rule.token and removed:
            actor = Actor(None, rule.tenant, name="worker")
            log(actor, "retention.applied", kind=rule.kind, count=removed)
    return bool(rule.token)


Item = tuple[list[str], datetime, Any]  # whose, since when, and what deletes it


def _read(rule: RetentionRule, store: StoreClient) -> tuple[Page[Any], Iterator[Item]]:
    if kind := TEXT_KINDS.get(rule.kind):
        page = store.list_profiles(page_token=rule.token, order="ASC")
        return page, (
            ([id_], each.created_at, partial(kind.delete, store, id_, each.id))
            for id_ in page.items
            for each in all_pages(kind.list_page, store, id_)
        )
    talks = store.conversations
    found = talks.list_conversations(page_token=rule.token)
    return found, (
        (
            [x.profile_id for x in each.participants if x.profile_id],
            each.updated_at,
            partial(talks.delete_conversation, each.id),
        )
        for each in found.items
    )
