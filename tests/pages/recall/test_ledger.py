"""The ledger of Recalls: what programs recalled, as its pages show it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.contract.memory.store import PatchStore
from console.tenants.vault import open_store
from tests.factories import (
    make_conversation,
    make_ledger_entry,
    make_observation,
    make_profile,
    move_tenant,
)
from tests.pages.odd_memory import OddMemory, serving

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant, email="a@b.com", firstName="Ada")


@pytest.fixture
def bicycle(tenant, profile) -> str:
    return make_observation(tenant, profile, "Owns a red bicycle.").id


@pytest.fixture
def ask(tenant, profile):
    """What a program recalls, at noon."""

    def make(whose="", **asked):
        with time_machine.travel(NOON):
            return make_ledger_entry(tenant, whose or profile, **asked)

    return make


@pytest.fixture
def visit(client, officer):
    client.force_login(officer)
    return lambda name, *ids, **query: client.get(
        reverse(f"recall:{name}", args=["acme", *ids]), query
    )


def test_keep_ledger_switches_on_what_is_off(visit, client, tenant):
    off = visit("ledger").text
    assert "The ledger is off" in off
    assert 'name="at"' not in off

    url = reverse("recall:keep_ledger", args=["acme"])
    page = client.post(url, {"days": "7"}, follow=True)

    assert "Kept for 7 days" in page.text
    assert open_store(tenant).report_ledger().days == 7
    entries = AuditEntry.objects.filter(action="ledger.changed").order_by("seq")
    assert [entry.outcome for entry in entries] == ["allowed", "done"]


def test_keep_ledger_is_not_for_agents(client, agent):
    client.force_login(agent)

    answer = client.post(reverse("recall:keep_ledger", args=["acme"]), {"days": "7"})

    assert answer.status_code == 403


def test_list_ledger_says_which_budget_each_recall_keeps(visit, ask, bicycle, profile):
    ask(query="red bicycle", ms=420.0)

    page = visit("ledger").text

    assert profile[-6:] in page
    assert "420.0 ms" in page
    assert (page.count(">over</span>"), page.count(">within</span>")) == (1, 1)
    entry = AuditEntry.objects.get(action="ledger.read")
    assert (entry.profile_id, entry.details["count"]) == (profile, 1)


def test_list_ledger_tells_what_was_known_at_a_time(visit, ask, bicycle):
    entry = ask()

    assert entry in visit("ledger", at="2026-01-05, 12:00").text
    assert entry not in visit("ledger", at="2026-01-05, 11:59").text
    assert entry not in visit("ledger", mode="query").text
    assert entry not in visit("ledger", profile=new_id("mem_profile")).text


def test_list_ledger_says_which_field_it_cannot_read(visit):
    answer = visit("ledger", at="noon", profile="ada")

    assert answer.status_code == 422
    assert "Must be a day and a time" in answer.text
    assert "id starts with mem_profile_" in answer.text


def test_open_entry_shows_what_the_agent_knew_and_leads_to_the_lab(
    visit, client, ask, profile, bicycle, tenant
):
    coffee = make_observation(tenant, profile, "Drinks coffee.").id
    entry = ask(query="red bicycle", observationsLimit=7, relevanceThreshold=0.01)
    open_store(tenant).delete_observation(profile, coffee)

    page = visit("ledger_entry", entry)

    assert "Owns a red bicycle." in page.text
    assert "has changed since" in page.text
    assert "not kept: type it" in page.text
    assert AuditEntry.objects.filter(action="ledger.read", profile_id=profile).exists()
    lab = client.get(page.context["run_url"])
    form = lab.context["form"]
    assert form["identity"].value() == profile
    assert (form["observations"].value(), form["mode"].value()) == ("7", "query")


def test_open_entry_gives_no_score_of_what_is_masked(visit, ask, tenant, profile):
    make_observation(tenant, profile, "Write to ada@example.com.")
    entry = ask(query="Where can I write to?")

    page = visit("ledger_entry", entry)

    [(score, found)] = page.context["items"]
    assert score is not None
    assert found.shown.is_masked
    assert re.search(r'data-label="Score">masked</td>', page.text)
    assert "ada@example.com" not in page.text


def test_list_unanswered_groups_queries_with_what_is_nearest(visit, ask, bicycle):
    ask(query="How long is the warranty?")
    ask(query="When does my guarantee run out?")

    page = visit("unanswered").text

    assert "2 times" in page
    assert "Owns a red bicycle." in page
    assert "warranty" not in page


def test_list_unanswered_shows_what_was_said_just_before(visit, tenant, ask):
    phone = "+15558675310"
    customer = make_profile(tenant, phone=phone, firstName="Quillon")
    with time_machine.travel(NOON - timedelta(minutes=2)):
        asked = f"Quillon here on {phone}: how long is the warranty?"
        make_conversation(tenant, asked, address=phone)
    ask(customer, query="warranty")

    page = visit("unanswered").text

    assert "Q••• here on +1 ••• 10: how long is the warranty?" in page
    assert re.search(r"/conversations/conv_conversation_\w+/#turn-", page)
    # What is masked is no query of the one who looks.
    assert "Ask again" in page
    assert 'name="query"' not in page


def test_list_unanswered_says_what_they_are_when_there_are_none(visit, tenant):
    assert "The ledger is off" in visit("unanswered").text

    open_store(tenant).patch_store(PatchStore(ledger_days=7))

    assert "No unanswered queries" in visit("unanswered").text


def test_list_ledger_of_a_hosted_memory_says_where_else_to_look(
    visit, tenant, settings
):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory(failing={"Report": 404})) as memory:
        move_tenant(tenant, memory.address)
        page = visit("ledger")
        unanswered = visit("unanswered")

    assert page.status_code == 200
    assert "never passes the console" in page.text
    [link] = re.findall(r'href="(/t/acme/audit/[^"]*recall[^"]*)"', page.text)
    assert "recall.run" in link
    assert 'name="days"' not in page.text
    assert unanswered.status_code == 404
