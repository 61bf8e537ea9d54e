"""Cases of Recall: made of a run, run again in the console and by `recall_suite`."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from console.audit.models import AuditEntry
from console.pages.deletions.models import Target
from console.pages.deletions.services import delete_item
from console.pages.recall.models import RecallCase
from console.profiles.items import PROFILE
from console.tenants.actor import Actor
from console.tenants.models import Role
from console.tenants.vault import open_store
from tests.factories import HTMX, make_observation, make_profile, make_tenant

State = RecallCase.State


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant, email="a@b.com", firstName="Ada")


@pytest.fixture
def bicycle(tenant, profile) -> str:
    return make_observation(tenant, profile, "Owns a red bicycle.").id


def run(client, profile, **asked):
    asked = {"identity": profile, "query": "red bicycle"} | asked
    return client.post(reverse("recall:run", args=["acme"]), asked, follow=True)


@pytest.fixture
def add(client, profile):
    """Makes a case of a run as its page does; answers the page of cases."""

    def make(*, asked=(), **stated):
        page = run(client, profile, **dict(asked))
        [url] = re.findall(r'href="([^"]+/cases/add/[^"]*)"', page.text)
        stated = {"suite": "Shop", "name": "Bicycle"} | stated
        return client.post(url.replace("&amp;", "&"), stated, follow=True)

    return make


@pytest.fixture
def case(add, bicycle) -> RecallCase:
    page = add(wanted=bicycle)
    assert page.status_code == 200, page.text
    return RecallCase.objects.get()


def rerun(client, case, **headers):
    url = reverse("recall:rerun_case", args=["acme", case.pk])
    answer = client.post(url, headers=headers)
    case.refresh_from_db()
    return answer


def test_add_case_runs_it_and_keeps_what_was_asked(case, profile, bicycle):
    assert case.state == State.PASSED
    assert case.runs == [True]
    assert case.asked["query"] == "red bicycle"
    assert (case.profile_id, case.wanted, case.unwanted) == (profile, [bicycle], [])
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert "case.added" in actions
    details = AuditEntry.objects.filter(action="recall.run").last().details
    assert details["case"] == str(case.pk)


def test_add_case_offers_what_came_and_what_was_expected(client, tenant, profile):
    wanted = make_observation(tenant, profile, "Likes green tea.").id
    make_observation(tenant, profile, "Owns a red bicycle.")
    page = run(client, profile, expected=wanted, observations="1")
    [url] = re.findall(r'href="([^"]+/cases/add/[^"]*)"', page.text)

    form = client.get(url.replace("&amp;", "&")).text

    assert "Owns a red bicycle." in form
    assert re.search(rf'name="wanted"\s+value="{wanted}"[^>]*checked', form)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"name": ""}, "Name is required."),
        ({"name": "Call +15558675310"}, "phone"),
        ({"least_score": "2"}, "1"),
        ({"wanted": "mem_observation_other"}, "Choose one of the options."),
        ({}, "Choose what must be returned"),
    ],
)
def test_add_case_refuses_and_names_the_field(add, bicycle, stated, message):
    page = add(**stated)

    assert page.status_code == 422
    assert message in page.text
    assert not RecallCase.objects.exists()


def test_add_case_refuses_a_name_that_the_suite_has(add, case, bicycle):
    page = add(wanted=bicycle)

    assert page.status_code == 422
    assert "A case of this suite has this name." in page.text


def test_rerun_case_names_what_did_not_come(client, tenant, profile, case, bicycle):
    open_store(tenant).delete_observation(profile, bicycle)

    row = rerun(client, case, **HTMX)

    assert case.state == State.FAILED
    assert case.runs == [True, False]
    assert "1 of 1 wanted did not come" in row.text
    assert "<html" not in row.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"wanted": [], "unwanted": "its id"}, "1 unwanted came"),
        ({"least_score": 1.0}, "below 1.00"),
        ({"most_ms": 0}, "ms, more than 0"),
        ({"most_tokens": 1}, "tokens, more than 1"),
    ],
)
def test_rerun_case_names_each_fault(client, case, bicycle, change, words):
    change = {k: [bicycle] if v == "its id" else v for k, v in change.items()}
    RecallCase.objects.update(**change)

    rerun(client, case)

    assert case.state == State.FAILED
    assert words in case.words


def test_rerun_case_minds_the_order(client, tenant, profile, case, bicycle):
    tea = make_observation(tenant, profile, "Likes green tea.").id
    RecallCase.objects.update(wanted=[bicycle, tea], in_order=True)
    rerun(client, case)
    assert case.state == State.PASSED

    RecallCase.objects.update(wanted=[tea, bicycle])
    rerun(client, case)

    assert case.words == "not in order"


def test_open_case_leads_to_its_run_and_why(client, tenant, profile, case, bicycle):
    tea = make_observation(tenant, profile, "Likes green tea.").id
    RecallCase.objects.update(wanted=[tea], asked=case.asked | {"observations": "1"})
    rerun(client, case)

    page = client.get(reverse("recall:case", args=["acme", case.pk]), follow=True)

    [(address, _)] = page.redirect_chain
    assert "bicycle" not in address
    assert "Why not this one?" in page.text
    [panel] = re.findall(r'aria-labelledby="case-.*?</section>', page.text, re.S)
    assert "Shop: Bicycle" in panel
    assert "1 of 1 wanted did not come" in panel
    assert "Likes green tea." in panel
    assert "not returned" in panel


def test_case_of_an_erased_profile_keeps_no_text(client, tenant, profile, case):
    open_store(tenant).delete_profile(profile)

    rerun(client, case)

    assert case.state == State.ERASED
    assert case.asked == {}
    page = client.get(reverse("recall:cases", args=["acme"]))
    assert "profile erased" in page.text


def test_case_keeps_no_text_once_its_profile_was_deleted_here(
    tenant, officer, profile, case
):
    delete_item(
        Target(PROFILE, profile, profile),
        Actor(officer, tenant, Role.OFFICER),
        counts={},
        reason_code="customer_request",
        reason="Ticket 4711",
    )

    case.refresh_from_db()
    assert (case.state, case.asked) == (State.ERASED, {})


def test_list_cases_says_what_they_are_when_there_are_none(client, tenant):
    assert "No cases yet" in client.get(reverse("recall:cases", args=["acme"])).text


def test_remove_case_removes_it(client, case):
    client.post(reverse("recall:remove_case", args=["acme", case.pk]))

    assert not RecallCase.objects.exists()
    assert AuditEntry.objects.filter(action="case.removed").exists()


@pytest.mark.parametrize("name", ["case", "rerun_case", "remove_case"])
def test_case_of_another_tenant_is_not_found(client, case, name):
    make_tenant("other", "Other")
    RecallCase.objects.update(tenant=make_tenant("third", "Third"))
    url = reverse(f"recall:{name}", args=["acme", case.pk])

    answer = client.get(url) if name == "case" else client.post(url)

    assert answer.status_code == 404


def test_recall_suite_passes_and_reports(case, tmp_path, capsys):
    report = tmp_path / "report.xml"

    call_command("recall_suite", "acme", junit=report)

    assert "Shop: Bicycle" in capsys.readouterr().out
    root = re.search("<testsuite[^>]*>", report.read_text())
    assert root
    assert root[0] == '<testsuite name="recall" tests="1" failures="0">'


def test_recall_suite_fails_with_what_failed(tenant, profile, case, bicycle, tmp_path):
    open_store(tenant).delete_observation(profile, bicycle)
    report = tmp_path / "report.xml"

    with pytest.raises(CommandError, match="1 of 1 failed"):
        call_command("recall_suite", "acme", suite="Shop", junit=report)

    assert '<failure message="1 of 1 wanted did not come" />' in report.read_text()


@pytest.mark.parametrize(
    ("tenant_slug", "suite", "message"),
    [("nobody", "", "There is no tenant"), ("acme", "Other", "no such cases")],
)
def test_recall_suite_says_what_is_not_there(case, tenant_slug, suite, message):
    with pytest.raises(CommandError, match=message):
        call_command("recall_suite", tenant_slug, suite=suite)
