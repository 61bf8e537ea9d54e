"""Files of what is on the screen: safe, exact, masked, noted before the first byte."""

import csv
import io
import json

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.client.values import TraitDefinition
from console.pages.timeline import export_files
from console.tenants.memory import open_store
from tests.factories import make_items, make_observation, make_profile, make_summary

BOM = "\ufeff"


@pytest.fixture
def client(client, officer):
    client.force_login(officer)
    return client


def page(profile: str) -> str:
    return reverse("timeline:export", args=["acme", profile])


def read(response) -> str:
    return b"".join(response.streaming_content).decode()


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


def test_a_timeline_as_csv_holds_what_stands_on_the_screen(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Prefers SMS.", source="voice")
    make_summary(tenant, profile, "Asked about a bill.")

    response = client.get(page(profile), {"what": "timeline", "format": "csv"})

    found = rows(read(response))
    assert {(row["kind"], row["text"]) for row in found} == {
        ("observation", "Prefers SMS."),
        ("summary", "Asked about a bill."),
    }
    assert {row["occurred_at"] for row in found} == {"2026-01-05T09:00:00Z"}
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="timeline-')
    assert response["Cache-Control"] == "no-store"


def test_an_export_has_the_filters_of_the_page(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Prefers SMS.")
    make_observation(tenant, profile, "Prefers calls.")
    query = {"what": "timeline", "format": "json", "words": "sms"}

    told = json.loads(read(client.get(page(profile), query)))

    assert [item["text"] for item in told["items"]] == ["Prefers SMS."]
    assert told["filters"] == ["with the words “sms”"]
    assert told["count"] == 1
    assert told["cut"] is None
    assert told["masked"] is False


def test_what_is_masked_on_the_screen_is_masked_in_the_file(client, tenant):
    profile = make_profile(tenant, email="ada@example.com")
    make_observation(tenant, profile, "Call +15558675310.")

    for what in ("timeline", "traits"):
        for format_ in ("csv", "json"):
            text = read(client.get(page(profile), {"what": what, "format": format_}))
            assert "8675310" not in text
            assert "ada@example.com" not in text
            if format_ == "json":
                told = json.loads(text)
                assert told["masked"] is True
                assert [item["masked"] for item in told["items"]].count(True) == 1


def test_traits_are_exported_as_the_memory_gave_them(client, tenant):
    store = open_store(tenant)
    store.create_trait_group(
        "Account", {"tags": TraitDefinition("ARRAY"), "vip": TraitDefinition("BOOLEAN")}
    )
    profile = make_profile(tenant, email="ada@example.com")
    store.patch_profile(profile, {"Account": {"tags": ["a", "b"], "vip": True}})

    told = json.loads(
        read(client.get(page(profile), {"what": "traits", "format": "json"}))
    )
    found = rows(read(client.get(page(profile), {"what": "traits", "format": "csv"})))

    values = {item["trait"]: item["value"] for item in told["items"]}
    assert values == {"email": "a•••@•••.com", "tags": ["a", "b"], "vip": True}
    assert {row["trait"]: row["value"] for row in found} == {
        "email": "a•••@•••.com",
        "tags": "a b",
        "vip": "yes",
    }


def test_no_cell_is_a_formula(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "=HYPERLINK(1)")

    text = read(client.get(page(profile), {"what": "timeline", "format": "csv"}))

    assert '"\'=HYPERLINK(1)"' in text


def test_an_export_is_noted_before_its_first_byte_and_after_its_last(
    client, tenant, officer
):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=3)

    response = client.get(page(profile), {"what": "timeline", "format": "csv"})

    opened = AuditEntry.objects.latest("seq")
    assert (opened.action, opened.outcome) == ("profile.exported", "allowed")
    assert opened.details == {"what": "timeline", "format": "csv"}
    assert (opened.actor, opened.object_id) == (officer.email, profile)
    read(response)
    closed = AuditEntry.objects.latest("seq")
    assert (closed.action, closed.outcome) == ("profile.exported", "done")
    assert closed.details == opened.details | {"intent": opened.seq, "count": 3}
    assert closed.request_id == opened.request_id != ""


def test_an_export_that_nobody_reads_to_its_end_is_noted_as_such(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=60)

    response = client.get(page(profile), {"what": "timeline", "format": "json"})
    for _ in range(5):
        next(response.streaming_content)
    response.close()

    closed = AuditEntry.objects.latest("seq")
    assert closed.outcome == "failed"
    assert closed.details["count"] == 50


@pytest.mark.parametrize(
    ("most_rows", "steps", "said"),
    [(60, 1000, "Cut after 60 rows"), (10_000, 1, "Cut after 60 seconds")],
)
def test_a_file_that_was_cut_says_so_at_its_end(
    client, tenant, monkeypatch, settings, most_rows, steps, said
):
    monkeypatch.setattr(export_files, "MOST_ROWS", most_rows)
    settings.BUDGET_STEPS = steps
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=120)
    query = {"what": "timeline"}

    told = json.loads(read(client.get(page(profile), query | {"format": "json"})))
    found = rows(read(client.get(page(profile), query | {"format": "csv"})))

    assert said in told["cut"]
    assert told["count"] == len(told["items"]) < 120
    assert found[-1]["kind"] == "cut"
    assert said in found[-1]["masked"]
    assert AuditEntry.objects.latest("seq").outcome == "failed"


def test_a_profile_that_is_unknown_is_a_page_and_no_file(client, tenant):
    foreign = "mem_profile_01k5fz3c7hfvnbq5w3s0rv0ab1"

    response = client.get(page(foreign), {"what": "timeline", "format": "csv"})

    assert response.status_code == 404
    assert not AuditEntry.objects.filter(action="profile.exported").exists()


@pytest.mark.parametrize("name", ["what", "format"])
def test_an_export_needs_to_know_what_and_how(client, tenant, name):
    query = {"what": "timeline", "format": "csv"}
    del query[name]

    response = client.get(page(make_profile(tenant)), query)

    assert response.status_code == 422
    assert f"{name}:" in response.text


def test_an_agent_is_offered_no_export_and_gets_none(client, tenant, agent):
    profile = make_profile(tenant)
    timeline = reverse("timeline:timeline", args=["acme", profile])
    assert "/export/" in client.get(timeline).text
    client.force_login(agent)

    refused = client.get(page(profile), {"what": "timeline", "format": "csv"})

    assert refused.status_code == 403
    assert "/export/" not in client.get(timeline).text
