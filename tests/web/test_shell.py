"""What the shell around every page offers."""

from django.urls import reverse


def test_shell_offers_what_the_role_may_open(client, tenant, agent):
    client.force_login(agent)

    shell = client.get(reverse("recall:run", args=[tenant.slug])).context["shell"]

    assert [(item.label, item.current) for item in shell.nav] == [
        ("Profiles", False),
        ("Conversations", False),
        ("Traits", False),
        ("Recall", True),
        ("API", False),
        ("Tenants", False),
    ]
    assert shell.tenant == tenant
    assert shell.role_label == "support agent"
    assert shell.may_find


def test_shell_is_empty_for_strangers(db, client):
    shell = client.get(reverse("account_login")).context["shell"]

    assert (shell.tenants, shell.nav, shell.tenant) == ([], [], None)
    assert not shell.may_find
    assert shell.role_label == ""
