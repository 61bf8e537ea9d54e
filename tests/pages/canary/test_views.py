"""The canary's page, its settings, and the command."""

import json

import pytest
from django.core.management import CommandError, call_command
from django_tasks_db.models import DBTaskResult

from console.audit.models import AuditEntry
from console.monitoring.canary import advance, run_canary
from console.monitoring.isolation import isolate
from console.monitoring.models import Health, Kind, Result, Watch, get_watch, record
from console.service.conversations.learning import learn
from console.tenants.actor import Actor
from tests.factories import HTMX, make_tenant, move_tenant

PAGE = "/tenants/acme/canary/"
SETTINGS = {"every_hours": "1", "alert_after": "3", "webhook": "", "mail": ""}


def work(tenant):
    """What the worker does with a run."""
    while (watch := Watch.objects.get(tenant=tenant)).run:
        advance(watch, Actor(None, tenant, name="worker"))
        learn.func()


def test_start_run_shows_its_progress(client, tenant, operator):
    client.force_login(operator)

    asked = client.post(f"{PAGE}run/")
    [task] = DBTaskResult.objects.filter(task_path=run_canary.module_path)
    run_canary.func(*task.args_kwargs["args"])
    during = client.get(PAGE, headers=HTMX).content.decode()
    work(tenant)
    after = client.get(PAGE, headers=HTMX).content.decode()

    assert asked.url == PAGE
    assert "under way" in during
    assert "hx-get" in during
    assert "Recall gives it" in after
    assert "hx-get" not in after
    entry = AuditEntry.objects.filter(action="canary.run").first()
    assert (entry.actor, entry.tenant) == (operator.email, "acme")


def test_start_run_refuses_a_second_at_once(client, tenant, operator):
    client.force_login(operator)
    client.post(f"{PAGE}run/")

    again = client.post(f"{PAGE}run/")

    assert again.status_code == 409
    assert "One has begun" in again.content.decode()


def test_canary_charts_the_last_runs(client, tenant, agent):
    for ms in (40, 80, None):
        state = Health.HOLDS if ms else Health.FAILS
        step = {"state": "ok" if ms else "fail", "ms": ms or 60_000, "words": "Late."}
        record(tenant, Kind.CANARY, state, steps={"listed": step}, words="Late.")
    client.force_login(agent)

    page = client.get(PAGE).content.decode()

    assert "80 ms, median 60, most 80" in page
    assert page.count("histogram-failed") == 1
    assert page.count('data-label="Time to listed">–') == 1
    assert "Run now" not in page


def test_check_isolation_names_no_other_tenant(client, tenant, operator):
    make_tenant("globex")
    client.force_login(operator)

    for _ in range(2):
        client.post(f"{PAGE}isolation/")
    [task] = DBTaskResult.objects.filter(task_path=isolate.module_path)
    during = client.get(PAGE, headers=HTMX).text
    isolate.func(*task.args_kwargs["args"])
    task.set_successful(None)
    page = client.get(PAGE).content.decode()

    assert "hx-get" in during
    assert "Test it now" not in during
    assert "1 look between" in page
    assert "Test it now" in page
    assert "Globex" not in page.partition("<main")[2]


def test_settings_are_kept_and_logged(client, tenant, operator):
    client.force_login(operator)

    client.post(
        f"{PAGE}settings/", SETTINGS | {"webhook": "https://hooks.example.com/x"}
    )

    watch = get_watch(tenant)
    assert (watch.every_hours, watch.alert_after) == (1, 3)
    assert watch.due_at is not None
    assert AuditEntry.objects.filter(action="watch.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("webhook", "https://10.0.0.1/x"),
        ("webhook", "ftp://x"),
        ("mail", "nobody"),
        ("alert_after", "0"),
        ("every_hours", "2"),
    ],
)
def test_settings_refuse_what_cannot_be(client, tenant, operator, field, value):
    client.force_login(operator)

    answer = client.post(f"{PAGE}settings/", SETTINGS | {field: value})

    assert answer.status_code == 422
    assert not Watch.objects.filter(every_hours=1).exists()


def test_settings_are_switched_off(client, tenant, operator):
    client.force_login(operator)
    client.post(f"{PAGE}settings/", SETTINGS)

    client.post(f"{PAGE}settings/", SETTINGS | {"every_hours": "0"})

    assert get_watch(tenant).due_at is None


def test_command_says_which_step_fails(tenant, settings, capsys):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:1")

    with pytest.raises(CommandError) as ended:
        call_command("canary", "acme")

    assert ended.value.returncode == 2
    assert "unknown" in capsys.readouterr().out


def test_command_answers_json(tenant, settings, capsys):
    settings.MEMORY_EXTRACTOR = "off"

    call_command("canary", "acme", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (answer["tenant"], answer["state"]) == ("acme", "holds")
    assert answer["steps"]["learned"]["state"] == "skipped"


def test_command_tests_isolation(tenant, capsys):
    make_tenant("globex")

    call_command("canary", "acme", "--isolation")
    said = capsys.readouterr().out
    call_command("canary", "acme", "--isolation", "--json")

    assert "looked for from 1 others, found by 0." in said
    assert json.loads(capsys.readouterr().out)["asked"] == 1
    assert {each.kind for each in Result.objects.all()} == {"isolation"}


def test_command_knows_no_such_tenant(db):
    with pytest.raises(CommandError, match="nobody"):
        call_command("canary", "nobody")
