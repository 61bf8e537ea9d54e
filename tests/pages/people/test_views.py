"""People who work here, as operators see and change them."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from console.accounts.models import User
from console.audit.models import AuditEntry
from console.pages.people.services import NotPossible, change_role, set_active
from console.tenants.actor import Actor
from console.tenants.models import Membership, Role
from tests.factories import PASSWORD, make_tenant, make_user

WHY = {"reason_code": "policy", "ticket": "OPS-1"}
URL = reverse("people:list")


def change_url(person: User, name: str) -> str:
    return reverse("people:change", args=[person.pk, name])


@pytest.fixture
def desk(client, operator):
    """A browser of the operator."""
    client.force_login(operator)
    return client


def browser_of(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get(reverse("tenants:list")).status_code == 200


def roles_of(person: User) -> dict[str, str]:
    held = Membership.objects.filter(user=person).select_related("tenant")
    return {row.tenant.slug if row.tenant else "*": row.role for row in held}


def test_list_people_shows_roles_sign_in_and_second_factor(desk, tenant):
    grace = make_user(Role.AGENT, tenant, name="Grace Hopper")
    Authenticator.objects.create(
        user=grace, type=Authenticator.Type.WEBAUTHN, data={"name": "key"}
    )
    make_user(name="Kept Codes", is_active=False)

    response = desk.get(URL)

    people = {person.name: person for person in response.context["page"]}
    assert people["Grace Hopper"].secured
    assert not people["Kept Codes"].secured
    assert response.context["counts"] == {"active": 2, "disabled": 1}
    assert "support agent" in response.text
    assert "never" in response.text


def test_list_people_finds_by_name_or_address_and_state(desk):
    make_user(name="Grace Hopper", email="grace@console.example")
    make_user(name="Alan Turing", email="alan@console.example", is_active=False)

    def names(query):
        return [person.name for person in desk.get(URL + query).context["page"]]

    assert names("?q=hopper") == ["Grace Hopper"]
    assert names("?q=ALAN@") == ["Alan Turing"]
    assert names("?state=disabled") == ["Alan Turing"]
    assert names("?state=active&q=alan") == []
    assert "Nobody matches" in desk.get(URL + "?q=nobody-here").text
    assert desk.get(URL + "?state=odd").status_code == 422


def test_detail_shows_what_was_changed_and_logs_the_look(desk, operator, agent):
    change_role(
        agent.pk, tenant=None, role="operator", by=Actor(operator), reason="Promoted"
    )

    response = desk.get(reverse("people:detail", args=[agent.pk]))

    assert "Promoted" in response.text
    look = AuditEntry.objects.get(action="audit.read")
    assert (look.object_type, look.object_id) == ("user", str(agent.pk))


@pytest.mark.parametrize(
    ("held", "given"), [("agent", "officer"), ("agent", "none"), (None, "auditor")]
)
def test_change_role_gives_replaces_and_takes_one(desk, tenant, operator, held, given):
    person = make_user(Role(held) if held else None, tenant)
    other = make_tenant("other")
    person.memberships.create(tenant=other, role="auditor")

    response = desk.post(
        change_url(person, "role"), {"tenant": "acme", "role": given} | WHY
    )

    assert response["Location"] == reverse("people:detail", args=[person.pk])
    expected = {"other": "auditor"} | ({"acme": given} if given != "none" else {})
    assert roles_of(person) == expected
    entry = AuditEntry.objects.get(action="role.changed")
    assert (entry.actor, entry.tenant) == (operator.email, "acme")
    assert entry.details == {"was": held or "none", "now": given}
    assert entry.reason.text == "Our policy says so (ticket OPS-1)"


def test_change_role_for_every_tenant_is_for_operators_alone(desk, agent):
    refused = desk.post(
        change_url(agent, "role"), {"tenant": "*", "role": "officer"} | WHY
    )
    taken = desk.post(
        change_url(agent, "role"), {"tenant": "*", "role": "operator"} | WHY
    )

    assert refused.status_code == 422
    assert "Only operators and onboarding engineers" in refused.text
    assert taken.status_code == 302
    assert roles_of(agent) == {"acme": "agent", "*": "operator"}


def test_disable_signs_out_at_once_and_enable_revives_no_session(desk, agent):
    theirs = browser_of(agent)

    desk.post(change_url(agent, "disable"), WHY)
    while_disabled = is_signed_in(theirs)
    desk.post(change_url(agent, "enable"), WHY)

    assert not while_disabled
    assert not is_signed_in(theirs)
    assert is_signed_in(browser_of(agent))
    actions = AuditEntry.objects.filter(action__startswith="user.").order_by("seq")
    assert [entry.action for entry in actions] == ["user.disabled", "user.enabled"]


def test_sign_out_ends_every_session_of_that_person_alone(desk, agent, officer):
    theirs, others = [browser_of(agent), browser_of(agent)], browser_of(officer)

    desk.post(change_url(agent, "sign-out"), WHY)

    assert not any(map(is_signed_in, theirs))
    assert is_signed_in(others)
    assert is_signed_in(desk)
    entry = AuditEntry.objects.get(action="session.ended")
    assert entry.details == {"sessions": 2}


NAMES = ["role", "sign-out", "disable", "enable"]
WANTED = {"tenant": "acme", "role": "auditor"} | WHY


@pytest.mark.parametrize("name", NAMES)
def test_change_is_for_operators_of_every_tenant_alone(tenant, agent, name):
    others = [make_user(role, tenant) for role in Role]

    for person in others:
        response = browser_of(person).post(change_url(agent, name), WANTED)
        assert response.status_code == 403
        assert browser_of(person).get(URL).status_code == 403

    assert roles_of(agent) == {"acme": "agent"}


@pytest.mark.parametrize("name", NAMES)
def test_change_of_ones_own_account_is_refused(desk, operator, name):
    response = desk.post(change_url(operator, name), WANTED)

    operator.refresh_from_db()
    assert response.status_code == 409
    assert "This is your own account" in response.text
    assert roles_of(operator) == {"*": "operator"}
    assert operator.is_active
    assert is_signed_in(desk)


@pytest.mark.parametrize("name", NAMES)
def test_change_needs_a_post_a_reason_and_a_token(desk, operator, agent, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)

    looked = desk.get(change_url(agent, name))
    unexplained = desk.post(change_url(agent, name), WANTED | {"reason_code": ""})
    forged = strict.post(change_url(agent, name), WANTED)

    assert [each.status_code for each in (looked, unexplained, forged)] == [
        200,
        422,
        403,
    ]
    assert roles_of(agent) == {"acme": "agent"}
    assert not AuditEntry.objects.filter(object_type="user", reason__isnull=False)


@pytest.mark.parametrize("name", ["role", "disable", "enable"])
def test_change_sent_twice_happens_once(desk, agent, name):
    agent.is_active = name != "enable"
    agent.save()

    answers = [desk.post(change_url(agent, name), WANTED) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 409]
    assert AuditEntry.objects.filter(reason__isnull=False).count() == 1


def test_change_made_for_another_person_is_refused(desk, agent):
    response = desk.post(
        change_url(agent, "disable"), WHY, headers={"X-Person": "0" * 16}
    )

    assert response.status_code == 409
    assert User.objects.get(pk=agent.pk).is_active


def test_change_of_nobody_or_to_nothing_is_404(desk, agent):
    assert desk.post(change_url(agent, "promote"), WHY).status_code == 404
    agent.pk = 10**12
    assert desk.post(change_url(agent, "disable"), WHY).status_code == 404


@pytest.mark.parametrize("lost", ["role", "account"])
def test_set_active_by_one_who_is_no_operator_any_more_is_refused(operator, lost):
    """Two who disable each other at the same moment: the second one's page was open."""
    second = make_user(Role.OPERATOR)
    if lost == "role":
        change_role(
            operator.pk, tenant=None, role="none", by=Actor(second), reason="Left"
        )
    else:
        set_active(operator.pk, is_active=False, by=Actor(second), reason="Left")

    with pytest.raises(NotPossible, match="no longer an operator"):
        set_active(second.pk, is_active=False, by=Actor(operator), reason="Left")

    assert User.objects.get(pk=second.pk).is_active


def test_disabled_person_does_not_sign_in(desk, client, agent):
    desk.post(change_url(agent, "disable"), WHY)

    response = Client().post(
        reverse("account_login"), {"login": agent.email, "password": PASSWORD}
    )

    assert response["Location"] == reverse("account_inactive")
