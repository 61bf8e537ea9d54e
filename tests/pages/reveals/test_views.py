"""One masked value in clear for ten minutes, and masked again."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.utils import timezone

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.contract.memory.observation import PatchObservation
from console.masking.masker import Masker
from console.masking.models import Reveal
from console.tenants.vault import open_store
from tests.factories import (
    HTMX,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
    make_user,
)
from tests.pages.urls import page_url

SAID = "Call back on +15558675310."
WHY = {"reason_code": "verify", "ticket": "CASE-4521"}


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(
        tenant, email="ada@example.com", phone="+15558675310", firstName="Ada"
    )


def url(name: str, *args: str) -> str:
    return page_url(name, *args)


def acts():
    entries = AuditEntry.objects.filter(action__startswith="value.").order_by("seq")
    return [(e.action, e.object_type, e.object_id, e.outcome) for e in entries]


def test_reveal_value_asks_for_a_reason_beside_the_value(client, profile):
    response = client.get(
        url("reveal", profile, "trait", "Contact.email"), headers=HTMX
    )

    assert response.status_code == 200
    assert "Reveal Contact.email" in response.text
    assert "Reveal 1 of 30 allowed per hour" in response.text
    assert "popover" in response.text
    assert "ada@example.com" not in response.text
    assert acts() == []


@pytest.mark.parametrize(
    ("kind", "ref", "clear"),
    [
        ("trait", "Contact.email", "ada@example.com"),
        ("identifier", "phone", "+15558675310"),
    ],
)
def test_reveal_value_shows_the_value_and_nothing_else(
    client, profile, kind, ref, clear
):
    response = client.post(url("reveal", profile, kind, ref), WHY, headers=HTMX)

    assert f'<template data-shown="shown-{kind}-{ref}">{clear}</template>' in (
        response.text
    )
    assert response.text.count(clear) == 1
    assert "clear until" in response.text
    assert acts() == [("value.revealed", kind, ref, "done")]


def test_reveal_value_of_an_item_holds_on_its_page(client, tenant, profile):
    observation = make_observation(tenant, profile, SAID)
    other = make_observation(tenant, profile, f"{SAID} Again.")
    summary = make_summary(tenant, profile, SAID)

    for kind, id_ in (("observation", observation.id), ("summary", summary.id)):
        answer = client.post(url("reveal", profile, kind, id_), WHY, headers=HTMX)
        assert SAID in answer.text

    assert SAID in client.get(url("observation", profile, observation.id)).text
    assert SAID not in client.get(url("observation", profile, other.id)).text


def test_reveal_value_shows_all_values_of_an_identifier(client, tenant, profile):
    open_store(tenant).add_identifier(profile, "phone", "+15558675311")

    response = client.post(
        url("reveal", profile, "identifier", "phone"), WHY, headers=HTMX
    )

    assert 'data-shown="shown-identifier-phone">+15558675310<' in response.text
    assert 'data-shown="shown-identifier-phone-2">+15558675311<' in response.text
    assert Reveal.objects.count() == 1


def test_reveal_value_without_javascript_asks_on_a_page(client, profile):
    back = url("profile", profile)
    address = url("reveal", profile, "identifier", "email")

    page = client.get(address, {"back": back})
    answer = client.post(address, WHY | {"back": back})

    assert "<h1>Reveal the email</h1>" in page.text
    assert f'name="back" value="{back}"' in page.text
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"{back}#shown-identifier-email",
    )
    assert "ada@example.com" in client.get(back).text


@pytest.mark.parametrize(
    "back",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "{home}../../../../accounts/logout/",
        "{home}\\evil",
        "{home}?next=x",
        "/t/acme/profiles/",
    ],
)
def test_reveal_value_leads_back_to_the_same_profile_only(client, profile, back):
    home = url("profile", profile)

    answer = client.post(
        url("reveal", profile, "identifier", "email"),
        WHY | {"back": back.format(home=home)},
    )

    assert answer["Location"] == f"{home}#shown-identifier-email"


@pytest.mark.parametrize("headers", [None, HTMX])
def test_reveal_value_shows_nothing_without_a_reason(client, profile, headers):
    response = client.post(
        url("reveal", profile, "trait", "Contact.email"), {}, headers=headers
    )

    assert response.status_code == 422
    assert "Choose a reason." in response.text
    assert "ada@example.com" not in response.text
    assert acts() == []
    assert response.get("HX-Retarget") == ("this" if headers else None)


def test_reveal_value_does_not_ask_twice(client, profile):
    address = url("reveal", profile, "trait", "Contact.email")
    client.post(address, WHY, headers=HTMX)

    again = client.post(address, WHY, headers=HTMX)
    page = client.get(address)

    assert "ada@example.com" in again.text
    assert len(acts()) == 1
    assert "This value is not masked" in page.text


def test_reveal_value_is_logged_before_the_value_is_sent(client, profile):
    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "audit_auditentry" in sql:
            raise DatabaseError("disk full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        response = client.post(
            url("reveal", profile, "trait", "Contact.email"), WHY, headers=HTMX
        )

    assert response.status_code == 503
    assert "ada@example.com" not in response.text
    assert "ada@example.com" not in client.get(url("traits", profile)).text


@pytest.mark.parametrize("method", ["get", "post"])
def test_reveal_value_refuses_the_thirty_first_in_an_hour(
    client, agent, tenant, profile, method
):
    now = timezone.now()
    Reveal.objects.bulk_create(
        Reveal(user=agent, tenant=tenant, profile_id="x", subject="y", until=now)
        for _ in range(30)
    )
    address = url("reveal", profile, "trait", "Contact.email")

    response = getattr(client, method)(address, WHY, headers=HTMX)

    assert response.status_code == 429
    assert response["HX-Retarget"] == "#problem"
    assert "30 reveals in an hour" in response.text
    assert "ada@example.com" not in response.text


@pytest.mark.parametrize("name", ["reveal", "hide", "masked"])
@pytest.mark.parametrize(
    ("kind", "ref"),
    [
        ("trait", "Contact.nothing"),
        ("trait", "Contact"),
        ("identifier", "fax"),
        ("observation", "mem_observation_00000000000000000000000000"),
        ("summary", "made-up"),
        ("profile", "x"),
    ],
)
def test_reveals_of_what_is_not_there_are_404(client, profile, name, kind, ref):
    response = client.get(url(name, profile, kind, ref))

    assert response.status_code == 404


def test_reveals_of_another_tenant_are_404(client, tenant, profile):
    other = make_tenant("other")
    foreign = make_profile(other, email="bo@example.com")
    item = make_observation(other, foreign, SAID)

    answers = [
        client.post(url("reveal", *args), WHY, headers=HTMX)
        for args in (
            (foreign, "trait", "Contact.email"),
            (profile, "observation", item.id),
            (new_id("mem_profile"), "trait", "Contact.email"),
        )
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert not Reveal.objects.exists()


def test_reveal_value_counts_for_one_person(client, tenant, profile):
    client.post(url("reveal", profile, "identifier", "email"), WHY, headers=HTMX)
    colleague = make_user("agent", tenant)

    own = client.get(url("profile", profile)).text
    client.force_login(colleague)
    theirs = client.get(url("profile", profile)).text

    assert "ada@example.com" in own
    assert "ada@example.com" not in theirs
    assert "a•••@•••.com" in theirs


def test_hide_value_masks_at_once(client, profile):
    client.post(url("reveal", profile, "identifier", "email"), WHY, headers=HTMX)
    address = url("hide", profile, "identifier", "email")

    page = client.get(address)
    answer = client.post(address, headers=HTMX)

    assert "Hide the email" in page.text
    assert "ada@example.com" not in page.text + answer.text
    assert 'data-shown="shown-identifier-email">a•••@•••.com<' in answer.text
    assert "ada@example.com" not in client.get(url("profile", profile)).text
    assert acts()[-1] == ("value.hidden", "identifier", "email", "done")


def test_hide_value_without_javascript_leads_back(client, profile):
    client.post(url("reveal", profile, "identifier", "email"), WHY, headers=HTMX)

    answer = client.post(url("hide", profile, "identifier", "email"))

    assert answer["Location"].startswith(url("profile", profile))


def test_masked_value_is_asked_for_after_ten_minutes(client, profile):
    client.post(url("reveal", profile, "identifier", "email"), WHY, headers=HTMX)
    with time_machine.travel(
        Reveal.objects.get().until - timedelta(minutes=10), tick=False
    ):
        while_clear = client.get(url("profile", profile)).text
    Reveal.objects.update(until=timezone.now() - timedelta(seconds=1))

    part = client.get(url("masked", profile, "identifier", "email"), headers=HTMX)

    assert 'hx-trigger="load delay:601s, expired"' in while_clear
    assert "a•••@•••.com" in part.text
    assert "ada@example.com" not in part.text
    assert "ada@example.com" not in client.get(url("profile", profile)).text
    assert acts()[-1] == ("value.hidden", "identifier", "email", "done")


def test_masked_value_is_masked_while_the_value_is_revealed(client, profile):
    client.post(url("reveal", profile, "identifier", "email"), WHY, headers=HTMX)

    part = client.get(url("masked", profile, "identifier", "email"), headers=HTMX)

    assert "a•••@•••.com" in part.text
    assert "ada@example.com" not in part.text


@pytest.mark.parametrize("role", ["auditor", "developer"])
def test_reveal_value_is_refused_to_who_only_reads(client, request, role, profile):
    client.force_login(request.getfixturevalue(role))

    response = client.post(url("reveal", profile, "trait", "Contact.email"), WHY)

    assert response.status_code == 403
    assert not Reveal.objects.exists()


def reveal_it(client, profile, kind, ref):
    return client.post(url("reveal", profile, kind, ref), WHY, headers=HTMX)


def test_reveals_can_be_hidden_on_the_card(client, tenant, profile):
    told = make_observation(tenant, profile, SAID)
    story = make_summary(tenant, profile, SAID)
    reveal_it(client, profile, "observation", told.id)
    reveal_it(client, profile, "summary", story.id)

    page = client.get(url("profile", profile)).text

    subjects = {f"shown-observation-{told.id}", f"shown-summary-{story.id}"}
    assert subjects <= set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'data-shows="([^"]+)"', page)) == subjects


def test_reveal_value_of_a_name_uncovers_all_of_it(client, tenant, profile):
    open_store(tenant).patch_profile(profile, {"Contact": {"lastName": "Li"}})

    answer = reveal_it(client, profile, "name", "Contact")
    page = client.get(url("profile", profile)).text

    shown = re.findall(r'data-shown="shown-name-Contact([^"]*)">([^<]+)<', answer.text)
    assert shown == [("", "Ada Li"), ("-0", "Ada Li"), ("-2", "Ada"), ("-3", "Li")]
    heading = re.search(r"<h1.*?</h1>", page, re.DOTALL)[0]
    assert ">Ada Li<" in heading
    assert acts()[-1] == ("value.revealed", "name", "Contact", "done")
    # On every tab of the same customer; where nothing masks it again it stays masked.
    assert ">Ada Li<" in client.get(url("timeline", profile)).text
    told = make_observation(tenant, profile, SAID)
    below = client.get(url("observation", profile, told.id)).text
    assert "A••• L•••" in below
    assert "Ada" not in below


def test_reveal_value_refreshes_the_revisions(client, tenant, profile):
    told = make_observation(tenant, profile, SAID)
    open_store(tenant).patch_observation(
        profile, told.id, PatchObservation(content=f"{SAID} Twice.")
    )

    answer = reveal_it(client, profile, "observation", told.id)
    page = client.get(url("observation", profile, told.id)).text

    assert answer["HX-Trigger"] == f"shown-observation-{told.id}"
    assert f'hx-trigger="shown-observation-{told.id} from:body, ' in page
    assert f'id="shown-observation-{told.id}-1"' in page


def test_reveal_value_opens_one_revision_alone(client, tenant, profile):
    told = make_observation(tenant, profile, "Call +1 555 867 5310.")
    for number in (5311, 5312):
        changed = PatchObservation(content=f"Call +1 555 867 {number}.")
        open_store(tenant).patch_observation(profile, told.id, changed)
    _, second, first = open_store(tenant).list_revisions(profile, told.id).items
    ref = Masker(tenant).mask_revision(second).ref

    reveal_it(client, profile, "revision", ref)
    page = client.get(url("observation", profile, told.id)).text

    assert [n for n in (5310, 5311, 5312) if f"867 {n}" in page] == [5311]
    assert ref != Masker(tenant).mask_revision(first).ref
    entry = AuditEntry.objects.get(action="value.revealed")
    assert (entry.object_type, entry.object_id) == ("revision", ref)


def test_reveal_value_of_an_observation_opens_no_earlier_revision(
    client, tenant, profile
):
    told = make_observation(tenant, profile, "Call +1 555 867 5310.")
    changed = PatchObservation(content="Call +1 555 867 5311.")
    open_store(tenant).patch_observation(profile, told.id, changed)

    reveal_it(client, profile, "observation", told.id)
    page = client.get(url("observation", profile, told.id)).text

    assert "867 5311" in page
    assert "867 5310" not in page


def test_masked_value_logs_the_true_cause(client, profile):
    reveal_it(client, profile, "trait", "Contact.email")
    masked = url("masked", profile, "trait", "Contact.email")

    client.get(masked, headers=HTMX)
    Reveal.objects.update(until=timezone.now())
    client.get(masked, headers=HTMX)

    entries = AuditEntry.objects.filter(action="value.hidden").order_by("seq")
    assert [entry.details["cause"] for entry in entries] == ["page", "time"]
