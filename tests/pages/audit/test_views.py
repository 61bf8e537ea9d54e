import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import OperationalError, connection, connections
from django.db.models import Q
from django.urls import reverse

from console.audit.log import log as audit_log
from console.audit.models import AuditEntry, AuditReason, IsProgramWrite
from console.service import outbox
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from tests.factories import HTMX, make_tenant, make_user

pytestmark = pytest.mark.django_db


def list_url(slug="acme"):
    return reverse("audit:list", args=[slug])


def entry_url(seq, slug="acme"):
    return reverse("audit:entry", args=[slug, seq])


def shown(response):
    return [entry.action for entry, _ in response.context["page"].rows]


@pytest.fixture
def log(tenant, officer):
    for action, fields in {
        "tenant.added": {"role": Role.OPERATOR},
        "profile.viewed": {"object_id": "mem_profile_01kce57bqte2vr3vckwgb1zdtb"},
        "observation.deleted": {
            "reason": "The customer <b>asked</b>",
            "outcome": "failed",
            "observations": 1,
        },
    }.items():
        role = fields.pop("role", None)
        audit_log(Actor(officer, tenant, role), action, **fields)


def test_list_entries_shows_an_auditor_every_entry_newest_first(client, auditor, log):
    client.force_login(auditor)

    response = client.get(list_url())

    assert response.status_code == 200
    assert shown(response)[:2] == ["observation.deleted", "profile.viewed"]
    assert "tenant.added" in shown(response)


def test_list_entries_leaves_out_the_reading_of_whoever_reads(
    client, auditor, officer, tenant
):
    audit_log(Actor(officer, tenant), "audit.read")
    client.force_login(auditor)

    by_itself = client.get(list_url()).context["page"].rows
    wanted = client.get(list_url(), {"mine": "on"}).context["page"].rows

    readers = [entry.actor for entry, _ in by_itself if entry.action == "audit.read"]
    assert readers == [officer.email]
    assert auditor.email in [entry.actor for entry, _ in wanted]


def test_list_entries_leaves_out_what_programs_write_and_counts_it(
    client, auditor, tenant
):
    program = Actor(None, tenant, name="program", key="SK1")
    for _ in range(2):
        audit_log(program, "program.wrote", call="create_observations")
    audit_log(program, "profile.deleted", "profile", "mem_profile_1")
    client.force_login(auditor)

    by_itself = client.get(list_url())
    wanted = client.get(list_url(), {"programs": "on"})
    asked = client.get(list_url(), {"action": "program.wrote"})

    assert shown(by_itself)[0] == "profile.deleted"
    assert "program.wrote" not in shown(by_itself)
    assert "Changes by programs are left out: 2." in by_itself.text
    assert shown(wanted)[:3] == ["profile.deleted", "program.wrote", "program.wrote"]
    assert shown(asked) == ["program.wrote", "program.wrote"]


def test_list_entries_reads_people_by_an_index_of_their_own(tenant):
    people = AuditEntry.objects.of(tenant).filter(~Q(IsProgramWrite("action")))
    programs = AuditEntry.objects.of(tenant).filter(IsProgramWrite("action"))

    plans = people.order_by("-seq")[:51].explain(), programs[:20000].explain()
    if connection.vendor == "sqlite":  # PostgreSQL walks a small table
        assert ["audit_people" in plans[0], "audit_programs" in plans[1]] == [
            True,
            True,
        ]


def test_list_entries_says_how_far_the_log_is_behind(client, auditor, tenant):
    outbox.insert_write(
        [1, "AC1", "SK1", "", "program.wrote", "", "", "", "", 0, "RQ1"]
    )
    client.force_login(auditor)

    behind = client.get(list_url())
    outbox.hand_over()
    up_to_date = client.get(list_url())

    assert "wait for the worker: 1, the oldest" in behind.text
    assert "wait for the worker" not in up_to_date.text


def test_list_entries_is_there_without_the_memorys_database(client, auditor, log):
    def fail(*asked):
        raise OperationalError("could not connect")

    client.force_login(auditor)

    with connections["memory"].execute_wrapper(fail):
        response = client.get(list_url())

    assert "Perhaps behind" in response.text
    assert "profile.viewed" in shown(response)


