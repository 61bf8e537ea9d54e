"""Who may open a view."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from console.audit.log import log
from console.audit.models import AuditEntry, UnknownAction
from console.tenants.actor import Actor, Permission
from console.tenants.models import Role
from console.web.access import allow
from tests.factories import make_tenant


def test_allow_says_who_may_and_logs_the_denial(client, tenant, auditor):
    client.force_login(auditor)

    response = client.get(reverse("customers:list", args=[tenant.slug]))

    assert response.status_code == 403
    assert "support agent, privacy officer or developer" in response.text
    entry = AuditEntry.objects.get(action="access.denied")
    assert (entry.actor, entry.tenant, entry.role) == (auditor.email, "acme", "auditor")
    assert entry.outcome == "denied"
    assert entry.details == {"act": "VIEW_PROFILES"}


def test_refusal_names_the_act_and_nothing_that_would_not_help(client, tenant, officer):
    client.force_login(officer)

    policy, people, case = (
        client.get(address).text.partition("</main>")[0]
        for address in (
            reverse("deletions:policy", args=[tenant.slug]),
            reverse("people:list"),
            reverse("recall:add_case", args=[tenant.slug]),
        )
    )

    assert (
        "Your role here is privacy officer. To change the deletion policy you need"
        in policy
    )
    assert "To manage people you need the role operator" in people
    assert "no role here" not in people
    assert "Enter an identifier" in case
    assert "Load the page again" not in policy + people + case


def test_allow_lets_a_view_write_what_it_declares_alone(rf, tenant, agent):
    def view(request):
        log(request.actor, "profile.viewed")

    request = rf.get("/")
    request.actor = Actor(agent, tenant, Role.AGENT)

    allow(Permission.VIEW_PROFILES, logs="profile.viewed")(view)(request)
    with pytest.raises(UnknownAction, match="not declared"):
        allow(Permission.VIEW_PROFILES, logs="none: a form")(view)(request)

    assert AuditEntry.objects.filter(action="profile.viewed").count() == 1


@pytest.mark.parametrize("slug", ["foreign", "nobodys"])
def test_another_tenants_address_is_one_denial(client, tenant, agent, slug):
    foreign = make_tenant("foreign")
    client.force_login(agent)

    response = client.get(f"/t/{slug}/audit/")

    entry = AuditEntry.objects.get(action="access.denied")
    assert response.status_code == 404
    assert (entry.actor, entry.tenant, entry.outcome) == (agent.email, "", "denied")
    assert entry.object_id == (str(foreign.pk) if slug == "foreign" else "")


def test_templates_ask_for_permissions_that_exist():
    texts = [
        path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html")
    ]

    asked = {name for text in texts for name in re.findall(r"\bmay\.(\w+)", text)}

    assert "CORRECT" in asked
    assert asked <= set(Permission.__members__)
