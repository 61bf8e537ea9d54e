"""Who may open a view."""

from django.urls import reverse

from console.audit.models import AuditEntry


def test_require_permission_says_who_may_and_logs_the_denial(client, tenant, auditor):
    client.force_login(auditor)

    response = client.get(reverse("customers:list", args=[tenant.slug]))

    assert response.status_code == 403
    assert "support agent or privacy officer" in response.text
    entry = AuditEntry.objects.get(action="access.denied")
    assert (entry.actor, entry.tenant, entry.role) == (auditor.email, "acme", "auditor")
    assert entry.outcome == "denied"
    assert entry.details == {"act": "VIEW_PROFILES"}
