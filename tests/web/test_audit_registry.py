"""Every address, every operation of the API and every command says what it logs."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from console.audit.models import ACTIONS, WRITERS, AuditEntry, read_actions
from console.service.urls import routes
from console.tenants.models import Role
from tests.factories import make_user
from tests.masking.test_masked_everywhere import Customer
from tests.web.test_every_address import ALL, OF_A_TENANT, address, named

COMMANDS, LOGS = WRITERS["commands"], WRITERS["addresses"]
OPERATIONS = [
    pytest.param(view.operation, id=f"{method} {route}")
    for route, methods in routes.items()
    for method, view in methods.items()
]


def read_logs(route, pattern) -> str:
    name = pattern.name or "find_across_tenants"
    name = {"/tenants/": "tenants:list", "/api/": "reference:start"}.get(route, name)
    return getattr(pattern.callback, "logs", "") or LOGS.get(name, "")


@pytest.mark.parametrize(("route", "pattern"), named(ALL))
def test_every_address_says_what_it_logs(route, pattern):
    logs = read_logs(route, pattern)

    assert read_actions(logs) or len(logs) > len("none: ")


def test_no_address_is_named_that_is_not_there():
    said = {
        name for name in LOGS if any(LOGS[name] == read_logs(*each) for each in ALL)
    }

    assert said == set(LOGS)


# Shown without an entry: a form that was not filled in, a list of nothing.
OF_NOBODY_YET = {
    "access",
    "add",
    "deletions",
    "hide/<str:kind>/<str:ref>",
    "knowledge",
    "of/<str:profile_id>",
    "recall",
    "retention",
    "reveal/<str:kind>/<str:ref>",
    "rules",
    "try",
}


def test_every_page_that_is_shown_writes_one_action_that_it_declares(client, tenant):
    customer = Customer(tenant)
    client.force_login(make_user(Role.OFFICER, tenant))
    seen = 0

    for route, pattern in OF_A_TENANT:
        view = pattern.callback
        before = AuditEntry.objects.count()
        answer = client.get(address(route, **customer.samples))
        if answer.status_code == 200:
            answer.getvalue()
            written = AuditEntry.objects.filter(seq__gt=before)
            actions = list(written.values_list("action", flat=True))
            declared = read_actions(view.logs)
            reads = {name for name in declared if ACTIONS[name].kind == "read"}
            is_empty = any(route.endswith(f"/{end}/") for end in OF_NOBODY_YET)
            kinds = 0 if is_empty else bool(reads)
            assert (route, len(set(actions))) == (route, kinds)
            assert set(actions) <= declared
            seen += 1

    assert seen > 30


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_what_it_logs(operation):
    actions = read_actions(operation.logs)
    is_written = operation.method != "GET"
    is_setting = is_written and "/ControlPlane/" in operation.route

    assert len(actions) <= 1
    if operation.method == "DELETE":
        assert actions
    if is_setting:
        assert actions or "counted by key.used" not in operation.logs


def test_every_command_says_what_it_logs():
    ours = {name for name, app in get_commands().items() if app.startswith("console.")}

    assert ours <= set(COMMANDS)
    assert set(COMMANDS) <= set(get_commands())
    assert all(read_actions(logs) or len(logs) > 6 for logs in COMMANDS.values())


def test_every_action_is_written_somewhere():
    sources = [
        path.read_text()
        for path in (settings.BASE_DIR / "console").rglob("*.py")
        if "migrations" not in path.parts
    ]
    written = set(re.findall(r"[a-z]+\.[a-z]+", "\n".join(sources)))
    # These put a noun before the verb, or a verb after the noun.
    built = {
        name
        for name in ACTIONS
        if name.partition(".")[0] in {"proposal", "fact", "observation", "summary"}
    }

    # Logs of before have them.
    retired = {"identifiers.listed"}

    assert set(ACTIONS) - written - built == retired
