"""Segment's outbox: its list, an event masked, and who may send."""

import pytest
from django.utils.timezone import now

from console.audit.log import log
from console.audit.models import AuditEntry
from console.client import network
from console.contract.segment import external_id
from console.databases.encryption import decrypt
from console.pages.deletions.models import Deletion
from console.segment import workspaces
from console.segment.models import Assistant, Erasure, Outgoing, Talk, Watched
from console.tenants.actor import Actor
from console.tenants.models import Role
from console.tenants.vault import open_store
from tests.factories import (
    make_observation,
    make_profile,
    make_tenant,
    make_user,
    move_tenant,
)
from tests.pages.deletions.test_requests import as_person, post, work
from tests.pages.deletions.test_views import confirm, confirm_url
from tests.pages.reference.conftest import address
from tests.segment.test_outbox import introduce, run, segment, set_up, workspace

__all__ = ["address", "segment", "workspace"]
PAGE = "/t/acme/segment/outbox/"


@pytest.fixture
def profile_id(workspace, tenant):
    workspaces._kept.clear()
    profile_id = make_profile(tenant, email="casey@example.com")
    make_observation(tenant, profile_id, "Sails with casey@example.com.")
    run(tenant)
    return profile_id


def test_show_event_masks_it_and_offers_to_send_it(
    client, segment, tenant, profile_id, officer
):
    client.force_login(officer)
    row = Outgoing.objects.get()

    listed = client.get(PAGE).text
    shown = client.get(f"{PAGE}{row.pk}/").text
    client.post(f"{PAGE}send/")
    run(tenant)
    after = client.get(f"{PAGE}?state=sent").text

    assert "Send all 1 held" in listed
    assert "Sails with" in listed
    assert "Observation learned" in shown
    assert "Sails with" in shown
    assert "casey@example.com" not in listed + shown
    assert segment.accepted[0]["properties"]["content"].endswith("casey@example.com.")
    assert f"{PAGE}{row.pk}/" in after
    entries = AuditEntry.objects.filter(action__startswith="outgoing.").order_by("seq")
    assert [(each.action, each.profile_id) for each in entries] == [
        ("outgoing.viewed", profile_id),
        ("outgoing.released", ""),
        ("outgoing.sent", ""),
    ]


def test_show_event_of_what_a_program_has_deleted_is_404(
    client, tenant, profile_id, officer
):
    client.force_login(officer)
    row = Outgoing.objects.get()
    open_store(tenant).delete_observation(profile_id, row.subject)

    assert client.get(f"{PAGE}{row.pk}/").status_code == 404
    assert not Outgoing.objects.exists()


def test_show_outbox_says_what_was_learned_and_names_nobody(
    client, tenant, workspace, agent
):
    """Neither who it is of, nor what a program has deleted, nor whose profile is gone."""
    store, ids = open_store(tenant), []
    for name in ("Ottilie", "Balthasar"):
        ids.append(make_profile(tenant, firstName=name, email=f"{name}@example.com"))
        for text in ("rows", "rides"):
            make_observation(
                tenant, ids[-1], f"{name} {text}, says Balthasar. {'x' * 150}"
            )
    run(tenant)
    client.force_login(agent)

    listed = client.get(PAGE).text
    subject = Outgoing.objects.filter(profile_id=ids[1]).first().subject
    on = ("observation.deleted", "observation", subject)
    log(Actor(None, tenant), *on, about=[ids[1]])
    store.delete_profile(ids[0])
    after = client.get(PAGE).text

    assert listed.count("rows, says") == 2
    assert "Ottilie" not in listed
    assert "Balthasar" not in listed
    assert "x" * 150 not in listed
    assert after.count(", says") == 1
    assert Outgoing.objects.count() == 3


def test_deletion_of_a_fact_takes_its_event(client, tenant, profile_id, officer):
    client.force_login(officer)
    subject = Outgoing.objects.get().subject
    confirm(client, confirm_url("observation", profile_id, subject), subject[-6:])

    assert Deletion.objects.get().state == "done"
    assert not Outgoing.objects.exists()


def test_move_events_holds_what_waits(client, segment, tenant, profile_id, officer):
    client.force_login(officer)
    row = Outgoing.objects.get()
    client.post(f"{PAGE}send/{row.pk}/")

    client.post(f"{PAGE}hold/{row.pk}/")
    run(tenant)

    assert Outgoing.objects.get().state == "held"
    assert segment.accepted == []


