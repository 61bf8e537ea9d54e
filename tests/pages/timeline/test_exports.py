"""Files of what a page shows: safe, exact, masked, logged before the first byte."""

import csv
import io
import json

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.client.errors import MemoryUnreachable
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition
from console.pages.timeline.views import export
from console.pages.timeline.views.export import (
    ExportLimiter,
    escape_cell,
    write_csv,
    write_json,
)
from console.tenants.vault import open_store
from console.web.budget import Budget
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


def test_export_csv_has_what_the_timeline_shows(client, tenant):
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


def test_export_applies_the_filters_of_the_page(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Prefers SMS.")
    make_observation(tenant, profile, "Prefers calls.")
    query = {"what": "timeline", "format": "json", "words": "sms"}

    file = json.loads(read(client.get(page(profile), query, follow=True)))

    assert [item["text"] for item in file["items"]] == ["Prefers SMS."]
    assert file["filters"] == ["containing “sms”"]
    assert file["count"] == 1
    assert file["cut"] is None
    assert file["masked"] is False


@pytest.mark.parametrize("what", ["timeline", "traits"])
def test_export_masks_what_the_page_masks(client, tenant, what):
    profile = make_profile(tenant, email="ada@example.com")
    make_observation(tenant, profile, "Call +15558675310.")
    masked = {"timeline": "Call +1 ••• 10.", "traits": "a•••@•••.com"}[what]

    as_csv = read(client.get(page(profile), {"what": what, "format": "csv"}))
    as_json = read(client.get(page(profile), {"what": what, "format": "json"}))

    file = json.loads(as_json)
    assert file["masked"] is True
    assert [item["masked"] for item in file["items"]] == [True]
    assert masked in as_csv
    assert masked in as_json
    assert "8675310" not in as_csv + as_json
    assert "ada@example.com" not in as_csv + as_json


def test_export_has_traits_as_the_memory_gave_them(client, tenant):
    store = open_store(tenant)
    store.create_trait_group(
        CreateTraitGroup(
            display_name="Account",
            traits={
                "tags": NewTraitDefinition(data_type="ARRAY"),
                "vip": NewTraitDefinition(data_type="BOOLEAN"),
            },
        ),
    )
    profile = make_profile(tenant, email="ada@example.com")
    store.patch_profile(profile, {"Account": {"tags": ["a", 2], "vip": True}})

    file = json.loads(
        read(client.get(page(profile), {"what": "traits", "format": "json"}))
    )
    found = rows(read(client.get(page(profile), {"what": "traits", "format": "csv"})))

    values = {item["trait"]: item["value"] for item in file["items"]}
    assert values == {"email": "a•••@•••.com", "tags": ["a", 2], "vip": True}
    assert {row["trait"]: row["value"] for row in found} == {
        "email": "a•••@•••.com",
        "tags": "a 2",
        "vip": "yes",
    }


def test_export_csv_has_no_formula(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "=HYPERLINK(1)")

    text = read(client.get(page(profile), {"what": "timeline", "format": "csv"}))

    assert '"\'=HYPERLINK(1)"' in text


def test_export_is_logged_before_its_first_byte_and_after_its_last(
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


def test_export_is_logged_as_failed_when_nobody_reads_its_end(client, tenant):
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
    ("rows_max", "steps", "said"),
    [(60, 1000, "Cut after 60 rows"), (10_000, 1, "Cut after 60 seconds")],
)
def test_export_that_was_cut_says_so_at_its_end(
    client, tenant, monkeypatch, settings, rows_max, steps, said
):
    monkeypatch.setattr(export, "EXPORT_ROWS_MAX", rows_max)
    settings.BUDGET_STEPS = steps
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=120)
    query = {"what": "timeline"}

    file = json.loads(read(client.get(page(profile), query | {"format": "json"})))
    found = rows(read(client.get(page(profile), query | {"format": "csv"})))

    assert said in file["cut"]
    assert file["count"] == len(file["items"]) < 120
    assert found[-1]["kind"] == "cut"
    assert said in found[-1]["masked"]
    assert AuditEntry.objects.latest("seq").outcome == "failed"