def test_list_entries_hides_configuration_from_an_officer(client, officer, log):
    client.force_login(officer)

    response = client.get(list_url())

    assert "profile.viewed" in shown(response)
    assert "tenant.added" not in shown(response)


def test_list_entries_shows_an_operator_configuration_alone(client, operator, log):
    client.force_login(operator)

    response = client.get(list_url())

    assert set(shown(response)) == {"tenant.added"}
    assert "Profile opened" not in response.content.decode()


def test_list_entries_tells_an_agent_who_may(client, agent, log):
    client.force_login(agent)

    response = client.get(list_url())

    assert response.status_code == 403
    assert AuditEntry.objects.order_by("-seq").first().action == "access.denied"


def test_list_entries_logs_each_page_once(client, auditor, log):
    client.force_login(auditor)

    client.get(list_url(), {"outcome": "failed", "person": "x@example.com"})

    entry = AuditEntry.objects.get(action="audit.read")
    assert entry.actor == auditor.email
    assert entry.details == {"filters": "person outcome"}


def test_list_entries_keeps_to_its_tenant(client, auditor, log):
    other = make_tenant("other")
    theirs = audit_log(Actor(None, other), "profile.viewed")
    client.force_login(auditor)

    listed = client.get(list_url())
    opened = client.get(entry_url(theirs.seq))

    assert theirs.seq not in [entry.seq for entry, _ in listed.context["page"].rows]
    assert opened.status_code == 404
    assert client.get(list_url("other")).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"action": "profile.viewed"}, ["profile.viewed"]),
        ({"outcome": "failed"}, ["observation.deleted"]),
        (
            {"object_id": "mem_profile_01kce57bqte2vr3vckwgb1zdtb"},
            ["profile.viewed"],
        ),
        (
            {"person": "Officer@console.example", "outcome": "failed"},
            ["observation.deleted"],
        ),
        ({"person": "nobody@console.example"}, []),
        ({"since": "9998-01-01"}, []),
        ({"until": "2020-01-01"}, []),
        (
            {"since": f"{datetime.now(UTC):%Y-%m-%d}", "outcome": "failed"},
            ["observation.deleted"],
        ),
        (
            {"until": f"{datetime.now(UTC):%Y-%m-%d}", "outcome": "failed"},
            ["observation.deleted"],
        ),
        ({"surplus": "ignored", "outcome": "failed"}, ["observation.deleted"]),
    ],
)
def test_list_entries_filters_by_url(client, auditor, log, query, expected):
    client.force_login(auditor)

    response = client.get(list_url(), query)

    assert shown(response) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"action": "profile.eaten"}, "action"),
        ({"outcome": "perhaps"}, "outcome"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"object_id": "ann@example.com"}, "object_id"),
        ({"person": "x" * 255}, "person"),
        ({"before": "-1"}, "before"),
        ({"before": "9" * 30}, "before"),
        ({"before": "abc"}, "before"),
        ({"person": "a\x00b"}, "person"),
    ],
)
def test_list_entries_names_an_invalid_filter(client, auditor, log, query, field):
    client.force_login(auditor)

    response = client.get(list_url(), query)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "The search was not run" in response.content.decode()
    assert not AuditEntry.objects.filter(action="audit.read").exists()


def test_list_entries_refuses_an_operator_other_actions(client, operator, log):
    client.force_login(operator)

    response = client.get(list_url(), {"action": "profile.viewed"})

    assert response.status_code == 422


def test_list_entries_has_fifty_rows_a_page(client, auditor, tenant):
    for _ in range(60):
        audit_log(Actor(None, tenant), "recall.run")
    client.force_login(auditor)

    newest = client.get(list_url(), {"action": "recall.run"})
    older_than = newest.context["page"].older_than
    older = client.get(list_url(), {"action": "recall.run", "before": older_than})

    assert len(shown(newest)) == 50
    assert len(shown(older)) == 10
    assert older.context["page"].older_than is None
    link = f"?action=recall.run&amp;before={older_than}"
    assert link in newest.content.decode()
    assert 'href="/t/acme/audit/?action=recall.run"' in older.content.decode()


