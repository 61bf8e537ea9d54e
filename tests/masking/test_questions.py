"""Lookups and explained recalls are logged by a digest, and limited for each person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.masking.models import (
    Question,
    TooManyQuestions,
    count_question,
    get_digest,
)
from console.tenants.actor import Actor
from tests.factories import HTMX, make_profile, make_tenant, make_user

NOBODY = "mem_profile_" + "0" * 26
LOOKUPS = ("phone:+15558675310", "phone:+15558675311")


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant, phone="+15558675310", firstName="Ada")


def look_up_in_find(client, text):
    return client.post(reverse("find:find", args=["acme"]), {"id": text})


def look_up_by_link(client, text):
    return client.get(reverse("find:find", args=["acme"]), {"id": text})


def look_up_across_tenants(client, text):
    return client.get(reverse("find_across_tenants"), {"id": text})


def look_up_in_recall(client, text):
    typed = {"identity": text, "mode": "recent"}
    return client.post(reverse("recall:run", args=["acme"]), typed)


def look_up_by_recalls_link(client, text):
    typed = {"identity": text, "mode": "recent"}
    return client.get(reverse("recall:run", args=["acme"]), typed)


DOORS = [
    look_up_in_find,
    look_up_by_link,
    look_up_across_tenants,
    look_up_in_recall,
    look_up_by_recalls_link,
]


def explain(client, profile, **typed):
    asked = {"identity": profile, "mode": "query", "query": "calls", "explain": "on"}
    url = reverse("recall:run", args=["acme"])
    return client.post(url, asked | typed, follow=True)


@pytest.mark.parametrize("look_up", DOORS)
def test_lookup_is_one_entry_whether_it_hits_or_misses(client, profile, look_up):
    for text in LOOKUPS:
        look_up(client, text)

    hit, miss = AuditEntry.objects.filter(action="profile.found").order_by("seq")
    assert (hit.object_id, hit.details["found"]) == (profile, 1)
    assert (miss.object_id, miss.details["found"]) == ("", 0)
    assert hit.details["looked_for"] != miss.details["looked_for"]
    assert "8675310" not in f"{hit.details} {miss.details}"


@pytest.mark.parametrize("look_up", DOORS)
def test_lookup_beyond_the_limit_is_refused_with_the_time(
    client, profile, settings, look_up
):
    settings.QUESTIONS_PER_HOUR = 2
    for text in LOOKUPS:
        look_up(client, text)

    response = look_up(client, LOOKUPS[0])

    assert response.status_code == 429
    assert "Lookup limit reached" in response.text
    assert "limit of 2 lookups and explained recalls" in response.text
    assert 3500 < int(response["Retry-After"]) <= 3600
    [denied] = AuditEntry.objects.filter(outcome="denied")
    assert denied.action == "profile.found"
    assert denied.details["looked_for"]


def test_lookup_limit_is_shared_with_explained_recalls(client, profile, settings):
    settings.QUESTIONS_PER_HOUR = 2
    explain(client, profile)
    look_up_in_find(client, LOOKUPS[0])

    refused = explain(client, profile)
    plain = explain(client, profile, explain="")

    assert refused.status_code == 429
    assert plain.status_code == 200
    [denied] = AuditEntry.objects.filter(outcome="denied")
    assert denied.action == "recall.run"


def test_lookup_limit_leaves_other_work_alone(client, profile, settings):
    settings.QUESTIONS_PER_HOUR = 1
    look_up_in_find(client, LOOKUPS[0])
    card = reverse("customers:profile", args=["acme", profile])

    answers = [
        client.get(reverse("customers:list", args=["acme"])),
        *(client.get(card) for _ in range(3)),
        *(explain(client, profile, explain="") for _ in range(3)),
    ]

    assert {response.status_code for response in answers} == {200}


def test_lookup_limit_is_a_part_for_htmx(client, profile, settings):
    settings.QUESTIONS_PER_HOUR = 1
    look_up_in_find(client, LOOKUPS[0])

    response = client.post(
        reverse("find:find", args=["acme"]), {"id": LOOKUPS[0]}, headers=HTMX
    )

    assert response.status_code == 429
    assert response["HX-Retarget"] == "#problem"
    assert response["Retry-After"]


def test_lookup_limit_is_one_persons_and_ends(client, profile, settings, officer):
    settings.QUESTIONS_PER_HOUR = 1
    look_up_in_find(client, LOOKUPS[0])
    assert look_up_in_find(client, LOOKUPS[0]).status_code == 429

    client.force_login(officer)
    assert look_up_in_find(client, LOOKUPS[0]).status_code == 302
    Question.objects.update(made_at=timezone.now() - timedelta(minutes=61))
    assert look_up_in_find(client, LOOKUPS[0]).status_code == 302
    assert Question.objects.filter(user=officer).count() == 1


def test_lookup_in_many_tenants_is_one_question(client, profile, agent):
    other = make_tenant("other")
    agent.memberships.create(tenant=other, role="agent")

    look_up_across_tenants(client, LOOKUPS[0])

    assert AuditEntry.objects.filter(action="profile.found").count() == 2
    assert Question.objects.count() == 1


def test_lookup_of_what_cannot_be_asked_is_not_logged(client, tenant):
    response = look_up_in_find(client, "phone:")

    assert response.status_code in {200, 422}
    assert not AuditEntry.objects.filter(action="profile.found").exists()


@pytest.mark.parametrize(
    "name", ["customers:profile", "timeline:timeline", "deletions:profile"]
)
def test_lookup_of_a_profile_that_is_not_there_is_logged(client, tenant, name):
    response = client.get(reverse(name, args=["acme", NOBODY]))

    assert response.status_code == 404
    entry = AuditEntry.objects.get(action="profile.found")
    assert entry.details.items() >= {"type": "profile id", "found": 0}.items()


def test_lookup_is_not_answered_without_an_entry(client, profile):
    def refuse(execute, sql, params, many, context):
        if "audit_auditentry" in sql and sql.startswith("INSERT"):
            raise DatabaseError("disk full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        answers = [
            client.get(reverse("customers:profile", args=["acme", NOBODY])),
            *(look_up(client, LOOKUPS[0]) for look_up in DOORS),
        ]

    assert {answer.status_code for answer in answers} == {503}
    assert all("audit log cannot be written" in answer.text for answer in answers)


def test_lookup_that_failed_says_so(client, tenant, settings):
    settings.MEMORY_URL, settings.MEMORY_ALLOW_PRIVATE = "http://127.0.0.1:9", True

    response = look_up_in_find(client, LOOKUPS[0])

    assert response.status_code >= 500
    entry = AuditEntry.objects.get(action="profile.found")
    assert entry.outcome == "failed"


def test_get_digest_is_equal_for_what_is_looked_up_as_the_same(tenant, agent):
    actor, other = Actor(agent, tenant), Actor(agent, make_tenant("other"))

    def get(text, actor=actor, action="profile.found"):
        return get_digest(actor, action, text)

    assert get("EMAIL: A@b.com") == get("ａ@B.com ")
    assert get("a@b.com") != get("a@c.com")
    assert get("a@b.com") != get("a@b.com", other)
    assert get("a@b.com") != get("a@b.com", action="recall.run")


@pytest.mark.django_db(transaction=True)
def test_count_question_holds_when_many_ask_at_once(settings):
    settings.QUESTIONS_PER_HOUR = 5
    actor = Actor(make_user())

    def ask(_: int) -> bool:
        try:
            count_question(actor, "profile.found", "")
        except TooManyQuestions:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        allowed = list(pool.map(ask, range(12)))

    assert sum(allowed) == Question.objects.count() == 5
