"""The demo as it is filled, once for all of these."""

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db.transaction import atomic, set_rollback
from django.test import override_settings
from django_tasks_db.models import DBTaskResult

from console.accounts.models import User
from console.audit.models import AuditEntry
from console.audit.verification import verify_log
from console.contract.memory.page import UPDATE
from console.demo import seeding
from console.pages.deletions.models import Deletion
from console.service.conversations.learning import learn
from console.service.knowledge.ingestion import read_source
from console.service.knowledge.models import KnowledgeSource
from console.tenants.models import Membership, Role, Tenant
from console.tenants.vault import open_account, open_store
from tests.demo.test_seed_demo import PASSWORD, TENANTS, seed, take_few


@pytest.fixture(scope="module")
def printed(django_db_setup, django_db_blocker):
    """What is printed for a demo of few people, which is there in each test that asks
    for it: each changes it in a transaction within this one."""
    with (
        django_db_blocker.unblock(),
        rolled_back("default"),
        rolled_back("memory"),
        pytest.MonkeyPatch.context() as patch,
        override_settings(DEMO_PASSWORD=PASSWORD),
    ):
        take_few(patch)
        yield seed()


@contextmanager
def rolled_back(alias):
    around = atomic(using=alias)
    # What has to be the outermost transaction may be so in a test's.
    around._from_testcase = True
    with around:
        yield
        set_rollback(True, using=alias)


def test_seed_demo_creates_two_tenants(printed, db):
    store = open_store(Tenant.objects.get(slug="alpenglow"))
    assert "The demo is ready: 2 tenants, 6 people" in printed
    assert len(store.list_profiles().items) == 8  # four come later
    assert {group.display_name for group in store.list_trait_groups().items} == {
        "Account",
        "Contact",
        "Loyalty",
        "Preferences",
        "Support",
    }


def test_seed_demo_remembers_what_was_said(printed, db):
    held = [seeding.hold_conversations.func("alpenglow", 0) for _ in range(2)]
    learn.func()
    seeding.hold_conversations.func("alpenglow", 1000)

    store = open_store(Tenant.objects.get(slug="alpenglow"))
    found = store.conversations.list_conversations().items
    [profile_id] = store.lookup("email", "theo.lindqvist@example.com").profiles
    texts = [each.content for each in store.list_observations(profile_id).items]
    assert held == [len(found)] * 2
    assert any("never home before 18:00" in text for text in texts)
    assert store.list_summaries(profile_id).items
    latest = store.list_activity(page_size=50, order=UPDATE[0]).items
    assert len({each.updated_at.date() for each in latest}) > 2
    # A write that waits for a person.
    waiting = store.conversations.list_provenance(profile_id, outcome="proposed")
    assert [each.content for each in waiting.items] == ["+447700900456"]


def test_seed_demo_goes_on_with_the_next_conversations(printed, db, monkeypatch):
    DBTaskResult.objects.all().delete()
    monkeypatch.setattr(seeding, "BATCH", 1)

    seeding.hold_conversations.func("alpenglow", 1)

    waiting = DBTaskResult.objects.filter(
        task_path=seeding.hold_conversations.module_path
    )
    assert [each.args_kwargs["args"] for each in waiting] == [["alpenglow", 2]]


def test_seed_demo_creates_people_with_roles(printed, db):
    roles = Counter(
        Membership.objects.values_list("user__email", "role", "tenant__slug")
    )
    assert all(user.check_password(PASSWORD) for user in User.objects.all())
    assert roles == Counter(
        [
            ("operator@demo.example", Role.OPERATOR, None),
            *(
                (f"{name}@demo.example", role, slug)
                for slug in TENANTS
                for name, role in [
                    ("agent", Role.AGENT),
                    ("officer", Role.OFFICER),
                    ("officer2", Role.OFFICER),
                    ("auditor", Role.AUDITOR),
                    ("developer", Role.DEVELOPER),
                ]
            ),
        ]
    )


def test_seed_demo_shows_what_staff_did(printed, db):
    tenant = Tenant.objects.get(slug="alpenglow")
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    deletion, request = Deletion.objects.of(tenant).order_by("created_at")
    [case] = tenant.recall_cases.all()
    store = open_store(tenant)
    [profile_id] = store.lookup("email", "theo.lindqvist@example.com").profiles
    items = store.list_observations(profile_id).items
    noted, moved = sorted(items, key=lambda item: item.retracted_for)
    times = AuditEntry.objects.order_by("seq").values_list("at", flat=True)
    assert {"value.revealed", "profile.deleted", "trait.corrected"} < actions
    assert list(times) == sorted(times)
    assert verify_log().is_sound
    assert times.last() - times.first() > timedelta(days=5)
    assert deletion.state == Deletion.State.DONE
    assert request.state == Deletion.State.AWAITING
    assert case.state == "passed"
    assert len(store.list_revisions(profile_id, noted.id).items) == 2
    assert moved.retracted_for == "It is about somebody else"


def test_seed_demo_publishes_what_agents_find(printed, db):
    for source in KnowledgeSource.objects.all():
        read_source.func(source.id)

    for slug, asked, found in (
        ("alpenglow", "Can a broken tent pole be repaired?", "questions.csv"),
        ("alpenglow", "How do I pitch the tent in strong wind?", "tent-manual.pdf"),
        ("brightline", "The third light of my router is red", "router-manual.pdf"),
    ):
        tenant = Tenant.objects.get(slug=slug)
        [base] = tenant.knowledge_bases
        [first, *_] = open_account(tenant).knowledge.search(base, asked, 3)
        assert first.document_title == found
