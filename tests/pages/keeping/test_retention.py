"""What goes by itself: forecast first, then deleted once, holds left alone."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.profiles import retention
from console.profiles.models import Hold, RetentionRule
from console.tenants.vault import open_store
from tests.factories import (
    make_conversation,
    make_observation,
    make_profile,
    make_summary,
)

RULES = {"observation": "100", "reason_code": "policy", "ticket": "CASE-4711"}


@pytest.fixture
def profile(tenant):
    made = make_profile(tenant, email="ada@b.com")
    make_observation(tenant, made)
    make_summary(tenant, made)
    return made


@pytest.fixture
def rule(client, officer, profile):
    client.force_login(officer)
    client.post(reverse("keeping:retention", args=["acme"]), RULES)
    return RetentionRule.objects.get()


def carry_out(rule, **later) -> RetentionRule:
    with time_machine.travel(timezone.now() + timedelta(**later)):
        retention.carry_out.call(rule.pk)
    rule.refresh_from_db()
    return rule


def count(tenant, profile) -> tuple[int, int]:
    store = open_store(tenant)
    lists = store.list_observations(profile), store.list_summaries(profile)
    return tuple(len(page.items) for page in lists)


def test_overview_says_on_which_day_what_goes(client, rule, tenant, profile):
    [(day, number)] = carry_out(rule, days=80).ahead
    page = client.get(reverse("keeping:overview", args=["acme"])).text

    assert number == 1
    assert f"On {day:%-d %B %Y}: 1" in page
    assert count(tenant, profile) == (1, 1)


def test_retention_deletes_nothing_on_the_day_of_its_rule(rule, tenant, profile):
    rule.days = 0
    rule.save()
    carry_out(rule)

    assert rule.ahead[0][0] == rule.deletes_from.date()
    assert count(tenant, profile) == (1, 1)


def test_retention_deletes_what_is_older_once_and_counts_it(rule, tenant, profile):
    carry_out(rule, days=101)
    carry_out(rule, days=101)

    assert count(tenant, profile) == (0, 1)
    entry = AuditEntry.objects.get(action="retention.applied")
    assert entry.details["count"] == 1


def test_retention_that_was_cut_off_counts_what_had_gone(rule, tenant, profile):
    rule.counting = {"going": 3}  # of which a killed run has deleted two
    rule.save()

    carry_out(rule, days=101)

    assert count(tenant, profile) == (0, 1)
    entry = AuditEntry.objects.get(action="retention.applied")
    assert entry.details["count"] == 3


def test_retention_leaves_what_is_on_hold(rule, tenant, profile, officer):
    hold = Hold(tenant=tenant, profile_id=profile, basis="law", set_by=officer)
    hold.save()
    carry_out(rule, days=101)
    held = count(tenant, profile)
    Hold.objects.update(lifted_at=timezone.now())
    carry_out(rule, days=101)

    assert held == (1, 1)
    assert count(tenant, profile) == (0, 1)


def test_retention_is_due_once_a_day(rule):
    retention.start_due_rules()
    due_at = RetentionRule.objects.get().due_at
    retention.start_due_rules()

    assert due_at > timezone.now() + timedelta(hours=23)
    assert RetentionRule.objects.get().due_at == due_at


def test_retention_rule_ends_with_its_number(client, rule):
    client.post(
        reverse("keeping:retention", args=["acme"]), RULES | {"observation": ""}
    )

    assert not RetentionRule.objects.exists()


def test_retention_of_conversations_heeds_whoever_took_part(tenant, officer):
    talk = make_conversation(tenant, "My tent pole broke.")
    store, now = open_store(tenant), timezone.now()
    [customer] = store.list_profiles().items
    rule = RetentionRule.objects.create(
        tenant=tenant, kind="conversation", days=9, deletes_from=now, due_at=now
    )
    hold = Hold(tenant=tenant, profile_id=customer, basis="law", set_by=officer)
    hold.save()
    carry_out(rule, days=10)
    held = store.conversations.list_conversations().items
    Hold.objects.update(lifted_at=timezone.now())
    carry_out(rule, days=10)

    assert [each.id for each in held] == [talk.id]
    assert not store.conversations.list_conversations().items