def test_export_of_an_unknown_profile_is_a_page(client, tenant):
    foreign = "mem_profile_01k5fz3c7hfvnbq5w3s0rv0ab1"

    response = client.get(page(foreign), {"what": "timeline", "format": "csv"})

    assert response.status_code == 404
    assert not AuditEntry.objects.filter(action="profile.exported").exists()


@pytest.mark.parametrize("name", ["what", "format"])
def test_export_names_what_is_missing(client, tenant, name):
    query = {"what": "timeline", "format": "csv"}
    del query[name]

    response = client.get(page(make_profile(tenant)), query)

    assert response.status_code == 422
    assert f"{name}:" in response.text


def test_export_needs_permission(client, tenant, agent):
    profile = make_profile(tenant)
    timeline = reverse("timeline:timeline", args=["acme", profile])
    assert "/export/" in client.get(timeline).text
    client.force_login(agent)

    refused = client.get(page(profile), {"what": "timeline", "format": "csv"})

    assert refused.status_code == 403
    assert "/export/" not in client.get(timeline).text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+15558675310",
        "-2",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "\0x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "  =1",
        '"=1',
        "'=1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\u202e=1",
        "\u00ad=1",
        "\ufe66=1",
        "\ufe63 1",
        "\u2212 1",
    ],
)
def test_escape_cell_marks_what_a_spreadsheet_would_run(text):
    assert escape_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "…",
        "Prefers SMS",
        "a=b",
        "1 + 1 = 2",
        "2 bags of flour",
        "May I call you at 5?",
        "Order 4521, March 2026",
        "2026-01-05T09:00:00Z",
        "mem_profile_01k0000000000000000000000a",
        "true story",
        "1E",
    ],
)
def test_escape_cell_keeps_other_text(text):
    assert escape_cell(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "00123",
        "15558675310",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "1E5",
        "2e-10",
        "3/4",
        "2026-01-05",
        "05.01.2026",
        "12:30",
        "12:30 PM",
        "5%",
        "$5.00",
        "1,50 €",
        "(12)",
        "SEPT2",
        "Mar-1",
        "5 May",
        "1 January 2026",
        "true",
        "FALSE",
        " 007 ",
        "٠٠١",
    ],
)
def test_escape_cell_marks_what_a_spreadsheet_would_rewrite(text):
    assert escape_cell(text) == f"'{text}"


def test_write_csv_keeps_numbers_that_a_spreadsheet_can_hold():
    values = [5, -2, 1.5, 4_111_111_111_111_111, "5", ["00", "1"], True]
    batches = [[{"value": value} for value in values]]

    limiter = ExportLimiter(9, Budget())
    text = "".join(write_csv(["value"], limiter, batches))

    assert [line.strip('"') for line in text.splitlines()[1:]] == [
        "5",
        "-2",
        "1.5",
        "'4111111111111111",
        "'5",
        "'00 1",
        "yes",
    ]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1", "x;'=1"),
        ("x; @SUM(A1)", "x;' @SUM(A1)"),
        ("x\n=1", "x\n'=1"),
        ("x\t+1", "x\t'+1"),
        ("x\r\n=1", "x\r'\n'=1"),
        ("a; b", "a; b"),
    ],
)
def test_escape_cell_marks_parts_that_another_separator_ends(text, safe):
    assert escape_cell(text) == safe


def read_until_it_fails():
    yield [{"a": 'say "hi"', "b": "x\ny"}]
    raise MemoryUnreachable("The memory did not answer.")


def test_write_csv_and_json_end_in_words_when_the_memory_fails():
    limiter, other = ExportLimiter(9, Budget()), ExportLimiter(9, Budget())

    text = "".join(write_csv(["a", "b"], limiter, read_until_it_fails()))
    lines = write_json({"what": "x"}, other, read_until_it_fails())
    file = json.loads("".join(lines))

    parsed = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert parsed[:2] == [["a", "b"], ['say "hi"', "x\ny"]]
    assert parsed[2] == ["cut", "Cut because of the memory: The memory did not answer."]
    assert limiter.row_count == 1
    assert file["count"] == 1
    assert file["cut"] == parsed[2][1]
    assert text.count('"') >= 12
