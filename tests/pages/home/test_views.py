import sys

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError, connections
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from console import urls as console_urls
from console.audit.models import AuditEntry
from console.core.errors import DomainError
from console.pages.home import views
from console.tenants.models import Role
from console.web import problems
from console.web.render import redirect_window, render_part
from tests.factories import HTMX, make_tenant, make_user


class Refusal(DomainError):
    status = 409
    title = "Changed meanwhile"


FAULTS = {
    "refusal": Refusal("Somebody was faster. Nothing was changed."),
    "missing": Http404(),
    "forbidden": PermissionDenied(),
    "bad": BadRequest(),
    "broken": RuntimeError("caroline@example.com"),
}


def fail(request: HttpRequest, fault: str) -> HttpResponse:
    raise FAULTS[fault]


def part(request: HttpRequest) -> HttpResponse:
    context = {"status": 200, "title": "Here", "message": ""}
    return render_part(
        request, page="web/problem.html", part="web/_problem.html", context=context
    )


def leave(request: HttpRequest) -> HttpResponse:
    return redirect_window(request, "tenants:list")


# The product's handlers around views that fail on purpose.
handler400, handler403 = console_urls.handler400, console_urls.handler403
handler404, handler500 = console_urls.handler404, console_urls.handler500
urlpatterns = [
    path("fail/<str:fault>/", fail),
    path("part/", part),
    path("leave/", leave),
    *console_urls.urlpatterns,
]


@pytest.fixture
def staff(db, settings) -> Client:
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.force_login(make_user())
    return client


@pytest.mark.parametrize(
    ("fault", "status", "title"),
    [
        ("refusal", 409, "Changed meanwhile"),
        ("missing", 404, "Page not found"),
        ("forbidden", 403, "Not allowed"),
        ("bad", 400, "Bad request"),
        ("broken", 500, "Internal error"),
    ],
)
def test_problems_are_pages_for_browsers_and_parts_for_htmx(
    staff, fault, status, title
):
    page = staff.get(f"/fail/{fault}/")
    in_page = staff.get(f"/fail/{fault}/", headers=HTMX)

    assert page.status_code == in_page.status_code == status
    assert title in page.text
    assert title in in_page.text
    assert "<html" in page.text
    assert "<html" not in in_page.text
    assert in_page["HX-Retarget"] == "#problem"
    assert in_page["HX-Reswap"] == "outerHTML show:#problem:top"
    assert "HX-Retarget" not in page
    assert "caroline" not in page.text + in_page.text


def test_problem_shows_the_message_of_a_refusal(staff):
    assert "Somebody was faster." in staff.get("/fail/refusal/").text


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        (HTMX, False),
        (HTMX | {"HX-History-Restore-Request": "true"}, True),
    ],
)
def test_render_part_answers_htmx_with_the_part(staff, headers, is_page):
    response = staff.get("/part/", headers=headers)

    assert ("<html" in response.text) is is_page
    assert "HX-Request" in response["Vary"]


def test_go_to_redirects_the_window(staff):
    plain, in_page = staff.get("/leave/"), staff.get("/leave/", headers=HTMX)

    assert plain["Location"] == "/tenants/"
    assert in_page["HX-Redirect"] == "/tenants/"


@pytest.mark.parametrize(
    ("role", "target"),
    [
        (Role.AGENT, "/t/acme/profiles/"),
        (Role.OFFICER, "/t/acme/profiles/"),
        (Role.AUDITOR, "/t/acme/audit/"),
        (Role.OPERATOR, "/tenants/"),
    ],
)
def test_home_redirects_to_the_only_tenant(client, tenant, role, target):
    client.force_login(make_user(role, tenant))

    response = client.get("/", follow=True)

    assert response.redirect_chain[-1] == (target, 302)


def test_tenant_home_redirects_operators_to_the_audit_log(client, operator):
    client.force_login(operator)

    assert client.get("/t/acme/")["Location"] == "/t/acme/audit/"


def test_home_redirects_to_the_list_of_several_tenants(client, tenant, operator):
    make_tenant("other")
    client.force_login(operator)

    assert client.get("/")["Location"] == "/tenants/"


def test_require_permission_says_who_may_and_logs_the_denial(client, tenant, auditor):
    client.force_login(auditor)

    response = client.get(reverse("customers:list", args=[tenant.slug]))

    assert response.status_code == 403
    assert "support agent or privacy officer" in response.text
    entry = AuditEntry.objects.get(action="access.denied")
    assert (entry.actor, entry.tenant, entry.role) == (auditor.email, "acme", "auditor")
    assert entry.outcome == "denied"
    assert entry.details == {"act": "VIEW_PROFILES"}


def test_shell_offers_what_the_role_may_open(client, tenant, agent):
    client.force_login(agent)

    shell = client.get(reverse("recall:run", args=[tenant.slug])).context["shell"]

    assert [(item.label, item.current) for item in shell.nav] == [
        ("Profiles", False),
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


def test_healthz_needs_no_database(client):
    response = client.get("/healthz")

    assert response.text == "ok\n"


def test_readyz_is_ready_with_both_databases(db, client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["ready"] is True
    assert response.json()["reasons"] == []


def test_readyz_warns_of_an_older_sqlite(db, client, monkeypatch):
    monkeypatch.setattr(sys.modules["sqlite3"], "sqlite_version_info", (3, 40, 1))

    response = client.get("/readyz")

    on_sqlite = any(connection.vendor == "sqlite" for connection in connections.all())
    assert len(response.json()["warnings"]) == int(on_sqlite)
    assert response.status_code == 200


def test_readyz_names_unapplied_migrations(db, client):
    with connections["memory"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'service'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "memory: " in response.json()["reasons"][0]
    assert "not applied" in response.json()["reasons"][0]


def test_readyz_names_a_database_that_does_not_answer(client, monkeypatch):
    def refuse(connection):
        raise OperationalError("could not connect to db.internal as console")

    monkeypatch.setattr(views, "MigrationExecutor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["reasons"] == [
        "default: the database does not answer (OperationalError)",
        "memory: the database does not answer (OperationalError)",
    ]


@override_settings(DEBUG=False)
def test_too_many_is_a_problem_page(rf):
    response = problems.too_many_requests(rf.get("/"))

    assert response.status_code == 429
    assert "Too many attempts" in response.text


def test_problems_page_for_a_wrong_method(client, agent):
    client.force_login(agent)

    response = client.post("/t/acme/profiles/")

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert "Nothing was changed." in response.text
