"""Reading a masked value in clear, as the audit log and the limits see it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from console.audit.log import AuditUnavailable
from console.audit.models import AuditEntry
from console.masking.masker import MaskedValue
from console.masking.models import Reveal
from console.masking.reveals import (
    CLEAR_FOR,
    TooManyReveals,
    check_may_reveal,
    hide,
    reveal,
)
from console.tenants.actor import Actor
from console.tenants.models import Role

pytestmark = pytest.mark.django_db(transaction=True)
MASKED = MaskedValue("•••", "trait/Contact.email", is_masked=True, profile_id="p1")


def ask(agent, tenant, shown=MASKED):
    reveal(shown, Actor(agent, tenant, Role.AGENT), reason="why (ticket 1)")


def made(agent, tenant, count, *, ago=timedelta()):
    now = timezone.now() - ago
    Reveal.objects.bulk_create(
        Reveal(
            user=agent,
            tenant=tenant,
            profile_id="p1",
            subject="summary/s",
            made_at=now,
            until=now,
        )
        for _ in range(count)
    )


def test_reveal_and_its_audit_entry_are_one_transaction(agent, tenant):
    ask(agent, tenant)

    row, entry = Reveal.objects.get(), AuditEntry.objects.latest("seq")
    assert (row.user, row.tenant, row.profile_id) == (agent, tenant, "p1")
    assert row.subject == "trait/Contact.email"
    assert row.until - row.made_at == CLEAR_FOR
    assert (entry.action, entry.outcome) == ("value.revealed", "done")
    assert (entry.object_type, entry.object_id) == ("trait", "Contact.email")
    assert (entry.profile_id, entry.details) == ("p1", {"hour": 1})
    assert entry.reason.text == "why (ticket 1)"


def test_reveal_fails_without_an_audit_log(agent, tenant):
    def refuse(execute, sql, params, many, context):
        if "audit_auditentry" in sql and sql.startswith("INSERT"):
            raise DatabaseError("disk full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(AuditUnavailable):
        ask(agent, tenant)

    assert not Reveal.objects.exists()


def test_reveal_does_not_count_what_is_not_masked(agent, tenant):
    entries = AuditEntry.objects.count()

    ask(agent, tenant, MaskedValue("gold", "trait/Account.tier"))

    assert not Reveal.objects.exists()
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize(
    ("count", "ago", "words"),
    [
        (30, timedelta(minutes=5), "30 reveals in an hour"),
        (100, timedelta(hours=5), "100 reveals in a day"),
    ],
)
def test_reveal_refuses_more_than_the_limit(agent, tenant, count, ago, words):
    made(agent, tenant, count - 1, ago=ago)
    ask(agent, tenant)

    with pytest.raises(TooManyReveals) as refused:
        ask(agent, tenant)

    assert refused.value.status == 429
    assert words in refused.value.message
    assert Reveal.objects.count() == count
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.outcome) == ("value.revealed", "denied")
    with pytest.raises(TooManyReveals):
        check_may_reveal(Actor(agent, tenant, Role.AGENT))


def test_reveal_refusal_says_when_to_try_again(agent, tenant):
    made(agent, tenant, 1, ago=timedelta(minutes=50))
    made(agent, tenant, 29, ago=timedelta(minutes=5))
    free = timezone.now() + timedelta(minutes=10)

    with pytest.raises(TooManyReveals) as refused:
        ask(agent, tenant)

    near = {(free + timedelta(seconds=s)).strftime("%H:%M") for s in (-5, 0, 5)}
    assert any(f"at {minute} UTC" in refused.value.message for minute in near)


def test_reveal_deletes_rows_that_no_longer_count(agent, officer, tenant):
    made(agent, tenant, 3, ago=timedelta(hours=25))
    made(officer, tenant, 1, ago=timedelta(hours=25))

    ask(agent, tenant)

    assert Reveal.objects.filter(user=agent).count() == 1
    assert Reveal.objects.filter(user=officer).count() == 1


def test_hide_ends_a_reveal_and_is_logged_once(agent, tenant):
    ask(agent, tenant)

    for _ in range(2):
        hide(MASKED, Actor(agent, tenant, Role.AGENT))

    assert not Reveal.objects.open().exists()
    entries = AuditEntry.objects.filter(action="value.hidden")
    assert [entry.object_id for entry in entries] == ["Contact.email"]


def test_hide_all_ends_the_reveals_of_one_person(client, agent, officer, tenant):
    ask(agent, tenant)
    ask(officer, tenant)
    client.force_login(agent)

    client.post("/accounts/logout/")
    # Somebody without a session signs out of nothing.
    client.post("/accounts/logout/")

    assert [row.user for row in Reveal.objects.open()] == [officer]
