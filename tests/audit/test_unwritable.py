"""A log that cannot be written: customer data is neither shown nor changed."""

import sqlite3
import time
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.urls import reverse

from console.audit.log import log
from console.audit.models import AuditEntry, AuditHead
from console.profiles.models import Hold
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, TEXT = "ada@example.com", "Prefers tea in the morning."


def refusing_entries():
    def refuse(execute, sql, *rest):
        if sql.startswith('INSERT INTO "audit_auditentry"'):
            raise DatabaseError("refused")
        return execute(sql, *rest)

    return connection.execute_wrapper(refuse)


@contextmanager
def missing_head():
    head = AuditHead.objects.get()
    AuditHead.objects.all().delete()
    yield
    AuditHead.objects.all().delete()
    head.save(force_insert=True)


@contextmanager
def wrong_head():
    """As after a crash that no database should allow."""
    AuditHead.objects.update(seq=1)
    yield
    AuditHead.objects.update(seq=AuditEntry.objects.count())


FAULTS = [refusing_entries, missing_head, wrong_head]


@pytest.fixture
def customer(tenant, officer, auditor):
    """Of a log with some entries."""
    profile = make_profile(tenant, email=EMAIL)
    make_observation(tenant, profile, TEXT)
    for _ in range(3):
        log(Actor(None), "profile.viewed")
    return profile


def address(name, *more):
    return reverse(name, args=["acme", *more])


def say_why(response) -> tuple[int, bool]:
    assert EMAIL not in response.text
    assert TEXT not in response.text
    return response.status_code, "The audit log cannot be written" in response.text


@pytest.mark.parametrize("fault", FAULTS)
def test_unwritable_log_shows_and_changes_nothing(
    client, tenant, officer, customer, fault
):
    profile = customer
    why = {"reason_code": "customer", "ticket": "T-88121"}
    said = {"content": "Moves.", "source": "console", "occurred_at": "2026-01-05T09:00"}
    client.force_login(officer)
    with fault():
        answers = [
            client.get(address("customers:profile", profile)),
            client.get(address("timeline:timeline", profile)),
            client.get(address("traits:profile", profile)),
            client.post(address("find:find"), {"id": f"email:{EMAIL}"}),
            client.get(
                address("timeline:export", profile),
                {"what": "timeline", "format": "json"},
            ),
            client.post(address("timeline:observation_add", profile), why | said),
            client.post(
                address("reveals:reveal", profile, "trait", "Contact.email"),
                why | {"reason_code": "verify"},
            ),
        ]

    assert {say_why(answer) for answer in answers} == {(503, True)}
    [kept] = open_store(tenant).list_observations(profile).items
    assert kept.content == TEXT
    assert client.get(address("customers:profile", profile)).status_code == 200


@pytest.mark.parametrize("fault", FAULTS)
def test_unwritable_log_lets_people_out_and_the_auditor_look(
    client, auditor, customer, fault
):
    client.force_login(auditor)
    with fault():
        looked = client.get(address("audit:proof"))
        listed = client.get(address("audit:list"))
        left = client.post("/accounts/logout/")

    assert (looked.status_code, listed.status_code) == (200, 200)
    assert left.status_code == 302
    assert client.get(address("audit:proof")).status_code == 302


def fail(error: Exception, code: int = 0):
    """As the database does it, with the code that says why."""
    if code:
        error.__cause__ = sqlite3.OperationalError(str(error))
        error.__cause__.sqlite_errorcode = code
    raise error


# What is wrong with the log, and what people are told of it.
TROUBLES = {
    "unwritable": (
        lambda: fail(DatabaseError("refused")),
        "audit log cannot be written",
    ),
    "full": (
        lambda: fail(OperationalError("database or disk is full"), 13),
        "The disk of this installation is full",
    ),
    "locked": (
        lambda: fail(OperationalError("database is locked"), 5),
        "The database is busy",
    ),
    "slow": (lambda: time.sleep(0.02), ""),
}
WHY = {"ticket": "T-88121"}
# How each mode writes: by whom, what is asked, what a log that works lets happen, how
# many entries that leaves, and the first of them that is in trouble.
MODES = {
    "with the change": ("officer", "keeping:set_hold", 302, 1, 1),
    "before the read": ("officer", "customers:profile", 200, 1, 1),
    "before the call": ("officer", "timeline:observation_add", 302, 2, 1),
    "after the call": ("officer", "timeline:observation_add", 302, 2, 2),
    "after the rollback": ("agent", "keeping:ask_access", 403, 1, 1),
}


@contextmanager
def trouble(happen, from_entry: int):
    written = 0

    def insert(execute, sql, *rest):
        nonlocal written
        if sql.startswith('INSERT INTO "audit_auditentry"'):
            written += 1
            if written >= from_entry:
                happen()
        return execute(sql, *rest)

    with connection.execute_wrapper(insert):
        yield


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", TROUBLES)
def test_each_mode_in_each_trouble(
    client, tenant, officer, agent, customer, mode, kind
):
    who, page, status, entries, first = MODES[mode]
    happen, words = TROUBLES[kind]
    client.force_login({"officer": officer, "agent": agent}[who])
    said = {"content": "Moves.", "source": "console", "occurred_at": "2026-01-05T09:00"}
    forms = {
        "keeping:set_hold": WHY | {"reason_code": "litigation"},
        "timeline:observation_add": WHY | {"reason_code": "customer"} | said,
    }
    before = AuditEntry.objects.count()

    with trouble(happen, first):
        url = address(page, customer)
        answer = client.post(url, forms[page]) if page in forms else client.get(url)

    written = AuditEntry.objects.count() - before
    kept = {
        item.content for item in open_store(tenant).list_observations(customer).items
    }
    if kind == "slow":
        assert (answer.status_code, written) == (status, entries)
        return
    assert answer.status_code == 503
    assert EMAIL not in answer.text
    # What was written before the trouble stands, and nothing of what is in trouble.
    assert written == first - 1
    assert not Hold.objects.exists()
    if mode == "after the call":
        assert "The outcome could not be recorded" in answer.text
        assert "Moves." in kept
    else:
        assert words in answer.text
        assert kept == {TEXT}
