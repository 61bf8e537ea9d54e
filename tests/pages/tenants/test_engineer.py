"""An onboarding engineer: adds tenants, which are then theirs, and sees no other."""

import pytest
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.pages.onboarding.models import Onboarding
from console.tenants.actor import Permission
from console.tenants.models import Membership, Role, Tenant
from tests.factories import make_account, make_profile, make_user
from tests.web.test_every_address import ALL, address

ADD = reverse("onboarding:begin")


@pytest.fixture
def engineer(client, db):
    user = make_user(Role.ENGINEER, name="Eva Engineer")
    client.force_login(user)
    return user


def add(client):
    account = make_account()
    fields = {"account_sid": account["accountSid"], "secret": account["authToken"]}
    like = {"account": "other", "template": "store-only"}
    begun = client.post(ADD, {"name": "Beta"} | like | fields)
    for _ in range(4):
        client.post(f"{begun['Location']}step/")


def test_engineer_gets_the_tenant_that_they_add(client, engineer, tenant):
    home = client.get(reverse("home")).text

    add(client)

    beta = Tenant.objects.get(slug="beta")
    assert ADD in home
    held = Membership.objects.filter(user=engineer, tenant=beta)
    assert held.get().role == Role.ENGINEER
    assert list(Tenant.objects.visible_to(engineer)) == [beta]
    entry = AuditEntry.objects.get(action="tenant.added", tenant="beta")
    assert (entry.actor, entry.role) == (engineer.email, "engineer")


def test_engineer_sees_no_account_plan_or_tenant_of_others(client, engineer, tenant):
    colleague = Client()
    colleague.force_login(make_user(Role.ENGINEER))
    add(colleague)
    theirs = Onboarding.objects.get()

    form = client.get(ADD).context["form"]

    choices = str(form["account"]) + str(form["template"])
    assert tenant.account_sid[-4:] not in choices
    assert "copy:" not in choices
    for name in ("client", "plan"):
        assert (
            client.get(reverse(f"onboarding:{name}", args=[theirs.pk])).status_code
            == 404
        )
    step = reverse("onboarding:move", args=[theirs.pk, "step"])
    assert client.post(step).status_code == 404


def test_operator_who_adds_a_tenant_gets_no_second_role(client, operator):
    client.force_login(operator)

    add(client)

    assert not Membership.objects.filter(tenant__slug="beta").exists()


def test_engineer_connects_and_asks_the_doctor_of_their_own_tenant(client, engineer):
    add(client)
    own, change = (
        reverse(name, args=["beta"]) for name in ("tenants:connection", "tenants:token")
    )

    page = client.get(own).text

    assert change in page
    assert client.get(change).status_code == 200
    assert client.get(reverse("doctor:doctor", args=["beta"])).status_code == 200
    assert client.get(reverse("tenants:identity", args=["beta"])).status_code == 200
    assert reverse("tenants:remove", args=["beta"]) not in page


def test_engineer_opens_no_customer_deletion_or_page_of_the_installation(
    client, engineer, tenant
):
    Membership.objects.create(user=engineer, tenant=tenant, role=Role.ENGINEER)
    ids = {"tenant": tenant.slug, "profile_id": make_profile(tenant)}
    closed = {
        Permission[name]
        for name in "VIEW_PROFILES RUN_RECALL REVEAL CORRECT EXPORT DELETE HOLD "
        "REQUEST_DELETION VIEW_DELETIONS VIEW_AUDIT IMPORT_PROFILES MANAGE_PEOPLE "
        "MANAGE_TENANT MANAGE_ACCOUNTS MANAGE_TASKS CHANGE_DELETION_POLICY".split()
    }

    opened = {
        pattern.callback.permission
        for route, pattern in ALL
        if hasattr(pattern.callback, "permission")
        and client.get(address(route, **ids)).status_code not in {403, 405}
    }

    assert Permission.CHECK_CONNECTION in opened
    assert not opened & closed