def test_move_events_is_for_those_with_the_right(client, profile_id, agent):
    client.force_login(agent)

    assert client.get(PAGE).status_code == 200
    assert "Send all" not in client.get(PAGE).text
    assert client.post(f"{PAGE}send/").status_code == 403
    assert Outgoing.objects.get().state == "held"


def test_show_outbox_of_another_tenant_is_404(client, profile_id, agent):
    make_user(Role.OFFICER, other := make_tenant("other"), email="o@console.example")
    officer = other.memberships.get().user
    client.force_login(officer)
    row = Outgoing.objects.get()

    assert client.get(PAGE).status_code == 404
    assert client.get(f"/t/other/segment/outbox/{row.pk}/").status_code == 404
    client.post("/t/other/segment/outbox/send/")

    assert Outgoing.objects.get().state == "held"


@pytest.mark.parametrize("step", ["no workspace", "no assistant", "nothing yet"])
def test_show_outbox_says_what_is_missing_when_it_is_empty(
    client, tenant, segment, agent, step
):
    client.force_login(agent)
    if step != "no workspace":
        set_up(tenant, perception=step == "nothing yet")

    text = client.get(PAGE).text

    assert {
        "no workspace": "First an operator sets up a Segment workspace",
        "no assistant": "No assistant has perception on",
        "nothing yet": "appear here within a minute",
    }[step] in text


@pytest.mark.parametrize(
    ("before", "value", "means"),
    [
        (None, "gold", "makes a new profile"),
        ({}, "gold", "new: Segment has no such trait"),
        ({"tier": "gold"}, "gold", "the same"),
        ({"tier": "free"}, "gold", "changes it"),
        ({"tier": "free"}, None, "overwrites with null"),
    ],
)
def test_show_event_says_what_an_identify_would_change(
    client, segment, workspace, profile_id, tenant, agent, before, value, means
):
    client.force_login(agent)
    workspaces._kept.clear()
    if before is not None:
        event = {"type": "identify", "messageId": "m-1", "traits": before}
        ids = {"externalIds": [external_id("email", "casey@example.com")]}
        known = event | {"anonymousId": "a", "context": ids}
        workspace.open().send([known], now().isoformat())
    row = Outgoing(tenant=tenant, profile_id=profile_id, subject="learned_1")
    row.kind, row.names = "identify", "Plan.tier"
    row.content = {"type": "identify", "anonymousId": "a", "traits": {"tier": value}}
    row.save()

    text = client.get(f"{PAGE}{row.pk}/").text

    assert means in text


def tell_nobody(*_, **__):
    """What a memory elsewhere does before it deletes."""


@pytest.fixture
def hosted(address, settings):
    """The address of a memory over HTTP that tells nobody."""
    settings.MEMORY_ALLOW_PRIVATE = True
    settings.BEFORE_DELETION = f"{__name__}.{tell_nobody.__name__}"
    yield address
    network.http_for(address).close()
    network._http.cache_clear()


def test_deletion_in_a_hosted_memory_is_told_though_no_event_was_made(
    client, hosted, segment, tenant, officer
):
    """Deleted on pages here, by the user id that Segment has beside the mail."""
    set_up(tenant, perception=False)
    introduce("casey@example.com", "c-1")
    profile_id = make_profile(tenant, email="casey@example.com")
    secret = decrypt(tenant.encrypted_token, context=tenant.token_context)
    move_tenant(tenant, hosted, secret)
    client.force_login(officer)
    second = make_user(Role.OFFICER, tenant, email="second@console.example")
    url = confirm_url("profile", profile_id)
    confirm(client, url, profile_id[-6:], tenant_confirmation="acme")
    post(as_person(second), Deletion.objects.get(), "approve")

    work(hours=25)
    asked = client.get(f"/t/acme/deletions/{Deletion.objects.get().pk}/").text
    Erasure.objects.update(due_at=now())
    run(tenant)

    assert not Watched.objects.exists()
    assert "At Segment" in asked
    assert "Waiting to be requested" in asked
    assert "1 requested" in client.get(PAGE).text
    assert [each["subjectIds"] for each in segment.deletions.values()] == [["c-1"]]