def test_list_entries_needs_few_queries(
    client, auditor, tenant, django_assert_max_num_queries
):
    for _ in range(30):
        audit_log(Actor(None, tenant), "recall.run")
    client.force_login(auditor)

    with django_assert_max_num_queries(15):
        page = client.get(list_url()).text

    assert page.count("<tr") > 30


def test_list_entries_answers_htmx_with_filters_and_rows(client, auditor, log):
    client.force_login(auditor)

    response = client.get(list_url(), headers=HTMX)

    part = response.content.decode().strip()
    assert part.startswith('<section id="audit-log"')
    assert 'id="audit-entries"' in part
    assert "HX-Request" in response["Vary"]


def test_list_entries_answers_htmx_with_the_invalid_field(client, auditor, log):
    client.force_login(auditor)

    response = client.get(list_url(), {"object_id": "ann@example.com"}, headers=HTMX)

    field = re.search(r'<input[^>]*name="object_id"[^>]*>', response.content.decode())
    assert 'aria-invalid="true"' in field[0]


def test_list_entries_shows_details(client, auditor, log):
    client.force_login(auditor)

    page = client.get(list_url()).content.decode()

    assert "<span>observations: 1</span>" in page


def test_list_entries_describes_a_denied_permission(client, agent, auditor, log):
    client.force_login(agent)
    client.get(list_url())
    client.force_login(auditor)

    page = client.get(list_url()).content.decode()

    assert "<span>act: read the audit log</span>" in page


def test_entry_shows_its_reason_and_its_place(client, auditor, log):
    seq = AuditEntry.objects.get(action="observation.deleted").seq
    client.force_login(auditor)

    page = client.get(entry_url(seq)).content.decode()

    assert "The customer &lt;b&gt;asked&lt;/b&gt;" in page
    assert "contents match its hash" in page
    assert AuditEntry.objects.get(action="audit.read").object_id == str(seq)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("done", "2nd reveal of this hour"), ("denied", "2 reveals in this hour")],
)
def test_entry_of_a_reveal_says_which_of_the_hour(
    client, auditor, tenant, officer, outcome, words
):
    entry = audit_log(
        Actor(officer, tenant), "value.revealed", hour=2, outcome=outcome, **REVEALED
    )
    client.force_login(auditor)

    page = client.get(entry_url(entry.seq)).text

    assert words in page
    assert "Hour" not in page


def test_entry_says_when_its_reason_was_erased(client, auditor, log):
    seq = AuditEntry.objects.get(action="observation.deleted").seq
    AuditReason.objects.all().delete()
    client.force_login(auditor)

    page = client.get(entry_url(seq)).content.decode()

    assert "erased; the log still proves that one was given" in page


def test_entry_is_404_for_an_operator_who_may_not_list_it(client, operator, log):
    seq = AuditEntry.objects.get(action="observation.deleted").seq
    client.force_login(operator)

    assert client.get(entry_url(seq)).status_code == 404


@pytest.mark.parametrize("seq", [0, 10**6, 10**30])
def test_entry_that_does_not_exist_is_404(client, auditor, log, seq):
    client.force_login(auditor)

    assert client.get(entry_url(seq)).status_code == 404


def test_list_entries_says_when_nothing_matches(client, auditor, tenant):
    client.force_login(auditor)

    page = client.get(list_url(), {"action": "recall.run"}).content.decode()

    assert "No matching entries" in page


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_audit_pages_accept_no_post(client, auditor, log, method):
    client.force_login(auditor)

    response = getattr(client, method)(list_url())

    assert response.status_code == 405


