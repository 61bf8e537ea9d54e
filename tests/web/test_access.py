"""Who may open a view."""

import re

from django.conf import settings
from django.urls import reverse

from console.audit.models import AuditEntry
from console.tenants.actor import Permission


def test_allow_says_who_may_and_logs_the_denial(client, tenant, auditor):
    client.force_login(auditor)

    response = client.get(reverse("customers:list", args=[tenant.slug]))

    assert response.status_code == 403
    assert "support agent, privacy officer or developer" in response.text
    entry = AuditEntry.objects.get(action="access.denied")
    assert (entry.actor, entry.tenant, entry.role) == (auditor.email, "acme", "auditor")
    assert entry.outcome == "denied"
    assert entry.details == {"act": "VIEW_PROFILES"}


def test_templates_ask_for_permissions_that_exist():
    texts = [
        path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html")
    ]

    asked = {name for text in texts for name in re.findall(r"\bmay\.(\w+)", text)}

    assert "CORRECT" in asked
    assert asked <= set(Permission.__members__)