ASSISTANTS = "/tenants/acme/assistants/"
GIVEN = {
    "name": "Shop helper",
    "description": "Answers about orders",
    "perception": "on",
    "observations_limit": "5",
    "summaries_limit": "2",
    "least_score": "0.2",
    "prompt": "Be kind.\n{memory}\n{conversation}",
}


def test_remove_assistant_that_was_added_and_changed(client, tenant, developer):
    client.force_login(developer)
    empty = client.get(ASSISTANTS).text

    client.post(f"{ASSISTANTS}add/", GIVEN)
    kept = Assistant.objects.get()
    client.post(f"{ASSISTANTS}{kept.pk}/", GIVEN | {"name": "Helper", "perception": ""})
    listed = client.get(ASSISTANTS).text
    client.post(f"{ASSISTANTS}{kept.pk}/remove/")

    assert "No assistants yet" in empty
    assert (kept.perception, kept.personalization, kept.least_score) == (
        True,
        False,
        0.2,
    )
    assert "Helper" in listed
    assert not Assistant.objects.exists()
    entries = AuditEntry.objects.filter(action="assistant.changed").order_by("seq")
    assert entries[1].details["changed"] == "name, perception"
    assert entries.count() == 3


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "Taken", "Another assistant has this name."),
        ("prompt", "Be kind.", "{memory} is missing."),
        ("least_score", "2", "1"),
    ],
)
def test_edit_assistant_names_the_field_that_is_wrong(
    client, tenant, developer, field, value, words
):
    tenant.assistants.create(name="Taken")
    client.force_login(developer)

    answer = client.post(f"{ASSISTANTS}add/", GIVEN | {field: value})

    assert words in answer.text
    assert Assistant.objects.count() == 1


def test_list_assistants_is_not_for_agents(client, tenant, agent):
    client.force_login(agent)

    assert client.get(ASSISTANTS).status_code == 403


@pytest.fixture
def known(segment, workspace, tenant, profile_id):
    """A customer whom Segment knows as well."""
    workspaces._kept.clear()
    event = {"type": "identify", "messageId": "m-2", "traits": {"tier": "gold"}}
    ids = {"externalIds": [external_id("email", "casey@example.com")]}
    workspace.open().send(
        [event | {"anonymousId": "a", "context": ids}], now().isoformat()
    )
    tenant.assistants.update(prompt="Be kind.\n{memory}\n{conversation}")
    return profile_id


def test_recall_runs_as_an_assistant(client, tenant, known, developer):
    client.force_login(developer)
    assistant = tenant.assistants.get()
    as_it = {"identity": known, "mode": "recent", "template": f"as-{assistant.pk}"}

    page = client.get("/t/acme/recall/", as_it)

    prompt = page.context["run"].prompt.text
    assert prompt.startswith("Be kind.\nWhat stands between")
    assert '<segment name="tier">gold</segment>' in prompt
    assert "Sails with" in prompt
    assert "profiles/email:" in page.text
    assert "Would be sent" in page.text
    assert "casey@example.com" not in page.text
    assert "As Helper" in page.text


def test_recall_as_an_assistant_keeps_to_its_switches(
    client, tenant, segment, known, developer
):
    client.force_login(developer)
    off = {"personalization": False, "perception": False, "uses_memory": False}
    tenant.assistants.update(**off)
    segment.calls.clear()
    number = tenant.assistants.get().pk

    page = client.get(
        "/t/acme/recall/",
        {"identity": known, "mode": "recent", "template": f"as-{number}"},
    )

    assert "Personalization is off" in page.text
    assert "Perception is off" in page.text
    assert "Sails with" not in page.context["run"].prompt.text
    assert segment.calls == []


def test_try_it_runs_as_an_assistant(client, tenant, known, developer):
    client.force_login(developer)
    number = tenant.assistants.get().pk
    form = {"channel": "CHAT", "assistant": str(number)}

    opened = client.post("/t/acme/conversations/try/", form)
    page = client.get(opened["Location"]).text

    assert Talk.objects.get().assistant_id == number
    assert "Helper and Segment" in page
    assert "Be kind." in page
    assert "Segment knows nobody" in page
    assert "Nothing was learned that would be sent" in page
