"""A softphone's link: one number, all of a person's tenants."""

import pytest

from console.audit.models import AuditEntry
from console.pages.find import across_tenants
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member
from tests.factories import make_observation, make_profile, make_tenant

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
    Tenant.objects.filter(pk=tenant.pk).update(address="http://127.0.0.1:9")


def test_one_match_in_all_tenants_is_the_card(client, tenant, other):
    profile = make_profile(other, phone=PHONE)

    response = client.get(LINK)

    assert response["Location"] == f"/t/other/profiles/{profile}/"
    entries = AuditEntry.objects.filter(action="profile.found").order_by("seq")
    assert [(e.tenant, e.role, e.object_id, e.details["found"]) for e in entries] == [
        ("acme", "agent", "", 0),
        ("other", "agent", profile, 1),
    ]
    assert all(PHONE not in str(entry.details) for entry in entries)


def test_matches_in_two_tenants_show_what_differs(client, tenant, other):
    mine = make_profile(tenant, phone=PHONE, firstName="Ada")
    theirs = make_profile(other, phone=PHONE, firstName="Ada")
    make_observation(other, theirs)

    response = client.get(LINK)

    assert response.status_code == 200
    assert "2 profiles may be meant" in response.text
    for text in ("Acme", "Other", f"/t/acme/profiles/{mine}/", "Newest observation"):
        assert text in response.text
    assert "Ada" not in response.text
    assert '<th scope="col">Name</th>' not in response.text


def test_nobody_anywhere_says_where_was_looked(client, tenant, other):
    response = client.get(LINK)

    assert response.status_code == 404
    assert "Asked Acme, Other: nobody there has it." in response.text


def test_a_tenant_that_is_down_does_not_hide_the_others(
    client, tenant, other, settings
):
    profile = make_profile(other, phone=PHONE)
    break_memory(tenant, settings)

    response = client.get(LINK)

    assert response["Location"] == f"/t/other/profiles/{profile}/"


def test_who_did_not_answer_is_named(client, tenant, other, settings):
    break_memory(tenant, settings)

    response = client.get(LINK)

    assert response.status_code == 404
    assert "Asked Other: nobody there has it." in response.text
    assert "Acme did not answer" in response.text


def test_several_matches_name_who_did_not_answer_too(client, tenant, other, settings):
    third = make_tenant("third")
    add_member(client_person(client), tenant=third, role=Role.AGENT)
    make_profile(other, phone=PHONE)
    make_profile(third, phone=PHONE)
    break_memory(tenant, settings)

    response = client.get(LINK)

    assert "2 profiles may be meant" in response.text
    assert "Acme did not answer" in response.text


def client_person(client):
    from console.accounts.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def test_what_cannot_be_read_is_said_and_nobody_is_asked(client, tenant):
    response = client.get("/find?id=Ada")

    assert response.status_code == 422
    assert "Write what it is and a colon first" in response.text
    assert not AuditEntry.objects.filter(action="profile.found").exists()


def test_tenants_where_one_may_not_look_are_not_asked(client, tenant, agent):
    audited = make_tenant("audited")
    add_member(agent, tenant=audited, role=Role.AUDITOR)
    make_profile(audited, phone=PHONE)

    response = client.get(LINK)

    assert response.status_code == 404
    assert "Audited" not in response.text


def test_without_any_tenant_it_says_so(client, operator):
    client.force_login(operator)

    response = client.post("/find/", {"id": f"phone:{PHONE}"})

    assert response.status_code == 422
    assert "There is no tenant whose customers you may look at." in response.text


def test_when_the_time_is_over_the_rest_is_named(tenant, settings, monkeypatch):
    break_memory(tenant, settings)
    monkeypatch.setattr(across_tenants, "TOTAL_S", 0.0)

    [asked] = across_tenants.ask_all(Tenant.objects.all(), f"phone:{PHONE}")

    assert asked.match is None
    assert asked.why


def test_sign_in_comes_first_and_the_number_stands_in_no_address(db, client):
    client.logout()

    response = client.get(LINK)

    assert response["Location"] == "/accounts/login/"
    assert client.session["wanted"] == LINK