REVEALED = {"object_type": "trait", "object_id": "A.b", "about": ["mem_profile_a"]}
QUESTIONS = {
    "looks": ("profile.viewed", {"object_type": "profile", "object_id": "mem_p"}),
    "unticketed": ("value.revealed", REVEALED | {"reason": "To verify"}),
    "bulk": ("profile.listed", {"count": 100}),
    "deletions": ("profile.deleted", {}),
    "rights": ("role.changed", {}),
    "reviews": ("reveal.approved", {}),
}
OTHERS = {
    "profile.found": {},
    "value.revealed": REVEALED | {"reason": "To verify (ticket CASE-1)"},
    "observations.listed": {"count": 99},
    "trait.corrected": REVEALED,
    "desk.arranged": {},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_list_entries_answers_a_question(client, auditor, tenant, officer, question):
    action, entry = QUESTIONS[question]
    asked = audit_log(Actor(officer, tenant), action, **entry)
    if question != "looks":
        for other, given in OTHERS.items():
            audit_log(Actor(officer, tenant), other, **given)
    client.force_login(auditor)

    page = client.get(list_url(), {"question": question}).context["page"]

    assert [entry.seq for entry, _ in page.rows] == [asked.seq]


def test_list_entries_finds_who_acts_outside_the_shift(client, auditor, officer):
    tenant = Tenant.objects.get()
    for at in ("2026-01-05T06:59:00Z", "2026-01-05T12:00:00Z", "2026-01-04T12:00:00Z"):
        with time_machine.travel(at, tick=False):
            audit_log(Actor(officer, tenant), "recall.run")
    client.force_login(auditor)

    asked = {"question": "off_shift", "until": "2026-01-31"}
    page = client.get(list_url(), asked).context["page"]

    assert [f"{entry.at:%d %H}" for entry, _ in page.rows] == ["04 12", "05 06"]


def test_list_entries_counts_when_it_is_asked_to(client, auditor, log):
    client.force_login(auditor)

    page = client.get(list_url(), {"counts": "on", "outcome": "failed"})

    counts = page.context["counts"]
    assert counts.total == 1
    assert counts.actions == [("Observation deleted", 1)]
    assert counts.people == [("officer@console.example", 1)]
    assert "counts" not in client.get(list_url()).context


@pytest.mark.parametrize("person", ["auditor", "officer", "operator"])
def test_list_entries_offers_what_can_match_alone(client, request, person):
    client.force_login(request.getfixturevalue(person))

    form = client.get(list_url()).context["form"]
    offered = {name for name, _ in form.fields["action"].choices if name}
    questions = {name for name, _ in form.fields["question"].choices}

    assert not offered & {"session.opened", "mfa.added", "key.added", "backup.taken"}
    assert ("role.changed" in offered) == (person != "officer")
    assert "sign_ins" not in questions
    assert ("rights" in questions) == (person != "officer")


def test_list_installation_shows_what_is_about_no_customer(client, auditor, log):
    other = make_tenant("other")
    audit_log(Actor(None), "session.refused", outcome="denied")
    client.force_login(auditor)

    page = client.get(reverse("audit:installation", args=["acme"]))
    seen = [(entry.action, entry.tenant) for entry, _ in page.context["page"].rows]
    refused = page.context["page"].rows[seen.index(("session.refused", ""))][0]

    assert ("tenant.added", "acme") in seen
    assert ("session.opened", "") in seen
    assert "profile.viewed" not in dict(seen)
    assert other.slug not in dict(map(reversed, seen))
    assert "sign_ins" in dict(page.context["form"].fields["question"].choices)
    assert client.get(entry_url(refused.seq)).status_code == 200


def test_list_installation_shows_an_operator_of_all_every_tenant(client, tenant):
    make_tenant("other")
    client.force_login(make_user(Role.OPERATOR, None))

    page = client.get(reverse("audit:installation", args=["acme"])).context["page"]

    assert {"acme", "other"} <= {entry.tenant for entry, _ in page.rows}


def test_list_installation_names_the_person_who_was_acted_on(client, auditor, officer):
    audit_log(Actor(auditor), "user.reset", "user", str(officer.pk))
    client.force_login(auditor)

    page = client.get(reverse("audit:installation", args=["acme"])).context["page"]
    people = {entry.action: dict(details).get("person") for entry, details in page.rows}

    assert people["user.reset"] == officer.email
    # Who signs in stands in the column beside it.
    assert people["session.opened"] is None


def test_list_installation_is_not_for_officers(client, officer, tenant):
    client.force_login(officer)

    page = client.get(reverse("audit:installation", args=["acme"]))

    assert page.status_code == 403
