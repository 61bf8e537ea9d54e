"""An officer judges suggested merges and takes back what was a mistake."""

import html
import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.pages.merges.comparison import compare_profiles
from console.service.http import paging
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile, move_tenant
from tests.pages.odd_memory import OddMemory, serving

PHONE = "+12025550162"
REASON = {"reason_code": "customer", "ticket": "CASE-4711"}


def url(name, *args):
    return reverse(f"merges:{name}", args=["acme", *args])


@pytest.fixture
def store(tenant):
    return open_store(tenant)


@pytest.fixture
def desk(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def suggestion(tenant, store):
    one = make_profile(tenant, email="ada@b.com", firstName="Ada", phone="+12025550161")
    make_profile(tenant, email="bob@b.com", firstName="Bob", phone=PHONE)
    store.add_identifier(one, "phone", PHONE)
    [suggestion] = store.list_merge_suggestions().items
    return suggestion


@pytest.fixture
def merge(tenant, store):
    one = make_profile(tenant, email="ada@b.com", city="Ulm")
    make_profile(tenant, email="twin@b.com", city="Bern")
    store.add_identifier(one, "email", "twin@b.com")
    [merge] = store.list_merges().items
    return merge


def test_list_merges_is_for_officers(client, agent, tenant):
    client.force_login(agent)

    assert client.get(url("list")).status_code == 403


def test_list_merges_says_what_is_empty(desk):
    page = desk.get(url("list")).content.decode()

    assert "Suggested merges" in page
    assert page.count("None.") == 2


def test_list_merges_shows_masked_values(desk, suggestion):
    page = desk.get(url("list")).content.decode()

    assert url("decide", suggestion.id) in page
    assert PHONE not in page
    assert "62" in page
    assert "A•••" in page
    assert "B•••" in page
    assert "different names and phone numbers" in page


def test_list_merges_says_that_a_hosted_memory_has_none(desk, settings, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory(failing={"/Merges": 404})) as memory:
        move_tenant(tenant, memory.address)
        page = desk.get(url("list"))

    assert b"merges by itself" in page.content


def test_decide_shows_the_evidence(desk, suggestion):
    page = desk.get(url("decide", suggestion.id)).content.decode()

    assert "One person or two?" in page
    assert "+1 ••• 61" in page
    assert "+1 ••• 62" in page
    assert "bob@b.com" not in page
    assert re.findall(r"(Differs|The same|Only)[^<]*</span>\s*<[^>]*>(\d)", page) == [
        ("Differs", "3")
    ]
    for id_, side in zip(suggestion.profiles, ("side1-", "side2-"), strict=True):
        assert f"/{id_}/reveal/identifier/email/" in page
        assert f'id="{side}shown-identifier-email"' in page
    for id_ in suggestion.profiles:
        assert reverse("customers:profile", args=["acme", id_]) in page


def test_decide_reads_the_trait_groups_once(settings, officer, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    ids = [new_id("mem_profile"), new_id("mem_profile")]
    with serving(OddMemory(schema={"Contact": {}})) as memory:
        move_tenant(tenant, memory.address)
        sides, _ = compare_profiles(open_store(tenant), Actor(officer, tenant), ids)

    assert [side.id for side in sides if side.facts] == ids
    assert sum("/TraitGroups?" in path for path in memory.asked) == 1


def test_decide_needs_a_decision_and_a_reason(desk, store, suggestion):
    answer = desk.post(url("decide", suggestion.id), {"ticket": "CASE-1"})

    assert answer.status_code == 422
    assert b"Choose one of the two." in answer.content
    assert b"Choose a reason." in answer.content
    assert len(store.list_merge_suggestions().items) == 1


@pytest.mark.parametrize(
    ("decision", "action", "canonical"),
    [("accept", "merge.accepted", 0), ("refuse", "merge.refused", 1)],
)
def test_decide_does_it_and_records_it(
    desk, store, suggestion, decision, action, canonical
):
    answer = desk.post(
        url("decide", suggestion.id), REASON | {"decision": decision}, follow=True
    )

    assert answer.status_code == 200
    assert store.list_merge_suggestions().items == ()
    assert (
        store.lookup("email", "bob@b.com").profiles[0]
        == (suggestion.profiles[canonical])
    )
    entries = AuditEntry.objects.filter(action=action).order_by("seq")
    assert [(entry.outcome, entry.profile_id) for entry in entries] == [
        (outcome, profile_id)
        for outcome in ("allowed", "done")
        for profile_id in suggestion.profiles
    ]
    assert entries[0].reason.text == "The customer says so (ticket CASE-4711)"
    second_tab = desk.post(
        url("decide", suggestion.id), REASON | {"decision": decision}, follow=True
    )
    assert b"This pair is decided already" in second_tab.content


def test_take_back_parts_the_two_and_lists_what_is_to_sort(
    desk, officer, tenant, store, merge
):
    seen = make_observation(tenant, merge.canonical_id, "Has moved.")
    store.patch_profile(merge.canonical_id, {"Contact": {"state": "BW"}})
    page = desk.get(url("take_back", merge.id)).content.decode()
    assert "twin@b.com" not in page

    answer = desk.post(url("take_back", merge.id), REASON, follow=True)

    page = answer.content.decode()
    assert answer.redirect_chain == [(url("take_back", merge.id), 302)]
    assert seen.id in page
    assert "Contact.state" in page
    assert store.fetch_profile(merge.id).traits["Contact"]["city"] == "Bern"
    entry = AuditEntry.objects.filter(action="merge.undone").latest("seq")
    assert (entry.outcome, entry.details["learned"]) == ("done", 2)
    desk.session.flush()
    desk.force_login(officer)
    gone = desk.get(url("take_back", merge.id), follow=True)
    assert b"This merge is taken back already" in gone.content


def test_a_card_leads_from_merged_ids_to_taking_back(desk, client, agent, merge):
    card = reverse("customers:profile", args=["acme", merge.canonical_id])
    assert url("take_back", merge.id) in desk.get(card).content.decode()

    client.force_login(agent)
    assert url("take_back", merge.id) not in client.get(card).content.decode()


def test_list_merges_pages_suggestions(desk, tenant, store, monkeypatch):
    monkeypatch.setattr(paging, "PAGE_SIZE", 1)
    one = make_profile(tenant, email="ada@b.com", firstName="Ada", phone="+12025550161")
    for name, phone in (("Bob", PHONE), ("Cyd", "+12025550163")):
        make_profile(tenant, email=f"{name}@b.com", firstName=name, phone=phone)
        store.add_identifier(one, "phone", phone)

    first = desk.get(url("list")).content.decode()
    older = re.search(r'href="(\?suggested=[^"]+)"', first)[1]
    second = desk.get(url("list") + html.unescape(older)).content.decode()

    [one], [other] = (re.findall(r"/suggestions/([^/]+)/", x) for x in (first, second))
    assert one != other
    assert "Merges of the last 30 days" not in second
