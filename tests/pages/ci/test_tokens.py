"""CI tokens: issued and revoked by operators; what they run, and what they do not."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.accounts.limits import Bucket
from console.audit.models import AuditEntry
from console.pages.ci import models, runs
from console.pages.ci.models import CiToken, Job
from console.pages.onboarding.engine import begin, hold
from console.pages.onboarding.management.commands import onboard as command
from console.pages.onboarding.models import Onboarding
from console.pages.onboarding.plan import read_plan
from console.pages.recall.models import RecallCase
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from tests.factories import make_observation, make_profile, make_tenant, make_user
from tests.pages.onboarding.test_engine import PLAN, work

ISSUE = reverse("ci:issue")
WANTED = {
    "name": "Nightly",
    "jobs": ["doctor", "suite"],
    "tenants": ["acme"],
    "days": "30",
    "reason_code": "pipeline",
    "ticket": "OPS-1",
}


def make_token(user, jobs=("doctor", "suite"), slugs=("acme",), **fields):
    fields = {"expires_at": timezone.now() + timedelta(days=1)} | fields
    row, token = CiToken.make(
        name="Nightly", jobs=list(jobs), slugs=list(slugs), issued_by=user, **fields
    )
    row.save()
    return row, token


def run(path, token="", *, content=""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().post(path, content, "application/yaml", headers=headers)


@pytest.fixture
def case(tenant, operator):
    """Of Recall, which holds."""
    profile_id = make_profile(tenant)
    wanted = make_observation(tenant, profile_id, "Asks for paper bills.")
    return RecallCase.objects.create(
        tenant=tenant,
        suite="billing",
        name="Paper bills",
        profile_id=profile_id,
        asked={"mode": "recent"},
        wanted=[wanted.id],
        created_by=operator,
    )


def test_issue_shows_the_token_once_and_keeps_its_digest(client, tenant, operator):
    client.force_login(operator)

    issued = client.post(ISSUE, WANTED)
    listed = client.get(reverse("ci:list")).text

    [token] = set(re.findall(r"mcci_[0-9a-f]{12}_[\w-]{43}", issued.text))
    row = CiToken.objects.get()
    assert "http://testserver/ci/doctor/TENANT" in issued.text
    assert token not in listed
    assert token.rpartition("_")[2] not in str(vars(row))
    assert (row.jobs, row.slugs) == (["doctor", "suite"], ["acme"])
    assert "Nightly" in listed
    assert "never" in listed
    entry = AuditEntry.objects.get(action="ci.added")
    assert (entry.actor, entry.object_id) == (operator.email, row.key)
    assert token not in str(entry.details)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"jobs": []}, "jobs"),
        ({"tenants": []}, "tenants"),
        ({"tenants": ["*", "acme"]}, "tenants"),
        ({"tenants": ["nobody"]}, "tenants"),
        ({"later": "alpenglow"}, "later"),
        ({"later": "No_Slug", "jobs": ["onboard"]}, "later"),
        ({"days": "0"}, "days"),
        ({"days": "367"}, "days"),
        ({"name": ""}, "name"),
        ({"ticket": ""}, "ticket"),
    ],
)
def test_issue_names_what_is_wrong(client, tenant, operator, given, field):
    client.force_login(operator)

    response = client.post(ISSUE, WANTED | given)

    assert list(response.context["form"].errors) == [field]
    assert not CiToken.objects.exists()


@pytest.mark.parametrize(
    ("given", "slugs"),
    [
        ({"tenants": ["*"]}, []),
        ({"later": "alpenglow", "jobs": ["onboard"]}, ["acme", "alpenglow"]),
    ],
)
def test_issue_is_for_every_tenant_only_where_that_is_chosen(
    client, tenant, operator, given, slugs
):
    client.force_login(operator)

    client.post(ISSUE, WANTED | given)

    assert CiToken.objects.get().slugs == slugs


def test_list_tokens_is_for_operators_of_every_tenant_as_changes_are(
    client, tenant, operator
):
    row, _ = make_token(operator)
    addresses = reverse("ci:list"), ISSUE, reverse("ci:revoke", args=[row.pk])
    refused = set()
    for role in Role:
        client.force_login(make_user(role, tenant))
        refused |= {client.post(each).status_code for each in addresses[1:]}
        refused.add(client.get(addresses[0]).status_code)

    assert refused == {403}


def test_doctor_answers_by_its_exit_code(tenant, operator):
    row, token = make_token(operator)

    response = run("/ci/doctor/acme", token)

    told = response.json()
    assert told["tenant"] == "acme"
    assert told["verdicts"]
    code = int(response["X-Exit-Code"])
    assert response.status_code == runs.STATUSES[code]
    row.refresh_from_db()
    assert row.used_at is not None
    ran = AuditEntry.objects.filter(action="ci.run", actor=row.key, tenant="acme")
    assert [each.outcome for each in ran.order_by("seq")] == ["allowed", "done"]
    assert ran.last().details["exit"] == code
    looked = AuditEntry.objects.get(action="linkage.checked")
    assert (looked.actor, looked.role) == (row.key, "CI")


def test_suite_answers_junit_and_whether_a_case_failed(tenant, operator, case):
    _, token = make_token(operator)

    held = run("/ci/suite/acme?suite=billing", token)
    RecallCase.objects.update(wanted=["mem_observation_01k0000000000000000000000d"])
    failed = run("/ci/suite/acme", token)
    none = run("/ci/suite/acme?suite=other", token)

    assert (held.status_code, failed.status_code) == (200, 422)
    assert 'failures="0"' in held.text
    assert 'failures="1"' in failed.text
    assert held["Content-Type"] == "application/xml"
    assert none.status_code == 422
    assert none.json() == {"error": "There are no such cases."}


def test_run_job_refuses_another_job_or_tenant(tenant, operator):
    make_tenant("beta")
    row, token = make_token(operator, jobs=["doctor"])

    other_job = run("/ci/suite/acme", token)
    foreign, unknown = (run(f"/ci/doctor/{x}", token) for x in ("beta", "nobody"))
    page = run("/tenants/", token)

    assert other_job.status_code == 403
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    assert page.status_code == 302
    denied = AuditEntry.objects.filter(action="ci.refused", actor=row.key)
    assert denied.count() == 3
    assert not AuditEntry.objects.filter(action="linkage.checked").exists()


def test_a_token_of_every_tenant_covers_each(tenant, operator):
    make_tenant("beta")
    _, token = make_token(operator, slugs=[])

    assert run("/ci/doctor/beta", token).json()["tenant"] == "beta"


@pytest.mark.parametrize("how", ["wrong", "expired", "none", "in the URL"])
def test_run_job_refuses_alike_and_logs_a_token_that_does_not_open(
    tenant, operator, how
):
    row, token = make_token(operator)
    past = timezone.now() - timedelta(minutes=1)
    path = "/ci/doctor/acme"
    match how:
        case "wrong":
            token = token[:-3] + "AAA"
        case "expired":
            CiToken.objects.update(expires_at=past)
        case "none":
            token = ""
        case "in the URL":
            path, token = f"{path}?token={token}", ""

    response = run(path, token)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert "neither expired nor revoked" in response.json()["error"]
    entry = AuditEntry.objects.get(action="ci.refused")
    assert entry.object_id == (row.key if token else "")
    assert not AuditEntry.objects.filter(action="ci.run").exists()


def test_revoke_keeps_the_row_of_a_token_that_opens_nothing(client, tenant, operator):
    row, token = make_token(operator)
    client.force_login(operator)
    why = {"reason_code": "ended", "ticket": "OPS-2"}

    client.post(reverse("ci:revoke", args=[row.pk]), why)

    assert run("/ci/doctor/acme", token).status_code == 401
    assert AuditEntry.objects.get(action="ci.refused").object_id == row.key
    assert AuditEntry.objects.get(action="ci.revoked").object_id == row.key
    assert CiToken.objects.get().revoked_at is not None


def test_run_job_counts_wrong_tokens_of_an_address(tenant, operator, monkeypatch):
    monkeypatch.setattr(runs, "FAILURES", Bucket(most=2, an_hour=1))
    _, token = make_token(operator)

    statuses = [run("/ci/doctor/acme", "mcci_wrong").status_code for _ in range(3)]
    right = run("/ci/doctor/acme", token)

    assert statuses == [401, 401, 429]
    assert right.status_code == 429
    assert int(right["Retry-After"]) > 60
    assert AuditEntry.objects.filter(action="ci.refused").count() == 2


def test_run_job_counts_runs_of_a_token_by_the_hour(tenant, operator, monkeypatch):
    monkeypatch.setattr(models, "CALLS_PER_HOUR", 1)
    row, token = make_token(operator, jobs=["suite"])

    statuses = [run("/ci/doctor/acme", token).status_code for _ in range(2)]
    CiToken.objects.update(hour=timezone.now() - timedelta(hours=1))
    later = run("/ci/doctor/acme", token)

    row.refresh_from_db()
    assert statuses == [403, 429]
    assert (later.status_code, row.calls) == (403, 1)


def test_a_memory_that_cannot_be_asked_is_no_pass(tenant, operator, settings, case):
    settings.VAULT_KEYS = {"new": b"\x01" * 32}
    _, token = make_token(operator)

    doctor, suite = (run(f"/ci/{job}/acme", token) for job in ("doctor", "suite"))

    assert (doctor.status_code, doctor["X-Exit-Code"]) == (502, "2")
    assert suite.status_code == 503
    assert json.loads(suite.content)["error"]


def test_a_token_is_in_no_line_of_the_servers_log(tenant, operator, caplog, capsys):
    _, token = make_token(operator)
    secret = token.rpartition("_")[2]

    run("/ci/doctor/acme", token)
    run("/ci/doctor/acme", token + "x")

    said = capsys.readouterr()
    assert secret not in caplog.text + said.out + said.err


def test_onboard_says_the_diff_and_does_it(operator, monkeypatch):
    monkeypatch.setattr(command, "pause", lambda s: work() or True)
    row, token = make_token(operator, jobs=["onboard"], slugs=["alpenglow"])
    send = partial(run, token=token, content=PLAN)

    planned = send("/ci/onboard?dry_run=1")
    no_tenant_yet = not Tenant.objects.filter(slug="alpenglow").exists()
    done = send("/ci/onboard")
    again = send("/ci/onboard")

    assert (planned.status_code, planned["X-Exit-Code"]) == (422, "1")
    assert "+ Account.customerNumber: STRING" in planned.text
    assert no_tenant_yet
    assert (done.status_code, again.status_code) == (200, 200)
    assert "alpenglow is live." in done.text
    added = AuditEntry.objects.get(action="tenant.added", tenant="alpenglow")
    assert (added.actor, added.role) == (row.key, "CI")
    sung = AuditEntry.objects.filter(action="canary.run", tenant="alpenglow")
    assert sung.earliest("seq").actor == row.key


def test_onboard_leaves_to_officers_what_is_theirs(operator, monkeypatch):
    monkeypatch.setattr(command, "pause", lambda s: work() or True)
    _, token = make_token(operator, jobs=["onboard"], slugs=["alpenglow"])
    live = run("/ci/onboard", token=token, content=PLAN)
    masking = Tenant.objects.get(slug="alpenglow").masking

    plan = f"{PLAN}\nmasking: {{identifiers: clear, texts: clear}}\n"
    refused = run("/ci/onboard", token=token, content=plan)

    assert live.status_code == 200
    assert (refused.status_code, refused["X-Exit-Code"]) == (422, "1")
    assert "privacy officer's to change" in refused.text
    assert Tenant.objects.get(slug="alpenglow").masking == masking


def test_onboard_leaves_a_tenant_who_was_there_to_officers(operator, tenant):
    _, token = make_token(operator, jobs=["onboard"], slugs=["acme"])
    plan = (
        f"name: Acme\nslug: acme\nstore: client-acme\naccount: {tenant.account_sid}\n"
        "masking: {texts: clear}\n"
    )

    refused = run("/ci/onboard", token=token, content=plan)

    assert "privacy officer's to change" in refused.text
    tenant.refresh_from_db()
    assert tenant.masking == {}


@pytest.mark.parametrize("query", ["dry-run=1", "dry_run=0", "dry_run=yes", "x=1"])
def test_onboard_mistakes_no_parameter_for_another(operator, query):
    _, token = make_token(operator, jobs=["onboard"], slugs=["alpenglow"])

    refused = run(f"/ci/onboard?{query}", token=token, content=PLAN)

    assert refused.status_code == 422
    assert query.partition("=")[0] in refused.text
    assert not Onboarding.objects.exists()


@pytest.mark.parametrize(
    ("plan", "status", "words", "field"),
    [
        ("name: [", 422, "not YAML", "plan"),
        (PLAN + "pinned: &a [Account]\nmasking: *a", 422, "Aliases", "plan"),
        (PLAN + "colour: red", 422, "unknown field", "colour"),
        (PLAN + "retention: {summary: x}", 422, "Expected", "retention.summary"),
        ("name: Beta", 422, "slug: is required", "slug"),
        (PLAN.replace("slug: alpenglow", "slug: beta"), 404, "No tenant", None),
        ("", 422, "slug: is required", "slug"),
        ("slug: {a: b}", 422, "slug: is required", "slug"),
        ("x" * 200_001, 413, "200 kB", "plan"),
    ],
)
def test_onboard_answers_alike_what_is_no_plan_of_its(
    operator, plan, status, words, field
):
    _, token = make_token(operator, jobs=["onboard"], slugs=["alpenglow"])

    response = run("/ci/onboard", token, content=plan)

    told = response.json()
    assert (response.status_code, response["X-Exit-Code"]) == (status, "2")
    assert (words in told["error"], told.get("field")) == (True, field)
    assert not Onboarding.objects.exists()


def test_onboard_is_refused_while_another_run_goes_on(operator):
    _, token = make_token(operator, jobs=["onboard"], slugs=["alpenglow"])
    row = begin(read_plan(PLAN.encode()), Actor(None, name="CI"))
    other = PLAN.replace("{name: Alpenglow}", "{name: Other}")

    with hold(row):
        busy = run("/ci/onboard", token, content=PLAN)
    differs = run("/ci/onboard", token, content=other)

    assert (busy.status_code, busy["X-Exit-Code"]) == (409, "1")
    assert "set up by another run or page" in busy.json()["error"]
    assert (differs.status_code, differs.json()["field"]) == (409, "opens")


def test_onboard_uses_no_account_of_another_tenant(tenant, operator):
    _, token = make_token(operator, jobs=["onboard"], slugs=["alpenglow"])
    theirs = f"account: {tenant.account_sid}"
    plan = PLAN.replace("opens: {name: Alpenglow}", theirs)

    refused = run("/ci/onboard?dry_run=1", token, content=plan)
    CiToken.objects.update(slugs=["alpenglow", "acme"])
    covered = run("/ci/onboard?dry_run=1", token, content=plan)

    assert plan != PLAN
    assert refused.status_code == 403
    assert covered["X-Exit-Code"] == "1"


def test_every_job_has_words():
    assert {job.label for job in Job} == {"Doctor", "Recall cases", "Onboarding"}
