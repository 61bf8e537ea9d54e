"""Every address, every operation of the API and every command says what it logs."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from console.audit.models import ACTIONS, read_actions
from console.audit.programs import COMMANDS
from console.service.urls import routes
from console.urls import LOGS
from tests.web.test_every_address import ALL, named

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

    assert set(ACTIONS) - written - built == set()
