"""Against the embedded memory, as people meet it."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.client.errors import MemoryNotFound
from console.contract.memory.observation import NewObservation, PatchObservation
from console.pages.deletions.models import Deletion
from console.tenants.vault import open_store
from tests.factories import (
    HTMX,
    PASSWORD,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db
REASON = {"reason_code": "customer_request", "reason": "Ticket 4711"}
INTAKE = {
    "reason_code": "customer_request",
    "ticket": "4711",
    "channel": "letter",
    "identity_proof": "document",
    "received_on": "5 Jan 2026",
}


def confirm_url(kind, *ids, slug="acme"):
    return reverse(f"deletions:{kind}", args=[slug, *ids])


def inventory_of(page):
    return re.search(r'name="inventory" value="([0-9a-f]+)"', page.content.decode())[1]


def confirm(client, url, tail, **fields):
    """Look at the page, then send its form as a person would."""
    seen = inventory_of(client.get(url))
    why = INTAKE if "tenant_confirmation" in fields else REASON
    form = {"inventory": seen, "confirmation": tail} | why | fields
    return client.post(url, form)


def told(action):
    return AuditEntry.objects.filter(action=action)


@pytest.fixture
def profile_id(tenant):
    return make_profile(tenant, email="ann@example.com")


@pytest.fixture
def observation(tenant, profile_id):
    return make_observation(tenant, profile_id, "Allergic to <b>nuts</b>.")


def test_delete_observation_previews_what_goes_and_what_stays(
    client, officer, profile_id, observation
):
    client.force_login(officer)

    response = client.get(confirm_url("observation", profile_id, observation.id))

    page = response.content.decode()
    assert "Allergic to &lt;b&gt;nuts&lt;/b&gt;." in page
    assert "This cannot be undone" in page
    assert "Delete 1 observation" in page
    assert f"Type {observation.id[-6:]}" in page
    assert "nuts" not in re.search("<title>(.*?)</title>", page, re.S)[1]


def test_delete_observation_logs_the_preview_with_counts(
    client, officer, tenant, profile_id
):
    make_observation(tenant, profile_id)
    make_summary(tenant, profile_id)
    client.force_login(officer)

    client.get(confirm_url("profile", profile_id))

    entry = told("deletion.previewed").get()
    assert (entry.object_type, entry.object_id) == ("profile", profile_id)
    assert {name: count for name, count in entry.details.items() if count} == {
        "profiles": 1,
        "identifiers": 1,
        "traits": 1,
        "observations": 1,
        "summaries": 1,
    }


def test_delete_observation_counts_and_deletes_revisions(
    client, officer, tenant, profile_id, observation
):
    open_store(tenant).patch_observation(
        profile_id, observation.id, PatchObservation(content="No nuts.")
    )
    client.force_login(officer)

    response = client.get(confirm_url("observation", profile_id, observation.id))

    assert response.context["found"].counts == {"observations": 1, "revisions": 1}


def test_missing_page_leads_to_the_receipt(client, officer, profile_id, observation):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)
    confirm(client, url, observation.id[-6:])

    response = client.get(
        reverse("timeline:observation", args=["acme", profile_id, observation.id])
    )

    receipt = reverse("deletions:deletion", args=["acme", Deletion.objects.get().pk])
    assert response.status_code == 404
    assert f'href="{receipt}"' in response.text
    assert f"?object_id={observation.id}" in client.get(receipt).text


def test_delete_observation_leaves_a_receipt_and_one_entry(
    client, officer, tenant, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)

    response = confirm(client, url, observation.id[-6:])

    deletion = Deletion.objects.get()
    assert response["Location"] == reverse(
        "deletions:deletion", args=["acme", deletion.pk]
    )
    with pytest.raises(MemoryNotFound):
        open_store(tenant).fetch_observation(profile_id, observation.id)
    entry = told("observation.deleted").get()
    assert (entry.actor, entry.role, entry.outcome) == (
        officer.email,
        "officer",
        "done",
    )
    assert entry.object_id == observation.id
    assert entry.reason.text == "Ticket 4711"
    assert entry.details == {
        "observations": 1,
        "revisions": 0,
        "reason_code": "customer_request",
        "deletion": str(deletion.pk),
    }
    receipt = client.get(response["Location"]).content.decode()
    assert "answered “not found” at" in receipt
    assert "Ticket 4711" in receipt
    assert "nuts" not in receipt
    assert "nuts" not in str(list(AuditEntry.objects.values()))


def test_delete_summary_deletes(client, officer, tenant, profile_id):
    summary = make_summary(tenant, profile_id)
    client.force_login(officer)

    confirm(client, confirm_url("summary", profile_id, summary.id), summary.id[-6:])

    assert Deletion.objects.get().state == "done"
    assert told("summary.deleted").get().outcome == "done"
    assert not open_store(tenant).list_summaries(profile_id).items


def test_delete_profile_counts_every_page(client, officer, tenant, profile_id):
    for start in range(0, 60, 10):
        open_store(tenant).create_observations(
            profile_id,
            [
                NewObservation(
                    content=f"Fact {number}",
                    source="chat",
                    occurred_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
                )
                for number in range(start, start + 10)
            ],
        )
    client.force_login(officer)

    response = client.get(confirm_url("profile", profile_id))

    assert response.context["found"].counts["observations"] == 60


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"confirmation": "000000"}, "confirmation"),
        ({"confirmation": ""}, "confirmation"),
        ({"reason": ""}, "reason"),
        ({"reason": "    x    "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "two\nlines"}, "reason"),
        ({"reason": "turned \u202e round"}, "reason"),
        ({"reason": "nul \x00 in it"}, "reason"),
        ({"reason": "asked from +1 555 867 5310"}, "reason"),
        ({"reason_code": ""}, "reason_code"),
        ({"reason_code": "because"}, "reason_code"),
        ({"surplus": "1"}, "__all__"),
        ({"reason": ["Ticket 1", "Ticket 2"]}, "__all__"),
        ({"inventory": "0" * 64}, "__all__"),
        ({"ticket": "4711"}, "__all__"),
    ],
)
def test_delete_observation_refuses_an_inexact_form_by_field(
    client, officer, tenant, profile_id, observation, fields, named
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)

    response = confirm(client, url, observation.id[-6:], **fields)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [named]
    assert not Deletion.objects.exists()
    assert open_store(tenant).fetch_observation(profile_id, observation.id)


def test_delete_observation_names_an_unknown_field(
    client, officer, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)

    response = confirm(client, url, observation.id[-6:], **{"is<b>Admin": "1"})

    assert "is&lt;b&gt;Admin: unknown field." in response.content.decode()


def test_delete_observation_refuses_parameters(
    client, officer, profile_id, observation
):
    client.force_login(officer)
    url = confirm_url("observation", profile_id, observation.id)
    form = {"inventory": inventory_of(client.get(url)), **REASON}

    response = client.post(
        f"{url}?force=1", form | {"confirmation": observation.id[-6:]}
    )

    assert response.status_code == 422
    assert "force: unknown parameter. Nothing was deleted." in response.text
    assert not Deletion.objects.exists()


def test_delete_profile_asks_for_the_tenants_slug(client, officer, profile_id):
    client.force_login(officer)

    url = confirm_url("profile", profile_id)
    response = confirm(client, url, profile_id[-6:], tenant_confirmation="")

    assert list(response.context["form"].errors) == ["tenant_confirmation"]
    assert not Deletion.objects.exists()


@pytest.mark.parametrize("typed", ["{} ", " {}", "\u00a0{}", "{}\t"])
def test_delete_profile_takes_no_blank_beside_the_typed_words(
    client, officer, profile_id, typed
):
    client.force_login(officer)

    response = confirm(
        client,
        confirm_url("profile", profile_id),
        typed.format(profile_id[-6:]),
        tenant_confirmation=typed.format("acme"),
    )

    fields = ["confirmation", "tenant_confirmation"]
    assert list(response.context["form"].errors) == fields
    assert not Deletion.objects.exists()


def test_delete_observation_shows_again_what_has_changed(
    client, officer, tenant, profile_id, observation
):
    url = confirm_url("profile", profile_id)
    client.force_login(officer)
    seen = inventory_of(client.get(url))
    make_observation(tenant, profile_id, "Said a minute ago.")

    form = {"confirmation": profile_id[-6:], "tenant_confirmation": "acme"} | INTAKE
    refused = client.post(url, form | {"inventory": seen})
    # What was typed confirmed something else, so it is not there to be sent again.
    assert f'value="{form["confirmation"]}"' not in refused.text
    accepted = client.post(url, form | {"inventory": inventory_of(refused)})

    assert "review it again, then confirm" in refused.content.decode()
    assert accepted.status_code == 302
    assert Deletion.objects.get().counts["observations"] == 2


def test_agent_asks_for_a_deletion_and_an_officer_decides(
    client, agent, officer, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(agent)

    form = client.get(url).text
    asked = client.post(url, INTAKE, follow=True).text
    again = client.post(url, INTAKE, follow=True).text
    deletion = Deletion.objects.get()
    moved = client.post(
        reverse("deletions:move", args=["acme", deletion.pk, "confirm"]), INTAKE
    )

    assert "Ask for this deletion" in form
    assert "confirmation" not in form
    assert "A privacy officer of Acme decides" in asked
    assert "A privacy officer of Acme decides" in again
    assert (deletion.state, deletion.requested_by) == ("previewed", agent)
    assert moved.status_code == 403
    assert [entry.role for entry in told("deletion.opened")] == ["agent"]
    client.force_login(officer)
    assert "to be confirmed" in client.get(url, follow=True).text


def test_deletion_asks_again_who_it_is_after_ten_minutes(
    client, officer, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)
    page = client.get(url)
    form = {"confirmation": observation.id[-6:], "inventory": inventory_of(page)}

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        looked, posted = client.get(url), client.post(url, form | REASON)
        proven = client.post(looked["Location"], {"password": PASSWORD})
        deleted = client.post(proven["Location"], form | REASON)

    asked = f"{reverse('account_reauthenticate')}?next={quote(url, safe='')}"
    assert (looked["Location"], posted["Location"]) == (asked, asked)
    assert proven["Location"] == url
    assert deleted.status_code == 302
    assert Deletion.objects.get().state == "done"


def test_delete_keeps_what_was_typed_while_one_proves_who_one_is(
    client, officer, profile_id, observation
):
    client.force_login(officer)
    url = confirm_url("observation", profile_id, observation.id)

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        answer = client.post(url, REASON, headers=HTMX | {"HX-Boosted": "true"})

    assert answer.status_code == 403
    assert answer["HX-Retarget"] == "#problem"
    assert 'data-session="unproven"' in answer.text
    assert f"{reverse('account_reauthenticate')}?next={reverse('signed_in')}" in (
        answer.text
    )


def test_list_deletions_shows_an_auditor_no_text(
    client, auditor, officer, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)
    receipt = confirm(client, url, observation.id[-6:])["Location"]
    client.force_login(auditor)

    assert client.get(url).status_code == 403
    assert client.get(receipt).status_code == 200
    page = client.get(reverse("deletions:list", args=["acme"])).content.decode()
    assert receipt in page


def test_delete_profile_names_the_customer_but_not_in_the_title(
    client, officer, tenant
):
    client.force_login(officer)
    profile = make_profile(tenant, email="ada@b.com", firstName="Ada", lastName="Li")

    title, _, body = client.get(confirm_url("profile", profile)).text.partition(
        "</title>"
    )

    assert "A••• L•••" in body
    assert "a•••@•••.com" in body
    assert "A•••" not in title
    assert "ada@b.com" not in body


def test_delete_observation_tells_who_came_second(
    client, officer, tenant, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)
    form = {"inventory": inventory_of(client.get(url)), **REASON}
    form["confirmation"] = observation.id[-6:]
    client.post(url, form)
    client.force_login(make_user("officer", tenant))

    response = client.post(url, form, follow=True)

    assert f"{officer.email} requested this deletion before you" in response.text
    assert "Open the profile" in response.text
    assert Deletion.objects.count() == 1


def test_delete_observation_redirects_to_the_first_receipt(
    client, officer, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)
    form = {"inventory": inventory_of(client.get(url)), **REASON}
    form["confirmation"] = observation.id[-6:]

    first, second, looked = (
        client.post(url, form),
        client.post(url, form),
        client.get(url),
    )

    assert first["Location"] == second["Location"] == looked["Location"]
    assert Deletion.objects.count() == 1
    assert told("observation.deleted").count() == 1


def test_delete_observation_answers_an_agent_404_afterwards(
    client, officer, agent, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)
    confirm(client, url, observation.id[-6:])
    client.force_login(agent)

    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "ids",
    [
        (
            "mem_profile_01kce57bqte2vr3vckwgb1zdtb",
            "mem_observation_01kce57bqte2vr3vckwgb1zdtb",
        ),
        (
            "mem_profile_01kce57bqte2vr3vckwgb1zdtb",
            "mem_summary_01kce57bqte2vr3vckwgb1zdtb",
        ),
        ("nobody", "nothing"),
        ("..", "%00"),
    ],
)
def test_deletion_of_what_is_not_there_is_404(client, officer, ids):
    client.force_login(officer)

    assert client.get(confirm_url("observation", *ids)).status_code == 404
    assert not told("deletion.previewed").exists()


def test_delete_profile_of_another_tenant_is_404(
    client, officer, observation, profile_id
):
    other = make_tenant("other")
    theirs = make_profile(other)
    client.force_login(officer)

    assert client.get(confirm_url("profile", theirs)).status_code == 404
    assert client.get(confirm_url("profile", theirs, slug="other")).status_code == 404


def test_show_deletion_of_another_tenant_is_404(
    client, officer, profile_id, observation
):
    other = make_tenant("other")
    theirs = Deletion.objects.create(
        tenant=other,
        kind="profile",
        profile_id=profile_id,
        object_id=profile_id,
        counts={},
        reason_code="other",
        reason="Theirs",
        requested_by=officer,
    )
    client.force_login(officer)

    receipt = reverse("deletions:deletion", args=["acme", theirs.pk])
    again = reverse("deletions:move", args=["acme", theirs.pk, "check"])
    listed = client.get(reverse("deletions:list", args=["acme"]))

    assert client.get(receipt).status_code == 404
    assert client.post(again).status_code == 404
    assert "No deletions yet" in listed.content.decode()


def test_delete_observation_refuses_a_form_from_another_site(
    officer, profile_id, observation
):
    client = Client(enforce_csrf_checks=True)
    client.force_login(officer)
    url = confirm_url("observation", profile_id, observation.id)
    form = {"confirmation": observation.id[-6:]} | REASON

    answers = [
        client.post(url, form),
        client.post(url, form, headers={"Origin": "null"}),
        client.post(url, "confirmation=x", content_type="text/plain"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert not Deletion.objects.exists()


def test_delete_observation_by_get_deletes_nothing(
    client, officer, profile_id, observation
):
    url = confirm_url("observation", profile_id, observation.id)
    client.force_login(officer)

    response = client.get(url, {"confirmation": observation.id[-6:]} | REASON)

    assert response.status_code == 200
    assert client.delete(url).status_code == 405
    assert not Deletion.objects.exists()


def test_list_deletions_is_newest_first_and_htmx_gets_its_rows(
    client, officer, tenant, profile_id
):
    client.force_login(officer)
    for content in ("First fact", "Second fact"):
        made = make_observation(tenant, profile_id, content)
        url = confirm_url("observation", profile_id, made.id)
        confirm(client, url, made.id[-6:])

    response = client.get(reverse("deletions:list", args=["acme"]), headers=HTMX)

    listed = [row.object_id for row in response.context["page"]]
    assert listed[0] == made.id
    assert len(listed) == 2
    assert response.content.decode().startswith('<section id="deletions-list"')


@pytest.mark.parametrize("page", ["-1", "0", "abc", "9" * 30])
def test_list_deletions_answers_a_missing_page_with_the_nearest(
    client, officer, tenant, page
):
    client.force_login(officer)

    response = client.get(reverse("deletions:list", args=["acme"]), {"page": page})

    assert response.status_code == 200
