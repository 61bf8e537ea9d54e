"""Observations that Recall does not return any more, and many items at once."""

import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.memory.observation import PatchObservation
from console.profiles import context
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile, make_summary

WHY = {"reason_code": "customer", "ticket": ""}
TALK = "conv_conversation_01k5x7m3q2f8r9s4t6v0w1y2za"


@pytest.fixture
def store(tenant):
    return open_store(tenant)


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant)


def address(name, profile, **query):
    return reverse(f"timeline:{name}", args=["acme", profile], query=query or None)


def retract(store, profile, item, reason="Wrong."):
    store.patch_observation(profile, item.id, PatchObservation(retracted_for=reason))


def recall(store, profile, **asked):
    return {item.id for item in store.recall(profile, **asked).observations}


def test_recall_returns_nothing_that_is_retracted(tenant, store, profile):
    wrong = make_observation(tenant, profile, "Prefers tea in the morning.")
    right = make_observation(tenant, profile, "Prefers tea at night.")
    retract(store, profile, wrong)

    assert recall(store, profile, query="tea") == {right.id}
    assert recall(store, profile, query="tea", masked=True) == {right.id}
    assert recall(store, profile) == {right.id}

    # What is made anew, or corrected, stays out.
    change = PatchObservation(content="Prefers tea at noon.")
    store.patch_observation(profile, wrong.id, change)
    call_command("reindex", verbosity=0)
    assert recall(store, profile, query="tea") == {right.id}


def test_retraction_is_kept_and_undone(tenant, store, profile):
    item = make_observation(tenant, profile, "Prefers tea.")
    make_observation(tenant, profile, "Prefers rusks.")
    retract(store, profile, item)

    [listed] = store.list_observations(profile, retracted=True).items
    revisions = store.list_revisions(profile, item.id).items
    retract(store, profile, item, "")

    assert (listed.id, listed.retracted_for) == (item.id, "Wrong.")
    assert listed.retracted_at
    assert len(revisions) == 1
    assert item.id in recall(store, profile, query="tea")
    assert store.list_observations(profile, retracted=True).items == ()


def test_retraction_survives_a_merge_and_its_undoing(tenant, store):
    one = make_profile(tenant, email="ada@example.com")
    other = make_profile(tenant, phone="+14155550100")
    item = make_observation(tenant, other, "Prefers tea.")
    retract(store, other, item)
    store.add_identifier(other, "email", "ada@example.com")
    whole = store.fetch_profile(one).id

    merged = recall(store, whole, query="tea")
    [gone] = {one, other} - {whole}
    store.unmerge_profile(gone)

    assert whole == store.fetch_profile(whole).id
    assert merged == set()
    assert recall(store, other, query="tea") == set()
    assert store.fetch_observation(other, item.id).retracted_for == "Wrong."


def test_timeline_offers_what_a_role_may_do_with_selected_rows(
    client, agent, officer, tenant, profile
):
    item = make_observation(tenant, profile, "Prefers tea.")
    offered = {}

    for person in (agent, officer):
        client.force_login(person)
        text = client.get(address("timeline", profile)).text
        bar = text[text.index('<form class="selection-bar"') :]
        words = re.sub("<[^>]*>", " ", bar.split("</form>")[0])
        offered[person] = " ".join(words.split())
        # The bar sticks to the lower edge, and counts what stands before it.
        assert f'value="{item.id}"' in text.removesuffix(bar)

    assert offered[agent] == "selected Retract Clear"
    assert offered[officer] == "selected Retract or export Request deletion Clear"


def test_selection_retracts_and_restores_with_an_audit_entry(
    client, agent, tenant, store, profile
):
    item = make_observation(tenant, profile, "Prefers tea.")
    url = address("selection", profile, id=item.id)
    client.force_login(agent)

    page = client.post(f"{url}&card", WHY, follow=True)
    retracted = store.fetch_observation(profile, item.id)
    counted = client.get(address("histogram", profile, kind="retracted"))
    listed = client.get(address("timeline", profile, kind="retracted"))
    own = client.get(reverse("timeline:observation", args=["acme", profile, item.id]))
    client.post(url, {"reason_code": "mistake", "ticket": "CASE-1"})

    assert "Retracted 1 observation from Recall." in page.text
    assert page.request["PATH_INFO"].endswith(f"/profiles/{profile}/")
    assert retracted.retracted_for == "The customer says it is wrong"
    assert f"by {agent.email}: The customer says" in " ".join(own.text.split())
    assert listed.text.count("data-retracted") == 1
    assert "<strong>1</strong> retracted observation" in counted.text
    assert "<strong>0</strong>" not in counted.text
    assert not store.fetch_observation(profile, item.id).retracted_for
    done = AuditEntry.objects.filter(object_id=item.id, outcome="done").exclude(
        action="observation.viewed"
    )
    assert [(entry.action, entry.profile_id) for entry in done] == [
        ("observation.retracted", profile),
        ("observation.restored", profile),
    ]


def test_selection_takes_everything_from_a_conversation(
    client, agent, tenant, store, profile
):
    for text in ("Prefers tea.", "Prefers rusks."):
        make_observation(tenant, profile, text, conversationIds=[TALK])
    make_summary(tenant, profile, "About breakfast.", conversationId=TALK)
    kept = make_observation(tenant, profile, "Lives in Leeds.")
    client.force_login(agent)
    url = address("selection", profile, conversation=TALK)

    page = client.get(url)
    client.post(url, WHY)

    assert "2 observations?" in page.text
    assert "3 selected; 1 stays as it is, marked below" in page.text
    assert page.text.count("summary: stays") == 1
    # A reason is never chosen for anybody.
    assert page.context["form"]["reason_code"].value() is None
    [saying] = re.findall(r'aria-labelledby="saying".*?</section>', page.text, re.S)
    assert "About breakfast." in saying
    assert "/correct/" in saying
    assert recall(store, profile) == {kept.id}


def test_export_takes_a_selection(client, officer, tenant, profile):
    one, _, three = [
        make_observation(tenant, profile, text) for text in ("One.", "Two.", "Three.")
    ]
    client.force_login(officer)
    query = {"id": [one.id, three.id], "what": "timeline", "format": "json"}

    file = client.get(address("export", profile, **query)).getvalue().decode()

    assert '"count": 2' in file
    assert "Two." not in file


def test_selection_says_what_a_memory_cannot_do(client, agent, tenant, profile):
    item = make_observation(tenant, profile)
    # As of a memory that is known not to list by occurrence.
    context.derived.set(f"{tenant.pk}:by-occurrence", False, 60)
    client.force_login(agent)

    page = client.get(address("selection", profile, id=item.id))
    observation = reverse("timeline:observation", args=["acme", profile, item.id])

    assert "This memory cannot retract" in page.text
    assert 'name="reason_code"' not in page.text
    assert "This memory cannot retract" in client.get(observation).text
