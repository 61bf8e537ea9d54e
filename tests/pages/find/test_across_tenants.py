"""A softphone's link: one number, all of a person's tenants."""

import re

import pytest

from console.audit.models import AuditEntry
from console.pages.find import views
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member
from tests.factories import make_observation, make_profile, make_tenant, move_tenant

LINK = "/find?id=phone:%2B15558675310"
PHONE = "+15558675310"


@pytest.fixture
def other(agent) -> Tenant:
    other = make_tenant("other")
    add_member(agent, tenant=other, role=Role.AGENT)
    return other


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def break_memory(tenant: Tenant, settings) -> None:
    settings.MEMORY_ALLOW_PRIVATE = True
    # Port 9 of this machine: nobody listens there.
    move_tenant(tenant, "http://127.0.0.1:9")


def test_find_across_tenants_redirects_to_one_match(client, tenant, other):
    profile = make_profile(other, phone=PHONE)

    response = client.get(LINK)

    assert response["Location"] == f"/t/other/profiles/{profile}/"
    entries = AuditEntry.objects.filter(action="profile.found").order_by("seq")
    assert [(e.tenant, e.role, e.object_id, e.details["found"]) for e in entries] == [
        ("acme", "agent", "", 0),
        ("other", "agent", profile, 1),
    ]
    assert all(PHONE not in str(entry.details) for entry in entries)


def test_find_across_tenants_reads_the_plus_of_a_link(client, tenant, other):
    profile = make_profile(tenant, phone="+4722334455")
    make_profile(other, phone="+14722334455")

    response = client.get("/find?id=phone:+4722334455")

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


def test_find_across_tenants_shows_what_differs(client, tenant, other):
    mine = make_profile(tenant, phone=PHONE, firstName="Ada")
    theirs = make_profile(other, phone=PHONE, firstName="Ada")
    make_observation(other, theirs)

    response = client.get(LINK)

    assert response.status_code == 200
    assert "2 matching profiles" in response.text
    for text in ("Acme", "Other", f"/t/acme/profiles/{mine}/", "Newest observation"):
        assert text in response.text
    assert not re.search(r"\bAda\b", response.text)
    columns = re.findall(r'<th scope="col">(.+?)</th>', response.text)
    assert columns[:3] == ["Name", "Contact", "Tenant"]
    assert columns[-1] == "Profile"


def test_find_across_tenants_says_where_it_searched(client, tenant, other):
    response = client.get(LINK)

    assert response.status_code == 404
    assert "Searched Acme, Other: no profile found." in response.text


def test_find_across_tenants_survives_a_failing_tenant(client, tenant, other, settings):
    profile = make_profile(other, phone=PHONE)
    break_memory(tenant, settings)

    response = client.get(LINK)

    assert response["Location"] == f"/t/other/profiles/{profile}/"


def test_find_across_tenants_names_who_did_not_answer(client, tenant, other, settings):
    break_memory(tenant, settings)

    response = client.get(LINK)

    assert response.status_code == 404
    assert "Searched Other: no profile found." in response.text
    assert "Acme did not answer" in response.text


def test_find_across_tenants_names_who_did_not_answer_beside_matches(
    client, tenant, other, settings
):
    third = make_tenant("third")
    add_member(client_person(client), tenant=third, role=Role.AGENT)
    make_profile(other, phone=PHONE)
    make_profile(third, phone=PHONE)
    break_memory(tenant, settings)

    response = client.get(LINK)

    assert "2 matching profiles" in response.text
    assert "Acme did not answer" in response.text


def client_person(client):
    from console.accounts.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def test_find_across_tenants_explains_invalid_input(client, tenant):
    response = client.get("/find?id=%3F")

    assert response.status_code == 422
    assert "Start with the type and a colon" in response.text
    assert not AuditEntry.objects.filter(action="profile.found").exists()


def test_find_across_tenants_skips_tenants_without_permission(client, tenant, agent):
    audited = make_tenant("audited")
    add_member(agent, tenant=audited, role=Role.AUDITOR)
    make_profile(audited, phone=PHONE)

    response = client.get(LINK)

    assert response.status_code == 404
    assert "Audited" not in response.text


def test_find_across_tenants_says_when_there_is_no_tenant(client, operator):
    client.force_login(operator)

    response = client.post("/find/", {"id": f"phone:{PHONE}"})

    assert response.status_code == 422
    assert "You cannot view customers of any tenant." in response.text


def test_search_tenants_stops_at_its_deadline(tenant, settings, monkeypatch):
    break_memory(tenant, settings)
    monkeypatch.setattr(views, "TOTAL_S", 0.0)

    [answer] = views.search_tenants(Tenant.objects.all(), f"phone:{PHONE}")

    assert answer.match is None
    assert answer.why


def test_find_across_tenants_keeps_the_number_out_of_the_sign_in_url(db, client):
    client.logout()

    response = client.get(LINK)

    assert response["Location"] == "/accounts/login/"
    assert PHONE[1:] not in str(dict(client.session))
