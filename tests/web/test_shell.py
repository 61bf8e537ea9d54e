"""What the shell around every page offers."""

from django.urls import reverse

from console.tenants.models import Role
from tests.factories import make_profile, make_tenant, make_user


def test_shell_offers_what_the_role_may_open(client, tenant, agent):
    client.force_login(agent)

    shell = client.get(reverse("recall:run", args=[tenant.slug])).context["shell"]

    assert [(item.label, item.current) for item in shell.nav] == [
        ("Home", False),
        ("Profiles", False),
        ("Conversations", False),
        ("Traits", False),
        ("Recall", True),
        ("Knowledge", False),
        ("Tenants", False),
    ]
    assert [item.label for item in shell.nav if item.folds] == [
        "Traits",
        "Knowledge",
        "Tenants",
    ]
    assert shell.tenant == tenant
    assert shell.role_label == "support agent"
    assert shell.may_find


def test_shell_offers_people_to_operators_of_every_tenant_alone(client, db):
    def offered(person):
        client.force_login(person)
        page = client.get(reverse("tenants:list"))
        return "People" in {item.label for item in page.context["shell"].nav}

    everywhere = make_user(Role.OPERATOR)

    assert offered(everywhere)
    assert not offered(make_user(Role.OPERATOR, make_tenant()))


def test_shell_is_empty_for_strangers(db, client):
    shell = client.get(reverse("account_login")).context["shell"]

    assert (shell.tenants, shell.nav, shell.tenant) == ([], [], None)
    assert not shell.may_find
    assert shell.role_label == ""


def test_shell_leads_to_recall_of_the_open_customer(client, tenant, agent):
    client.force_login(agent)
    profile = make_profile(tenant)

    pages = [
        client.get(reverse(name, args=["acme", *of]))
        for name, of in (("timeline:timeline", [profile]), ("recall:run", []))
    ]

    ways = [
        {item.label: item.url for item in page.context["shell"].nav}["Recall"]
        for page in pages
    ]
    assert ways == [
        f"/t/acme/recall/?identity={profile}&mode=query",
        "/t/acme/recall/",
    ]
