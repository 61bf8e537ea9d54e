"""Suites of Recall cases: run at their times, written to YAML and read from it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.audit.log import log
from console.contract.memory.observation import PatchObservation
from console.pages.recall.cases import run_case
from console.pages.recall.models import RecallCase, RecallSchedule
from console.pages.recall.suites import CasesForm, run_suite, start_due_suites
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import HTMX, make_observation, make_profile

State = RecallCase.State
NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant, email="a@b.com", firstName="Ada")


@pytest.fixture
def case(tenant, agent, profile) -> RecallCase:
    wanted = make_observation(tenant, profile, "Owns a red bicycle.")
    return RecallCase.objects.create(
        tenant=tenant,
        suite="Shop",
        name="Bicycle",
        profile_id=profile,
        asked={"query": "red bicycle"},
        wanted=[wanted.id],
        created_by=agent,
    )


@pytest.fixture
def rerun(tenant, case):
    def run() -> RecallCase:
        return run_case(case, open_store(tenant), Actor(None, tenant, name="worker"))

    return run


def url(name):
    return reverse(f"recall:{name}", args=["acme"])


def upload(client, content: str):
    file = SimpleUploadedFile("cases.yaml", content.encode())
    return client.post(url("import_cases"), {"file": file}, follow=True)


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        (6, datetime(2026, 3, 29, 13, tzinfo=UTC)),
        (24, datetime(2026, 3, 30, 7, tzinfo=UTC)),
    ],
)
def test_schedule_is_next_due_after_now_by_the_clock_on_the_wall(hours, due):
    """In the night before it Berlin's clocks go from two to three."""
    schedule = RecallSchedule(every_hours=hours, due_at=NOW - timedelta(hours=28))

    with timezone.override("Europe/Berlin"):
        assert schedule.get_next(NOW) == due


def test_list_suites_says_when_each_runs_next(client, tenant, case):
    due = datetime(2027, 1, 31, 6, 30, tzinfo=UTC)
    tenant.recall_schedules.create(suite="Shop", every_hours=24, due_at=due)

    page = client.get(url("suites")).text

    assert "every 24 h, next" in " ".join(page.split())


def test_schedule_of_a_suite_is_set_and_taken_away(client, case):
    asked = {"suite": "Shop", "due_at": "31 Jan 2027, 06:30"}

    client.post(url("schedule"), asked | {"every_hours": "24"})
    assert RecallSchedule.objects.get().every_hours == 24
    client.post(url("schedule"), {"suite": "Shop", "every_hours": "1"})
    soon = RecallSchedule.objects.get()
    assert soon.every_hours == 1
    assert soon.due_at <= timezone.now()
    client.post(url("schedule"), asked)
    assert not RecallSchedule.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"every_hours": "5"}, "Choose one of the options."),
        ({"due_at": "25:00"}, "Must be a day and a time"),
        ({"suite": "Other"}, "Choose one of the options."),
    ],
)
def test_schedule_refuses_and_names_the_field(client, case, fields, message):
    page = client.post(url("schedule"), {"suite": "Shop"} | fields)

    assert page.status_code == 422
    assert message in page.text


def test_suite_is_started_once_when_it_is_due(tenant, case):
    due = timezone.now() - timedelta(minutes=1)
    RecallSchedule.objects.create(
        tenant=tenant, suite="Shop", every_hours=1, due_at=due
    )

    start_due_suites()
    start_due_suites()

    [waiting] = DBTaskResult.objects.all()
    assert waiting.task_path.endswith("run_suite")
    assert RecallSchedule.objects.get().due_at > timezone.now()


def test_suite_that_runs_again_leaves_out_what_was_run(tenant, case):
    since = timezone.now().isoformat()

    run_suite.func(str(tenant.pk), "Shop", since)
    run_suite.func(str(tenant.pk), "Shop", since)

    case.refresh_from_db()
    assert (case.state, case.runs) == (State.PASSED, [True])


def test_red_case_names_what_changed_since_it_was_green(
    client, tenant, agent, profile, case, rerun
):
    rerun()
    before = timezone.now() - timedelta(minutes=1)
    RecallCase.objects.update(green_at=before, green_model="use-0")
    case.refresh_from_db()
    change = PatchObservation(retracted_for="wrong_fact")
    open_store(tenant).patch_observation(profile, case.wanted[0], change)
    log(Actor(agent, tenant), "learning.changed", "store", tenant.store_id)

    rerun()

    assert case.state == State.FAILED
    page = " ".join(client.get(url("cases")).text.split())
    assert "Since it was green" in page
    assert "ranked by use-3, before by use-0" in page
    assert f"…{case.wanted[0][-4:]} was changed or retracted" in page
    assert "1 observations written" in page
    assert f"Learning rules changed ({agent.email}, entry" in page


def test_home_says_how_many_cases_are_red(client, case):
    RecallCase.objects.update(state=State.FAILED)

    home = client.get(reverse("home_waiting", args=["acme"]), headers=HTMX)

    assert re.search(
        rf'<a data-row\s+href="{url("cases")}">[^<]*1 failed Recall case', home.text
    )


def test_red_case_that_was_never_green_names_no_change(case, rerun):
    case.wanted = ["mem_observation_01k0000000000000000000000a"]

    rerun()

    assert (case.state, case.changes) == (State.FAILED, [])


def test_export_cases_that_come_back_as_they_were(client, tenant, case):
    RecallCase.objects.update(asked={"query": "red bicycle", "begin": "2026-01-03"})
    written = client.get(url("export_cases"), {"suite": "Shop"})
    RecallCase.objects.update(wanted=[], name="Another")

    upload(client, written.text)

    assert "attachment" in written["Content-Disposition"]
    [_, back] = RecallCase.objects.order_by("name")
    assert (back.name, back.wanted, back.state) == ("Bicycle", case.wanted, State.NEW)
    assert back.asked == {"query": "red bicycle", "begin": "2026-01-03"}


def test_import_cases_replaces_the_one_of_the_same_name(client, case):
    content = client.get(url("export_cases")).text

    upload(client, content.replace("red bicycle", "bicycle"))

    case.refresh_from_db()
    assert case.asked["query"] == "bicycle"


def test_export_cases_leaves_out_an_erased_profile(client, profile, case):
    RecallCase.objects.erase(profile)

    assert client.get(url("export_cases")).text == "[]\n"


CASE = """
- suite: Shop
  name: Bicycle
  profile_id: mem_profile_01k0000000000000000000000b
  asked: {query: red}
"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "This is not YAML."),
        ("[" * 100_000, "Too many lists in lists."),
        (CASE + "  most: 3\n", "unknown field `most`"),
        (CASE.replace("{query: red}", "[red]"), "$[0].asked"),
        (CASE.replace("query: red", "querry: red"), "Case 1, asked: querry."),
        (CASE.replace("query: red", "query: red, mode: x"), "Case 1, asked: mode."),
        (CASE.replace("mem_profile_", ""), "$[0].profile_id"),
        (CASE * 1001, "At most 1000 cases"),
    ],
)
def test_import_cases_refuses_and_says_where(content, message):
    file = SimpleUploadedFile("cases.yaml", content.encode())

    form = CasesForm({}, {"file": file})

    assert message in form.errors["file"][0]


def test_import_cases_with_a_wrong_one_adds_none(client, tenant):
    page = upload(client, CASE + CASE.replace("query", "querry"))

    assert page.status_code == 422
    assert "Case 2, asked: querry." in page.text
    assert not RecallCase.objects.exists()
